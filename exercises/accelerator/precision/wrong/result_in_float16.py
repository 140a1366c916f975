"""Leaves it to the library, which sums in float32 and hands the result over in float16.

Caught by: dot.long_sum, dot.rounding_adds_up
"""


# %% solution="dot"
def dot(a_N, b_N):
    return np.dot(a_N, b_N)
