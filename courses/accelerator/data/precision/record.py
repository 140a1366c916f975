"""Measures matrix products in several formats on a real device, how fast and how exact; writes JSON beside this script.

    python record.py                    the GPU if PyTorch finds one, else one core of the CPU
    python record.py --square 4096      other sizes

Each row of `results` is one format: TFLOP/s of a square product (median of `torch.utils.benchmark.Timer`, which warms
up and waits for the device; on a CPU, CPU time of one core), bytes of one matrix, and the largest error of a long
product, as part of the largest exact result (float64).
"""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch.utils.benchmark import Timer

from workbench.recording import machine, versions

HERE = Path(__file__).resolve().parent
FORMATS = ("float32", "TF32", "bfloat16", "float16")


def main() -> None:
    """Measures and writes one JSON file."""
    options = read_options()
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    torch.manual_seed(2026)
    if not on_gpu:
        torch.set_num_threads(1)
    formats = FORMATS if on_gpu else [name for name in FORMATS if name != "TF32"]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(on_gpu),
        "versions": versions(on_gpu),
        "settings": vars(options),
        "results": [measured(name, options, device) for name in formats],
    }
    path = HERE / f"{record['date']}-{'gpu' if on_gpu else 'cpu'}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print("wrote", path)


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--square", type=int, default=8192, help="rows and columns of the product that is timed")
    parser.add_argument(
        "--length", type=int, default=65_536, help="products that are added up where errors are measured"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each product is repeated")
    return parser.parse_args()


def measured(name: str, options: argparse.Namespace, device: torch.device) -> dict[str, object]:
    """One line of the result."""
    torch.backends.cuda.matmul.allow_tf32 = name == "TF32"
    dtype = torch.float32 if name == "TF32" else getattr(torch, name)
    a, b = (torch.rand(options.square, options.square, device=device).to(dtype) for _ in range(2))
    clock = {} if device.type == "cuda" else {"timer": time.process_time}
    seconds = Timer("a @ b", globals={"a": a, "b": b}, **clock).blocked_autorange(min_run_time=options.seconds).median
    return {
        "format": name,
        "ms": round(1e3 * seconds, 5),
        "TFLOP/s": round(2e-12 * options.square**3 / seconds, 4),
        "MB of one matrix": round(a.nbytes / 1e6, 3),
        "largest error": f"{largest_error(dtype, options.length, device):.2e}",
    }


def largest_error(dtype: torch.dtype, length: int, device: torch.device) -> float:
    """Of a product of (64 × length) and (length × 64) numbers from 0 to 1, against float64 on the same short inputs."""
    a, b = torch.rand(64, length, device=device).to(dtype), torch.rand(length, 64, device=device).to(dtype)
    exact = a.double() @ b.double()
    return (((a @ b).double() - exact).abs().max() / exact.abs().max()).item()


if __name__ == "__main__":
    main()
