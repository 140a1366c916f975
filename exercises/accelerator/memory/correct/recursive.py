"""Numbers from loops, the batch cut by an iterator, plans by recursion with a memory, from the back of the chain."""


# %% solution="resident-bytes"
def resident_bytes(tensors, optimizer, precision):
    came = dict.fromkeys(["weights", "gradients", "master", "states"], 0)
    mixed = precision == "mixed"
    for shape, trained in tensors:
        n = int(np.prod(shape))
        came["weights"] += n * (4 - 2 * mixed)
        if trained:
            came["gradients"] += n * (4 - 2 * mixed)
            came["master"] += n * 4 * mixed
            came["states"] += n * 4 * {"adam": 2, "momentum": 1}.get(optimizer, 0)
    return came


# %% solution="activation-bytes"
def activation_bytes(layers, rows, bytes_per_number):
    total, already = 0, False  # already: the array in front of this layer has been counted
    for kind, n_in, n_out in layers:
        if kind in ("linear", "gelu") and not already:
            total += rows * n_in * bytes_per_number
        already = kind in ("relu", "tanh")
        if already:
            total += rows * n_out * bytes_per_number
        total += rows * n_out * (kind == "dropout")
    return total


# %% solution="largest-batch"
def largest_batch(measured, device_bytes):
    (rows_a, bytes_a), (rows_b, bytes_b) = sorted(measured)
    slope = (bytes_b - bytes_a) / (rows_b - rows_a)
    return int(max(0, np.floor(rows_a + (device_bytes - bytes_a) / slope)))


# %% solution="train-step"
def train_step(device):
    device.zero_grad()
    counts = [device.count_tokens(row, row + 1) for row in range(device.n_rows)]
    row = 0
    while row < device.n_rows:
        end = row + device.fit_rows if row + device.fit_rows < device.n_rows else device.n_rows
        loss = device.forward(row, end)
        assert loss >= 0
        device.backward(sum(counts[row:end]) / sum(counts))
        row = end
    device.step()


# %% solution="best-plan"
def best_plan(mib_L, ms_L, budget_mib):
    plans = [[]]
    for layer in range(1, len(mib_L)):
        plans += [[*plan, layer] for plan in plans]
    fitting = [plan for plan in plans if run_plan(mib_L, ms_L, plan)[0] <= budget_mib]
    if not fitting:
        raise ValueError("too small")
    return min(fitting, key=lambda plan: run_plan(mib_L, ms_L, plan)[1])


# %% solution="plan-long-chain"
def plan_long_chain(mib_L, ms_L, budget_mib):
    from functools import cache

    @cache
    def rest(newest, room):
        """Time and plan for all layers behind `newest`, with so many MiB left beside what is kept by now."""
        best, between, again = (math.inf, None), 0, 0
        for following in range(newest + 1, len(mib_L) + 1):
            if between > room:
                break
            if following == len(mib_L):
                best = min(best, (again, ()))
            else:
                if mib_L[following] <= room:
                    ms, plan = rest(following, room - mib_L[following])
                    if plan is not None:
                        best = min(best, (again + ms, (following, *plan)))
                between += mib_L[following]
                again += ms_L[following - 1]
        return best

    ms, plan = rest(0, budget_mib - mib_L[0]) if budget_mib >= mib_L[0] else (math.inf, None)
    if plan is None:
        raise ValueError("no plan fits")
    return list(plan)
