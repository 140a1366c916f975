"""NumPy throughout; the short chain without run_plan; the long chain by frontiers of (MiB, ms) that nothing beats."""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    n_N = np.array([math.prod(shape) for shape, _ in tensors])
    trained_N = np.array([trained for _, trained in tensors])
    short = np.dtype(np.float16 if precision == "mixed" else np.float32).itemsize
    trained = n_N[trained_N].sum()
    return {
        "states": trained * np.array({"sgd": 0, "momentum": 4, "adam": 8}[optimizer]),
        "master": trained * 4 if short == 2 else 0,
        "gradients": trained * short,
        "weights": n_N.sum() * short,
    }


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    sizes = np.array([layers[0][1]] + [layer[2] for layer in layers])
    waits = np.zeros(len(sizes), bool)
    for place, layer in enumerate(layers):
        waits[place] |= layer[0] in {"linear", "gelu"}
        waits[place + 1] |= layer[0] in {"relu", "tanh"}
    masks = sum(layer[2] for layer in layers if layer[0] == "dropout")
    return np.int64(rows * (bytes_per_number * sizes[waits].sum() + masks))


# %% solution="largest-batch"
def largest_batch(measured, device_bytes):
    (rows_a, bytes_a), (rows_b, bytes_b) = measured
    per_row = (bytes_a - bytes_b) // (rows_a - rows_b)
    rows, room = rows_a, device_bytes - bytes_a
    rows += room // per_row
    return rows if rows > 0 else 0


# %% solution="train-step"
def train_step(device):
    total = sum(device.count_tokens(row, row + 1) for row in range(device.n_rows))
    device.zero_grad()
    edges = [*range(0, device.n_rows, device.fit_rows), device.n_rows]
    for first, last in zip(edges, edges[1:]):
        device.forward(first, last)
        device.backward(scale=np.float64(device.count_tokens(first, last)) / total)
    device.step()


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    n = len(mib_L)
    best = None
    for bits in range(0, 2**n, 2):
        kept = [layer for layer in range(n) if bits >> layer & 1 or layer == 0]
        edges = [*kept, n]
        lying = [sum(mib_L[k] for k in kept if k < b) + sum(mib_L[a + 1 : b]) for a, b in zip(edges, edges[1:])]
        again = sum(ms_L[layer - 1] for layer in range(n) if layer not in kept)
        if max(lying) <= budget_mib and (best is None or again < best[0]):
            best = again, kept[1:]
    if best is None:
        raise ValueError("does not fit")
    return tuple(best[1])


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    n = len(mib_L)
    fronts = [[(mib_L[0], 0, ())]] if mib_L[0] <= budget_mib else [[]]
    for layer in range(1, n + 1):
        reached = []
        for newest in range(layer):
            between, again = sum(mib_L[newest + 1 : layer]), sum(ms_L[newest : layer - 1])
            own = mib_L[layer] if layer < n else 0
            for mib, ms, kept in fronts[newest]:
                if mib + between <= budget_mib and mib + own <= budget_mib:
                    reached.append((mib + own, ms + again, (*kept, layer)))
        front, least = [], math.inf
        for one in sorted(reached):
            if one[1] < least:
                front.append(one)
                least = one[1]
        fronts.append(front)
    if not fronts[n]:
        raise ValueError("does not fit")
    return list(min(fronts[n], key=lambda one: one[1])[2][:-1])
