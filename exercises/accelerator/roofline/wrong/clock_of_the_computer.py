"""Reads the computer's clock: a device that is simulated, or far away, has a time of its own.

Caught by: benchmark.waits_for_the_device, benchmark.leaves_out_the_start, benchmark.not_moved_by_outliers,
benchmark.random_devices, benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(40):
        device.launch(kernel, size)
    device.synchronize()
    times_s = []
    for _ in range(100):
        start_s = time.perf_counter()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s)
