"""`wb.profile` and `wb.device`: where this notebook runs, and on what."""

import os
import platform
import warnings
from dataclasses import dataclass
from typing import Any

from workbench.lessons.shown import LessonError

PROFILE_VARIABLE = "WORKBENCH_PROFILE"
DEVICE_VARIABLE = "WORKBENCH_DEVICE"  # asks for one of DEVICES, for example cpu on a machine with a GPU
DEVICES = ("cuda", "mps", "cpu")
PROFILES = {
    "smoke": "the smallest sizes, for tests: seconds on any machine",
    "laptop": "two CPU cores, no GPU, no network",
    "gpu": "one machine with a GPU",
    "cluster": "several machines, by Slurm or Kubernetes",
}


@dataclass(frozen=True)
class Profile:
    """The profile in which the notebook runs: its name, and what that means."""

    name: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning}"


@dataclass(frozen=True)
class Device:
    """The device to compute on.

    Attributes:
        name: "cuda", "mps" or "cpu".
        model: what it is, for example "NVIDIA H100 80GB HBM3, 79.1 GiB".
        why: why it was chosen, a sentence.
    """

    name: str
    model: str
    why: str

    @property
    def torch(self) -> Any:
        """The torch.device."""
        return _torch_or_refuse().device(self.name)

    def __str__(self) -> str:
        return f"{self.name} ({self.model}): {self.why}"


def profile() -> Profile:
    """The active profile: WORKBENCH_PROFILE, else laptop. Cells do not ask for it: they read their parameters.

    Raises:
        LessonError: there is no such profile.
    """
    name = os.environ.get(PROFILE_VARIABLE) or "laptop"
    if name not in PROFILES:
        expected = " or ".join(PROFILES)
        raise LessonError("There is no such profile.", f"environment variable {PROFILE_VARIABLE}", repr(name), expected)
    return Profile(name, PROFILES[name])


def device() -> Device:
    """The best device that works here: an NVIDIA or AMD GPU (cuda), Apple's (mps), else the CPU. Prints which and why.

    Raises:
        LessonError: WORKBENCH_DEVICE asks for one that is not here.
    """
    wanted = os.environ.get(DEVICE_VARIABLE, "")
    found = _best(wanted)
    if wanted and found.name != wanted:
        raise LessonError(
            "The device that was asked for is not here.",
            where=f"environment variable {DEVICE_VARIABLE}",
            came=f"{wanted!r}; {found.why}" if wanted in DEVICES else repr(wanted),
            expected=" or ".join(DEVICES),
            mend=f"unset {DEVICE_VARIABLE} to take the best that is here",
        )
    print(found)
    return found


def _best(wanted: str) -> Device:
    asked = f"asked for by {DEVICE_VARIABLE}"
    if wanted == "cpu":
        return Device("cpu", _cpu_model(), asked)
    try:
        torch = _torch_or_refuse()
    except LessonError:
        return Device("cpu", _cpu_model(), "torch is not installed here")
    missing = []
    for name, describe in (("cuda", _cuda), ("mps", _mps)):
        if wanted in ("", name):
            model, reason = describe(torch)
            if model:
                return Device(name, model, asked if wanted else reason)
            missing.append(reason)
    return Device("cpu", _cpu_model(), "; ".join(missing) or "no GPU was looked for")


def _cuda(torch: Any) -> tuple[str, str]:
    """The GPU's model and why it is taken, or "" and why it is not. A GPU that cannot add one number does not count."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if not torch.cuda.is_available():
            return "", f"torch can use no CUDA GPU{f' ({said[0].message})'.replace(chr(10), ' ')[:200] if said else ''}"
        try:
            torch.zeros(1, device="cuda").add_(1).item()
        except RuntimeError as error:
            return "", f"there is a GPU, but it does not work: {str(error).splitlines()[0]}"
        properties = torch.cuda.get_device_properties(0)
    count = torch.cuda.device_count()
    reason = f"the first of {count} GPUs" if count > 1 else "the GPU of this machine"
    return f"{properties.name}, {properties.total_memory / 2**30:.1f} GiB", reason


def _mps(torch: Any) -> tuple[str, str]:
    if not torch.backends.mps.is_available():
        return "", "no Apple GPU (MPS)"
    return f"Apple {platform.machine()}", "Apple's GPU (MPS)"


def _cpu_model() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{cores} CPU core{'s' if cores > 1 else ''}, {platform.machine()}"


def _torch_or_refuse() -> Any:
    try:
        import torch
    except ImportError as error:
        raise LessonError(
            "torch is not installed here.", where="wb.device()", came=str(error), mend="pip install torch"
        ) from None
    return torch
