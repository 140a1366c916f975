"""By neighbours instead of sums of bits, tensors instead of arrays, and a scaler that is an object with a state."""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    patterns_N = torch.from_numpy(bits_N.astype(np.int64))
    gap = 1 << (23 - fraction_bits)
    below_N, rest_N = patterns_N - patterns_N % gap, patterns_N % gap
    below_is_odd_N = (below_N // gap) % 2 == 1
    goes_up_N = (2 * rest_N > gap) | ((2 * rest_N == gap) & below_is_odd_N)
    result_N = torch.where(goes_up_N, below_N + gap, below_N)
    return torch.where((patterns_N % 2**31) > 0x7F800000, 0x7FFFFFFF // gap * gap, result_N)


# %% solution="to-format"
def to_format(x_N, exponent_bits, fraction_bits):
    smallest_normal = 2.0 ** (2 - 2 ** (exponent_bits - 1))
    limit = 2.0 ** (2 ** (exponent_bits - 1))
    results = []
    for x in x_N.tolist():
        size, sign = abs(x), np.copysign(1.0, x)
        if size != size or size == np.inf:
            results.append(x)
            continue
        power = smallest_normal
        while power * 2 <= size:
            power *= 2
        spacing = power / 2**fraction_bits
        size = round(size / spacing) * spacing
        results.append(sign * (size if size < limit else np.inf))
    return torch.tensor(results, dtype=torch.float32)


# %% solution="dot"
def dot(a_N, b_N):
    return torch.dot(torch.from_numpy(a_N).float(), torch.from_numpy(b_N).float())


# %% solution="train"
class Scaler:
    def __init__(self, scale, growth_interval):
        self.scale, self.growth_interval, self.good = scale, growth_interval, 0

    def step(self, run):
        gradient = torch.as_tensor(run.backward(self.scale)).float() / self.scale
        if gradient.isinf().any() or gradient.isnan().any():
            self.scale *= 0.5
            self.good = 0
        else:
            run.update(gradient)
            self.good = (self.good + 1) % self.growth_interval
            self.scale *= 2 if self.good == 0 else 1


def train(run, n_steps, scale, growth_interval):
    scaler = Scaler(scale, growth_interval)
    for _ in range(n_steps):
        scaler.step(run)
    return torch.tensor(scaler.scale)


# %% solution="mixed-step"
def mixed_step(master, net, scale, max_norm, learning_rate):
    weights = {name: torch.nn.Parameter(torch.from_numpy(np.array(w))) for name, w in master.items()}
    optimizer = torch.optim.SGD(weights.values(), lr=learning_rate)
    scaled = net.backward({name: w.detach().half() for name, w in weights.items()}, scale)
    for name, w in weights.items():
        w.grad = torch.as_tensor(scaled[name]).float() / scale
    norm = torch.nn.utils.clip_grad_norm_(weights.values(), max_norm)
    if torch.isfinite(norm):
        optimizer.step()
    return weights
