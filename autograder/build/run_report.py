"""The table of a run: `run-<profile>.json` for programs, `run-<profile>.md` for people."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from autograder.build.run import Ran

# What decides how long a notebook takes.
LIBRARIES = ("torch", "dask", "distributed", "numpy", "pandas", "ipykernel", "papermill")


def write_report(folder: Path, course: str, profile: str, rows: Sequence[Ran]) -> Path:
    """Writes both tables into the course directory; returns the path of the one for people."""
    report = {
        "course": course,
        "profile": profile,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "notebooks": [_row(ran, folder) for ran in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"run-{profile}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    page = folder / f"run-{profile}.md"
    page.write_text(_page(report), encoding="utf-8")
    return page


def machine() -> dict[str, Any]:
    """What this machine is: processor, cores, memory, GPUs, operating system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": _gpus(),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """The versions of the interpreter and of the libraries that take the time."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _row(ran: Ran, folder: Path) -> dict[str, Any]:
    row = {key: value for key, value in asdict(ran).items() if key != "executed"}
    executed = ran.executed.relative_to(folder).as_posix() if ran.executed else None
    return {**row, "status": "failed" if ran.failure else "passed", "executed": executed}


def _page(report: dict[str, Any]) -> str:
    place, used = report["machine"], report["versions"]
    gpus = ", ".join(place["gpus"]) or "no GPU"
    libraries = ", ".join(f"{name} {version}" for name, version in used.items())
    lines = [
        f"# {report['course']}, profile {report['profile']}",
        "",
        f"Measured {report['date']} on {place['processor']}, {place['cores']} cores, {place['memory_gib']} GiB, "
        f"{gpus}; {libraries}. Wall time holds the start of the kernel; memory is the highest sum (PSS) of the kernel "
        "and all that it started.",
        "",
        "| notebook | result | cells | wall time, s | peak memory, MiB |",
        "|---|---|---:|---:|---:|",
    ]
    for row in report["notebooks"]:
        figures = f"{row['cells']} | {row['wall_s']:.1f} | {row['memory_peak_mib']:.0f}"
        lines.append(f"| {row['name']}, {row['kind']} | {row['status']} | {figures} |")
    failed = [row for row in report["notebooks"] if row["failure"]]
    for row in failed:
        told = " ".join(row["failure"].split())
        lines += ["", f"**{row['name']}, {row['kind']}**: {told}"]
    return "\n".join(lines) + "\n"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    """The names of NVIDIA's GPUs, without importing torch, which would take the memory of one."""
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
