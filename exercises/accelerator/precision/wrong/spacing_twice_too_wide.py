"""Takes the exponent of frexp, whose fraction lies below 1, for that of the power of two below the number.

Caught by: range.normal_numbers, range.large_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    wide_N = x_N.astype(np.float64)
    spacing_N = np.ldexp(1.0, np.maximum(np.frexp(wide_N)[1], lowest) - fraction_bits)
    y_N = np.rint(wide_N / spacing_N) * spacing_N
    return np.where(np.abs(y_N) >= 2.0**limit, np.copysign(np.inf, x_N), y_N).astype(np.float32)
