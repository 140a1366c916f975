"""Halves the spacing with each power of two, without end: numbers lose a little everywhere, and none vanishes.

Caught by: range.small_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    limit = 2 ** (exponent_bits - 1)
    wide_N = x_N.astype(np.float64)
    spacing_N = np.ldexp(1.0, np.frexp(wide_N)[1] - 1 - fraction_bits)
    y_N = np.rint(wide_N / spacing_N) * spacing_N
    return np.where(np.abs(y_N) >= 2.0**limit, np.copysign(np.inf, x_N), y_N).astype(np.float32)
