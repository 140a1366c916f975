"""`wb.check` in a notebook: what it shows, what it says when it cannot run, and what it leaves alone."""

import html.parser
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import workbench as wb
from autograder.grade.outputs import clean_html
from workbench import channel, notebook, table
from workbench.checks import Part
from workbench.printed import MOST_CHARS
from workbench.running import Outcome

CHECKS = """
from workbench.checks import as_number, expect, part
double_part = part("double", title="Twice <b>")

@double_part.check(points=1, title="Twice 2 is 4", hints=["What is 2 + 2?", "Add it to itself."])
def twice_two(submission):
    got = as_number(submission.call("double", 2, timeout_s=0.3))
    expect(got == 4, expected=4, came=got, given=2, why="<script>alert(1)</script>\\nsecond line")

@double_part.check(points=2, hints=["And below 0?"])
def twice_less(submission):
    expect(submission.call("double", -1) == -2, expected=-2, came="?")

broken_part = part("broken", title="Broken")

@broken_part.check(points=1)
def breaks(submission):
    return 1 / 0

later_part = part("later", title="Later")
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """An IPython session beside an exercise; `shell.shown` gathers what is displayed."""
    (tmp_path / "checks.py").write_text(CHECKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(notebook, "_hints", {})
    monkeypatch.setattr(channel, "WALL_EXTRA_S", 0.5)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.shown = []
    shell.display_pub.publish = lambda data, metadata=None, **_: shell.shown.append(data)
    shell.user_ns["wb"] = wb
    yield shell
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, source: str) -> Any:
    return shell.run_cell(source, store_history=False)


def told(shell: InteractiveShell) -> str:
    """The text of what was shown last."""
    return str(shell.shown[-1]["text/plain"])


def test_every_state_is_told_in_text_and_in_html_without_colour(session: InteractiveShell) -> None:
    run(session, "def double(x): return x * x")
    assert run(session, 'wb.check("double")').result is None
    (shown,) = session.shown
    assert set(shown) == {"text/plain", "text/html"}
    text = shown["text/plain"]
    assert text.startswith("Twice <b>: 1 of 3 points of the visible checks")
    assert "✓ passed" in text
    assert "✗ failed" in text
    assert "expected: -2" in text
    assert "And below 0?" not in text  # asked for by wb.hint
    for word in ("✓ passed", "✗ failed", "Twice 2 is 4", "1/1", "0/2", "-2", "Input"):
        assert word in shown["text/html"]


def test_hints_stand_behind_a_fold_the_second_inside_the_first(session: InteractiveShell) -> None:
    run(session, "def double(x): return 0")
    run(session, 'wb.check("double")')
    page = session.shown[0]["text/html"]
    first = re.search(r"<details><summary>Hint</summary><p>What is 2 \+ 2\?</p><details>.*?</details></details>", page)
    assert first
    assert "Add it to itself." in first[0]


def test_a_passed_check_shows_no_hint(session: InteractiveShell) -> None:
    run(session, "def double(x): return 2 * x")
    run(session, 'wb.check("double")')
    assert "<details>" not in session.shown[0]["text/html"]
    assert "3 of 3 points" in session.shown[0]["text/plain"]


class Tags(html.parser.HTMLParser):
    """Start and end tags of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.opened.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_texts_of_learner_and_author_are_escaped_and_only_first_lines_shown(session: InteractiveShell) -> None:
    run(session, "def double(x): return 5")
    run(session, 'wb.check("double")')
    page = session.shown[0]["text/html"]
    tags = Tags(page)
    assert not tags.open
    assert {"script", "b", "style"} & set(tags.opened) == set()
    assert "&lt;script&gt;" in page
    assert "second line" not in page


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("state", sorted(table.MARKS))
def test_marks_can_be_read_in_light_and_dark_themes(state: str) -> None:
    """They bring their own ground: a contrast of 4.5 (WCAG 2.2, 1.4.3) holds in any theme; all else inherits."""
    mark, ground = table.MARKS[state]
    assert (1.05) / (luminance(ground) + 0.05) >= 4.5
    assert re.search(r"[a-z]{3}", mark)


