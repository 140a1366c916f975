"""Measures on a GPU what the lesson can only describe without one, and writes it as JSON beside this script.

    python record.py

Two tables in one list `results`. Rows with "what": "copy" tell GB/s of a copy to the GPU, from usual and from pinned
memory, for several sizes (best of 20). Rows with "what": "overlap" tell ms for a training step and the copy of its
batch: one after the other, and with the copy of the next batch in a stream of its own (median of 50).
"""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
SIZES_MIB = (1, 16, 256)
BATCH_MIB, WIDTH, LAYERS = 256, 8192, 4


def main() -> None:
    """Measures and writes one JSON file."""
    if not torch.cuda.is_available():
        sys.exit("There is no GPU here: this script records copies to a GPU, so there is nothing to measure.")
    torch.manual_seed(2026)
    results = [*(copy_row(size, pinned) for size in SIZES_MIB for pinned in (False, True)), *overlap_rows()]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{torch.cuda.get_device_name(0)}; {platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": str(torch.version.cuda),
        },
        "settings": {"batch_mib": BATCH_MIB, "width": WIDTH, "layers": LAYERS},
        "results": results,
    }
    path = HERE / f"{record['date']}-gpu.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print("wrote", path)


def copy_row(size_mib: int, pinned: bool) -> dict[str, object]:
    """One copy to the GPU, waited for."""
    source = torch.empty(size_mib * 2**20, dtype=torch.uint8, pin_memory=pinned)
    target = torch.empty_like(source, device="cuda")
    best_s = min(times_s(lambda: target.copy_(source, non_blocking=pinned), 20))
    memory = "pinned" if pinned else "usual"
    return {"what": "copy", "memory": memory, "MiB": size_mib, "GB/s": round(source.nbytes / best_s / 1e9, 2)}


def overlap_rows() -> list[dict[str, object]]:
    """A step of matrix products, and the copy of the next batch."""
    weights = torch.rand(WIDTH, WIDTH, device="cuda", dtype=torch.bfloat16)
    source = torch.empty(BATCH_MIB * 2**20, dtype=torch.uint8, pin_memory=True)
    target = torch.empty_like(source, device="cuda")
    side_stream = torch.cuda.Stream()

    def step() -> None:
        for _ in range(LAYERS):
            weights @ weights

    def copy() -> None:
        target.copy_(source, non_blocking=True)

    def one_after_the_other() -> None:
        copy()
        step()

    def at_the_same_time() -> None:
        with torch.cuda.stream(side_stream):
            copy()
        step()

    cases = {"copy alone": copy, "step alone": step, "in turns": one_after_the_other, "overlapped": at_the_same_time}
    return [{"what": "overlap", "case": name, "ms": round(typical_ms(run), 3)} for name, run in cases.items()]


def typical_ms(run: Callable[[], object]) -> float:
    """The median time of one run, in ms."""
    return 1e3 * statistics.median(times_s(run, 50))


def times_s(run: Callable[[], object], repeats: int) -> list[float]:
    """So many times of one run, after a warm-up, each waited for."""
    times = []
    for i in range(repeats + 5):
        torch.cuda.synchronize()
        began_s = time.perf_counter()
        run()
        torch.cuda.synchronize()
        if i >= 5:
            times.append(time.perf_counter() - began_s)
    return times


if __name__ == "__main__":
    main()
