"""Warms up, but does not wait for the warm-up: it is still running when the clock starts.

Caught by: benchmark.waits_for_the_device, benchmark.leaves_out_the_start, benchmark.not_moved_by_outliers,
benchmark.random_devices, benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(30):
        device.launch(kernel, size)
    start_s = device.now()
    for _ in range(100):
        device.launch(kernel, size)
    device.synchronize()
    return (device.now() - start_s) / 100
