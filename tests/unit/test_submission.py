"""What a check asks through a Submission, and what becomes of honest and of hostile answers."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import pytest

from workbench import channel as channel_module
from workbench.checks import CheckFailed, LearnerError, LearnerGone, NotAttempted, TimedOut
from workbench.codec import Encoder
from workbench.link import Link, LinkClosed
from workbench.serve import Server
from workbench.served import Park, Refuse, Served, exposed
from workbench.submission import Channel, Submission
from workbench.worlds import Network


def learner_names(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), names)
    return names


@contextmanager
def submission_of(
    source: str, probes: dict[str, str] | None = None, cpu_s: Callable[[], float] = lambda: 0.0
) -> Iterator[Submission]:
    """A submission whose learner is a thread of this process."""
    ours, theirs = socket.socketpair()
    server = Server(Link(theirs), learner_names(source))
    learner = threading.Thread(target=server.run)
    learner.start()
    link = Link(ours)
    channel = Channel(link, cpu_s, lambda: None)
    try:
        yield Submission(channel, np.random.default_rng(1), probes or {})
        channel.close()
    finally:
        link.shut_down()
        learner.join(20)
        link.close()
        server.close()


@contextmanager
def hostile_learner(behave: Callable[[Link], None], cpu_s: Callable[[], float] = lambda: 0.0) -> Iterator[Submission]:
    """A submission whose learner does what it likes with its end of the link."""
    ours, theirs = socket.socketpair()
    link, their_link = Link(ours, send_timeout_s=1), Link(theirs, send_timeout_s=1)

    def live() -> None:
        try:
            behave(their_link)
        except LinkClosed:
            return  # the checker has given up

    learner = threading.Thread(target=live)
    learner.start()
    try:
        yield Submission(Channel(link, cpu_s, lambda: None), np.random.default_rng(1), {})
    finally:
        link.shut_down()
        learner.join(20)
        link.close()
        their_link.close()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "WALL_EXTRA_S", 0.3)
    monkeypatch.setattr(channel_module, "GRACE_S", 0.3)
    monkeypatch.setattr(channel_module, "POLL_S", 0.02)


def test_a_function_is_called_with_arrays_and_names() -> None:
    with submission_of("def f(x, scale=1):\n    return {'sum': x.sum() * scale, 'type': type(x).__name__}") as learner:
        assert learner.call("f", np.arange(4), scale=2) == {"sum": 12, "type": "ndarray"}


def test_an_async_answer_runs_to_its_end_also_where_a_loop_runs_already() -> None:
    source = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1"

    async def main() -> Any:
        with submission_of(source) as learner:
            return learner.call("f", 1)

    assert asyncio.run(main()) == 2


def test_an_async_answer_that_raises_fails_the_check_with_its_error() -> None:
    with (
        submission_of("async def f():\n    raise KeyError('k')") as learner,
        pytest.raises(LearnerError, match="KeyError"),
    ):
        learner.call("f")


def test_an_expression_and_a_probe_see_the_learners_names() -> None:
    probes = {"twice": "a = f(x)\nb = f(a)"}
    with submission_of("n = 3\ndef f(x):\n    x[0] = 9\n    return x", probes) as learner:
        assert learner.get("n + 1") == 4
        assert learner.run("twice", returns=["b"], x=[1, 2]) == {"b": [9, 2]}
        with pytest.raises(LearnerError, match="left no c"):
            learner.run("twice", returns=["c"], x=[1])
        with pytest.raises(NotAttempted, match="run the cell that defines a"):
            learner.get("a")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def f(x):\n    raise NotImplementedError('f: do it')", "ValueError"),
        ("def f(x):\n    raise NotImplementedError('f: do it')", "RuntimeError"),
        ("def f(x):\n    raise NotImplementedError('f: do it')", "NotImplementedError"),
        ("def f(x):\n    raise NotImplementedError('f: do it')", "Exception"),
        ("async def f(x):\n    raise NotImplementedError('f: do it')", "Exception"),
        ("f = None", "TypeError"),
        ("", "NameError"),
        ("", "Exception"),
    ],
)
def test_raises_never_passes_a_starter(source: str, error: str) -> None:
    with submission_of(source) as learner, pytest.raises(NotAttempted):
        learner.raises("f", 1, error=error)


def test_raises_passes_the_wanted_error_and_its_subclasses_alone() -> None:
    with submission_of("class Mine(ValueError): pass\ndef f(x):\n    raise x and Mine('no') or KeyError(1)") as learner:
        learner.raises("f", 1, error="ValueError")
        with pytest.raises(CheckFailed, match="another kind"):
            learner.raises("f", 0, error="ValueError")
    with submission_of("def f(x): return x\ng = 3") as learner:
        with pytest.raises(CheckFailed, match="no error was raised"):
            learner.raises("f", 1)
        with pytest.raises(CheckFailed, match="g is no function but of type int"):
            learner.raises("g", 1, error="TypeError")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise ValueError('no' * 9999)", "raised ValueError: nono"),
        ("raise SystemExit(3)", "raised SystemExit"),
        ("raise BaseException", "raised BaseException"),
        ("class E(Exception):\n        def __str__(self): raise KeyError\n    raise E", "raised E"),
        ("return f(x)", "raised RecursionError"),
        ("return object()", "cannot be handed over"),
        ("return ['a' * 3_000_000] * 10", "raised LinkError: "),
    ],
)
def test_whatever_the_learners_code_raises_fails_the_check_and_the_next_call_is_answered(body: str, text: str) -> None:
    with submission_of(f"def f(x):\n    {body}\ndef g(): return 1") as learner:
        with pytest.raises(CheckFailed) as caught:
            learner.call("f", 1)
        assert text in str(caught.value) + str(caught.value.came)
        assert len(str(caught.value)) < 3000
        assert learner.call("g") == 1


def test_an_error_names_the_line_of_the_cell() -> None:
    with submission_of("def f(x):\n    y = x\n    return [][y]") as learner, pytest.raises(LearnerError) as caught:
        learner.call("f", 5)
    assert caught.value.came == "f, line 3:"


TWICE = """
def outer(x):
    return [inner(n) for n in x]

