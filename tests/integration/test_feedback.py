"""What people see of a graded submission: autograded notebook, feedback page, marks. Hostile text stays text."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import nbgrader.nbgraderformat
import pytest
from click.testing import CliRunner
from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins.export import CsvExportPlugin
from traitlets.config import Config

from autograder.book.autograded import autograded_notebook, harmless_markdown, write_autograded
from autograder.book.export import harmless_field, marks_as_csv, read_marks
from autograder.book.feedback import feedback_config, write_feedback
from autograder.book.gradebook import Writer, open_gradebook
from autograder.cli import main
from autograder.errors import GradingError
from autograder.grade.models import Result
from autograder.grade.skeleton import assemble
from tests.integration import gradebook_helper as helper

UNIT = helper.UNIT
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
LINKS = (
    "[a](javascript:alert(4)) [b]( JaVaScRiPt:alert(5)) [c](java&#115;cript:alert(6)) "
    "![d](https://evil.example/pixel.png) [e](data:text/html;base64,xx) <javascript:alert(7)> [f][g] "
    "[h](\\javascript:alert(8)) ![i](attachment:x.png)\n\n"
    "[g]: javascript:alert(9)\n\n> [h]: javascript:alert(10)\n\n<!-- comment --> <iframe src=https://evil.example>"
)


def hostile() -> dict:
    made = helper.submitted(ATTACK + LINKS, **{"solution-bound": f"bound = 1  # {ATTACK}"})
    made["metadata"] = {"title": ATTACK, "language_info": {"name": ATTACK, "pygments_lexer": ATTACK}}
    made["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ATTACK + "\x1b[31mred" + ATTACK},
        {"output_type": "error", "ename": ATTACK, "evalue": ATTACK, "traceback": [ATTACK]},
        {"output_type": "display_data", "data": {"text/html": f"<table><tr><td>kept</td></tr></table>{ATTACK}"}},
        {"output_type": "display_data", "data": {"text/html": "<a href=javascript:alert(11)>x</a>"}},
        {"output_type": "display_data", "data": {"image/svg+xml": ATTACK, "text/plain": ATTACK}},
        {"output_type": "display_data", "data": {"image/png": f'"><{ATTACK}'}},
        {"output_type": "display_data", "data": {"application/javascript": "alert(12)"}},
        {"output_type": "display_data", "data": {"text/markdown": LINKS, "text/latex": "$\\href{javascript:1}{x}$"}},
        {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}},
    ]
    for kind in ("raw", "markdown", "code"):
        extra = {
            "cell_type": kind,
            "id": f"x-{kind}",
            "source": ATTACK + LINKS,
            "metadata": {"raw_mimetype": "text/html"},
        }
        made["cells"].append(extra)
    return made


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = helper.make_course(tmp_path_factory.mktemp("courses") / "accelerator")
    unread = Result.without_run("k", "carl", helper.EXERCISE, "notebook unreadable", f"No JSON {ATTACK}", helper.PARTS)
    work = [
        (helper.record(1), assemble(helper.release(), helper.submitted())),
        (helper.record(2, learner="evil", peak=0, notes=(ATTACK,)), assemble(helper.release(), hostile())),
        (
            helper.record(
                3, learner="carl", parts=unread.parts, status=unread.status, sentence=unread.sentence, written={}
            ),
            assemble(helper.release(), {"cells": []}),
        ),
    ]
    Writer(folder).apply([record for record, _ in work])
    for record, rebuilt in work:
        write_autograded(folder, UNIT, rebuilt, record, helper.PARTS)
    with open_gradebook(folder) as book:
        book.find_comment("written-why", UNIT, UNIT, "anna").manual_comment = "Say *which* memory."
        book.find_comment("solution-peak", UNIT, UNIT, "anna").manual_comment = "A good name."
        book.db.commit()
    write_feedback(folder)
    return folder


def page(course: Path, learner: str) -> str:
    return (course / "feedback" / learner / UNIT / f"{UNIT}.html").read_text()


def autograded(course: Path, learner: str) -> Path:
    return course / "autograded" / learner / UNIT / f"{UNIT}.ipynb"


class Tags(HTMLParser):
    """What a browser would do: the tags, attributes and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]


def formgrade(path: Path) -> str:
    """The page that formgrader shows of a notebook."""
    import nbgrader.server_extensions.formgrader as formgrader

    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(Path(formgrader.__file__).parent / "templates")]
    names = (
        "assignment_id",
        "notebook_id",
        "submission_id",
        "base_url",
        "student",
        "last_name",
        "first_name",
        "notebook_path",
    )
    resources = dict.fromkeys(names, "x") | {"index": 0, "total": 1}
    html, _ = HTMLExporter(config=config).from_filename(str(path), resources=resources)
    return html


