"""A rank on the checker's side takes part in each collective, with a blend that no learner's rank knows."""

from typing import Any

import numpy as np
import pytest

from tests.unit.test_worlds import together
from workbench.codec.kinds import tensor_array_type
from workbench.errors import KitError
from workbench.served import Park, Refuse
from workbench.teams import TeamNetwork


def of_learners(network: TeamNetwork, call: str, values: list[Any], **options: Any) -> list[Any]:
    return together(network, call, values, ranks=range(network.last), **options)


def test_the_last_rank_brings_a_blend_and_takes_its_result() -> None:
    network = TeamNetwork(3, weights=[0.25, 0.75])
    for scale in (1.0, 10.0):
        values = [np.full(2, scale * n) for n in (4, 8, 100)]
        for result in of_learners(network, "all_reduce", values):
            assert result.tolist() == [scale * (4 + 8 + 100 + 7)] * 2
    [first, *_] = of_learners(network, "all_gather", values)
    assert [array[0] for array in first] == [40, 80, 1000, 70]
    assert of_learners(network, "barrier", []) == [None] * 3
    assert network.bytes_sent(0, kind=None) == network.bytes_sent(network.last, kind=None) == 3 * 16
    assert len(network.messages(rank=network.last)) == 4


def test_weights_that_sum_to_one_keep_what_the_ranks_agree_on_and_whole_numbers_stay_whole() -> None:
    network = TeamNetwork(2, weights=[0.3, 0.7])
    [total, _] = of_learners(network, "all_reduce", [np.array([5]), np.array([5])])
    assert total.tolist() == [15]
    assert total.dtype.kind == "i"
    [total, _] = of_learners(network, "all_reduce", [np.array(5), np.array(6)])
    assert total == 5 + 6 + 6
    assert (type(total), total.shape) == (np.ndarray, ())


def test_a_team_of_one_learner_blends_its_only_rank() -> None:
    [total] = of_learners(TeamNetwork(1, weights=[0.5]), "all_reduce", [np.ones(2)])
    assert total.tolist() == [1.5, 1.5]


def test_tensors_of_a_type_that_numpy_lacks_stay_of_that_type() -> None:
    kind = tensor_array_type("bfloat16")
    network = TeamNetwork(2, weights=[0.5, 0.5])
    values = [np.ones(4, dtype=np.float32).view(kind) for _ in range(2)]
    assert all(type(result) is kind for result in of_learners(network, "all_reduce", values))
    assert network.bytes_sent(kind="all_reduce") == 3 * 4 * 2


def test_the_last_rank_waits_for_those_that_it_blends() -> None:
    network = TeamNetwork(3, weights=[0.5, 0.5])
    for rank in (2, 0):
        with pytest.raises(Park, match=f"rank {rank} waits in all_reduce"):
            network.rank(rank).all_reduce(np.ones(1))
    assert [message.rank for message in network.log] == [2, 0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("all_reduce", np.ones(2)), ("all_reduce", np.ones(3))),
        (("all_reduce", np.ones(2)), ("barrier",)),
        (("barrier",), ("all_reduce", np.ones(2))),
        (("all_reduce", np.full(2, np.nan)), ("all_gather", np.full(2, np.inf))),
    ],
)
def test_ranks_that_make_different_calls_are_told_so(first: Any, second: Any) -> None:
    network = TeamNetwork(2, weights=[0.5, 0.5])
    with pytest.raises(Park):
        getattr(network.rank(0), first[0])(*first[1:])
    with pytest.raises(Refuse, match=r"do not make the same call: rank 0: .*; rank 1: ") as caught:
        getattr(network.rank(1), second[0])(*second[1:])
    assert "rank 2" not in str(caught.value)  # it is the checker's, and follows the others


def test_another_rule_may_be_written_for_what_the_last_rank_brings() -> None:
    class Constant(TeamNetwork):
        def blend(self, kind: str, brought: list[Any]) -> Any:
            return np.full_like(brought[0], 9)

    assert of_learners(Constant(1, weights=[1]), "all_reduce", [np.ones(1)])[0].tolist() == [10]


@pytest.mark.parametrize("weights", [[], [1, 2, 3]])
def test_weights_without_ranks_are_refused(weights: list[float]) -> None:
    with pytest.raises(KitError, match="other weights than ranks"):
        TeamNetwork(2, weights=weights)
