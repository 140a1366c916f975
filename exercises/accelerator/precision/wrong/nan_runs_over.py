"""Rounds patterns of NaN like numbers: 0xFFFFFFFF runs over and becomes 0, 0x7F800001 becomes infinity.

Caught by: bits.nan_and_infinity, bits.other_widths
"""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    dropped = 23 - fraction_bits
    last_kept_N = (bits_N >> dropped) & 1
    return (bits_N + np.uint32((1 << dropped - 1) - 1) + last_kept_N) >> dropped << dropped
