"""A course as nbgrader's own users write them: asserts in cells, partial credit, hidden tests, a part for a person."""

import copy
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

ROOT = Path(__file__).parents[2]
UNIT, NOTEBOOK = "ps 1", "problem one"
PLAIN = "c = get_config()\nc.CourseDirectory.course_id = 'plain'\n"
SANDBOXED = PLAIN + "from autograder.plugin import use_sandbox\nuse_sandbox(c)\n"
CANARY = "canary-5b1d"  # stands in the solution and in a hidden test, and nowhere else

Cell = dict[str, Any]
Marks = dict[str, float | None]


def _cell(kind: str, source: str, name: str = "", **marks: Any) -> Any:
    make = new_code_cell if kind == "code" else new_markdown_cell
    cell = make(source, id=name or "imports")
    if name:
        plain = {"grade": False, "locked": False, "solution": False, "task": False}
        cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": name, "cell_type": kind, **plain, **marks}
    return cell


def source_notebook() -> Any:
    """The instructor's notebook."""
    read = 'with open("numbers.csv") as file:\n    numbers = [int(row[0]) for row in csv.reader(file)]'
    squares = f"def squares(values):\n    ### BEGIN SOLUTION\n    return [v * v for v in values]  # {CANARY}\n"
    squares += "    ### END SOLUTION"
    test = f"""assert squares([2]) == [4]
### BEGIN HIDDEN TESTS
assert squares(numbers) == [1, 4, 9], "{CANARY}"
### END HIDDEN TESTS"""
    mean = "def mean(values):\n    ### BEGIN SOLUTION\n    return sum(values) / len(values)\n    ### END SOLUTION"
    partial = """points = 0
points += 1 if mean([2]) == 2 else 0
points += 2 if mean(numbers) == 2 else 0
points"""
    cells = [
        _cell("code", "import csv\nimport os\nimport sys"),
        _cell("code", read, "read", locked=True),
        _cell("code", squares, "squares", solution=True),
        _cell("code", test, "test-squares", grade=True, locked=True, points=2),
        _cell("code", mean, "mean", solution=True),
        _cell("code", partial, "test-mean", grade=True, locked=True, points=3),
        _cell("markdown", "Why?", "why", grade=True, solution=True, points=4),
        _cell("markdown", "Draw a line.", "draw", task=True, locked=True, points=1),
        _cell("code", "assert squares([]) == []", "test-empty", grade=True, locked=True, points=1),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@dataclass(frozen=True)
class PlainCourse:
    """An nbgrader course directory."""

    root: Path

    def released(self) -> Any:
        return nbformat.read(self.root / f"release/{UNIT}/{NOTEBOOK}.ipynb", as_version=4)

    def answered(self, **sources: str) -> Any:
        """The released notebook, right in all parts but for these cells (`_` for `-` in their names)."""
        right = {
            "squares": "def squares(values):\n    return [v * v for v in values]",
            "mean": "def mean(values):\n    return sum(values) / len(values)",
            "why": "Because.",
        }
        right |= {name.replace("_", "-"): source for name, source in sources.items()}
        notebook = self.released()
        for cell in notebook.cells:
            cell.source = right.get(cell.metadata.get("nbgrader", {}).get("grade_id", cell.id), cell.source)
        return notebook

    def submit(self, learner: str, notebook: Any) -> Path:
        folder = self.root / "submitted" / learner / UNIT
        folder.mkdir(parents=True)
        (folder / f"{NOTEBOOK}.ipynb").write_text(json.dumps(notebook))
        return folder

    def nbgrader(self, *arguments: str, status: int = 0) -> str:
        """Runs nbgrader's command line in the course; what it said."""
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            ["nbgrader", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def marks(self) -> dict[str, Marks]:
        """What the gradebook says nbgrader found: learner → cell → points, None for a person to give."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as book:
            return {
                submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
                for submission in book.assignment_submissions(UNIT)
            }

    def waiting(self, learner: str) -> set[str]:
        """The parts that wait for a person."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as book:
            grades = book.find_submission_notebook(NOTEBOOK, UNIT, learner).grades
            return {grade.name for grade in grades if grade.needs_manual_grade}

    def autograded(self, learner: str) -> Any:
        path = self.root / "autograded" / learner / UNIT / f"{NOTEBOOK}.ipynb"
        return nbformat.read(path, as_version=4)

    def copy(self, root: Path, config: str) -> "PlainCourse":
        """The same course in another folder, with another nbgrader_config.py."""
        shutil.copytree(self.root, root, symlinks=True)
        (root / "nbgrader_config.py").write_text(config)
        return PlainCourse(root)


def make_plain_course(root: Path) -> PlainCourse:
    """The course in an empty folder, released."""
    folder = root / "source" / UNIT
    folder.mkdir(parents=True)
    nbformat.write(source_notebook(), folder / f"{NOTEBOOK}.ipynb")
    (folder / "numbers.csv").write_text("1\n2\n3\n")
    (root / "nbgrader_config.py").write_text(PLAIN)
    course = PlainCourse(root)
    course.nbgrader("generate_assignment", UNIT)
    return course


def without(notebook: Any, name: str) -> Any:
    """The notebook without one of its cells."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != name]
    return notebook
