"""Warms up with a small size, which is cheap: the size that was asked for is not compiled by this.

Caught by: benchmark.leaves_out_the_start, benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    for _ in range(40):
        device.launch(kernel, 1)
    device.synchronize()
    times_s = []
    for _ in range(100):
        start_s = device.now()
        device.launch(kernel, size)
        device.synchronize()
        times_s.append(device.now() - start_s)
    return statistics.median(times_s)