def inner(n):
    return {}[n]
"""


def test_an_error_in_a_probe_is_told_by_the_learners_function_and_line() -> None:
    probes = {
        "use": "seen = outer(x)",
        "mistake": "seen = outer([])\nseen.nothing",
        "back": "def call_back(n): raise KeyError('the probe')\nseen = through(call_back)",
    }
    with submission_of(TWICE + "def through(f):\n    return f(1)", probes) as learner:
        with pytest.raises(LearnerError, match=r"^your inner \(line 6\) raised KeyError: 3$") as caught:
            learner.run("use", returns=["seen"], x=[3], given="x = [3]")
        assert caught.value.came is not None
        assert caught.value.came.startswith("inner, line 6")
        assert caught.value.given == "x = [3]"
        with pytest.raises(LearnerError, match=r"^mistake raised AttributeError") as caught:
            learner.run("mistake", returns=["seen"])
        assert caught.value.came == "the probe probes/mistake.py, line 2: seen.nothing"
        with pytest.raises(LearnerError, match=r"^your through \(line 8\) raised KeyError"):
            learner.run("back", returns=["seen"])


def test_an_error_in_a_comprehension_is_its_functions() -> None:
    probes = {"use": "seen = f(x)"}
    source = "def f(x):\n    return sum(\n        1 / n for n in x)"
    with submission_of(source, probes) as learner, pytest.raises(LearnerError, match=r"^your f \(line 3\) raised Zero"):
        learner.run("use", returns=["seen"], x=[0])


def test_a_rank_that_raises_in_a_probe_is_told_by_function_line_rank_and_input() -> None:
    probes = {"step": "def rank_main(comm, x): return f(comm.rank, x)"}
    source = "def f(rank, x):\n    return x[rank]"
    with submission_of(source, probes) as learner, pytest.raises(LearnerError) as caught:
        learner.ranks("probe:step", [[[1]], [[1]]], network=Network(2), given="one number for two ranks")
    assert str(caught.value) == "your f (line 2) on rank 1 raised IndexError: list index out of range"
    assert caught.value.given == "one number for two ranks"


@pytest.mark.parametrize("source", ["def f(x): return {}[x]", "def f(x): return object()", "f = 3", "f = None"])
def test_each_failure_of_a_call_keeps_what_the_check_said_of_its_input(source: str) -> None:
    with submission_of(source) as learner, pytest.raises(CheckFailed) as caught:
        learner.call("f", 1, given=np.ones(1))
    assert caught.value.given == "[1.]  (shape (1,))"


class Tray(Served):
    constants: ClassVar[dict[str, Any]] = {"capacity": 1}

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.calls = 0

    @exposed
    def put(self, item: Any) -> None:
        self.calls += 1
        if self.items:
            raise Park("put: the tray is full")
        self.items.append(item)

    @exposed
    def take(self) -> Any:
        self.calls += 1
        if not self.items:
            raise Refuse("nothing was put", type="LookupError")
        return self.items.pop()

    def secret(self) -> int:
        return 42


def test_a_served_object_is_called_and_counted_where_the_check_is() -> None:
    source = """
