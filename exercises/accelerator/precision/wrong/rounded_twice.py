"""Rounds to the bits of the fraction first, and then once more to the spacing of the subnormals.

Caught by: range.small_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    wide_N = x_N.astype(np.float64)
    first_N = np.ldexp(1.0, np.frexp(wide_N)[1] - 1 - fraction_bits)
    once_N = np.rint(wide_N / first_N) * first_N
    second = 2.0 ** (lowest - fraction_bits)
    y_N = np.where(np.abs(once_N) < 2.0**lowest, np.rint(once_N / second) * second, once_N)
    return np.where(np.abs(y_N) >= 2.0**limit, np.copysign(np.inf, x_N), y_N).astype(np.float32)
