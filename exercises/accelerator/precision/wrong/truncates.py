"""Cuts the bits off: what is dropped is thought to be lost anyway.

Caught by: bits.nearest_number, bits.other_widths, bits.ties_to_even
"""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    dropped = 23 - fraction_bits
    is_nan_N = (bits_N & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan_N, np.uint32(0x7FC00000), bits_N >> dropped << dropped)