def test_the_autograded_notebook_is_one_that_nbgrader_and_formgrader_open(course: Path) -> None:
    for learner in ("anna", "evil", "carl"):
        path = autograded(course, learner)
        notebook = nbgrader.nbgraderformat.read(str(path), as_version=4)
        nbformat.validate(notebook)
        names = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert names == [cell["metadata"]["nbgrader"]["grade_id"] for cell in helper.release()["cells"]]
        assert "part-peak" in formgrade(path)
    assert (autograded(course, "anna").parent / "timestamp.txt").read_text() == "2026-03-01T13:00:00+00:00"
    assert (course / "feedback" / "anna" / UNIT / "timestamp.txt").read_text() == "2026-03-01T13:00:00+00:00"


def test_each_part_shows_its_checks_and_the_status_is_on_top(course: Path) -> None:
    notebook = nbformat.read(autograded(course, "evil"), as_version=4)
    assert notebook.cells[0].source.startswith("**Graded.**")
    text = next(cell for cell in notebook.cells if cell.id == "part-peak").outputs[0].data["text/plain"]
    assert "Peak performance: 0 of 3 points" in text
    assert "[failed] The tiny case (0 of 1)" in text
    assert "expected: 7" in text
    assert "hint: Bytes, not bits." in text
    assert "hint: What happens when the data no longer fits the cache?" in text


def test_hidden_checks_and_the_graded_run_show_title_and_hints_only(course: Path) -> None:
    for learner in ("anna", "evil"):
        for text in (autograded(course, learner).read_text(), page(course, learner)):
            assert "Also for large sizes" in text
            assert helper.CANARY not in text
            assert helper.GRADED_RUN not in text


def test_hostile_text_runs_nothing_in_the_feedback_page(course: Path) -> None:
    seen = Tags(page(course, "evil"))
    forbidden = {"script", "svg", "iframe", "object", "embed", "form", "link", "base", "template", "math"}
    assert not forbidden & set(seen.tags)
    assert seen.handlers == []
    allowed = re.compile(r"#|https?://|mailto:|data:image/(png|jpeg);base64,")
    assert [address for address in seen.addresses if not allowed.match(address)] == []
    assert "<td>kept</td>" in page(course, "evil"), "harmless HTML is shown"


def test_hostile_text_runs_nothing_in_formgrader(course: Path) -> None:
    calm, seen = (Tags(formgrade(autograded(course, learner))) for learner in ("anna", "evil"))
    for tag in ("script", "svg", "iframe", "img", "object", "embed", "link"):
        assert seen.tags.count(tag) == calm.tags.count(tag), tag
    assert seen.handlers == calm.handlers
    schemes = {address.split(":")[0].lower() for address in seen.addresses if ":" in address and address[0] != "#"}
    assert schemes <= {"http", "https"}


def test_the_page_loads_nothing_and_forbids_scripts(course: Path) -> None:
    html = page(course, "anna")
    assert "default-src 'none'" in html
    assert "script-src" not in html, "scripts fall under default-src"
    seen = Tags(html)
    assert {tag for tag in seen.tags if tag in ("script", "link", "iframe")} == set()
    assert [address for address in seen.addresses if not address.startswith("#")] == []


def test_the_style_has_the_hash_that_the_policy_allows(course: Path) -> None:
    import hashlib

    html = page(course, "anna")
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html


def test_the_page_has_marks_hints_comments_and_can_be_read_by_a_screen_reader(course: Path) -> None:
    html = page(course, "anna")
    assert '<html lang="en">' in html
    assert html.count("<h1>") == 1
    assert "<h3>Roofline</h3>" in html, "the notebook's headings stand below the page's, without dead links"
    assert re.search(r'<th scope="row"><a href="#part-1">Peak performance</a></th>\s*<td class="number">3</td>', html)
    assert "1 still to be looked at by a person" in html
    assert "Say <em>which</em> memory." in html
    assert "A good name." in html
    assert "What happens when the data no longer fits the cache?" in html
    assert "Because memory is slow." in html
    assert not re.search(r"<img(?![^>]*alt=)", html)


def test_an_unreadable_submission_has_a_page_that_says_why(course: Path) -> None:
    html = page(course, "carl")
    assert "<strong>Notebook unreadable.</strong> No JSON" in html
    assert "was not reached" in html


def test_a_manual_mark_reaches_the_page(course: Path) -> None:
    with open_gradebook(course) as book:
        grade = book.find_grade("written-why", UNIT, UNIT, "anna")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    write_feedback(course, learners=["anna"])
    html = page(course, "anna")
    assert '<td class="number">1.5</td>' in html
    assert "by a person" not in html.split("Part by part")[0]


def test_nbgraders_own_generate_feedback_makes_the_same_page(course: Path) -> None:
    write_feedback(course, learners=["evil"])
    ours = page(course, "evil")
    config = feedback_config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = UNIT
    config.CourseDirectory.student_id = "evil"
    config.CourseDirectory.feedback_directory = "feedback-by-nbgrader"
    GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
    assert (course / "feedback-by-nbgrader" / "evil" / UNIT / f"{UNIT}.html").read_text() == ours


