"""Records a trace of a short training run on a real device and writes it as JSON beside this script.

    python record.py                    the GPU if PyTorch finds one, else the CPU
    python record.py --fetch-ms 5       a faster storage than the made-up one

The file holds `date`, `machine`, `versions`, `settings`, `window_us` (length of the recording) and `events`: a list of
{"name", "cat", "tid", "ts", "dur"} as in Chrome's Trace Event Format, times in µs from the start of the recording.
`cat` is "cpu_op", "user_annotation", "kernel", "gpu_memcpy" or "gpu_memset"; `tid` is a thread ("thread 1", …) or a
stream ("stream 7", …). Nothing else is taken from the profiler's file, which names the host.
"""

import argparse
import json
import os
import platform
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from workbench.recording import versions

HERE = Path(__file__).resolve().parent
ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")
CATEGORIES = ("cpu_op", "user_annotation", *ON_DEVICE)


def main() -> None:
    """Records and writes one JSON file."""
    options = read_options()
    on_gpu = torch.cuda.is_available()
    events = short_events(record(options, torch.device("cuda" if on_gpu else "cpu")))
    data = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(on_gpu),
        "versions": versions(on_gpu),
        "settings": {name: value for name, value in vars(options).items() if name != "out"},
        "window_us": round(max(e["ts"] + e["dur"] for e in events), 3),
        "events": events,
    }
    path = options.out / f"{data['date']}-{'gpu' if on_gpu else 'cpu'}-{options.dtype}.json"
    path.write_text(json.dumps(data) + "\n", encoding="utf-8")
    print("wrote", path)


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="float32")
    parser.add_argument("--width", type=int, default=8192, help="each layer has width × width weights")
    parser.add_argument("--batch", type=int, default=4096, help="samples of one step")
    parser.add_argument("--steps", type=int, default=6, help="that are recorded")
    parser.add_argument("--fetch-ms", type=float, default=100.0, help="how long the made-up storage takes for a batch")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the file")
    return parser.parse_args()


def record(options: argparse.Namespace, device: torch.device) -> list[dict[str, object]]:
    """Trains for some steps, with a loader thread beside, and returns the events of PyTorch's profiler."""
    dtype = getattr(torch, options.dtype)
    torch.manual_seed(2026)
    layers = [torch.nn.Linear(options.width, options.width) for _ in range(3)]
    model = torch.nn.Sequential(*layers).to(device, dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    batches: Queue[torch.Tensor] = Queue(maxsize=2)

    def load() -> None:
        for _ in range(options.steps + 1):
            with record_function("fetch"):
                time.sleep(options.fetch_ms / 1e3)
                samples = torch.rand(options.batch, options.width, dtype=dtype)
            batches.put(samples)

    def train_step() -> None:
        with record_function("wait for batch"):
            samples = batches.get()
        with record_function("forward"):
            loss = model(samples.to(device)).square().mean()
        with record_function("backward"):
            optimizer.zero_grad()
            loss.backward()
        with record_function("update"):
            optimizer.step()

    threading.Thread(target=load, daemon=True).start()
    train_step()  # also prepares much: not recorded
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == "cuda")
    all_threads = torch.profiler._ExperimentalConfig(profile_all_threads=True)
    with profile(activities=activities, experimental_config=all_threads, acc_events=True) as profiler:
        for _ in range(options.steps):
            train_step()
        if device.type == "cuda":
            torch.cuda.synchronize()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        profiler.export_chrome_trace(str(path))
        found: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return [e for e in found if e.get("cat") in CATEGORIES]


def short_events(events: list[dict[str, object]]) -> list[dict[str, object]]:
    """The five fields of each event; times from 0; threads numbered, since their ids mean nothing elsewhere."""
    first = min(e["ts"] for e in events)
    threads = {e["tid"]: None for e in events if e["cat"] not in ON_DEVICE}
    numbers = {tid: f"thread {i}" for i, tid in enumerate(threads, start=1)}
    return [
        {
            "name": e["name"],
            "cat": e["cat"],
            "tid": f"stream {e['tid']}" if e["cat"] in ON_DEVICE else numbers[e["tid"]],
            "ts": round(e["ts"] - first, 3),
            "dur": round(e["dur"], 3),
        }
        for e in sorted(events, key=lambda e: e["ts"])
    ]


def machine(on_gpu: bool) -> str:
    """What it ran on; without names of hosts or users."""
    what = torch.cuda.get_device_name(0) if on_gpu else f"{os.cpu_count()} CPU cores"
    return f"{what}; {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    main()
