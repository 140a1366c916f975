"""The files of an exercise have to agree; each disagreement is named with its file and line."""

import shutil
from pathlib import Path

import pytest

from autograder.build.authored import Authored, read_exercise
from autograder.build.files import released_files
from autograder.catalogue.find import exercise_at
from autograder.errors import AuthoringError

TEMPLATE = Path(__file__).parents[2] / "exercises" / "_template"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the template as the exercise demo/unit."""
    return Path(shutil.copytree(TEMPLATE, tmp_path / "demo" / "unit", ignore=shutil.ignore_patterns("__pycache__")))


def read(folder: Path) -> Authored:
    return read_exercise(exercise_at(folder))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_template_agrees_with_itself(folder: Path) -> None:
    authored = read(folder)
    assert list(authored.parts) == ["running-mean", "n-means", "spike"]
    assert [authored.points(name) for name in ("running-mean", "n-means", "spike", "edges")] == [5, 2, 1, 2]
    assert [variant.kind for variant in authored.variants].count("correct") >= 1
    assert [variant.kind for variant in authored.variants].count("wrong") >= 3


# A part with a check of its own, for cases that need one more.
MORE = '\nextra_part = part("extra", title="Extra")\n'
CHECK = "@extra_part.check(points={points}, hints={hints})\ndef holds(submission):\n    pass\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "says"),
    [
        (
            "exercise.py",
            '# %% part="spike"\nwb.check("spike")',
            '# %% part="nail"\nwb.check("nail")',
            "exercise.py",
            "nail",
        ),
        ("exercise.py", '# %% part="spike"\nwb.check("spike")', "", "checks.py, line 13", "the part spike has no cell"),
        ("exercise.py", 'written="edges"', 'written="ends"', "exercise.py", "the written part ends has no rubric"),
        ("exercise.py", 'written="edges"', 'written="spike"', "exercise.py", "the name of a checked part"),
        (
            "exercise.py",
            '# %% tags=["parameters"]',
            "# %%",
            "key profiles.smoke.parameters.n_minutes",
            "no parameters cell",
        ),
        ("exercise.yaml", "n_minutes: 60", "n_hours: 1", "key profiles.smoke.parameters.n_hours", "one of: n_minutes"),
        (
            "exercise.yaml",
            "rubrics:",
            "rubrics:\n  more: {title: M, criteria: [{points: 1, text: t}]}",
            "key rubrics.more",
            "no written cell",
        ),
        ("checks.py", "WINDOW = 3\n", "WINDOW = 3\n" + MORE, "checks.py", "the part extra has no cell"),
        ("checks.py", "WINDOW = 3\n", "WINDOW = 3\n1 / 0\n", "checks.py, line", "ZeroDivisionError"),
        ("checks.py", "WINDOW = 3\n", "WINDOW = \n", "checks.py, line", "SyntaxError"),
        ("checks.py", "points=2", "points=0", "demo/unit/checks.py", "points above 0"),
        ("checks.py", "points=2", "points=-1", "demo/unit/checks.py", "points above 0"),
        ("checks.py", 'hints=["Who', 'hints=["a", "b", "Who', "demo/unit/checks.py", "at most two hints"),
        ("checks.py", 'part("n-means"', 'part("running-mean"', "demo/unit/checks.py", "Two parts have one name"),
        ("checks.py", "def leaves_its_input_alone", "def agrees_with_a_loop", "demo/unit", "Two checks of a part"),
        ("hidden.py", "points=1", "points=0", "demo/unit", "points above 0"),
        ("hidden.py", "from checks import", "from checks import no_part,", "hidden.py, line", "ImportError"),
        ("wrong/in_place.py", "Caught by:", "Found by:", "wrong/in_place.py, line 1", "names no check"),
        (
            "wrong/in_place.py",
            "leaves_its_input_alone",
            "keeps_its_input",
            "wrong/in_place.py, line 1",
            "does not exist",
        ),
        ("wrong/in_place.py", "running-mean.leaves", "leaves", "wrong/in_place.py, line 1", "does not exist"),
        (
            "wrong/in_place.py",
            'solution="running-mean"',
            'solution="mean"',
            "wrong/in_place.py, line",
            "one of: running-mean",
        ),
        (
            "wrong/in_place.py",
            ' solution="running-mean"',
            "",
            "wrong/in_place.py, line",
            "solution and written cells only",
        ),
        (
            "correct/cumulative_sum.py",
            '"""Another',
            '# %% solution="spike"\n"""Another',
            "line 1",
            "begin with a docstring",
        ),
    ],
)
def test_files_that_disagree_are_refused(folder: Path, file: str, old: str, new: str, where: str, says: str) -> None:
    replace(folder / file, old, new)
    with pytest.raises(AuthoringError) as caught:
        read(folder)
    assert where in caught.value.where
    assert says in str(caught.value)