def test_long_outputs_are_cut() -> None:
    outcome = Outcome("c", "t", True, 1, 0, "failed", "m" * 10_000, "e\n" * 500, "c" * 10_000, "g", ("h" * 5000,))
    for text in (table.as_text(Part("p", "P"), [outcome]), table.as_html(Part("p", "P"), [outcome])):
        assert len(text) < 8000
        assert text.count("\ne") <= table.MAX_LINES


def test_hints_come_one_by_one(session: InteractiveShell) -> None:
    run(session, 'wb.hint("double")')
    assert 'First run wb.check("double")' in told(session)
    run(session, "def double(x): return 0")
    run(session, 'wb.check("double")')
    for want in ("What is 2 + 2?", "And below 0?", "Add it to itself.", "no more hints", "What is 2 + 2?"):
        run(session, 'wb.hint("double")')
        assert want in told(session)


def test_hints_go_on_after_another_check_as_long_as_it_does_not_pass(
    session: InteractiveShell
) -> None:
    right_for_2 = "def double(x): return x * x"
    for answer, want in [
        ("def double(x): return 0", "What is 2 + 2?"),
        ("def double(x): return 1", "And below 0?"),
        ("def double(x): return 3", "Add it to itself."),
        ("def double(x): return 5", "aloud often helps. The next one is the first again."),
        ("def double(x): return 6", "What is 2 + 2?"),
        (right_for_2, "And below 0?"),
        (right_for_2, "no more hints"),
        ("def double(x): return 0", "What is 2 + 2?"),  # it passed in between
        ("def double(x): return 2 * x", "nothing to hint at"),
        ("def double(x): return 0", "What is 2 + 2?"),
    ]:
        run(session, answer)
        run(session, 'wb.check("double")')
        run(session, 'wb.hint("double")')
        assert want in told(session)


def test_a_part_without_hints_says_so_without_a_promise(
    session: InteractiveShell, tmp_path: Path
) -> None:
    (tmp_path / "checks.py").write_text(re.sub(r", hints=\[.*?\]", "", CHECKS))
    run(session, "def double(x): return 0")
    run(session, 'wb.check("double")')
    for _ in range(2):
        run(session, 'wb.hint("double")')
        assert told(session).endswith("saying it aloud often helps.")


@pytest.mark.parametrize("starter", ["", "def double(x): raise NotImplementedError('double: Add it.')"])
def test_a_part_that_was_not_attempted_gives_its_hints(
    session: InteractiveShell, starter: str
) -> None:
    run(session, starter)
    run(session, 'wb.check("double")')
    for want in ("Hint for “Twice 2 is 4”: What is 2 + 2?", "And below 0?", "Add it to itself.", "no more hints"):
        run(session, 'wb.hint("double")')
        assert want in told(session)


def test_where_all_visible_checks_pass_there_is_nothing_to_hint_at(
    session: InteractiveShell
) -> None:
    run(session, "def double(x): return 2 * x")
    run(session, 'wb.check("double")')
    run(session, 'wb.hint("double")')
    assert "All visible checks of this part pass" in told(session)


def test_a_part_that_runs_before_its_cell_says_which_cell(session: InteractiveShell) -> None:
    run(session, 'wb.check("double")')
    text = session.shown[0]["text/plain"]
    assert text.count("… not attempted") == 2
    assert "there is no double yet: run the cell that defines double" in text


def test_a_starter_is_not_attempted(session: InteractiveShell) -> None:
    run(session, "def double(x): raise NotImplementedError('double: Add it.')")
    run(session, 'wb.check("double")')
    assert "… not attempted" in session.shown[0]["text/plain"]
    assert "double: Add it." in session.shown[0]["text/plain"]


def test_a_check_that_breaks_is_the_authors_fault_and_says_whom_to_tell(session: InteractiveShell) -> None:
    run(session, 'wb.check("broken")')
    text = session.shown[0]["text/plain"]
    assert "! check broke" in text
    assert "not yours. Please tell whoever gave it to you" in text
    assert "ZeroDivisionError" in text


