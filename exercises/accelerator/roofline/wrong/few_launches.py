"""Warms up with care, and then believes that five launches show a median.

Caught by: benchmark.not_moved_by_outliers, benchmark.random_devices
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(40):
        device.launch(kernel, size)
    device.synchronize()
    times_s = []
    for _ in range(5):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