def f(tray):
    tray.put([1, tray.capacity])
    first = tray.take()
    try:
        tray.take()
    except LookupError as error:
        return first, str(error), hasattr(tray, "secret")
"""
    tray = Tray()
    with submission_of(source) as learner:
        assert learner.call("f", serve={"tray": tray}) == ([1, 1], "nothing was put", False)
        assert tray.calls == 3


def test_wrong_arguments_of_a_served_method_raise_in_the_learners_code() -> None:
    with submission_of("def f(tray): tray.put(1, 2)") as learner, pytest.raises(LearnerError, match="TypeError: put"):
        learner.call("f", serve={"tray": Tray()})


def test_a_parked_call_is_answered_after_another_call_made_room() -> None:
    source = """
import threading
def f(tray):
    tray.put(1)
    second = threading.Thread(target=tray.put, args=(2,))
    second.start()
    first = tray.take()
    second.join()
    return first, tray.take()
"""
    with submission_of(source) as learner:
        assert learner.call("f", serve={"tray": Tray()}) == (1, 2)


def test_ranks_run_side_by_side_on_a_network() -> None:
    source = """
def ring(comm, x):
    total = x
    for _ in range(comm.world_size - 1):
        comm.send((comm.rank + 1) % comm.world_size, x)
        x = comm.recv((comm.rank - 1) % comm.world_size)
        total = total + x
    return total
"""
    network = Network(4)
    with submission_of(source) as learner:
        results = learner.ranks("ring", [[np.full(3, float(r))] for r in range(4)], network=network)
    assert all(np.array_equal(result, np.full(3, 6.0)) for result in results)
    assert network.bytes_sent(0) == 3 * 3 * 8


@pytest.mark.parametrize("buffered", [True, False])
def test_a_deadlock_is_found_and_names_who_waits_for_whom(buffered: bool) -> None:
    call = "comm.recv(1 - comm.rank)" if buffered else "comm.send(1 - comm.rank, 1)"
    with submission_of(f"def f(comm): {call}\ndef g(): return 1") as learner:
        with pytest.raises(CheckFailed, match=r"deadlock: rank 0 waits in .*1.*; rank 1 waits in .*0"):
            learner.ranks("f", [[], []], network=Network(2, buffered=buffered))
        assert learner.call("g") == 1


def test_a_rank_that_waits_for_one_that_has_ended_is_named() -> None:
    source = "def f(comm): return comm.recv(1) if comm.rank == 0 else 0"
    with (
        submission_of(source) as learner,
        pytest.raises(CheckFailed, match=r"rank 0 waits in recv\(source=1\); rank 1 has ended"),
    ):
        learner.ranks("f", [[], []], network=Network(2))


def test_a_deadlock_is_told_with_the_lines_that_wait() -> None:
    source = """
def f(comm):
    if comm.rank < 2:
        inner(comm)

def inner(comm):
    comm.barrier()
"""
    with submission_of(source) as learner, pytest.raises(CheckFailed, match="deadlock: rank 0 waits") as caught:
        learner.ranks("f", [[], [], []], network=Network(3), given="three ranks")
    assert caught.value.came == "rank 0 in inner, line 7:\nrank 1 in inner, line 7:"
    assert caught.value.given == "three ranks"


def test_a_deadlock_whose_lines_are_not_known_is_told_all_the_same() -> None:
    source = """
def f(comm):
    try:
        comm.recv(1 - comm.rank)
    except RuntimeError:
        return 0
