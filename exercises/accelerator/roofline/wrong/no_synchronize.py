"""Stops the clock when launch returns: that is the time to queue a kernel.

Caught by: benchmark.waits_for_the_device, benchmark.leaves_out_the_start, benchmark.not_moved_by_outliers,
benchmark.random_devices, benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(30):
        device.launch(kernel, size)
    times_s = []
    for _ in range(100):
        start_s = device.now()
        device.launch(kernel, size)
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
