"""The checker's end of a link: one request at a time, and the served objects' calls that come on the way."""

import time
from collections.abc import Callable
from typing import Any

from workbench.codec import Decoder, Encoder, Json
from workbench.errors import CodecError, LinkError
from workbench.failures import CheckFailed, Deadlock, LearnerError, LearnerGone, NotAttempted, TimedOut
from workbench.link import Link, LinkClosed, LinkTimeout
from workbench.served import Park, PendingCall, Refuse, Table

POLL_S = 0.1
WALL_FACTOR, WALL_EXTRA_S = 3.0, 15.0  # wall time is a wide backstop; CPU time is what counts
GRACE_S = 5.0  # for the answer after an interrupt
IDLE_S, IDLE_CPU_S = 5.0, 0.05  # all that is left is waiting, when this long no more than this is computed
DID_NOT_STOP = "your code did not stop when its time was up"
MAX_PROXY_CALLS = 200_000
MAX_PARKED = 1024  # each is tried again after every other call


class Channel:
    """The checker's end of a link, for all checks of one notebook.

    Args:
        link: this side's end.
        cpu_s: CPU seconds that the learner's processes have used so far.
        interrupt: makes the learner's code stop what it is doing; called when a call's time is up.
    """

    def __init__(self, link: Link, cpu_s: Callable[[], float], interrupt: Callable[[], None]) -> None:
        self._link, self._cpu_s, self._interrupt = link, cpu_s, interrupt
        self._numbers = 0
        self.gone = ""

    def request(
        self, op: str, fields: dict[str, Json], encoder: Encoder, table: Table, *, timeout_s: float, ranks: int = 0
    ) -> Any:
        """Sends one request, answers proxy calls until its answer arrives, and returns the value.

        Raises:
            LearnerError, NotAttempted: the learner's code raised.
            TimedOut: it used more than `timeout_s` of CPU time, or three times that and 15 s of wall time.
            LearnerGone: the process has ended, or does not answer even an interrupt.
        """
        if self.gone:
            raise LearnerGone(self.gone)
        self._numbers += 1
        number = self._numbers
        conversation = _Conversation(self._link, table, number, ranks)
        try:
            self._link.send({"id": number, "op": op, **fields}, encoder.buffers)
            header, buffers = self._await(conversation, timeout_s)
        except LinkClosed as error:
            self.gone = "your code's process ended while the check ran"
            raise LearnerGone(self.gone) from error
        except LinkError as error:
            self.gone = "your code's process broke the protocol of the check"
            raise LearnerGone(self.gone, came=error.what) from error
        name, probe = str(fields.get("name", "")), "source" in fields and fields["source"] is not None
        if conversation.rank_error is not None:
            rank, told = conversation.rank_error
            raise _learner_error(told, name, probe=probe, rank=f" on rank {rank}")
        if conversation.deadlock:
            raise Deadlock(conversation.deadlock, conversation.where_it_waited(header))
        if not header.get("ok"):
            raise _learner_error(header.get("error"), name, probe=probe)
        try:
            return Decoder(buffers).decode(header.get("value"))
        except CodecError as error:
            raise CheckFailed("the answer could not be read", came=str(error)) from error

    def close(self) -> None:
        """Tells the learner's side that the part is over."""
        if not self.gone:
            try:
                self._link.send({"id": 0, "op": "done"})
            except LinkError:
                self.gone = "your code's process has ended"

    def _await(self, conversation: "_Conversation", timeout_s: float) -> tuple[dict[str, Json], list[bytearray]]:
        """The answer. The clocks are looked at every POLL_S seconds only: most requests are answered before that, and
        CPU time is dear to measure."""
        start_s = time.monotonic()
        limit_s, look_s = start_s + WALL_FACTOR * timeout_s + WALL_EXTRA_S, start_s + POLL_S
        start_cpu_s: float | None = None
        idle = _Idle()
        while True:
            answer = conversation.step(min(look_s, limit_s))
            if answer is not None:
                return answer
            if time.monotonic() < look_s:
                continue
            look_s = time.monotonic() + POLL_S
            if start_cpu_s is None:
                start_cpu_s = self._cpu_s()
            used_s = self._cpu_s() - start_cpu_s
            if idle.for_s(conversation.messages, used_s) >= IDLE_S:
                conversation.end_waiting()
            if used_s > timeout_s or time.monotonic() >= limit_s:
                self._stop(conversation)
                waited = f"{used_s:.1f} s of computing, {time.monotonic() - start_s:.1f} s in all"
                why = "no answer in time" + conversation.waiting()
                raise TimedOut(why, expected=f"an answer within {timeout_s:g} s", came=waited)

    def _stop(self, conversation: "_Conversation") -> None:
        """Interrupts the learner's code and waits for the late answer, so that the next check can go on."""
        self._interrupt()
        conversation.refuse_parked("the time of this check is up")
        limit_s = time.monotonic() + GRACE_S
        while time.monotonic() < limit_s:
            if conversation.step(min(time.monotonic() + POLL_S, limit_s)) is not None:
                return
        self.gone = DID_NOT_STOP


