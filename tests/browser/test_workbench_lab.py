"""A learner alone with JupyterLab in a real browser: lesson, exercise, progress; what axe-core says of all pages."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from autograder.book.autograded import write_autograded
from autograder.book.feedback import write_feedback
from autograder.book.gradebook import Writer
from autograder.build.course import build_course
from autograder.build.lesson import lessons_of
from autograder.build.pages import page as as_page
from autograder.grade.skeleton import assemble
from autograder.report.write import write_report
from tests.browser.accessible import chromium, complaints, complaints_of_file
from tests.browser.labs import Notebook, running_lab
from tests.integration import gradebook_helper
from tests.unit import report_helper

pytestmark = [pytest.mark.slow, pytest.mark.needs_browser, pytest.mark.timeout(240)]
OUTPUTS = ".jp-NotebookPanel .jp-OutputArea"
LESSON = """# title: What a mean is
# minutes: 10
# profiles: {smoke: {}, laptop: {}}

# %%
import workbench as wb

# %%
wb.predict("sum", "How large is the sum of 1 to 100?", unit="points")

# %%
wb.settle("sum", sum(range(101)), why="50 pairs of 101 each.")

# %%
wb.quiz("Two pieces: what is their mean?", {"3": "Not the same vote.", "2.02": "Weighted by `count`."}, right="2.02")

# %%
wb.order(["a = 1", "b = a", "print(b)"], "prints 1")


# %%
def speedup(share_percent=50, n_workers=4):
    print(f"{100 / (100 - share_percent + share_percent / n_workers):.2f} times as fast")


wb.explore(speedup, share_percent=(1, 99), n_workers=[4, 16, 64])

# %% solution="double"
def double(x):
    ### BEGIN SOLUTION "Return twice x."
    return 2 * x
    ### END SOLUTION

# %%
wb.your_turn("double", lambda: double(2), want=4, hints=["What is 2 + 2?"])

# %%
wb.progress()
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course directory of a built course: one unit, with a lesson and an exercise."""
    root = tmp_path_factory.mktemp("project")
    catalogue = report_helper.make_catalogue(root)
    (root / "courses" / report_helper.COURSE / "mean.py").write_text(LESSON)
    made = catalogue.course(report_helper.COURSE)
    return build_course(made, root / "build", lessons=lessons_of(catalogue, made))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("AUTOGRADER_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_lab(course, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 2200})
    yield page
    page.close()


def test_a_learner_reads_a_lesson_and_does_an_exercise(lab: str, page: Page, pictures: Path, course: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    lesson = Notebook(page, lab, "lessons/mean.ipynb")
    lesson.run_all()
    expect(page.locator(".wb-controls")).to_have_count(4)
    _predict(lesson)
    _answer_by_keyboard_alone(lesson)
    _put_in_order(lesson)
    _move_a_slider(lesson)
    expect(page.get_by_text("0 of 1 units passed")).to_be_visible()
    for theme in ("Light", "Dark"):
        lesson.choose("Settings", "Theme", f"JupyterLab {theme}")
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
        page.screenshot(path=pictures / f"workbench-lesson-{theme.lower()}.png")
        assert complaints(page, OUTPUTS) == []
    lesson.save()
    _is_whole_when_it_is_opened_again(lesson, lab)

    exercise = Notebook(page, lab, "release/mean/mean.ipynb")
    exercise.run_all()
    table = exercise.cell('wb.check("mean")')
    expect(table).to_contain_text("Mean of a list: 0 of 2 points of the visible checks")
    expect(table).to_contain_text("… not attempted")
    _write_and_check_again(exercise)
    page.screenshot(path=pictures / "workbench-exercise-dark.png")
    assert complaints(page, OUTPUTS) == []
    assert errors == []


def _predict(lesson: Notebook) -> None:
    field = lesson.page.get_by_label("Your number of points")
    field.press_sequentially("5050")
    field.press("Enter")
    expect(lesson.cell("wb.predict")).to_contain_text("Noted: 5,050 points.")
    expect(lesson.cell("wb.settle")).to_contain_text("exactly right. (You saw the measurement first.)")


def _answer_by_keyboard_alone(lesson: Notebook) -> None:
    """From the field before it: Tab to the choices, an arrow to the second one, Tab to the button, Enter."""
    quiz = lesson.cell("Quiz:").locator(".wb-controls")
    choices, answer = quiz.get_by_role("radio"), quiz.get_by_role("button", name="Answer")
    lesson.tab_to(choices.first)
    lesson.page.keyboard.press("ArrowDown")
    expect(choices.last).to_be_checked()
    expect(quiz).not_to_contain_text("correct")  # the reply waits for the answer
    lesson.tab_to(answer, most=1)
    assert answer.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    lesson.page.keyboard.press("Enter")
    expect(quiz.get_by_role("status")).to_contain_text("✓ correct Weighted by count.")


def _put_in_order(lesson: Notebook) -> None:
    """By its buttons; the focus stays with the line, and what was moved is said."""
    lines = lesson.cell("Put in order:").locator(".wb-controls")
    for place, line in enumerate(["a = 1", "b = a"]):
        while lines.locator("code").nth(place).inner_text() != line:
            now = lines.locator("code").all_inner_texts().index(line)
            lines.get_by_role("button", name=f"Up: line {now + 1}, {line}").focus()
            lesson.page.keyboard.press("Space")
            expect(lines.get_by_role("status")).to_have_text(f"Line {now + 1} is line {now} now.")
            focused = lesson.page.evaluate("document.activeElement.getAttribute('aria-label')")
            assert focused.endswith(f"line {now}, {line}")
    lines.get_by_role("button", name="Check the order").click()
    expect(lines.get_by_role("status")).to_contain_text("✓ correct The lines are in order.")


def _move_a_slider(lesson: Notebook) -> None:
    """By keys and by mouse; the cell's output follows, and is saved as it is then."""
    cell = lesson.cell("wb.explore")
    expect(cell).to_contain_text("1.60 times as fast")
    share = cell.get_by_role("slider", name="share percent")
    share.focus()
    for _ in range(5):
        lesson.page.keyboard.press("ArrowRight")
    expect(cell).to_contain_text("Shown for share percent = 55, n workers = 4:")
    expect(share).to_have_attribute("aria-valuetext", "55")
    cell.get_by_role("slider", name="n workers").fill("2")
    expect(cell).to_contain_text("Shown for share percent = 55, n workers = 64:")
    expect(cell).to_contain_text("2.18 times as fast")


