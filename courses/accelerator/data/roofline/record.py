"""Measures the roof of a real device and the layer of the lesson under it, and writes them as JSON beside this script.

    python record.py                    the GPU if PyTorch finds one, else one core of the CPU
    python record.py --dtype float32    other numbers than bfloat16

Each row of `results` is one kernel: FLOPs, bytes moved (each array that is read or written, once) and the median time
of `torch.utils.benchmark.Timer`, which warms up and waits for the device. On a CPU, time is CPU time of one core.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode

from workbench.recording import machine, versions

HERE = Path(__file__).resolve().parent
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)


def main() -> None:
    """Measures and writes one JSON file."""
    options = read_options()
    on_gpu = torch.cuda.is_available()
    device, dtype = torch.device("cuda" if on_gpu else "cpu"), getattr(torch, options.dtype)
    torch.manual_seed(2026)
    with torch.inference_mode():
        results = [
            *memory_kernels(options, device, dtype),
            matrix_product("square product", options.square, options.square, options, device, dtype),
            *(matrix_product(f"layer, batch {n:,}", n, options.width, options, device, dtype) for n in BATCHES),
        ]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(on_gpu),
        "versions": versions(on_gpu),
        "settings": vars(options),
        "results": results,
    }
    path = HERE / f"{record['date']}-{'gpu' if on_gpu else 'cpu'}-{options.dtype}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print("wrote", path)


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--width", type=int, default=8192, help="the layer has width × width weights")
    parser.add_argument("--square", type=int, default=8192, help="rows and columns of the square product")
    parser.add_argument("--numbers", type=int, default=256_000_000, help="in each of the long arrays")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each kernel is repeated")
    return parser.parse_args()


def memory_kernels(options: argparse.Namespace, device: torch.device, dtype: torch.dtype) -> list[dict[str, object]]:
    """Copy an array, and change one in place: one read and one write for each number."""
    x, y = (torch.rand(options.numbers, device=device, dtype=dtype) for _ in range(2))
    moved = x.nbytes + y.nbytes
    return [
        row("copy", 0, moved, typical_s(lambda: y.copy_(x), options, device)),
        row("change in place", options.numbers, moved, typical_s(lambda: x.mul_(1.0), options, device)),
    ]


def matrix_product(
    name: str, rows: int, width: int, options: argparse.Namespace, device: torch.device, dtype: torch.dtype
) -> dict[str, object]:
    """A (rows × width) matrix times a (width × width) matrix."""
    a, b = (torch.rand(n, width, device=device, dtype=dtype) for n in (rows, width))
    product = torch.empty(rows, width, device=device, dtype=dtype)
    with FlopCounterMode(display=False) as counter:
        torch.mm(a, b, out=product)
    seconds = typical_s(lambda: torch.mm(a, b, out=product), options, device)
    return row(name, counter.get_total_flops(), a.nbytes + b.nbytes + product.nbytes, seconds)


def typical_s(run: Callable[[], object], options: argparse.Namespace, device: torch.device) -> float:
    """The median time of one run, in seconds."""
    clock = {} if device.type == "cuda" else {"timer": time.process_time}
    return Timer("run()", globals={"run": run}, **clock).blocked_autorange(min_run_time=options.seconds).median


def row(kernel: str, flops: int, bytes_moved: int, seconds: float) -> dict[str, object]:
    """One line of the result."""
    return {
        "kernel": kernel,
        "MFLOP": round(flops / 1e6, 3),
        "MB moved": round(bytes_moved / 1e6, 3),
        "ms": round(1e3 * seconds, 5),
        "TFLOP/s": round(flops / seconds / 1e12, 4),
        "GB/s": round(bytes_moved / seconds / 1e9, 2),
    }


if __name__ == "__main__":
    main()