def test_a_part_without_visible_checks_says_so_in_a_sentence_and_shows_no_table(session: InteractiveShell) -> None:
    run(session, 'wb.check("later")')
    (shown,) = session.shown
    for page in (shown["text/plain"], shown["text/html"]):
        assert "Later: this part has no visible checks; it is graded after you hand in." in page
    assert "<table" not in shown["text/html"]


def test_the_table_is_readable_where_styles_and_their_paddings_are_taken_away(session: InteractiveShell) -> None:
    run(session, "def double(x): return x * x")
    run(session, 'wb.check("double")')
    bare = clean_html(session.shown[0]["text/html"])
    words = re.sub("<[^>]*>", "", bare or "").split()
    assert "✓ passed Twice 2 is 4 1/1" in " ".join(words)


@pytest.mark.parametrize("stream", ["out", "err"])
def test_a_function_that_prints_without_end_shows_its_beginning_and_says_how_much_is_left_out(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str], stream: str
) -> None:
    run(session, f"import sys\ndef double(x):\n    sys.std{stream}.write('x' * 10**8)\n    return 2 * x")
    before = sys.stdout, sys.stderr
    run(session, 'wb.check("double")')
    assert (sys.stdout, sys.stderr) == before
    written = capsys.readouterr()
    assert getattr(written, stream).count("x") == MOST_CHARS
    assert f"{2 * 10**8 - MOST_CHARS:,} characters more" in written.out
    assert "3 of 3 points" in session.shown[0]["text/plain"]


@pytest.mark.parametrize("call", ['wb.check("duoble")', 'wb.hint("duoble")'])
def test_an_unknown_part_names_those_that_exist(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str], call: str
) -> None:
    assert isinstance(run(session, call).error_in_exec, notebook.CheckError)
    told = capsys.readouterr().out
    assert "'double' or 'broken' or 'later'" in told
    assert "Traceback" not in told


def test_missing_checks_say_what_to_do(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "checks.py").rename(tmp_path / "elsewhere.py")
    assert isinstance(run(session, 'wb.check("double")').error_in_exec, notebook.CheckError)
    assert "open the notebook in its own folder" in capsys.readouterr().out


