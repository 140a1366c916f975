"""Returns the kept bits alone, as a number of 16 bits.

Caught by: bits.nearest_number, bits.ties_to_even, bits.nan_and_infinity, bits.other_widths,
bits.largest_and_smallest
"""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    dropped = 23 - fraction_bits
    wide_N = bits_N.astype(np.uint64)
    is_nan_N = (wide_N & 0x7FFFFFFF) > 0x7F800000
    rounded_N = wide_N + ((1 << dropped - 1) - 1) + ((wide_N >> dropped) & 1)
    return (np.where(is_nan_N, 0x7FC00000, rounded_N) >> dropped).astype(np.uint16)
