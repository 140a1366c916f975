"""Warms up with one launch, against the compilation, and takes the median of few launches while the device is cold.

Caught by: benchmark.leaves_out_the_start, benchmark.not_moved_by_outliers, benchmark.random_devices,
benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    device.launch(kernel, size)
    times_s = []
    for _ in range(11):
        device.synchronize()
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