def test_checks_are_found_where_the_environment_says(
    session: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setenv("WORKBENCH_EXERCISE", str(tmp_path))
    run(session, "def double(x): return 2 * x")
    run(session, 'wb.check("double")')
    assert "3 of 3" in session.shown[0]["text/plain"]


def test_checks_that_do_not_load_are_told_as_the_authors_mistake(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "checks.py").write_text("1 / 0")
    run(session, 'wb.check("double")')
    told = capsys.readouterr().out
    assert "checks.py, line 1" in told
    assert "not yours" in told


def test_what_the_learners_code_prints_goes_where_it_goes(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = "def double(x):\n    print('hello', x)\n    print('ouch', file=sys.stderr)\n    return 2 * x"
    run(session, f"import sys\n{noisy}")
    run(session, 'wb.check("double")')
    written = capsys.readouterr()
    assert "hello 2" in written.out
    assert "ouch" in written.err


def test_the_same_inputs_come_each_time(session: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(CHECKS.replace('"double", 2, ', '"double", submission.rng.normal(), '))
    run(session, "seen = []\ndef double(x):\n    seen.append(x)\n    return 4")
    run(session, 'wb.check("double")')
    run(session, 'wb.check("double")')
    seen = session.user_ns["seen"]
    assert seen[0] == seen[2]


def test_a_shadowed_wb_is_explained(session: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    from workbench import shadowing

    shadowing.watch()
    run(session, "wb = 3")
    run(session, 'wb.check("double")')
    assert "The name wb is now of type int" in capsys.readouterr().out
    run(session, "del wb")
    run(session, 'wb.check("double")')
    assert "The name wb is gone" in capsys.readouterr().out


def interrupt_after(delay_s: float) -> threading.Thread:
    def send() -> None:
        time.sleep(delay_s)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As in a kernel: a program started in the background may have been told to ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("body", ["time.sleep(30)", "while True: pass", "asyncio.run(asyncio.sleep(30))"])
def test_a_user_who_stops_a_check_reads_one_line(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path, body: str
) -> None:
    (tmp_path / "checks.py").write_text(CHECKS.replace("timeout_s=0.3", "timeout_s=60"))
    run(session, f"import asyncio, time\ndef double(x):\n    {body}")
    sender = interrupt_after(0.5)
    result = run(session, 'wb.check("double")')
    sender.join()
    assert result.success
    assert capsys.readouterr().out.startswith("The check was stopped.")
    assert session.shown == []


@pytest.mark.parametrize("head", ["def", "async def"])
@pytest.mark.parametrize("body", ["time.sleep(30)", "while True: pass"])
def test_code_that_hangs_is_stopped_and_the_session_lives(session: InteractiveShell, head: str, body: str) -> None:
    run(session, f"import time\n{head} double(x):\n    {body}")
    run(session, 'wb.check("double")')
    text = session.shown[0]["text/plain"]
    assert "✗ out of time" in text
    assert "– not run" in text
    run(session, "def double(x): return 2 * x")
    run(session, 'wb.check("double")')
    assert "3 of 3" in session.shown[-1]["text/plain"]


def test_code_that_swallows_the_interrupt_is_waited_for_and_told(
    session: InteractiveShell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(channel, "GRACE_S", 0.2)
    run(
        session,
        "import time\ndef double(x):\n    end = time.monotonic() + 3\n    while time.monotonic() < end:\n"
        "        try: time.sleep(0.1)\n        except BaseException: pass",
    )
    run(session, 'wb.check("double")')
    assert "✗ out of time" in session.shown[0]["text/plain"]
    assert "choose Restart Kernel" in capsys.readouterr().out


def test_in_a_graded_run_the_grader_checks(session: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    os.environ["WORKBENCH_LINK_FD"] = "999"
    try:
        assert run(session, 'wb.check("no such part")').success
    finally:
        del os.environ["WORKBENCH_LINK_FD"]
    written = capsys.readouterr()
    assert "run by the grader" in written.out
    assert written.err == ""
    assert session.shown == []


def test_a_graded_process_serves_its_namespace_over_the_descriptor_it_was_given() -> None:
    """Also when the learner's code has cleared the environment, and for one part after another."""
    import socket

    from workbench.link import Link

    ours, theirs = socket.socketpair()
    script = """
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import workbench as wb; import os; os.environ.clear(); n = 1; wb.check('any')")
for _ in range(2):
    __import__('workbench.graded', fromlist=['serve_part']).serve_part()
"""
    with theirs:
        environment = {**os.environ, "WORKBENCH_LINK_FD": str(theirs.fileno()), "HOME": "/nonexistent"}
        learner = subprocess.Popen(
            [sys.executable, "-c", script], pass_fds=[theirs.fileno()], env=environment, cwd=Path(__file__).parents[2]
        )
    link = Link(ours)
    for number in (1, 3):
        link.send({"id": number, "op": "get", "expression": f"n + {number}"})
        reply, _ = link.receive(time.monotonic() + 60)
        assert reply == {"id": number, "ok": True, "value": 1 + number, "buffers": []}
        link.send({"id": number + 1, "op": "done"})
    assert learner.wait(60) == 0
    link.close()


def test_without_ipython_the_table_is_printed(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(CHECKS)
    (tmp_path / "answer.py").write_text('import workbench as wb\ndef double(x): return 2 * x\nwb.check("double")\n')
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "answer.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert "3 of 3 points" in run.stdout
    assert run.stderr == ""


def test_the_names_of_the_workbench_stay_functions_whatever_is_imported() -> None:
    import workbench.notebook
    import workbench.rank_processes  # noqa: F401

    assert callable(wb.check)
    assert callable(wb.hint)
    assert callable(wb.ranks)
    assert {"check", "hint", "ranks"} <= set(dir(wb))
    with pytest.raises(AttributeError, match=r"it has .*check.*hint"):
        _ = wb.chekc
