"""Lets everything above the largest number be infinite, before it is rounded.

Caught by: range.large_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    wide_N = x_N.astype(np.float64)
    spacing_N = np.ldexp(1.0, np.maximum(np.frexp(wide_N)[1] - 1, lowest) - fraction_bits)
    largest = 2.0**limit - 2.0 ** (limit - 1 - fraction_bits)
    y_N = np.rint(wide_N / spacing_N) * spacing_N
    return np.where(np.abs(wide_N) > largest, np.copysign(np.inf, x_N), y_N).astype(np.float32)
