"""Served objects: they live on the checker's side, and a learner's code gets a proxy of them.

Each method call of the proxy crosses by the codec and is answered, and counted, where the object lives. Callbacks,
clocks, networks, queues, schedulers and devices are graded this way: a counter inside the learner's process would
decide nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from workbench.codec import Json

Method = TypeVar("Method", bound=Callable[..., Any])


class Park(Exception):
    """Raised by a served method: the caller waits, and the call is tried again after every other call.

    Args:
        why: what the caller waits for; named when a deadlock is found ("recv: nothing from rank 2 yet").
    """


class Refuse(Exception):
    """Raised by a served method: the learner's code gets this error at its call.

    Args:
        text: the error's text.
        type: the name of a built-in exception; any other becomes a RuntimeError.
    """

    def __init__(self, text: str, type: str = "RuntimeError") -> None:
        super().__init__(text)
        self.type = type


def exposed(method: Method) -> Method:
    """Marks a method of a Served class that the learner's code may call."""
    method.__exposed__ = True  # type: ignore[attr-defined]
    return method


class Served:
    """Base of objects that a check serves to the learner's code; only `exposed` methods can be called.

    Attributes:
        constants: plain values that the proxy carries as attributes.
    """

    constants: ClassVar[dict[str, Any]] = {}

    def exposed_names(self) -> list[str]:
        return sorted(name for name in dir(type(self)) if getattr(getattr(type(self), name), "__exposed__", False))


@dataclass
class PendingCall:
    """A call of a proxy that has not been answered."""

    number: int
    served: Served
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    why: str = ""


@dataclass
class Table:
    """The served objects of one request, and the calls that wait. Learner's code names objects by number only."""

    objects: list[Served] = field(default_factory=list)
    parked: list[PendingCall] = field(default_factory=list)

    def tag(self, value: Any) -> dict[str, Json] | None:
        """The codec's hook: a Served object crosses as its number, method names and constants."""
        if not isinstance(value, Served):
            return None
        if not any(value is known for known in self.objects):
            self.objects.append(value)
        number = next(i for i, known in enumerate(self.objects) if known is value)
        return {"$": "served", "object": number, "methods": value.exposed_names(), "constants": value.constants}

    def find(self, header: dict[str, Json], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PendingCall | None:
        """The call that a proxy asks for, or None when it names no served object or method."""
        number, place, method = header.get("proxy"), header.get("object"), header.get("method")
        if type(number) is not int or type(place) is not int or not 0 <= place < len(self.objects):
            return None
        if method not in self.objects[place].exposed_names():
            return None
        return PendingCall(number, self.objects[place], str(method), args, kwargs)

    def attempt(self, call: PendingCall) -> Any:
        """Runs the method. Raises Park or Refuse as the method does; wrong arguments become a Refuse."""
        import inspect

        method = getattr(call.served, call.method)
        try:
            inspect.signature(method).bind(*call.args, **call.kwargs)
        except TypeError as error:
            raise Refuse(f"{call.method}: {error}", type="TypeError") from error
        return method(*call.args, **call.kwargs)