def test_a_part_with_no_check_is_refused(folder: Path) -> None:
    replace(folder / "checks.py", "WINDOW = 3\n", "WINDOW = 3\n" + MORE)
    replace(folder / "exercise.py", '# %% part="spike"', '# %% part="extra"\nwb.check("extra")\n\n# %% part="spike"')
    with pytest.raises(AuthoringError, match="the part extra has no check"):
        read(folder)
    with (folder / "checks.py").open("a") as checks:
        checks.write(CHECK.format(points=1, hints=[]))
    assert read(folder).points("extra") == 1


def test_a_part_that_only_hidden_py_declares_is_refused(folder: Path) -> None:
    with (folder / "hidden.py").open("a") as hidden:
        hidden.write("from workbench.checks import part\n" + MORE + CHECK.format(points=1, hints=[]))
    with pytest.raises(AuthoringError, match=r"hidden\.py, line \d+: the part is unknown to checks\.py"):
        read(folder)


@pytest.mark.parametrize("name", ["exercise.yaml", "exercise.py", "checks.py"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(AuthoringError) as caught:
        read(folder)
    assert caught.value.where == f"demo/unit/{name}"


def test_an_exercise_without_hidden_checks_probes_variants_and_data_is_allowed(folder: Path) -> None:
    for name in ("probes", "correct", "wrong", "data"):
        shutil.rmtree(folder / name)
    text = (folder / "hidden.py").read_text()
    (folder / "hidden.py").unlink()
    with pytest.raises(AuthoringError, match="the part spike has no check"):
        read(folder)
    (folder / "hidden.py").write_text(text)
    assert read(folder).variants == ()
    assert list(released_files(folder, "demo/unit")) == ["checks.py"]


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("Wrong.  Caught by: spike.spreads_over_the_window", ("spike.spreads_over_the_window",)),
        ("Wrong.\nCaught by: (kernel died)", ("(kernel died)",)),
        (
            "Wrong.  Caught by: n-means.counts_every_window,\n spike.spreads_over_the_window and (timed out).",
            ("n-means.counts_every_window", "spike.spreads_over_the_window", "(timed out)"),
        ),
    ],
)
def test_caught_by_names_checks_and_faults(folder: Path, docstring: str, names: tuple[str, ...]) -> None:
    (folder / "wrong" / "new.py").write_text(f'"""{docstring}"""\n\n# %% solution="spike"\nspike = "one"\n')
    [variant] = [variant for variant in read(folder).variants if variant.name == "new"]
    assert variant.caught_by == names
    assert variant.believed == "Wrong."
    assert variant.solutions == {"spike": 'spike = "one"'}


def test_a_variant_that_replaces_nothing_is_refused(folder: Path) -> None:
    (folder / "correct" / "new.py").write_text('"""The same."""\n')
    with pytest.raises(AuthoringError, match="replaces nothing"):
        read(folder)


def test_data_is_made_by_the_script_and_the_script_is_not_released(folder: Path) -> None:
    files = released_files(folder, "demo/unit")
    assert list(files) == ["checks.py", "data/celsius.txt", "probes/input_after_call.py"]
    assert files == released_files(folder, "demo/unit")
    assert not (folder / "data" / "celsius.txt").exists()


def test_a_script_for_data_that_fails_is_shown_with_its_error(folder: Path) -> None:
    (folder / "data" / "make_data.py").write_text("raise SystemExit('no seed')\n")
    with pytest.raises(AuthoringError, match="no seed"):
        released_files(folder, "demo/unit")


def test_a_link_among_the_released_files_is_refused(folder: Path) -> None:
    (folder / "data" / "secret.txt").symlink_to("/etc/hostname")
    with pytest.raises(AuthoringError, match="a link or a device"):
        released_files(folder, "demo/unit")


def test_released_files_that_are_too_large_are_refused(folder: Path) -> None:
    with (folder / "data" / "big.bin").open("wb") as big:
        big.truncate(33 * 1024 * 1024)
    with pytest.raises(AuthoringError, match="too large"):
        released_files(folder, "demo/unit")
