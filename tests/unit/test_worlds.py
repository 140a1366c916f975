"""The served network gives each rank what a real one would, and counts what crossed."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch

from workbench.codec import Decoder, Encoder
from workbench.codec.kinds import tensor_array_type
from workbench.served import Park, Refuse
from workbench.worlds import Comm, Network


def together(
    network: Network, call: str, values: list[Any], ranks: Iterable[int] | None = None, **options: Any
) -> list[Any]:
    """Each rank's result of one collective, asked for again after others came, as the submission does."""
    ranks = list(range(network.world_size) if ranks is None else ranks)
    waiting, results = list(ranks), {}
    while waiting:
        for rank in list(waiting):
            method = getattr(Comm(network, rank), call)
            try:
                results[rank] = method(*([values[rank]] if values else []), **options)
            except Park:
                continue
            waiting.remove(rank)
    return [results[rank] for rank in ranks]


@pytest.mark.parametrize(("op", "want"), [("sum", 6.0), ("mean", 2.0), ("max", 3.0), ("min", 1.0)])
def test_all_reduce_gives_every_rank_the_reduction(op: str, want: float) -> None:
    results = together(Network(3), "all_reduce", [np.full(2, float(n)) for n in (1, 2, 3)], op=op)
    assert all(np.array_equal(result, [want, want]) for result in results)


def test_results_are_no_views_of_each_other() -> None:
    for call in ("all_reduce", "reduce_scatter"):
        first, second = together(Network(2), call, [np.ones(2), np.ones(2)])
        first[0] = 99
        assert second[0] == 2
    first, second = together(Network(2), "all_gather", [np.ones(2), np.ones(2)])
    first[0][0] = 99
    assert second[0][0] == 1


def test_reduce_scatter_gives_each_rank_its_chunk_and_all_gather_all_of_them() -> None:
    network = Network(2)
    chunks = together(network, "reduce_scatter", [np.arange(4.0), np.arange(4.0)])
    assert [chunk.tolist() for chunk in chunks] == [[0, 2], [4, 6]]
    assert [part.tolist() for part in together(network, "all_gather", chunks)[1]] == [[0, 2], [4, 6]]
    assert [message.kind for message in network.log] == ["reduce_scatter"] * 2 + ["all_gather"] * 2
    assert network.bytes_sent(0, kind="reduce_scatter") == 32
    assert network.bytes_sent(kind="all_gather") == 2 * 16


def test_broadcast_gives_the_sources_array_and_barrier_nothing() -> None:
    values = [np.array([1]), np.array([2])]
    assert [result.tolist() for result in together(Network(2), "broadcast", values, source=1)] == [[2], [2]]
    assert together(Network(2), "barrier", []) == [None, None]


def test_messages_arrive_in_the_order_of_their_sending_and_are_counted() -> None:
    network = Network(3)
    network.send(0, 1, np.zeros(5, dtype=np.float32))
    network.send(0, 1, "abc")
    network.send(2, 1, [1, 2.0])
    assert network.recv(1, 0).size == 5
    assert network.recv(1, 0) == "abc"
    assert network.recv(1, 2) == [1, 2.0]
    assert [network.bytes_sent(rank) for rank in (0, 1, 2, None)] == [23, 0, 16, 39]
    assert [message.elements for message in network.messages("send")] == [5, 1, 2]
    assert [message.peer for message in network.messages(rank=2)] == [1]
    with pytest.raises(Park, match=r"rank 1 waits in recv\(source=0\)"):
        network.recv(1, 0)


def test_numbers_count_with_the_size_that_they_have_in_the_learners_code() -> None:
    network = Network(2)
    half = np.ones(5, dtype=np.float32).view(tensor_array_type("bfloat16"))
    network.send(0, 1, {"half": half, "n": 1})
    together(network, "all_reduce", [half, half])
    assert network.bytes_sent(0) == 4 + 1 + 5 * 2 + 8
    assert network.bytes_sent(0, kind="all_reduce") == 10
    assert network.bytes_sent(0, kind=None) == 33
    assert network.bytes_sent(kind=None) == 43


def test_an_unbuffered_send_waits_for_its_own_receive() -> None:
    network = Network(2, buffered=False)
    for _ in range(2):
        with pytest.raises(Park, match=r"rank 0 waits in send\(to=1\)"):
            network.send(0, 1, "x")
    assert network.recv(1, 0) == "x"
    network.send(0, 1, "x")
    with pytest.raises(Park):
        network.recv(1, 0)
    assert len(network.log) == 1


@pytest.mark.parametrize("peer", [-1, 2, 0, True, "1", None, 1.0, np.array([1])])
def test_a_peer_that_is_no_other_rank_is_refused(peer: Any) -> None:
    for attempt in (lambda: Network(2).send(0, peer, 1), lambda: Network(2).recv(0, peer)):
        with pytest.raises(Refuse, match="wants another rank"):
            attempt()


