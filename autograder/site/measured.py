"""What notebooks took where somebody ran them: `autograder build --run` here, else the table of docs/run-times.md."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROFILES = ("laptop", "gpu", "cluster")  # `smoke` is for tests: its times say nothing to a learner
TABLE = Path("docs", "run-times.md")
_ROW = re.compile(
    r"^\| (?P<name>[a-z0-9-]+/[a-z0-9-]+), (?P<kind>[a-z ]+) \| \d+ \| [\d.]+ \| \d+ "
    r"\| (?P<wall>[\d.]+) \| (?P<memory>\d+) \|$",
    re.MULTILINE,
)
_MEASURED = re.compile(r"^Measured on (?P<date>[\d-]+) on (?P<machine>[^;\n]+);", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """One notebook's run. `kind`: lesson, lesson solved, exercise solved; `wall_s` holds the start of the kernel."""

    name: str
    kind: str
    profile: str
    wall_s: float
    memory_mib: float
    machine: str
    date: str


def measurements(root: Path, course: str) -> dict[str, list[Measured]]:
    """By `course/unit`. A unit that was run here is told by that run alone."""
    found: dict[str, list[Measured]] = {}
    for profile in PROFILES:
        with suppress(OSError, ValueError, KeyError, TypeError):
            for ran in _from_run(root / "build" / course / f"run-{profile}.json", profile):
                found.setdefault(ran.name, []).append(ran)
    published: dict[str, list[Measured]] = {}
    with suppress(OSError):
        for ran in _from_table((root / TABLE).read_text(encoding="utf-8")):
            if ran.name not in found and ran.name.startswith(f"{course}/"):
                published.setdefault(ran.name, []).append(ran)
    return found | published


def _from_run(path: Path, profile: str) -> Iterator[Measured]:
    report = json.loads(path.read_text(encoding="utf-8"))
    place = report["machine"]
    machine = f"{place['processor']}, {place['cores']} cores, {place['memory_gib']} GiB, "
    machine += ", ".join(place["gpus"]) or "no GPU"
    for row in report["notebooks"]:
        if row["status"] == "passed":
            memory_mib = float(row["memory_peak_mib"])
            yield Measured(
                row["name"], row["kind"], profile, float(row["wall_s"]), memory_mib, machine, report["date"][:10]
            )


def _from_table(text: str) -> Iterator[Measured]:
    head = _MEASURED.search(text)
    if head is None:
        return
    for row in _ROW.finditer(text):
        figures = (float(row["wall"]), float(row["memory"]))
        yield Measured(row["name"], row["kind"], "laptop", *figures, head["machine"].strip(), head["date"])
