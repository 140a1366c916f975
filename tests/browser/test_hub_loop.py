"""A real browser walks the whole loop on a real hub: two courses, two instructors, four learners.

Of the two learners of a course one does everything in JupyterLab, the other by what JupyterLab's pages send.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.small_courses import INSTRUCTORS, LEARNERS, RIGHT, UNITS, hub_with_small_courses
from tests.browser.stations import Instructor, Learner
from tests.browser.windows import Windows, windows_on
from tests.integration.hub_here import HubHere, Person

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.needs_browser, pytest.mark.timeout(480)]
CHECKED = {
    "sums": [("Twice", 1), ("Three", 1)],
    "waves": [("The mean of each window", 3), ("How many means", 1)],
}
WRONG = {"sums": {"solution-count": "count = 4"}, "waves": {"solution-n-means": "n_means = 975"}}
# Of the one with right answers, and of the other, before a person has read what is written; and how many there are.
SCORES = {"sums": ("5 / 7", "4 / 7"), "waves": ("8 / 10", "7 / 10")}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubHere]:
    with hub_with_small_courses(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture(scope="module")
def windows(hub: HubHere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    with windows_on(hub, tmp_path_factory.mktemp("pictures")) as windows:
        yield windows


@pytest.mark.parametrize("course", list(UNITS))
def test_a_browser_walks_the_whole_loop(course: str, hub: HubHere, windows: Windows) -> None:
    unit, (clicks, sends) = UNITS[course], LEARNERS[course]
    written = next(cell for cell in RIGHT[course] if cell.startswith("written-"))
    instructor = Instructor(windows, INSTRUCTORS[course], course, unit)
    instructor.press("release", "Successfully released", "instructor-4-released")

    learner = Learner(windows, clicks, course, unit)
    if course == "sums":
        assert learner.read_introduction().strip() == "two and three are 5"
        saved = hub.folder / "homes" / clicks / "lessons" / course / "introduction" / "lesson" / "introduction.ipynb"
        assert "two and three are 5" in saved.read_text()
    learner.open_list()
    learner.fetch()
    learner.open_notebook()
    shown = learner.check()
    for title, points in CHECKED[course]:
        assert f"{title}: 0 of {points} points of the visible checks" in shown
    learner.picture("learner-4-not-attempted")
    for cell, source in RIGHT[course].items():
        learner.answer(cell, source)
    shown = learner.check()
    for title, points in CHECKED[course]:
        assert f"{title}: {points} of {points} points of the visible checks" in shown
    learner.picture("learner-5-checked")
    learner.submit()
    _hand_in(hub.sign_in(sends), course, unit)

    instructor.press("collect", "Successfully collected", "instructor-5-collected")
    people = instructor.open_submissions(2)
    assert ("Learner, Lea" in people) is (course == "sums"), people
    for name, score in zip((clicks, sends), SCORES[course], strict=True):
        assert "marks are sealed" in instructor.autograde(name)
        instructor.wait_for_state(name, "needs manual grading", score)
    for number in (1, 2):
        instructor.grade_by_hand(written, number, "2", "Well said.")
    instructor.assignments()
    instructor.press("generate-feedback", "Successfully generated feedback", "instructor-9-feedback")
    instructor.press("release-feedback", "Successfully released feedback", "instructor-10-released-feedback")

    page = learner.read_feedback()
    most = SCORES[course][0].split(" / ")[1]
    assert f"{unit} (Score: {most}.0 / {most}.0)" in page
    assert "Well said." in page
    assert windows.complaints == []
    windows.close(clicks)
    windows.close(INSTRUCTORS[course])


def test_an_instructor_of_one_course_is_turned_away_from_the_other(windows: Windows) -> None:
    page = windows.sign_in("ines", "/hub/home")
    expect(page.locator("#courses li")).to_have_count(1)
    answer = page.goto(f"{windows.hub.base_url}/user/course-waves/formgrader")
    assert answer is not None
    assert answer.status in (403, 404)
    windows.picture(page, "turned-away")
    windows.close("ines")


def _hand_in(person: Person, course: str, unit: str) -> None:
    """Fetches, answers with one mistake, hands in: by the requests of JupyterLab's pages."""
    top = person.start_server()
    what = {"course_id": course, "assignment_id": unit}
    assert person.send("POST", f"{top}assignments/fetch", json=what).json()["success"]
    path = f"{top}api/contents/{course}/{unit}/{unit}.ipynb"
    notebook = person.get(path).json()["content"]
    answers = RIGHT[course] | WRONG[course]
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    saved = person.send("PUT", path, json={"type": "notebook", "content": notebook})
    assert saved.status_code == 200, saved.text
    assert person.send("POST", f"{top}assignments/submit", json=what).json()["success"]
