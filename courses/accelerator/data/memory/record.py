"""Measures the training step of the lesson on a real device, three ways, and writes them as JSON beside this script.

    python record.py                        the GPU if PyTorch finds one, else the CPU
    python record.py --width 256 --rows 2048

Each row of `results` is one way and one precision: peak bytes of a step, what stands between two steps, and the median
time of `torch.utils.benchmark.Timer`. On a GPU the peak is PyTorch's own, `torch.cuda.max_memory_allocated`; on a CPU
it is summed from the allocations that the profiler notes. "autocast bfloat16" keeps weights and states in float32.
"""

import argparse
import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch.profiler import profile
from torch.utils.benchmark import Timer
from torch.utils.checkpoint import checkpoint

from workbench.recording import versions

HERE = Path(__file__).resolve().parent
WAYS = {"as usual": (1, False), "4 micro-batches": (4, False), "computed again": (1, True), "both": (4, True)}


class Block(torch.nn.Module):
    """Rows of `width` numbers become rows of `width` numbers, by way of 4 · width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = torch.nn.Linear(width, 4 * width, bias=False)
        self.down = torch.nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One block."""
        return self.down(torch.nn.functional.gelu(self.up(x)))


class Training:
    """The network of the lesson, its optimizer and its batch, on one device."""

    def __init__(self, options: argparse.Namespace, device: torch.device, autocast: bool) -> None:
        self.device, self.autocast = device, autocast
        torch.manual_seed(2026)
        self.blocks = torch.nn.ModuleList([Block(options.width) for _ in range(options.blocks)]).to(device)
        self.optimizer = torch.optim.Adam(self.blocks.parameters(), lr=1e-4)
        self.batch, self.wanted = (torch.randn(options.rows, options.width, device=device) for _ in range(2))

    def step(self, n_micro: int, again: bool) -> None:
        """One step; again: what is inside a block is computed again in the backward pass."""
        for rows, target in zip(self.batch.chunk(n_micro), self.wanted.chunk(n_micro), strict=True):
            short = torch.autocast(self.device.type, torch.bfloat16) if self.autocast else contextlib.nullcontext()
            with short:
                x = rows
                for block in self.blocks:
                    x = checkpoint(block, x, use_reentrant=False) if again else block(x)
            (torch.nn.functional.mse_loss(x.float(), target) / n_micro).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def standing_bytes(self) -> int:
        """Weights, states and batch: what is there between two steps."""
        states = [state for of_weight in self.optimizer.state.values() for state in of_weight.values() if state.dim()]
        return sum(t.nbytes for t in [*self.blocks.parameters(), *states, self.batch, self.wanted])


def main() -> None:
    """Measures and writes one JSON file."""
    options = read_options()
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    results = []
    for autocast in (False, True):
        training = Training(options, device, autocast)
        for way, (n_micro, again) in WAYS.items():
            training.step(n_micro, again)
            results.append(measured(training, way, n_micro, again, options.seconds))
        del training
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(on_gpu),
        "versions": versions(on_gpu),
        "settings": vars(options),
        "results": results,
    }
    path = HERE / f"{record['date']}-{'gpu' if on_gpu else 'cpu'}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print("wrote", path)


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=2048, help="numbers in a row")
    parser.add_argument("--rows", type=int, default=16_384, help="rows of the batch")
    parser.add_argument("--blocks", type=int, default=8, help="blocks of the network")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each step is repeated")
    return parser.parse_args()


def measured(training: Training, way: str, n_micro: int, again: bool, seconds: float) -> dict[str, object]:
    """One line of the result."""

    def run() -> None:
        training.step(n_micro, again)

    timer = Timer("run()", globals={"run": run}, num_threads=torch.get_num_threads())
    return {
        "way": way,
        "precision": "autocast bfloat16" if training.autocast else "float32",
        "peak MB": round(peak_bytes(run, training) / 1e6, 3),
        "standing MB": round(training.standing_bytes() / 1e6, 3),
        "ms": round(1e3 * timer.blocked_autorange(min_run_time=seconds).median, 4),
    }


def peak_bytes(run: Callable[[], None], training: Training) -> int:
    """The most that lies on the device during one step."""
    if training.device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        run()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated()
    with profile(profile_memory=True) as profiler:
        run()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    taken = peak = training.standing_bytes()
    for event in sorted((e for e in events if e.get("name") == "[memory]"), key=lambda e: e["ts"]):
        taken += event["args"]["Bytes"]
        peak = max(peak, taken)
    return peak


def machine(on_gpu: bool) -> str:
    """What it ran on; without names of hosts or users."""
    if on_gpu:
        size = torch.cuda.get_device_properties(0).total_memory
        return f"{torch.cuda.get_device_name(0)}, {size / 1e9:.0f} GB; {platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} CPU cores; {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    main()
