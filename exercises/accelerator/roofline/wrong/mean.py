"""Takes the mean: one disturbed launch of fifty moves it.

Caught by: benchmark.not_moved_by_outliers, benchmark.random_devices
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(30):
        device.launch(kernel, size)
    device.synchronize()
    times_s = []
    for _ in range(100):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.mean(times_s)
