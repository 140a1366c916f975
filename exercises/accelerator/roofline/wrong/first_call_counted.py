"""Starts the clock with the first launch: compilation and the cold device count.

Caught by: benchmark.leaves_out_the_start, benchmark.random_devices, benchmark.each_kernel_and_size
"""


# %% solution="benchmark"
def benchmark(device, kernel, size):
    device.synchronize()
    start_s = device.now()
    for _ in range(100):
        device.launch(kernel, size)
    device.synchronize()
    return (device.now() - start_s) / 100