@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("all_reduce", ([1, 2],)),
        ("all_reduce", (None,)),
        ("all_reduce", (np.array(["a"]),)),
        ("all_reduce", (np.ones(2), "product")),
        ("all_reduce", (np.ones(2), np.array(["sum", "max"]))),
        ("all_reduce", (np.ones(2), ["sum"])),
        ("all_reduce", (np.array([1, 2]), "mean")),
        ("all_reduce", (np.array(True), "mean")),
        ("reduce_scatter", (np.array([1, 2]), "mean")),
        ("reduce_scatter", (np.ones(3),)),
        ("reduce_scatter", (np.ones((2, 2)),)),
        ("broadcast", (np.ones(2), 5)),
        ("broadcast", (np.ones(2), np.array([0, 1]))),
    ],
)
def test_arguments_that_make_no_sense_raise_in_the_learners_code(call: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Refuse):
        getattr(Network(2).rank(0), call)(*args)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (3, "a Python int came: write torch.tensor([n])"),
        (0.5, "a Python float came: write torch.tensor([n])"),
        ([1, 2], "a list came"),
        (None, "None came"),
        (np.array([1j]), "complex128 came"),
    ],
)
def test_what_is_no_array_is_told_with_what_to_hand_over(value: Any, told: str) -> None:
    with pytest.raises(Refuse) as caught:
        Network(2).rank(0).all_reduce(value)
    assert str(caught.value).startswith(f"comm.all_reduce takes a tensor of numbers, or a NumPy array; {told}")


def test_the_mean_of_whole_numbers_is_refused_with_what_to_do_instead() -> None:
    for call in ("all_reduce", "reduce_scatter"):
        with pytest.raises(Refuse, match="mean of whole numbers: send a float tensor, or take the sum; int64 came"):
            getattr(Network(2).rank(0), call)(np.array([1, 2]), "mean")
    for op, want in (("sum", 3), ("max", 2), ("min", 1)):
        assert together(Network(2), "all_reduce", [np.array([1]), np.array([2])], op=op)[0].tolist() == [want]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool])
@pytest.mark.parametrize("call", ["all_reduce", "all_gather", "broadcast", "recv"])
def test_a_tensor_without_dimensions_stays_one(call: str, dtype: Any) -> None:
    """Through the codec, too: the learner's side gets a torch tensor, and may call item() or backward() on it."""
    network, value = Network(2), np.array(1, dtype=dtype).view(tensor_array_type())
    if call == "recv":
        network.send(0, 1, value)
        results = [network.recv(1, 0)]
    else:
        options = {"broadcast": {"source": 1}}.get(call, {})
        results = together(network, call, [value, value], **options)
    for result in results:
        encoder = Encoder()
        tree = encoder.encode(result)
        arrived = Decoder(encoder.buffers, tensors=True).decode(tree)
        for tensor in arrived if call == "all_gather" else [arrived]:
            assert isinstance(tensor, torch.Tensor)
            assert tensor.shape == ()
            assert tensor.item() == (2 if call == "all_reduce" and dtype is not np.bool else 1)
            assert tensor.numpy().dtype == dtype


def test_who_waits_in_a_collective_is_told_with_shape_and_type() -> None:
    network = Network(4)
    for rank, (value, told) in enumerate(
        [(np.ones((2, 3)), "float64"), (np.ones((2, 3), np.float32).view(tensor_array_type("bfloat16")), "bfloat16")]
    ):
        with pytest.raises(Park) as caught:
            network.rank(rank).all_reduce(value, "mean")
        assert str(caught.value) == f"rank {rank} waits in all_reduce of shape (2, 3), {told}, op mean"
    with pytest.raises(Park, match=r"^rank 0 waits in barrier$"):
        Network(2).rank(0).barrier()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("all_reduce", np.ones(2)), ("all_reduce", np.ones(3))),
        (("all_reduce", np.ones(2)), ("all_gather", np.ones(2))),
        (("all_reduce", np.ones(2), "sum"), ("all_reduce", np.ones(2), "max")),
        (("broadcast", np.ones(2), 0), ("broadcast", np.ones(2), 1)),
    ],
)
def test_ranks_that_make_different_calls_are_told_so_and_none_waits(first: Any, second: Any) -> None:
    network = Network(3)
    with pytest.raises(Park):
        getattr(network.rank(0), first[0])(*first[1:])
    for rank, call in ((1, second), (0, first)):
        with pytest.raises(Refuse, match=r"do not make the same call: rank 0: .*; rank 1: "):
            getattr(network.rank(rank), call[0])(*call[1:])


def test_sums_do_not_depend_on_who_came_first() -> None:
    rng = np.random.default_rng(3)
    values = [rng.normal(size=50).astype(np.float32) * 10.0**n for n in range(8)]
    want = together(Network(8), "all_reduce", values)[0]
    network, orders = Network(8), [7, 3, 0, 5, 1, 2, 6, 4]
    results: dict[int, Any] = {}
    for rank in [*orders, *orders]:
        if rank not in results:
            try:
                results[rank] = network.rank(rank).all_reduce(values[rank])
            except Park:
                continue
    assert np.array_equal(results[0], want)
