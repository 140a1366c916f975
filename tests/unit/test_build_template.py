"""The template is what every author copies: its answers must do what they say, also before any sandbox exists."""

import dataclasses
from pathlib import Path

import pytest

import workbench.local
from autograder.build.authored import Authored, read_exercise
from autograder.build.bundle import make_bundle, solution_notebook
from autograder.build.files import released_files
from autograder.build.variants import Variant
from autograder.catalogue.find import exercise_at
from workbench.checks import Part

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"
AUTHORED = read_exercise(exercise_at(TEMPLATE))


@pytest.fixture(autouse=True)
def _released_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory of a learner: the released files."""
    for name, content in released_files(TEMPLATE, "_template").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)


def all_visible(part: Part) -> Part:
    return Part(part.name, part.title, [dataclasses.replace(check, visible=True) for check in part.checks])


def states(notebook: dict, authored: Authored = AUTHORED) -> dict[str, str]:
    """`part.check` → state, all checks run in this process on what the notebook's cells define."""
    namespace: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and not cell["id"].startswith("part-"):
            exec(cell["source"], namespace)
    return {
        f"{part.name}.{outcome.check}": outcome.state
        for part in authored.parts.values()
        for outcome in workbench.local.run_local(all_visible(part), namespace, TEMPLATE)
    }


def test_the_solution_passes_every_check() -> None:
    assert set(states(solution_notebook(AUTHORED)).values()) == {"passed"}


def test_the_untouched_release_passes_none() -> None:
    assert "passed" not in states(make_bundle(AUTHORED).skeleton).values()


@pytest.mark.parametrize("variant", AUTHORED.variants, ids=lambda variant: variant.name)
def test_each_variant_is_caught_where_it_says_and_keeps_its_other_parts(variant: Variant) -> None:
    found = states(solution_notebook(AUTHORED, variant.solutions, variant.written))
    failed = {name for name, state in found.items() if state != "passed"}
    assert set(variant.caught_by) <= failed
    assert {name.split(".")[0] for name in failed} == {name.split(".")[0] for name in variant.caught_by}
