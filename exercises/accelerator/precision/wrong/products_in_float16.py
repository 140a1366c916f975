"""Sums in float32, but multiplies in float16: products vanish or overflow before they are added.

Caught by: dot.products_out_of_range, dot.rounding_adds_up
"""


# %% solution="dot"
def dot(a_N, b_N):
    with np.errstate(over="ignore", under="ignore"):
        return float((a_N * b_N).astype(np.float32).sum())
