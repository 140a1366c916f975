"""The catalogue's page: one HTML file, readable without a script, and nothing in it is fetched from anywhere."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence

from jinja2 import Environment, StrictUndefined

from autograder.build.notebook import plain_points
from autograder.site.facts import CourseFacts, UnitFacts
from autograder.site.graph import draw_map
from autograder.site.measured import Measured
from autograder.site.script import SCRIPT
from autograder.site.style import STYLE
from autograder.site.template import TEMPLATE
from workbench.shelf import NOTEBOOKS

MAP_TITLE = "The courses as columns, their units from top to bottom, an arrow from each unit to those that build on it"


def page(courses: Sequence[CourseFacts]) -> str:
    """The page of these courses; the same bytes for the same sources and measurements."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(points=_points, duration=duration, anchor=_anchor)
    units = {unit.name: unit for course in courses for unit in course.units}
    template = environment.from_string(TEMPLATE)
    return template.render(
        policy=_policy(),
        style=STYLE,
        script=SCRIPT,
        courses=courses,
        units=units,
        leads_to=_leads_to(units),
        levels=[
            (level, count)
            for level in ("beginner", "intermediate", "advanced")
            if (count := Counter(unit.authored.spec.level for unit in units.values())[level])
        ],
        map=draw_map(courses, MAP_TITLE),
        links=any(unit.needs for unit in units.values()),
        runs=_runs,
        machine=_machine,
        notebooks=NOTEBOOKS,
    )


def duration(minutes: int) -> str:
    """`45 min`, `2 h`, `2 h 5 min`."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def _policy() -> str:
    """Only this page's own style and script; no address at all, neither of the network nor of a file."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (STYLE, SCRIPT)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _leads_to(units: dict[str, UnitFacts]) -> dict[str, list[str]]:
    return {name: [other.name for other in units.values() if name in other.needs] for name in units}


def _runs(unit: UnitFacts) -> list[tuple[str, list[Measured]]]:
    """What was measured, by profile. A lesson takes the same with its steps solved: one row is enough."""
    shown = [ran for ran in unit.measured if ran.kind != "lesson solved"]
    return [
        (profile, [r for r in shown if r.profile == profile]) for profile in dict.fromkeys(r.profile for r in shown)
    ]


def _machine(runs: Sequence[Measured]) -> str:
    return "; ".join(dict.fromkeys(f"{ran.machine}, {ran.date}" for ran in runs))


def _points(number: float) -> str:
    return str(plain_points(number))


def _anchor(name: str) -> str:
    return name.replace("/", "--")
