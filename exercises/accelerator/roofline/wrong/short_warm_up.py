"""Warms up with ten launches and lets the median do the rest: 20 of the 50 timed launches meet a cold device.

Caught by: benchmark.not_moved_by_outliers, benchmark.random_devices
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(10):
        device.launch(kernel, size)
    device.synchronize()
    times_s = []
    for _ in range(50):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
