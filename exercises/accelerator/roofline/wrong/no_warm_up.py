"""Takes the median of 50 launches and trusts it to remove the start too: most of the 50 meet a cold device.

Caught by: benchmark.leaves_out_the_start, benchmark.not_moved_by_outliers, benchmark.random_devices
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    device.synchronize()
    times_s = []
    for _ in range(50):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
