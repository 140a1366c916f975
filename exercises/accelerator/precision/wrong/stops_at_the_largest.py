"""Keeps numbers that are too large at the largest one, so that an overflow is never seen.

Caught by: range.large_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    wide_N = x_N.astype(np.float64)
    spacing_N = np.ldexp(1.0, np.maximum(np.frexp(wide_N)[1] - 1, lowest) - fraction_bits)
    largest = 2.0**limit - 2.0 ** (limit - 1 - fraction_bits)
    y_N = np.clip(np.rint(wide_N / spacing_N) * spacing_N, -largest, largest)
    return np.where(np.isinf(x_N), x_N, y_N).astype(np.float32)
