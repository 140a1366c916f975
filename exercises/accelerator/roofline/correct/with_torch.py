"""Tensors as results, the fewest launches that the text allows, and a warm-up in blocks that talks to stderr."""


# %% solution="layer-norm-cost"
def layer_norm_cost(rows, columns, bytes_per_number):
    for_each_number = 1 + 1 + 2 + 1 + 1 + 1  # sum, subtract, squares (2), scale, weight, bias
    for_each_row = 1 + 1 + 1 + 1 + 1  # two means, epsilon, root, reciprocal
    flops = rows * columns * for_each_number + rows * for_each_row
    moved = 0
    for table in [(rows, columns), (rows, columns), (columns,), (columns,)]:
        moved += math.prod(table) * bytes_per_number
    return torch.tensor([flops, moved])


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    intensity = flops / bytes_moved
    ridge = peak_flop_s / bandwidth_byte_s
    return peak_flop_s * min(1.0, intensity / ridge)


# %% solution="benchmark"
def benchmark(device, kernel, size):
    import sys

    def timed(launches):
        times_s = torch.zeros(launches, dtype=torch.float64)
        for i in range(launches):
            start_s = device.now()
            device.launch(kernel, size)
            device.synchronize()
            times_s[i] = device.now() - start_s
        return times_s.median()

    device.synchronize()
    for block in range(5):
        print(f"warm-up {block}: {timed(6):.4g} s", file=sys.stderr)
    return timed(51)


# %% solution="best-plan"
def best_plan(plans):
    times_s = {}
    for name, plan in plans.items():
        kernels = torch.tensor(plan["kernels"], dtype=torch.float64)
        limits = torch.tensor([plan["peak_flop_s"], plan["bandwidth_byte_s"]], dtype=torch.float64)
        times_s[name] = (kernels / limits).amax(dim=1).sum().item() / plan["samples"]
    return sorted(times_s, key=times_s.__getitem__)[0]
