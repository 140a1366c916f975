"""What an honest answer may be crosses as the value it stands for."""

import collections
import datetime
import enum
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.checks import same_table, tensor
from workbench.codec import Decoder, Encoder, wire_bytes
from workbench.errors import CodecError


def cross(value: Any, *, to_learner: bool = False) -> Any:
    encoder = Encoder()
    tree = encoder.encode(value)
    return Decoder(encoder.buffers, tensors=to_learner).decode(tree)


class Point(NamedTuple):
    x: int
    y: float


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float32(1.5), 1.5),
        (np.arange(6.0).mean(), 2.5),
        (np.arange(6.0).argmax(), 5),
        ((np.ones(3) > 0).all(), True),
        ([np.int64(1), np.int64(2)], [1, 2]),
        (Point(1, 2.0), (1, 2.0)),
        (torch.Size([2, 3]), (2, 3)),
        (torch.float32, "torch.float32"),
        ({1, 2}, {1, 2}),
        (frozenset("ab"), {"a", "b"}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        ({"a": 1}.keys(), ["a"]),
        (range(3), [0, 1, 2]),
        (Colour.RED, "red"),
        (Fraction(1, 2), 0.5),
        (2**100, 2**100),
        (-(2**100), -(2**100)),
        (b"\0\xff", b"\0\xff"),
        (bytearray(b"a"), b"a"),
        (1 + 2j, 1 + 2j),
        (math.inf, math.inf),
        ("surrogate \ud800", "surrogate \\ud800"),
        (datetime.date(2026, 1, 2), pd.Timestamp("2026-01-02")),
        (datetime.timedelta(days=2, seconds=1.5), pd.Timedelta(days=2, seconds=1.5)),
        (pd.Timestamp("2026-01-02T03:04:05.000000006"), pd.Timestamp("2026-01-02T03:04:05.000000006")),
        (pd.Timedelta("1ns"), pd.Timedelta("1ns")),
        (np.datetime64("2026-01-02"), pd.Timestamp("2026-01-02")),
        (pd.Period("2026-01"), "2026-01"),
    ],
)
def test_an_honest_answer_crosses_as_the_plain_value_that_it_stands_for(value: Any, want: Any) -> None:
    got = cross(value)
    assert got == want
    assert type(got) is type(want)


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "int8", "int64", "uint8", "bool", "complex64"])
def test_a_tensor_arrives_as_an_array_of_its_dtype(name: str) -> None:
    values = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(getattr(torch, name))
    got = cross(values)
    assert isinstance(got, np.ndarray)
    assert got.dtype == name
    assert np.array_equal(got, values.numpy())


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_every_bit_pattern_of_bf16_and_fp8_arrives_as_the_float32_that_it_stands_for(name: str) -> None:
    kind = torch.uint16 if name == "bfloat16" else torch.uint8
    bits = torch.arange(2 ** (16 if name == "bfloat16" else 8), dtype=torch.int32).to(kind)
    values = bits.view(getattr(torch, name))
    got = cross(values)
    assert got.dtype == np.float32
    assert np.array_equal(got, values.to(torch.float32).numpy(), equal_nan=True)


def test_parameters_views_and_state_dicts_cross() -> None:
    layer = torch.nn.Linear(2, 3)
    state = cross(layer.state_dict())
    assert list(state) == ["weight", "bias"]
    assert np.array_equal(state["weight"], layer.weight.detach().numpy())
    assert np.array_equal(cross(layer.weight.t()), layer.weight.detach().numpy().T)
    assert np.array_equal(cross(torch.arange(4).to_sparse()), [0, 1, 2, 3])
    assert np.array_equal(cross(np.arange(10)[::-2]), [9, 7, 5, 3, 1])
    assert np.array_equal(cross(np.arange(4, dtype=">i4")), [0, 1, 2, 3])


def test_what_a_served_object_was_handed_as_a_tensor_goes_back_as_a_tensor() -> None:
    seen = cross(torch.ones(2, dtype=torch.float32))
    back = cross(seen + 1, to_learner=True)
    assert torch.equal(back, torch.full((2,), 2.0))


def test_tensor_marks_an_argument_to_arrive_as_a_tensor() -> None:
    got = cross(tensor([1.0, 2.0], dtype="bfloat16", requires_grad=True), to_learner=True)
    assert got.dtype == torch.bfloat16
    assert got.requires_grad


def test_arguments_may_be_changed_where_they_arrive() -> None:
    got = cross([np.zeros(2), np.zeros(2)])
    got[0][0] = 1
    assert got[1][0] == 0


