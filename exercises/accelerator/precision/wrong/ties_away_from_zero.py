"""Rounds a tie up in size, as at school: sums of many ties drift.

Caught by: bits.ties_to_even, bits.other_widths
"""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    dropped = 23 - fraction_bits
    wide_N = bits_N.astype(np.uint64)
    is_nan_N = (wide_N & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan_N, 0x7FC00000, (wide_N + (1 << dropped - 1)) >> dropped << dropped).astype(np.uint32)