"""
    with submission_of(source) as learner, pytest.raises(CheckFailed, match="deadlock: rank 0 waits") as caught:
        learner.ranks("f", [[], []], network=Network(2))
    assert caught.value.came is None


def test_the_rank_that_raised_is_told_and_not_the_others_who_waited_for_it() -> None:
    source = "def f(comm):\n    if comm.rank == 1: raise ValueError('mine')\n    comm.barrier()"
    with submission_of(source) as learner, pytest.raises(LearnerError, match="f on rank 1 raised ValueError: mine"):
        learner.ranks("f", [[], [], []], network=Network(3))


def test_a_starter_is_not_attempted_on_ranks_too() -> None:
    with submission_of("def f(comm): raise NotImplementedError('f: …')") as learner, pytest.raises(NotAttempted):
        learner.ranks("f", [[], []], network=Network(2))


@pytest.mark.parametrize(
    "source",
    [
        "def f(tray):\n    tray.put(1)\n    tray.put(2)",
        "def f(tray):\n    for n in range(9):\n        try: tray.put(n)\n        except RuntimeError: pass",
    ],
)
def test_one_who_waits_for_ever_for_a_served_object_is_let_go_and_told_for_what(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "IDLE_S", 0.05)
    with submission_of(source + "\ndef g(): return 1") as learner:
        with pytest.raises(CheckFailed, match=r"^deadlock: put: the tray is full; nothing else happens") as caught:
            learner.call("f", serve={"tray": Tray()}, given="a tray for one")
        assert caught.value.given == "a tray for one"
        assert learner.call("g") == 1


def test_one_who_computes_while_another_waits_is_not_taken_for_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "IDLE_S", 0.2)
    used = iter(np.arange(0, 8, 0.1).tolist())  # of CPU, a little more each time it is asked for
    source = """
import threading, time
def f(tray):
    tray.put(1)
    waits = threading.Thread(target=tray.put, args=(2,))
    waits.start()
    time.sleep(0.6)
    first = tray.take()
    waits.join()
    return first, tray.take()
