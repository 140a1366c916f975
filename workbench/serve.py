"""The learner's side of the link: answers what a check asks, in the learner's own namespace.

The checker's requests are handled one after another on the thread that calls `Server.run`, so that an interrupt
reaches the learner's code. A reader thread sorts what arrives: requests go to `run`, answers go to the proxy call
that waits for them.
"""

import builtins
import linecache
import queue
import threading
from collections.abc import Callable
from typing import Any

from workbench.codec import Decoder, Encoder, Json
from workbench.errors import CodecError, LinkError
from workbench.learner_code import NotCallable, NotDefined, describe, finish, stop_threads, uninterrupted
from workbench.link import Link, LinkClosed

Message = tuple[dict[str, Json], list[bytearray]]


def _never() -> bool:
    return False


class Server:
    """Serves one namespace over one link.

    Args:
        link: this side's end.
        namespace: the learner's names; probes get a copy of it.
        by_check: asked when an interrupt arrives: whether the check sent it because the time of a call is up. Then it
            ends that call alone; else it ends `run` with a KeyboardInterrupt.
    """

    def __init__(self, link: Link, namespace: dict[str, Any], *, by_check: Callable[[], bool] = _never) -> None:
        self._link = link
        self._namespace = namespace
        self._by_check = by_check
        self._requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._answers: dict[int, queue.SimpleQueue[Message]] = {}
        self._lock = threading.Lock()
        self._numbers = 0
        self._reader = threading.Thread(target=self._read, daemon=True, name="workbench-link")
        self._reader.start()

    def run(self) -> None:
        """Answers requests until the checker says done or goes away; may be called again for what comes later."""
        while True:
            try:
                message = self._requests.get()
                if message is None:
                    self._requests.put(None)  # the link is closed for good: later calls return at once
                    return
                if message[0].get("op") == "done":
                    return
                self._answer(*message)
            except LinkClosed:
                return
            except KeyboardInterrupt:
                if not self._by_check():
                    raise

    def close(self) -> None:
        """Closes the link; what still waits on it is let go."""
        self._link.shut_down()
        self._reader.join()
        self._link.close()

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
        try:
            with uninterrupted():
                self._link.send(header, encoder.buffers)
            answer, buffers = inbox.get()
        finally:
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

    def _answer(self, header: dict[str, Json], buffers: list[bytearray]) -> None:
        encoder, by_user = Encoder(), False
        try:
            handle: Callable[[dict[str, Json], Decoder], Any] = getattr(self, f"_do_{header['op']}")
            value = handle(header, Decoder(buffers, tensors=True, special=self._proxy))
            reply = {"id": header["id"], "ok": True, "value": encoder.encode(value)}
        except BaseException as error:  # noqa: BLE001 - whatever the learner's code raises is its answer
            by_user = isinstance(error, KeyboardInterrupt) and not self._by_check()
            encoder, reply = Encoder(), {"id": header["id"], "ok": False, "error": describe(error)}
        with uninterrupted():
            try:
                self._link.send(reply, encoder.buffers)
            except LinkClosed:
                raise
            except LinkError as error:  # larger than a frame may be; nothing of it was sent
                self._link.send({"id": header["id"], "ok": False, "error": describe(error)})
        if by_user:
            raise KeyboardInterrupt

    def _do_call(self, header: dict[str, Json], decoder: Decoder) -> Any:
        function = self._lookup(header["name"])
        return finish(function(*decoder.decode(header["args"]), **decoder.decode(header["kwargs"])))

    def _do_get(self, header: dict[str, Json], decoder: Decoder) -> Any:
        code = compile(header["expression"], "<expression>", "eval")
        try:
            return eval(code, self._namespace)  # noqa: S307 - the checker's text, in the learner's process
        except NameError as error:
            if error.name in code.co_names and error.name not in self._namespace:
                raise NotDefined(error.name) from error
            raise

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
                outcomes[rank] = finish(function(*per_rank[rank]))
            except BaseException as caught:  # noqa: BLE001 - what the learner's code raises is this rank's answer
                error = describe(caught)
            self._link.send({"rank_done": header["id"], "rank": rank, "error": error})

        threads = [threading.Thread(target=rank_main, args=(rank,), daemon=True) for rank in range(len(per_rank))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            stop_threads(threads)
            raise
        return outcomes

    def _lookup(self, name: str) -> Any:
        if self._namespace.get(name) is None:
            raise NotDefined(name)
        if not callable(self._namespace[name]):
            raise NotCallable(name, type(self._namespace[name]).__name__)
        return self._namespace[name]

    def _probe(self, name: str, source: str, inputs: dict[str, Any]) -> dict[str, Any]:
        names = {**self._namespace, **inputs}
        filename = f"probes/{name}.py"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        code = compile(source, filename, "exec")
        try:
            exec(code, names)  # noqa: S102 - public text of the exercise
        except NameError as error:
            trace = error.__traceback__
            in_probe = trace is not None and trace.tb_next is not None and trace.tb_next.tb_next is None
            if in_probe and error.name and error.name not in names:
                raise NotDefined(error.name) from error
            raise
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
