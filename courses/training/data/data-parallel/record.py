"""Measures data parallel steps on real hardware, and writes them as JSON beside this script.

One machine:   torchrun --nproc-per-node=gpu record.py
On several:    the same on each node, with --nnodes, --rdzv-backend=c10d and --rdzv-endpoint=FIRST_NODE:29500

Each row of `results` is one bucket size: the median step with DDP, the same step without messages, and the difference.
Times are wall times between two waits for the device, so that no asynchronous work is left out.
"""

import argparse
import json
import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

BUCKETS_MIB = (1, 5, 25, 100, 10_000)


def main() -> None:
    """Measures on all ranks; rank 0 writes."""
    options = read_options()
    on_gpu = torch.cuda.is_available()
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", local_rank) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        results = [measure(options, bucket_mib, device) for bucket_mib in BUCKETS_MIB]
        if dist.get_rank() == 0:
            record = {
                "date": datetime.now(UTC).date().isoformat(),
                "machine": machine(on_gpu),
                "versions": versions(on_gpu),
                "settings": {name: value for name, value in vars(options).items() if name != "out"},
                "results": results,
            }
            options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            print("wrote", options.out)
    finally:
        dist.destroy_process_group()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures data parallel steps for several bucket sizes.")
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--samples", type=int, default=4096, help="of one rank, in one step")
    parser.add_argument("--steps", type=int, default=30)
    name = f"{os.environ.get('WORLD_SIZE', '1')}-ranks-{datetime.now(UTC):%Y-%m-%d}.json"
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name(name))
    return parser.parse_args()


def measure(options: argparse.Namespace, bucket_mib: int, device: torch.device) -> dict[str, float]:
    """One row: forward and backward pass with buckets of this size."""
    torch.manual_seed(2026)
    pairs = [(torch.nn.Linear(options.width, options.width), torch.nn.Tanh()) for _ in range(options.layers)]
    model = torch.nn.Sequential(*[module for pair in pairs for module in pair]).to(device)
    ddp = DistributedDataParallel(model, bucket_cap_mb=bucket_mib)
    gradient_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
    x_ND = torch.randn(options.samples, options.width, device=device)
    with_ms = median_ms(lambda: ddp(x_ND).square().mean().backward(), ddp, options.steps, device)
    with ddp.no_sync():
        without_ms = median_ms(lambda: ddp(x_ND).square().mean().backward(), ddp, options.steps, device)
    return {
        "ranks": dist.get_world_size(),
        "gradient MiB": round(gradient_bytes / 2**20, 1),
        "bucket MiB": bucket_mib,
        "step ms": round(with_ms, 3),
        "without messages ms": round(without_ms, 3),
        "waited ms": round(with_ms - without_ms, 3),
    }


def median_ms(step, model: torch.nn.Module, n_steps: int, device: torch.device) -> float:
    """The median wall time of a step on this rank, after warm-up, device idle before and after."""
    times_ms = []
    for number in range(n_steps + 5):
        model.zero_grad()
        wait_for(device)
        dist.barrier()
        start_s = time.perf_counter()
        step()
        wait_for(device)
        if number >= 5:
            times_ms.append(1000 * (time.perf_counter() - start_s))
    return statistics.median(times_ms)


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def machine(on_gpu: bool) -> str:
    gpu = f"{torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}" if on_gpu else "no GPU"
    nodes = dist.get_world_size() // int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return f"{nodes} node(s), each {os.cpu_count()} CPU cores and {gpu}; {platform.system()} {platform.machine()}"


def versions(on_gpu: bool) -> dict[str, str]:
    found = {"python": platform.python_version(), "torch": torch.__version__}
    if on_gpu:
        found |= {"cuda": str(torch.version.cuda), "nccl": ".".join(map(str, torch.cuda.nccl.version()))}
    return found


if __name__ == "__main__":
    main()