def _is_whole_when_it_is_opened_again(lesson: Notebook, lab: str) -> None:
    """Without the kernel that drew its controls: their text stands in their place."""
    lesson.choose("Kernel", "Shut Down All Kernels…")
    lesson.page.locator(".jp-Dialog button.jp-mod-warn").click()
    again = Notebook(lesson.page, lab, "lessons/mean.ipynb")
    quiz = again.cell("Quiz:")
    quiz.get_by_text("2.02", exact=True).click()
    expect(quiz.get_by_text("Weighted by")).to_be_visible()
    expect(again.cell("wb.explore")).to_contain_text("2.18 times as fast")


def _write_and_check_again(exercise: Notebook) -> None:
    cell = exercise.cell("def mean(x)")
    cell.locator(".cm-content").click()
    exercise.page.keyboard.press("Control+A")
    exercise.page.keyboard.insert_text("def mean(x):\n    print('seen')\n    return sum(x) // len(x)")
    exercise.page.keyboard.press("Control+Enter")
    table = exercise.cell('wb.check("mean")')
    table.get_by_role("button", name="Check again").click()
    expect(table.get_by_role("status")).to_contain_text("Checked again. Mean of a list: 0 of 2 points")
    expect(table.locator("table")).to_contain_text("ZeroDivisionError")
    table.get_by_text("What your code printed").click()
    expect(table.locator(".wb-said pre")).to_have_text("seen\nseen")
    table.get_by_role("button", name="Next hint").click()
    expect(table.get_by_role("status")).to_contain_text("no more hints for this part")


def test_pages_for_learners_and_instructors_hinder_nobody(
    browser: Browser, course: Path, tmp_path: Path, pictures: Path
) -> None:
    pages = {
        "feedback": _feedback(tmp_path),
        "report": _report(tmp_path / "report"),
        "lesson": _lesson(course, tmp_path),
    }
    found = {name: complaints_of_file(browser, path, pictures) for name, path in pages.items()}
    assert found == {name: {"light": [], "dark": []} for name in pages}


def _feedback(folder: Path) -> Path:
    helper = gradebook_helper
    course_dir = helper.make_course(folder / "accelerator")
    handed_in, record = assemble(helper.release(), helper.submitted()), helper.record(1)
    Writer(course_dir).apply([record])
    write_autograded(course_dir, helper.UNIT, handed_in, record, helper.PARTS)
    write_feedback(course_dir)
    return course_dir / "feedback" / record.result.learner / helper.UNIT / f"{helper.UNIT}.html"


def _report(folder: Path) -> Path:
    catalogue = report_helper.make_catalogue(folder)
    failed = report_helper.record("bert", {"tiny": "failed", "large": "timed_out"})
    course_dir = report_helper.make_course(folder, report_helper.record("anna"), failed)
    write_report(course_dir, catalogue, folder / "report.html")
    return folder / "report.html"


def _lesson(course: Path, folder: Path) -> Path:
    """A lesson as a page, with outputs as a run leaves them."""
    notebook = nbformat.read(course / "lessons" / "mean.ipynb", as_version=4)
    path = folder / "lesson.html"
    path.write_text(as_page(json.loads(json.dumps(notebook))), encoding="utf-8")
    return path