def test_tables_cross_column_by_column() -> None:
    table = pd.DataFrame(
        {
            "city": pd.Categorical(["Bonn", "Jena", None]),
            "text": pd.array(["a", None, "c"], dtype="string"),
            "n": [1, 2, 3],
            "share": [0.5, math.nan, 1.0],
            "day": pd.date_range("2026-01-01", periods=3),
        },
        index=pd.Index([10, 20, 30], name="id"),
    )
    got = cross(table)
    same_table(got, table.reset_index(drop=True), keys="n")
    assert list(got.index) == [10, 20, 30]
    pd.testing.assert_series_equal(cross(table["n"]), table["n"], check_names=False)
    assert list(cross(table["city"].cat.categories)) == ["Bonn", "Jena"]
    empty = cross(pd.DataFrame({"a": []}))
    assert empty.shape == (0, 1)


def test_tables_with_two_levels_cross() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [3, 3, 4], "v": [1.0, 2.0, 3.0]})
    got = cross(frame.groupby(["a", "b"]).agg({"v": ["sum", "mean"]}))
    assert list(got.columns) == [("v", "sum"), ("v", "mean")]
    assert list(got.index) == [(1, 3), (2, 4)]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (object(), "builtins.object"),
        (lambda: 1, "function"),
        ((i for i in range(3)), "generator"),
        (torch.nn.Linear(1, 1), "Linear"),
        (np.ma.masked_array([1], [True]), "masked array"),
        (np.zeros(1, dtype=[("a", "i4")]), "dtype"),
        (np.longdouble(1) * np.ones(1, dtype=np.longdouble), "dtype"),
        (1 << 5000, "integer is too large"),
    ],
)
def test_anything_else_is_an_error_that_names_it(value: Any, named: str) -> None:
    with pytest.raises(CodecError) as caught:
        Encoder().encode(value)
    assert named in str(caught.value)


def test_what_holds_itself_is_an_error_and_no_endless_loop() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(CodecError, match="nested too deeply"):
        Encoder().encode(ring)


def test_an_answer_of_the_deepest_allowed_nesting_crosses() -> None:
    value: Any = 1
    for _ in range(30):
        value = ({"a": [value]},)
    with pytest.raises(CodecError):
        cross(value)
    for _ in range(10):
        value = value[0]["a"][0]
    assert cross(value) == value


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**300), 2**300) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.sets(st.integers() | st.text(), max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
@settings(deadline=None)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert cross(value) == value


dtypes = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes(sizes=(16, 32, 64))


@given(hnp.arrays(dtype=dtypes, shape=hnp.array_shapes(min_dims=0, min_side=0)))
@settings(deadline=None)
def test_arrays_come_back_as_they_were(array: Any) -> None:
    got = cross(array)
    assert np.array_equal(got, array, equal_nan=array.dtype.kind == "f")
    assert got.dtype == array.dtype.newbyteorder("=")


@pytest.mark.parametrize(("name", "item_bytes"), [("bfloat16", 2), ("float8_e5m2", 1), ("float32", 4)])
def test_a_tensor_that_numpy_lacks_is_counted_by_its_own_size_and_goes_back_as_it_was(
    name: str, item_bytes: int
) -> None:
    seen = cross(torch.ones(6, dtype=getattr(torch, name)))
    assert wire_bytes(seen) == 6 * item_bytes
    back = cross(seen + 0.5, to_learner=True)
    assert back.dtype == getattr(torch, name)
    assert back.to(torch.float32).tolist() == [1.5] * 6
    assert wire_bytes(seen.astype(np.float64)) == 6 * 8
    assert wire_bytes(np.ones(6)) == 6 * 8


def test_only_bits_count_as_bits() -> None:
    tree = {"$": "array", "dtype": "float32", "shape": [2], "buffer": 0, "torch": True, "wire": "bfloat16"}
    assert wire_bytes(Decoder([bytes(8)]).decode(tree)) == 8


FRAME = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"], "v": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    "table",
    [
        FRAME.set_index("a"),
        FRAME.set_index(["b", "a"]),
        FRAME.set_index(["b", "a"]).iloc[:0],
        FRAME.set_index(pd.Index([("p", 1), ("q", 2), ("r", 3)], tupleize_cols=False)),
        FRAME.set_index(pd.Index(FRAME["a"], name=("level", 0), tupleize_cols=False)),
    ],
)
def test_a_tables_index_keeps_its_levels_and_their_names(table: pd.DataFrame) -> None:
    for got in (cross(table), cross(table["v"])):
        assert got.index.names == table.index.names
        assert got.index.tolist() == table.index.tolist()