def test_a_submission_without_marks_is_named_and_the_others_get_their_pages(course: Path) -> None:
    stray = course / "autograded" / "dora" / UNIT
    stray.mkdir(parents=True)
    (stray / f"{UNIT}.ipynb").write_text(autograded(course, "anna").read_text())
    broken = course / "autograded" / "emil" / UNIT
    broken.mkdir(parents=True)
    (broken / f"{UNIT}.ipynb").write_text("{")
    done = write_feedback(course)
    assert len(done.pages) == 3
    assert [problem.split(",")[0] for problem in done.problems] == ["dora", "emil"]
    for folder in (stray, broken):
        (folder / f"{UNIT}.ipynb").unlink()


def test_nothing_graded_and_an_unknown_unit_say_what_to_do(course: Path, tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="nothing was graded yet"):
        write_feedback(tmp_path)
    with pytest.raises(GradingError, match="one of: roofline"):
        write_feedback(course, units=["rooflin"])


def test_a_learner_id_with_a_path_writes_nothing(course: Path) -> None:
    record = helper.record(9, learner="../../outside")
    with pytest.raises(GradingError, match="cannot be used"):
        write_autograded(course, UNIT, assemble(helper.release(), helper.submitted()), record, helper.PARTS)
    assert not list(course.parent.rglob("outside"))


def test_unsealed_marks_are_labelled() -> None:
    rebuilt = assemble(helper.release(), helper.submitted())
    notebook = autograded_notebook(rebuilt, helper.record(sealed=False), helper.PARTS)
    assert "**unsealed**" in notebook["cells"][0]["source"]


@pytest.mark.parametrize(
    "text", ["a < b and c<d", "x = [1]: y", "- item\n\n> quote", "$a<b$ `x<y`", "[link](https://a.eu)"]
)
def test_honest_prose_keeps_its_meaning(text: str) -> None:
    assert harmless_markdown(text).replace("< ", "<") == text.replace("< ", "<")


def test_the_export_has_a_row_for_each_part_and_nothing_is_a_formula(course: Path) -> None:
    Writer(course).apply([helper.record(4, learner="=cmd|' /C calc'!A0")])
    with open_gradebook(course) as book:
        book.find_comment("written-why", UNIT, UNIT, "evil").manual_comment = "@SUM(1+1)"
        book.db.commit()
    rows = list(csv.DictReader(io.StringIO(marks_as_csv(read_marks(course)))))
    by_part = {(row["learner"], row["part"]): row for row in rows}
    assert by_part["anna", "peak"]["score"] == "3.0"
    assert by_part["anna", "peak"]["status"] == "graded"
    assert by_part["anna", "peak"]["submitted_at"] == "2026-03-01T13:00:00Z"
    assert by_part["evil", "why"]["comment"] == "'@SUM(1+1)"
    assert by_part["evil", "why"]["needs_a_person"] == "True"
    assert by_part["carl", "bound"]["status"] == "notebook unreadable"
    assert by_part["'=cmd|' /C calc'!A0", "peak"]["score"] == "3.0"
    assert len(rows) == 12
    with open_gradebook(course) as book:
        book.remove_student("=cmd|' /C calc'!A0")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", " =1", "＝1"])
def test_a_field_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert harmless_field(text) == f"'{text}"
    assert harmless_field(-1.5) == -1.5


def test_nbgraders_own_export_still_works(course: Path, tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        plugin = CsvExportPlugin()
        plugin.to = str(tmp_path / "grades.csv")
        plugin.export(book)
    with open(tmp_path / "grades.csv") as file:
        scores = {row["student_id"]: float(row["max_score"]) for row in csv.DictReader(file)}
    assert scores.keys() >= {"anna", "evil", "carl"}
    assert set(scores.values()) == {9.0}


def test_the_commands_write_pages_and_marks(course: Path) -> None:
    out = ["--out", str(course.parent)]
    done = CliRunner().invoke(main, ["feedback", "accelerator", UNIT, *out])
    assert (done.exit_code, done.output.split(" under")[0]) == (0, "wrote 3 pages")
    done = CliRunner().invoke(main, ["export", "accelerator", *out])
    assert done.exit_code == 0, done.output
    tree = json.loads((course / "marks.json").read_text())
    anna = next(learner for learner in tree["learners"] if learner["learner"] == "anna")
    assert anna["exercises"][0]["max_score"] == 9
    assert (course / "marks.csv").stat().st_mode & 0o077 == 0, "marks are for the instructor"
    done = CliRunner().invoke(main, ["export", "../accelerator", *out])
    assert done.exit_code == 1
    assert "build it first" in done.output
