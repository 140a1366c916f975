"""A network one of whose ranks lives on the checker's side, so that ranks which share memory cannot cheat.

The learner's ranks are threads of one process. A global variable carries a value from one to another, and nothing is
counted. So let the answer depend on a rank that is not there:

    @average_part.check(points=1)
    def averages_over_all_ranks(submission):
        x_RN = submission.rng.normal(size=(3, 4))  # 3 ranks run the learner's code
        share = float(submission.rng.uniform(0.1, 0.9))
        network = TeamNetwork(3, weights=[share, 1 - share])
        means = submission.ranks("average", [[x_N] for x_N in x_RN], network=network)
        last_N = share * x_RN[0] + (1 - share) * x_RN[1]  # what the fourth rank, the checker's, brought
        want_N = np.mean([*x_RN, last_N], axis=0)
        for rank, mean in enumerate(means):
            expect(close(as_array(mean, shape=(4,)), want_N), expected=want_N, came=mean, given=f"rank {rank}")
        expect(network.bytes_sent(0, kind=None) == 32, expected="32 bytes", came=network.bytes_sent(0, kind=None))

Nobody on the learner's side knows the share. The last rank's part is a blend of what others bring, in the form in which
they bring it, so that the check need not know how an answer packs its messages.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from workbench.errors import KitError
from workbench.served import Park
from workbench.worlds import Network, Round


class TeamNetwork(Network):
    """A Network of `n_learners` + 1 ranks. The last one takes part in each collective by itself; it sends nothing else.

    Serve the ranks below `last` only; `Submission.ranks` does, with one list of arguments for each of them.

    Args:
        n_learners: ranks that run the learner's code.
        weights: the last rank brings this blend of what ranks 0, 1, … brought: two weights blend ranks 0 and 1. Draw
            them with `submission.rng`. Weights that sum to 1 keep what ranks agree on, as a number of samples.

    Attributes:
        last: the number of the checker's rank.
    """

    def __init__(self, n_learners: int, weights: Sequence[float]) -> None:
        if not 1 <= len(weights) <= n_learners:
            expected = f"1 to {n_learners} weights, for ranks that run the learner's code"
            raise KitError("A team has other weights than ranks.", "TeamNetwork", f"{len(weights)} weights", expected)
        super().__init__(n_learners + 1)
        self.last, self.weights = n_learners, tuple(weights)
        self._finished = [0] * (n_learners + 1)  # collectives that each rank has behind it
        self._brought: dict[int, Any] = {}  # rank → what it brought to the collective that the last rank is in

    def collective(self, rank: int, kind: str, value: Any = None, **options: Any) -> Any:
        """As in a Network; the last rank comes as soon as those that it blends are there."""
        number = self._finished[rank]
        if self._finished[self.last] == number:
            self._brought[rank] = value
            if self._brought.keys() >= set(range(len(self.weights))):
                with suppress(Park):
                    super().collective(self.last, kind, self._bring(kind), **options)
        result = super().collective(rank, kind, value, **options)  # or Park: then this call comes again
        self._finished[rank] += 1
        if self._finished[self.last] == number:
            super().collective(self.last, kind, **options)  # the last rank takes its result too
            self._finished[self.last] += 1
            self._brought.clear()
        return result

    def blend(self, kind: str, brought: list[Any]) -> Any:
        """What the last rank brings to a collective; to be overridden where it shall bring something else.

        Args:
            kind: of the collective, as "all_reduce".
            brought: the arrays of ranks 0, 1, …, one for each weight, all of one shape.

        Returns:
            An array of the same shape and type: whole numbers are rounded.
        """
        import numpy

        first = brought[0]
        with numpy.errstate(all="ignore"):  # a learner's values may be huge or NaN
            blend = numpy.tensordot(self.weights, numpy.stack(brought), axes=1)
            blend = numpy.rint(blend) if first.dtype.kind in "iub" else blend  # a number, if 0-d
            return numpy.asarray(blend).astype(first.dtype).view(type(first))

    def _disagreement(self, this: Round) -> str:
        """Names the learner's ranks alone: the last one follows rank 0, and is never the first to differ."""
        return super()._disagreement(Round({rank: call for rank, call in this.calls.items() if rank != self.last}))

    def _bring(self, kind: str) -> Any:
        brought = [self._brought[rank] for rank in range(len(self.weights))]
        shapes = {None if array is None else array.shape for array in brought}
        if brought[0] is None or len(shapes) > 1:
            return brought[0]  # a barrier; or ranks that disagree, which the network will say
        return self.blend(kind, brought)
