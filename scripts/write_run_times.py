"""Writes docs/run-times.md from what `autograder build --run` measured, as smoke and as laptop, on one machine."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "run-times.md"
HEAD = """\
# What ran in how long

Each lesson as it is handed out, each lesson and exercise with its solutions, run by papermill without a network. Made
by `python scripts/write_run_times.py` after `autograder build --run --profile smoke` and `autograder build --run`,
which write the same to `build/<course>/run-<profile>.md`.

Measured on {date} on {machine}; {versions}. Wall time holds the start of the kernel;
memory is the highest sum (PSS) of the kernel and all that it started. The bounds are 30 s for smoke, 90 s for laptop,
4 GB.

| notebook | cells | smoke: wall, s | peak memory, MiB | laptop: wall, s | peak memory, MiB |
|---|---:|---:|---:|---:|---:|
"""
FOOT = """
The profiles `gpu` and `cluster` were not run: no such machine was at hand. Nothing in the lessons claims a figure from
one.
"""


def main() -> None:
    courses = sorted(path.parent.name for path in (ROOT / "courses").glob("*/course.yaml"))
    smoke, laptop = ([_report(course, profile) for course in courses] for profile in ("smoke", "laptop"))
    rows = []
    for in_short, in_full in zip(smoke, laptop, strict=True):
        short = {(row["name"], row["kind"]): row for row in in_short["notebooks"]}
        for row in in_full["notebooks"]:
            other = short[row["name"], row["kind"]]
            if not row["status"] == other["status"] == "passed":
                raise SystemExit(f"{row['name']}, {row['kind']}: not passed; nothing was written")
            figures = [f"{ran['wall_s']:.1f} | {ran['memory_peak_mib']:.0f}" for ran in (other, row)]
            rows.append(f"| {row['name']}, {row['kind']} | {row['cells']} | {' | '.join(figures)} |\n")
    place, versions = laptop[0]["machine"], laptop[0]["versions"]
    machine = f"{place['processor']}, {place['cores']} cores, {place['memory_gib']} GiB, "
    machine += ", ".join(place["gpus"]) or "no GPU"
    said = ", ".join(f"{name} {number}" for name, number in versions.items())
    head = HEAD.format(date=laptop[0]["date"][:10], machine=machine, versions=said)
    TABLE.write_text(head + "".join(rows) + FOOT, encoding="utf-8")


def _report(course: str, profile: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((ROOT / "build" / course / f"run-{profile}.json").read_text(encoding="utf-8"))
    return report


if __name__ == "__main__":
    main()
