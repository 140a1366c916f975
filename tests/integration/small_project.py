"""A project of several courses made of the template's exercise, for what looks at all courses at once."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"
LESSON = """# title: {title}
# minutes: 15
# profiles:
#   smoke: {{}}
#   laptop: {{}}

# %% [markdown]
# # {title}

# %%
import workbench as wb

print("counted to", sum(range(4)))
"""


def make_project(root: Path, units: Iterable[tuple[str, str, list[str]]], lessons: Iterable[str] = ()) -> Path:
    """Units as (course/unit, title, prerequisites); `lessons` names those that have one."""
    courses: dict[str, list[str]] = {}
    for name, title, needs in units:
        course, unit = name.split("/")
        courses.setdefault(course, []).append(unit)
        folder = root / "exercises" / course / unit
        shutil.copytree(TEMPLATE, folder)
        spec = yaml.safe_load((folder / "exercise.yaml").read_text())
        spec |= {"title": title, "prerequisites": needs, "level": "advanced" if needs else "beginner"}
        (folder / "exercise.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    for course, names in courses.items():
        (root / "courses" / course).mkdir(parents=True)
        about = {"title": f"All about {course} & more", "audience": "People <who> ask"}
        about |= {"outcomes": ["Do one thing", "Say another"], "units": [{"unit": unit} for unit in names]}
        (root / "courses" / course / "course.yaml").write_text(yaml.safe_dump(about, sort_keys=False))
    for name in lessons:
        (root / "courses" / f"{name}.py").write_text(LESSON.format(title=f"Counting in {name}"))
    return root