"""
    with submission_of(source, cpu_s=lambda: next(used)) as learner:
        assert learner.call("f", serve={"tray": Tray()}) == (1, 2)


def answer(link: Link, number: Any, value: Any, **more: Any) -> None:
    encoder = Encoder()
    link.send({"id": number, "ok": True, "value": encoder.encode(value), **more}, encoder.buffers)


def test_stale_and_forged_replies_are_ignored() -> None:
    def behave(link: Link) -> None:
        for _ in range(2):
            header, _ = link.receive()
            for forged in (0, -1, header["id"] - 1, header["id"] + 1, None, "1", [1], {"a": 1}):
                answer(link, forged, "forged")
            link.send({"rank_done": 99, "rank": 0})
            link.send({"rank_done": header["id"], "rank": [3]})
            link.send({"nothing": True})
            answer(link, header["id"], header["id"])

    with hostile_learner(behave) as learner:
        assert learner.call("f") == 1
        assert learner.call("f") == 2


@pytest.mark.parametrize(
    "error",
    [
        *(None, 3, [], "text", {}, {"type": 5, "text": [], "bases": 3}, {"type": "x" * 10**6, "text": "y" * 10**6}),
        *({"type": "ValueError", "bases": [1, None, {}]}, {"bases": {"ValueError": 1}}, {"where": {"a": "b"}}),
    ],
)
def test_a_malformed_error_fails_the_check_and_breaks_nothing(error: Any) -> None:
    def behave(link: Link) -> None:
        header, _ = link.receive()
        link.send({"id": header["id"], "ok": False, "error": error})

    with hostile_learner(behave) as learner, pytest.raises(CheckFailed) as caught:
        learner.call("f")
    assert len(str(caught.value)) < 5000


def test_a_value_that_is_none_fails_the_check() -> None:
    def behave(link: Link) -> None:
        header, _ = link.receive()
        link.send({"id": header["id"], "ok": True, "value": {"$": "pickle"}})

    with hostile_learner(behave) as learner, pytest.raises(CheckFailed, match="could not be read"):
        learner.call("f")


def test_a_learner_that_closes_the_link_is_gone_for_all_later_checks() -> None:
    def behave(link: Link) -> None:
        link.receive()
        link.shut_down()

    with hostile_learner(behave) as learner:
        for _ in range(2):
            with pytest.raises(LearnerGone, match="process ended"):
                learner.call("f")


def test_a_learner_that_never_reads_is_given_up(short_waits: None) -> None:
    with (
        hostile_learner(lambda link: time.sleep(1.5)) as learner,
        pytest.raises(LearnerGone),
    ):
        learner.call("f", np.zeros(10_000_000))


def test_a_learner_that_floods_calls_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "MAX_PROXY_CALLS", 1000)

    no_names = {"$": "dict", "items": []}

    def behave(link: Link) -> None:
        link.receive()
        threading.Thread(target=drain, args=(link,), daemon=True).start()
        for number in range(10**6):
            link.send({"proxy": number, "object": 0, "method": "take", "args": [], "kwargs": no_names})

    def drain(link: Link) -> None:
        try:
            while True:
                link.receive()
        except LinkClosed:
            return

    tray = Tray()
    with hostile_learner(behave) as learner, pytest.raises(LearnerGone, match="broke the protocol"):
        learner.call("f", serve={"tray": tray})
    assert tray.calls == 1000


def test_a_learner_that_floods_noise_runs_out_of_time(short_waits: None) -> None:
    def behave(link: Link) -> None:
        link.receive()
        while True:
            link.send({"noise": 1})

    with hostile_learner(behave) as learner, pytest.raises(TimedOut):
        learner.call("f", timeout_s=0.1)


@pytest.mark.parametrize(
    "call",
    [
        {"proxy": 1},
        {"proxy": [], "object": 0, "method": "take"},
        {"proxy": 1, "object": -1, "method": "take"},
        {"proxy": 1, "object": True, "method": "take"},
        {"proxy": 1, "object": 0, "method": "secret"},
        {"proxy": 1, "object": 0, "method": "__init__"},
        {"proxy": 1, "object": 0, "method": ["take"]},
        {"proxy": 1, "object": 0, "method": "take", "args": {"$": "pickle"}},
        {"proxy": 1, "object": 0, "method": "take", "args": 3},
    ],
)
def test_a_call_that_names_no_exposed_method_ends_the_talk(call: dict[str, Any]) -> None:
    def behave(link: Link) -> None:
        link.receive()
        link.send({"args": [], "kwargs": {"$": "dict", "items": []}, **call})
        link.receive()

    tray = Tray()
    with hostile_learner(behave) as learner, pytest.raises(LearnerGone, match="broke the protocol"):
        learner.call("f", serve={"tray": tray})
    assert tray.calls == 0


def test_cpu_time_decides_that_a_call_took_too_long(short_waits: None) -> None:
    used = iter(range(1000))
    answered = threading.Event()

    def behave(link: Link) -> None:
        header, _ = link.receive()
        answered.wait(5)
        answer(link, header["id"], 1)

    with hostile_learner(behave, cpu_s=lambda: float(next(used))) as learner:
        with pytest.raises(TimedOut) as caught:
            learner.call("f", timeout_s=3)
        answered.set()
    assert caught.value.expected == "an answer within 3 s"


def test_a_late_answer_is_not_taken_for_the_next_one(short_waits: None) -> None:
    def behave(link: Link) -> None:
        first, _ = link.receive()
        time.sleep(0.7)  # beyond the wall time of the call, within the grace
        answer(link, first["id"], "late")
        second, _ = link.receive()
        answer(link, second["id"], "second")

    with hostile_learner(behave) as learner:
        with pytest.raises(TimedOut):
            learner.call("f", timeout_s=0.1)
        assert learner.call("g") == "second"


def test_one_process_serves_one_part_after_another() -> None:
    ours, theirs = socket.socketpair()
    server = Server(Link(theirs), {"n": 1})
    link = Link(ours)
    channel = Channel(link, lambda: 0.0, lambda: None)
    for _ in range(3):
        learner = threading.Thread(target=server.run)
        learner.start()
        assert Submission(channel, np.random.default_rng(), {}).get("n") == 1
        channel.close()
        learner.join(10)
        assert not learner.is_alive()
    link.shut_down()
    server.run()  # the link is gone: each later part ends at once
    server.run()
    link.close()
    server.close()


def test_a_request_that_came_before_its_part_began_is_answered_then() -> None:
    ours, theirs = socket.socketpair()
    server, link = Server(Link(theirs), {"n": os.getpid()}), Link(ours)
    link.send({"id": 0, "op": "done"})
    link.send({"id": 1, "op": "get", "expression": "n"})
    server.run()
    learner = threading.Thread(target=server.run)
    learner.start()
    assert link.receive()[0]["value"] == os.getpid()
    link.shut_down()
    learner.join(10)
    link.close()
    server.close()
