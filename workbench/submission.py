"""The only door between a check and a learner's code.

The same class serves a learner's notebook, where both ends are threads of one process, and the grader, where the
checker is a process of its own and the learner's code runs in a sandbox. Whatever comes through is a value;
nothing that the learner's process says decides more than that value.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.channel import Channel
from workbench.codec import Encoder
from workbench.failures import CheckFailed, LearnerError
from workbench.served import Served, Table

if TYPE_CHECKING:
    import numpy

    from workbench.worlds import Network

__all__ = ["Channel", "Submission"]


class Submission:
    """What a check sees of a learner's work.

    `call`, `run` and `ranks` take `given`: what to show as the input where the learner's code raises, is too slow or
    waits for ever. `timeout_s` is CPU time of the learner's processes.

    Args:
        channel: the checker's end.
        rng: fresh for each check; the same again when the same notebook is graded again.
        probes: name → text of the exercise's probes.
    """

    def __init__(self, channel: Channel, rng: "numpy.random.Generator", probes: Mapping[str, str]) -> None:
        self.rng = rng
        self._channel, self._probes = channel, probes

    def call(
        self,
        name: str,
        *args: Any,
        serve: Mapping[str, Served] | None = None,
        timeout_s: float = 10,
        given: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The value of the learner's function `name`; served objects arrive as keyword arguments."""
        table = Table()
        encoder = Encoder(table.tag)
        fields = {
            "name": name,
            "args": encoder.encode(list(args)),
            "kwargs": encoder.encode({**kwargs, **(serve or {})}),
        }
        with _shown_as_given(given):
            return self._channel.request("call", fields, encoder, table, timeout_s=timeout_s)

    def get(self, expression: str, *, timeout_s: float = 10) -> Any:
        """The value of an expression in the learner's namespace."""
        return self._channel.request("get", {"expression": expression}, Encoder(), Table(), timeout_s=timeout_s)

    def raises(self, name: str, *args: Any, error: str = "ValueError", timeout_s: float = 10, **kwargs: Any) -> None:
        """Fails the check unless the learner's function raises an exception of this type. A starter never passes.

        A function that raises whatever it is asked does: let the same check ask for a value, too.
        """
        try:
            value = self.call(name, *args, timeout_s=timeout_s, **kwargs)
        except LearnerError as caught:
            if error in caught.bases:
                return
            raise CheckFailed("another kind of error was raised", expected=error, came=str(caught)) from caught
        raise CheckFailed("no error was raised", expected=f"{name} raises {error}", came=value, given=args or None)

    def run(
        self,
        probe: str,
        *,
        returns: Sequence[str],
        serve: Mapping[str, Served] | None = None,
        timeout_s: float = 10,
        given: Any = None,
        **inputs: Any,
    ) -> dict[str, Any]:
        """Runs probes/`probe`.py on the learner's side, with the inputs as names.

        Returns the values of the names in `returns`.
        """
        table = Table()
        encoder = Encoder(table.tag)
        names = encoder.encode({**inputs, **(serve or {})})
        fields = {"name": probe, "source": self._probes[probe], "inputs": names, "returns": list(returns)}
        with _shown_as_given(given):
            value = self._channel.request("run", fields, encoder, table, timeout_s=timeout_s)
        if not isinstance(value, dict) or set(value) != set(returns):
            raise CheckFailed("the probe did not come to its end", came=value)
        return value

    def ranks(
        self,
        name: str,
        per_rank: Sequence[Sequence[Any]],
        *,
        network: "Network",
        timeout_s: float = 10,
        given: Any = None,
    ) -> list[Any]:
        """Calls `name(comm, *per_rank[r])` for each rank r, each on a thread of its own; the list of results.

        `name` may be "probe:NAME": then probes/NAME.py defines `rank_main(comm, *args)`. A rank that raises, or a
        deadlock, fails the check, and is named.
        """
        table = Table()
        encoder = Encoder(table.tag)
        inputs = encoder.encode([[network.rank(r), *args] for r, args in enumerate(per_rank)])
        probe = name.removeprefix("probe:") if name.startswith("probe:") else None
        source = self._probes[probe] if probe is not None else None
        fields = {"name": probe or name, "source": source, "per_rank": inputs}
        with _shown_as_given(given):
            results = self._channel.request("ranks", fields, encoder, table, timeout_s=timeout_s, ranks=len(per_rank))
        if not isinstance(results, list) or len(results) != len(per_rank):
            raise CheckFailed("the ranks did not come to their end", came=results)
        return results


@contextmanager
def _shown_as_given(given: Any) -> Iterator[None]:
    """A failure on the learner's side says for which input it came."""
    try:
        yield
    except CheckFailed as failure:
        failure.add_given(given)
        raise
