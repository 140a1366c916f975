"""Everything by times: the rate from the slower time; the benchmark as the mean of the middle half of the launches."""


# %% solution="matmul-cost"
def matmul_cost(m, k, n, bytes_per_number):
    multiplications, additions = m * n * k, m * n * k
    numbers_A, numbers_B, numbers_C = m * k, k * n, m * n
    return [multiplications + additions, (numbers_A + numbers_B + numbers_C) * bytes_per_number]


# %% solution="softmax-cost"
def softmax_cost(rows, columns, bytes_per_number):
    for_each_number = {"maximum": 1, "subtract": 1, "exponentiate": 1, "sum": 1, "divide": 1}
    table = rows * columns
    return np.array([table * sum(for_each_number.values()), table * bytes_per_number * 2])


# %% solution="attainable-rate"
def attainable_rate(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    compute_s, memory_s = flops / peak_flop_s, bytes_moved / bandwidth_byte_s
    return np.float64(flops / max(compute_s, memory_s))


# %% solution="what-bounds"
def what_bounds(flops, bytes_moved, peak_flop_s, bandwidth_byte_s):
    if flops / peak_flop_s >= bytes_moved / bandwidth_byte_s:
        return "compute"
    return "memory"


# %% solution="benchmark"
def benchmark(device, kernel, size):
    def one_launch_s():
        device.synchronize()
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        return device.now() - start_s

    warm_up = [one_launch_s() for _ in range(40)]
    times_s = sorted(one_launch_s() for _ in range(160))
    return sum(times_s[40:120]) / 80


# %% solution="best-plan"
def best_plan(plans):
    best, best_s = None, math.inf
    for name, plan in plans.items():
        step_s = 0.0
        for flops, moved in plan["kernels"]:
            step_s += flops / attainable(flops, moved, plan) if flops else moved / plan["bandwidth_byte_s"]
        if step_s / plan["samples"] < best_s:
            best, best_s = name, step_s / plan["samples"]
    return best


def attainable(flops, moved, plan):
    return min(plan["peak_flop_s"], plan["bandwidth_byte_s"] * flops / moved)
