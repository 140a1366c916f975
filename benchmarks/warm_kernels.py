"""What a kernel forked from a warm process costs, beside one that starts cold: time, CPU time, private memory."""

import argparse
import asyncio
import socket
import statistics
import time
from collections.abc import Callable

import psutil

from autograder.sandbox.provisioner import SandboxKernel, start_kernel
from autograder.sandbox.spec import SandboxSpec
from autograder.sandbox.warm import WarmSandbox, start_warm_kernel

LIBRARIES = ("numpy", "torch")
FIRST_CELL = "import numpy, torch"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=int, default=10)
    count = parser.parse_args().kernels
    warm = WarmSandbox(LIBRARIES, {"OMP_NUM_THREADS": "1"})
    try:
        spec = SandboxSpec(env={"OMP_NUM_THREADS": "1"})
        forked = asyncio.run(measured(lambda fd: start_warm_kernel(warm.asking, spec, link_fd=fd), count))
        cold = asyncio.run(measured(lambda fd: start_kernel(spec, link_fd=fd), max(2, count // 3)))
    finally:
        warm.close()
    print(f"ready with {', '.join(LIBRARIES)} imported{'wall':>12}{'CPU':>10}{'private memory':>18}")
    for name, (wall_s, cpu_s, private_mib) in (("forked from a warm process", forked), ("cold", cold)):
        print(f"{name:<36}{wall_s:>8.2f} s{cpu_s:>8.2f} s{private_mib:>14.0f} MiB")
    print(f"cold / forked: wall {cold[0] / forked[0]:.0f}, CPU {cold[1] / max(forked[1], 0.01):.0f}")


async def measured(start: Callable[[int], SandboxKernel], count: int) -> tuple[float, float, float]:
    """Medians over kernels that live at once: seconds until the libraries are there, CPU seconds, private MiB."""
    kernels, links, walls = [], [], []
    try:
        for _ in range(count):
            ours, theirs = socket.socketpair()
            links.append(ours)
            start_s = time.monotonic()
            kernel = start(theirs.fileno())
            theirs.close()
            kernels.append(kernel)
            await kernel.wait_ready()
            await kernel.client().execute_interactive(FIRST_CELL, output_hook=lambda message: None, timeout=60)
            walls.append(time.monotonic() - start_s)
        cpu = [kernel.sandbox.meter.cpu_s() for kernel in kernels]
        private = [private_mib(kernel) for kernel in kernels]
    finally:
        for kernel in kernels:
            kernel.close()
        for link in links:
            link.close()
    return statistics.median(walls), statistics.median(cpu), statistics.median(private)


def private_mib(kernel: SandboxKernel) -> float:
    """Memory that this kernel alone holds, its first process included."""
    pids = kernel.sandbox.meter.processes()
    return sum(float(psutil.Process(pid).memory_full_info().uss) for pid in pids) / 2**20


if __name__ == "__main__":
    main()
