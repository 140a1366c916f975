"""Believes that half precision loses a little everywhere: the total is float16, and stops.

Caught by: dot.long_sum, dot.rounding_adds_up
"""


# %% solution="dot"
def dot(a_N, b_N):
    total = np.float16(0)
    with np.errstate(over="ignore"):
        for product in a_N.astype(np.float32) * b_N.astype(np.float32):
            total = np.float16(np.float32(total) + product)
    return total
