"""What a recorded measurement says of where it was made, besides its date. The `record.py` of the lessons use it."""

import os
import platform
from pathlib import Path


def machine(on_gpu: bool) -> str:
    """What it ran on, one core where it is a CPU; without names of hosts or users."""
    import torch

    what = torch.cuda.get_device_name(0) if on_gpu else f"one of {os.cpu_count()} CPU cores, {processor()}"
    return f"{what}; {platform.system()} {platform.machine()}"


def processor() -> str:
    """The model of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def versions(on_gpu: bool) -> dict[str, str]:
    """The versions of what takes the time and the memory."""
    import torch

    found = {"python": platform.python_version(), "torch": torch.__version__}
    return found | ({"cuda": str(torch.version.cuda)} if on_gpu else {})
