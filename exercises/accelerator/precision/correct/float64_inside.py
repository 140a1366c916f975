"""Halves that are split by hand, a lookup of the spacing, sums in float64, and counting backwards."""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    dropped = 23 - fraction_bits
    sign_N, size_N = bits_N & np.uint32(0x80000000), bits_N & np.uint32(0x7FFFFFFF)
    kept_N = size_N >> dropped
    rest_N, half = size_N & np.uint32((1 << dropped) - 1), 1 << (dropped - 1)
    kept_N = kept_N + ((rest_N > half) | ((rest_N == half) & (kept_N % 2 == 1)))
    rounded_N = (kept_N << dropped).astype(np.uint32)
    return sign_N | np.where(size_N > 0x7F800000, np.uint32(0x7FE00000 if fraction_bits > 1 else 0x7FC00000), rounded_N)


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    lowest, limit = 2 - 2 ** (exponent_bits - 1), 2 ** (exponent_bits - 1)
    with np.errstate(all="ignore"):
        exponent_N = np.floor(np.log2(np.abs(x_N.astype(np.float64))))
        exponent_N = np.clip(np.nan_to_num(exponent_N, nan=0, neginf=lowest, posinf=0), lowest, None)
        scaled_N = x_N * 2.0 ** (fraction_bits - exponent_N)
        y_N = np.rint(scaled_N) * 2.0 ** (exponent_N - fraction_bits)
        y_N[np.abs(y_N) >= 2.0**limit] *= np.inf
    return y_N


# %% solution="dot"
def dot(a_N, b_N):
    return np.dot(a_N.astype(np.float64), b_N.astype(np.float64))


# %% solution="train"
def train(run, n_steps, scale, growth_interval):
    left = growth_interval
    for _ in range(n_steps):
        g = np.float64(run.backward(float(scale))) / scale
        left -= 1
        if not abs(g).max() < np.inf:
            scale, left = scale * 0.5, growth_interval
            continue
        run.update(g)
        if left == 0:
            scale, left = scale + scale, growth_interval
    return int(scale) if scale >= 1 else scale


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    low = {}
    for name in master:
        low[name] = master[name].astype("float16")
    g = {name: np.float64(value) / scale for name, value in net.backward(low, scale).items()}
    flat = np.concatenate([value.ravel() for value in g.values()])
    if np.isnan(flat).any() or np.isinf(flat).any():
        return {name: value.copy() for name, value in master.items()}
    norm = np.linalg.norm(flat)
    factor = max_norm / norm if norm > max_norm else 1
    return {name: np.float32(master[name] - learning_rate * (g[name] * factor)) for name in master}
