"""The learner's side of the link: answers what a check asks, in the learner's own namespace.

The checker's requests are handled one after another on the thread that calls `Server.run`, so that an interrupt
reaches the learner's code. A reader thread sorts what arrives: requests go to `run`, answers go to the proxy call
that waits for them.
"""

import asyncio
import builtins
import inspect
import linecache
import queue
import threading
import traceback
from collections.abc import Callable
from typing import Any

from workbench.codec import Decoder, Encoder, Json
from workbench.errors import CodecError, LinkError
from workbench.link import Link

_MAX_TEXT_CHARS = 2000
Message = tuple[dict[str, Json], list[bytes]]


class Server:
    """Serves one namespace over one link.

    Args:
        link: this side's end.
        namespace: the learner's names; probes get a copy of it.
        stubborn: an interrupt between two requests does not end the loop (graded runs).
    """

    def __init__(self, link: Link, namespace: dict[str, Any], *, stubborn: bool = False) -> None:
        self._link = link
        self._namespace = namespace
        self._stubborn = stubborn
        self._requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._answers: dict[int, queue.SimpleQueue[Message]] = {}
        self._lock = threading.Lock()
        self._numbers = 0
        threading.Thread(target=self._read, daemon=True, name="workbench-link").start()

    def run(self) -> None:
        """Answers requests until the checker says done or goes away."""
        while True:
            try:
                message = self._requests.get()
                if message is None or message[0].get("op") == "done":
                    return
                self._answer(*message)
            except KeyboardInterrupt:
                if not self._stubborn:
                    raise

    def call_proxy(self, place: int, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call of a served object; waits for its answer. Safe from several threads."""
        encoder = Encoder()
        tree_args, tree_kwargs = encoder.encode(list(args)), encoder.encode(dict(kwargs))
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._answers[number] = inbox
        header = {"proxy": number, "object": place, "method": method, "args": tree_args, "kwargs": tree_kwargs}
        self._link.send(header, encoder.buffers)
        answer, buffers = inbox.get()
        del self._answers[number]
        if answer.get("ok"):
            return Decoder(buffers, tensors=True, special=self._proxy).decode(answer["value"])
        error = answer.get("error", {})
        kind = getattr(builtins, str(error.get("type")), RuntimeError)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            kind = RuntimeError
        raise kind(error.get("text", ""))

    def _read(self) -> None:
        while True:
            try:
                message = self._link.receive()
            except LinkError:
                self._requests.put(None)
                for inbox in list(self._answers.values()):
                    inbox.put(({"ok": False, "error": {"type": "RuntimeError", "text": "the check has ended"}}, []))
                return
            if "proxy" in message[0]:
                waiting = self._answers.get(message[0]["proxy"])
                if waiting is not None:
                    waiting.put(message)
            else:
                self._requests.put(message)

    def _answer(self, header: dict[str, Json], buffers: list[bytes]) -> None:
        try:
            handle: Callable[[dict[str, Json], Decoder], Any] = getattr(self, f"_do_{header['op']}")
            value = handle(header, Decoder(buffers, tensors=True, special=self._proxy))
            encoder = Encoder()
            reply = {"id": header["id"], "ok": True, "value": encoder.encode(value)}
            self._link.send(reply, encoder.buffers)
        except (Exception, KeyboardInterrupt, SystemExit, asyncio.CancelledError) as error:
            self._link.send({"id": header["id"], "ok": False, "error": describe(error)})

    def _do_call(self, header: dict[str, Json], decoder: Decoder) -> Any:
        function = self._lookup(header["name"])
        return _finish(function(*decoder.decode(header["args"]), **decoder.decode(header["kwargs"])))

    def _do_get(self, header: dict[str, Json], decoder: Decoder) -> Any:
        return eval(header["expression"], self._namespace)  # noqa: S307 - the checker's text, in the learner's process

    def _do_run(self, header: dict[str, Json], decoder: Decoder) -> Any:
        names = self._probe(header["name"], header["source"], decoder.decode(header["inputs"]))
        missing = [name for name in header["returns"] if name not in names]
        if missing:
            raise NameError(f"the probe {header['name']} left no {', '.join(missing)}")
        return {name: names[name] for name in header["returns"]}

    def _do_ranks(self, header: dict[str, Json], decoder: Decoder) -> Any:
        per_rank = decoder.decode(header["per_rank"])
        if header["source"] is not None:
            function = self._probe(header["name"], header["source"], {})["rank_main"]
        else:
            function = self._lookup(header["name"])
        outcomes: list[Any] = [None] * len(per_rank)

        def rank_main(rank: int) -> None:
            error = None
            try:
                outcomes[rank] = _finish(function(*per_rank[rank]))
            except (Exception, SystemExit) as caught:
                error = describe(caught)
            self._link.send({"rank_done": header["id"], "rank": rank, "error": error})

        threads = [threading.Thread(target=rank_main, args=(rank,), daemon=True) for rank in range(len(per_rank))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def _lookup(self, name: str) -> Any:
        if name not in self._namespace:
            raise NameError(f"there is no {name}: run the cell that defines it")
        return self._namespace[name]

    def _probe(self, name: str, source: str, inputs: dict[str, Any]) -> dict[str, Any]:
        names = {**self._namespace, **inputs}
        filename = f"probes/{name}.py"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        exec(compile(source, filename, "exec"), names)  # noqa: S102 - public text of the exercise
        return names

    def _proxy(self, tag: dict[str, Json]) -> Any:
        """The codec's hook: a served object arrives as an object with its methods and constants."""
        if tag.get("$") != "served":
            raise CodecError("Bytes that are no value arrived.", came=str(tag.get("$"))[:40])
        place = tag["object"]

        def method(name: str) -> Callable[..., Any]:
            def call(_self: Any, *args: Any, **kwargs: Any) -> Any:
                return self.call_proxy(place, name, args, kwargs)

            call.__name__ = name
            return call

        body: dict[str, Any] = {**tag["constants"], **{name: method(name) for name in tag["methods"]}}
        return type("Served", (), body)()


def describe(error: BaseException) -> dict[str, Json]:
    """An exception as plain text: type, its base types, message, and the line of the learner's that raised it."""
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if "ipykernel_" in frame.filename or frame.filename.startswith(("<ipython-input", "<cell", "probes/")):
            place = f"the probe {frame.filename}" if frame.filename.startswith("probes/") else frame.name
            where = f"{place}, line {frame.lineno}: {frame.line or ''}".strip()
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "text": str(error)[:_MAX_TEXT_CHARS],
        "where": where[:_MAX_TEXT_CHARS],
    }


def _finish(value: Any) -> Any:
    """The result of an answer. An `async def` answer runs to its end on a thread of its own: here runs the kernel's loop."""
    if not inspect.iscoroutine(value):
        return value
    results: list[Any] = []

    def run() -> None:
        try:
            results.append((True, asyncio.run(value)))
        except Exception as error:
            results.append((False, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    ok, result = results[0]
    if not ok:
        raise result
    return result
