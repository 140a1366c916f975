"""Bytes that no Encoder wrote never do more than raise a CodecError or LinkError, and take no memory first."""

import contextlib
import json
import socket
import struct
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.codec import MAX_BUFFERS_BYTES, Decoder
from workbench.codec.kinds import MAX_CRAFTED_KEYS, MAX_NODES
from workbench.errors import CodecError, LinkError
from workbench.link import MAX_HEADER_BYTES, Link

KINDS = [name.removeprefix("_read_") for name in dir(Decoder) if name.startswith("_read_")]
FIELDS = [
    *("hex", "v", "re", "im", "buffer", "items", "dtype", "shape"),
    *("array", "data", "index", "name", "columns", "torch", "requires_grad"),
]
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5)
NAMES = st.sampled_from("float32 int64 bfloat16 object O float128 S3 0x1f nan now torch".split(" "))  # noqa: SIM905


def tagged(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    kinds = st.sampled_from([*KINDS, "served", "__init__", "value", "Decoder"])
    return st.builds(lambda kind, rest: {"$": kind, **rest}, kinds, fields)


TREES = st.recursive(SCALARS | NAMES, lambda inner: st.lists(inner, max_size=4) | tagged(inner), max_leaves=25)


@given(TREES, st.lists(st.binary(max_size=16), max_size=2))
@settings(deadline=None, max_examples=300)
def test_no_tree_does_more_than_raise_a_codec_error(tree: Any, buffers: list[bytes]) -> None:
    for tensors in (False, True):
        try:
            Decoder(buffers, tensors=tensors).decode(tree)
        except CodecError as error:
            assert str(error)


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "array", "dtype": "float64", "shape": [2**30, 2**30], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [2**39], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [-1, 8], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [True], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [1.0], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [0] * 100, "buffer": 0},
        {"$": "array", "dtype": "object", "shape": [1], "buffer": 0},
        {"$": "array", "dtype": ["float64"], "shape": [1], "buffer": 0},
        {"$": "array", "dtype": "V1000000000", "shape": [], "buffer": 0},
        {"$": "array", "dtype": "float64", "shape": [1], "buffer": -1},
        {"$": "array", "dtype": "float64", "shape": [1], "buffer": True},
        {"$": "array", "dtype": "float64", "shape": [1], "buffer": 5},
        {"$": "bits", "dtype": "float64", "shape": [1], "buffer": 0},
        {"$": "items", "shape": [2**39], "items": []},
        {"$": "items", "shape": [2**20, 2**20], "items": [1]},
        {"$": "int", "hex": "f" * 10_000},
        {"$": "int", "hex": 5},
        {"$": "dict", "items": {"a": 1}},
        {"$": "dict", "items": [[[], 1]]},
        {"$": "set", "items": [[]]},
        {"$": "datetime", "v": "9" * 1000},
        {"$": "datetime", "v": "no date"},
        {"$": "frame", "columns": ["a"], "data": [[1, 2]], "index": [1]},
        {"$": "frame", "columns": ["a", "b"], "data": [[1]], "index": [1]},
        {"$": "frame", "columns": [["a"]], "data": [[1]], "index": [1]},
        {"$": "frame", "columns": ["a"], "data": [[1]], "index": [[1]]},
        {"$": "frame", "columns": ["a"], "data": [[1]], "index": [1], "index_names": []},
        {"$": "frame", "columns": ["a"], "data": [[1]], "index": [1], "index_names": ["a", "b"]},
        {"$": "frame", "columns": ["a"], "data": [[]], "index": [], "index_names": ["a"] * 1000},
        {"$": "frame", "columns": ["a"], "data": [[1]], "index": [1], "index_names": [["a"]]},
        {"$": "series", "name": "a", "data": [1], "index": [1], "index_names": 3},
        {"$": "tensor", "array": 3, "dtype": "save", "requires_grad": True},
        {"$": "served", "object": 0, "methods": [], "constants": {}},
        {"$": "pickle", "buffer": 0},
        {"$": "array.__class__"},
        {"no": "tag"},
        {},
    ],
)
def test_a_bomb_is_refused_before_it_takes_memory(tree: Any) -> None:
    decoder = Decoder([b"12345678"])
    with pytest.raises(CodecError):
        Decoder([b"12345678"]).decode(tree)  # imports done, what is measured is decoding
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            decoder.decode(tree)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["list", "tuple", "dict", "frame"])
def test_nesting_that_would_use_up_the_stack_is_refused(kind: str) -> None:
    tree: Any = 1
    for _ in range(100_000):
        tree = [tree] if kind == "list" else {"$": kind, "items": [tree], "columns": tree, "data": [], "index": []}
    with pytest.raises(CodecError):
        Decoder([]).decode(tree)
    while isinstance(tree, (list, dict)):  # freed level by level
        tree = tree[0] if isinstance(tree, list) else tree["columns"]


def test_too_many_values_are_refused() -> None:
    with pytest.raises(CodecError, match="too many parts"):
        Decoder([]).decode([0] * (MAX_NODES + 1))


def test_keys_whose_hashes_can_be_made_to_collide_are_few() -> None:
    """Multiples of 2**61 - 1 all have the hash 0: a set of n of them would cost n² / 2 comparisons."""
    items = [{"$": "int", "hex": hex(i * (2**61 - 1))} for i in range(1, MAX_CRAFTED_KEYS + 2)]
    assert hash(int(items[5]["hex"], 16)) == hash(int(items[6]["hex"], 16)) == 0
    with pytest.raises(CodecError, match="too many keys"):
        Decoder([]).decode({"$": "set", "items": items})
    with pytest.raises(CodecError, match="too many keys"):
        Decoder([]).decode({"$": "dict", "items": [[item, 1] for item in items]})


def test_an_honest_set_of_many_numbers_is_read() -> None:
    assert len(Decoder([]).decode({"$": "set", "items": list(range(100_000))})) == 100_000


def frame(header: bytes, *buffers: bytes) -> bytes:
    return struct.pack(">I", len(header)) + header + b"".join(buffers)


def received(data: bytes) -> Any:
    ours, theirs = socket.socketpair()
    link = Link(ours)

    def send() -> None:
        with theirs, contextlib.suppress(OSError):
            theirs.sendall(data)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return link.receive()
    finally:
        link.close()
        sender.join()


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_are_no_frame(data: bytes) -> None:
    with pytest.raises(LinkError):
        received(data)


JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=9)


@given(JSON)
@settings(deadline=None)
def test_random_json_is_no_frame(value: Any) -> None:
    with pytest.raises(LinkError):
        received(frame(json.dumps(value).encode()))


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", MAX_HEADER_BYTES + 1),
        frame(b'{"buffers": [99999999999999]}'),
        frame(b'{"buffers": [' + str(MAX_BUFFERS_BYTES).encode() + b", 1]}"),
        frame(b'{"buffers": [-1]}'),
        frame(b'{"buffers": [true]}'),
        frame(b'{"buffers": [1.5]}'),
        frame(b'{"buffers": 3}'),
        frame(b'{"buffers": [' + b"0," * 20_000 + b"0]}"),
        frame(b'{"buffers": [], "n": ' + b"9" * 5000 + b"}"),
        frame(b'{"buffers": [], "n": ' + b"1" * 500 + b".5}"),
        frame(b"[" * 100_000),
        frame(b'{"a":' * 100_000),
        frame(b"\xff\xfe"),
        frame(b'{"buffers": []'),
        frame(b'{"buffers": [8]}', b"1234"),
    ],
)
def test_a_hostile_frame_is_refused_before_it_takes_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LinkError):
            received(data)
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()