class _Idle:
    """How long the learner's process has neither sent anything nor computed."""

    def __init__(self) -> None:
        self._since_s, self._messages, self._used_s = time.monotonic(), 0, 0.0

    def for_s(self, messages: int, used_s: float) -> float:
        """Seconds since something was seen.

        Args:
            messages: how many have come so far.
            used_s: CPU seconds used so far; what a kernel that waits uses by itself does not count.
        """
        if messages != self._messages or used_s - self._used_s > IDLE_CPU_S:
            self._since_s, self._messages, self._used_s = time.monotonic(), messages, used_s
        return time.monotonic() - self._since_s


class _Conversation:
    """One request: its answer, the proxy calls on the way, the ranks that are still running."""

    def __init__(self, link: Link, table: Table, number: int, ranks: int) -> None:
        self._link, self._table, self._number = link, table, number
        self._running = set(range(ranks))
        self._ended: set[int] = set()
        self._calls = 0
        self.messages = 0
        self.deadlock = ""
        self._let_go: dict[int, Any] = {}  # what each rank raised when a deadlock ended
        self.rank_error: tuple[int, Any] | None = None  # the first rank that raised by itself, and what

    def step(self, deadline_s: float) -> tuple[dict[str, Json], list[bytearray]] | None:
        """Handles one message; returns the answer when it is that."""
        try:
            header, buffers = self._link.receive(deadline_s)
        except LinkTimeout:
            return None
        self.messages += 1
        if "proxy" in header:
            self._proxy(header, buffers)
        elif header.get("rank_done") == self._number:
            self._rank_done(header)
        elif header.get("id") == self._number:
            return header, buffers
        return None  # a late answer of an earlier request, or noise

    def waiting(self) -> str:
        return "".join(f"; {call.why}" for call in self._table.parked[:8])

    def where_it_waited(self, answer: dict[str, Json]) -> str:
        """The lines of the learner's code that waited in a deadlock, as the learner's process tells them."""
        if not self._let_go:
            return _told(answer.get("error"), "where")
        lines = [(rank, _told(error, "where")) for rank, error in sorted(self._let_go.items())[:8]]
        return "\n".join(f"rank {rank} in {line}" for rank, line in lines if line)

    def end_waiting(self) -> None:
        """Nothing happens on the learner's side any more but waiting: say for what, and let it go."""
        if self._table.parked:
            waiting = "; ".join(call.why for call in self._table.parked[:8])
            self.deadlock = f"{waiting}; nothing else happens in your code"
            self.refuse_parked("deadlock: " + self.deadlock)

    def refuse_parked(self, text: str) -> None:
        for call in self._table.parked:
            self._reply_error(call.number, Refuse(text))
        self._table.parked.clear()

    def _proxy(self, header: dict[str, Json], buffers: list[bytearray]) -> None:
        self._calls += 1
        if self._calls > MAX_PROXY_CALLS:
            raise LinkError("Too many calls of served objects.", expected=f"≤ {MAX_PROXY_CALLS:,} in one request")
        decoder = Decoder(buffers)
        try:
            args, kwargs = decoder.decode(header.get("args")), decoder.decode(header.get("kwargs"))
        except CodecError as error:
            raise LinkError("A call of a served object could not be read.", came=error.what) from error
        call = None
        if isinstance(args, list) and isinstance(kwargs, dict) and all(isinstance(key, str) for key in kwargs):
            call = self._table.find(header, tuple(args), kwargs)
        if call is None:
            raise LinkError("A call named no served object.", came=str(header.get("method"))[:40])
        if self._attempt(call):
            self._retry()
        elif self.deadlock:
            self._reply_error(call.number, Refuse("deadlock: " + self.deadlock))
        else:
            self._table.parked.append(call)
            if len(self._table.parked) > MAX_PARKED:
                raise LinkError("Too many calls of served objects wait.", expected=f"≤ {MAX_PARKED:,}")
            self._find_deadlock()

    def _attempt(self, call: PendingCall) -> bool:
        """Answers the call; False when it has to wait."""
        try:
            value = self._table.attempt(call)
        except Park as park:
            call.why = str(park)
            return False
        except Refuse as refuse:
            self._reply_error(call.number, refuse)
            return True
        encoder = Encoder(self._table.tag)
        self._link.send({"proxy": call.number, "ok": True, "value": encoder.encode(value)}, encoder.buffers)
        return True

    def _retry(self) -> None:
        progress = True
        while progress:
            progress = False
            for call in list(self._table.parked):
                if self._attempt(call):
                    self._table.parked.remove(call)
                    progress = True

    def _rank_done(self, header: dict[str, Json]) -> None:
        rank, error = header.get("rank"), header.get("error")
        if type(rank) is int and rank in self._running:
            self._running.discard(rank)
            self._ended.add(rank)
            if error is not None and self.deadlock:
                self._let_go[rank] = error
            elif error is not None and self.rank_error is None:
                self.rank_error = (rank, error)
            self._find_deadlock()

    def _find_deadlock(self) -> None:
        """All ranks that still run wait for each other: say who waits for what, and let them go."""
        if self._running and len(self._table.parked) >= len(self._running):
            waiting = sorted(call.why for call in self._table.parked)
            self.deadlock = "; ".join(waiting + [f"rank {rank} has ended" for rank in sorted(self._ended)])
            self.refuse_parked("deadlock: " + self.deadlock)

    def _reply_error(self, number: int, refuse: Refuse) -> None:
        self._link.send({"proxy": number, "ok": False, "error": {"type": refuse.type, "text": str(refuse)}})


def _told(error: Any, key: str) -> str:
    """One of the texts in which the learner's process describes an error; cut, and never believed."""
    return str(error.get(key, ""))[:2000] if isinstance(error, dict) else ""


def _learner_error(error: Any, name: str, *, probe: bool, rank: str = "") -> CheckFailed:
    """What the learner's process says was raised, as a failed check; its words are cut, and never believed.

    A probe is not the learner's: what went wrong in a function that it calls is told by that function.
    """
    kind, text, where, place = (_told(error, key) for key in ("type", "text", "where", "place"))
    told = error.get("bases") if isinstance(error, dict) else None
    bases = [base[:60] for base in told[:20] if isinstance(base, str)] if isinstance(told, list) else []
    action = f"your {place[:100]}" if probe and place else name or "your code"
    if kind in ("NotImplementedError", "NotDefined") or "NotImplementedError" in bases:
        return NotAttempted(text or "not attempted yet")
    if kind == "NotCallable":
        return CheckFailed(text)
    if kind == "CodecError":
        return CheckFailed(f"what {name or 'your code'}{rank} gave back cannot be handed over", came=text)
    return LearnerError(kind or "an error", text, where, bases, action=action + rank)
