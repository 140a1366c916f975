"""Lets NumPy cast to float16, whatever the format is.

Caught by: range.normal_numbers, range.small_numbers, range.any_format
"""


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    with np.errstate(over="ignore"):
        return x_N.astype(np.float16).astype(np.float32)
