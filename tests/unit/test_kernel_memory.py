"""A kernel on a Memory: what crosses is counted there, and what lies outside of the arrays is never touched."""

import subprocess
import sys

import numpy as np
import pytest

from workbench.errors import KitError
from workbench.memory import FIRST_ADDRESS, Memory
from workbench.served import Refuse

triton = pytest.importorskip("triton", reason="Triton exists for Linux only")
pytest.importorskip("torch", reason="Triton asks torch for the types of arguments")

import triton.language as tl  # noqa: E402

from workbench.kernels import launch  # noqa: E402


@triton.jit
def twice(values):
    return values * 2.0


@triton.jit
def double_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + at, twice(tl.load(x_ptr + at, mask=at < n)), mask=at < n)


LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit
def exp_kernel(x_ptr, out_ptr, KIND: tl.constexpr, BLOCK: tl.constexpr = 4):
    at = tl.arange(0, BLOCK)
    tl.store(out_ptr + at, tl.exp2(tl.load(x_ptr + at) * LOG2_E).to(KIND).to(tl.float32))


@triton.jit
def unmasked_kernel(x_ptr, out_ptr, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + at, tl.load(x_ptr + at))


@triton.jit
def sum_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    tl.store(out_ptr, tl.sum(tl.load(x_ptr + at, mask=at < n), axis=0))


@triton.jit
def max_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    tl.store(out_ptr, tl.max(tl.load(x_ptr + at, mask=at < n), axis=0))


@triton.jit
def unfinished_kernel(x_ptr):
    tl.program_id(0)
    raise NotImplementedError("unfinished")


def addresses(pointer, *offsets):
    return np.array([pointer.address + 4 * at for at in offsets], dtype=np.uint64)


def test_a_launch_computes_and_each_number_crosses_once():
    memory = Memory()
    x = np.arange(10, dtype=np.float32)
    launch(memory, double_kernel, (3,), memory.place("x", x), memory.empty("out", (10,)), 10, BLOCK=4)
    assert memory.values("out").tolist() == (2 * x).tolist()
    assert memory.reads("x").tolist() == memory.writes("out").tolist() == [1] * 10
    assert (memory.bytes_read(), memory.bytes_written("out"), memory.stray_count) == (40, 40, 0)


def test_constants_and_number_formats_of_triton_may_be_used_by_name():
    memory, x = Memory(), np.arange(4, dtype=np.float32)
    launch(memory, exp_kernel, (1,), memory.place("x", x), memory.empty("out", (4,)), KIND=tl.float16)
    assert np.array_equal(memory.values("out"), np.exp2(x * np.float32(LOG2_E.value)).astype(np.float16))


def test_what_lies_outside_is_counted_and_not_touched():
    memory = Memory()
    x_ptr, out_ptr = memory.place("x", np.ones((2, 3), dtype=np.float32), strides=(4, 1)), memory.empty("out", (7,))
    launch(memory, unmasked_kernel, (2,), x_ptr, out_ptr, BLOCK=4)
    strays = {(stray.kind, stray.array, stray.offset, stray.between, stray.program[0]) for stray in memory.strays}
    assert strays == {("read", "x", 3, True, 0), ("read", "x", 7, False, 1), ("write", "out", 7, False, 1)}
    assert np.isnan(memory.values("out")[3])
    assert memory.table()["outside"].tolist() == [2, 1]


def test_a_lane_that_is_masked_off_without_other_holds_no_number():
    memory = Memory()
    launch(memory, sum_kernel, (1,), memory.place("x", np.ones(3, np.float32)), memory.empty("out", (1,)), 3, BLOCK=4)
    assert not np.isfinite(memory.values("out")).any()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_neither_a_sum_nor_a_maximum_passes_over_such_lanes(n):
    for kernel in (sum_kernel, max_kernel):
        memory = Memory()
        x_ptr = memory.place("x", np.ones(n, np.float32))
        launch(memory, kernel, (1,), x_ptr, memory.empty("out", (1,)), n, BLOCK=4)
        assert not np.isfinite(memory.values("out")).any(), kernel


def test_tritons_own_reads_and_writes_are_back_after_a_launch():
    from triton.runtime import interpreter

    memory = Memory()
    pointers = memory.place("x", np.ones(2, np.float32)), memory.empty("out", (2,))
    launch(memory, double_kernel, (1,), *pointers, 2, BLOCK=2)
    assert "create_masked_load" not in vars(interpreter.interpreter_builder)


def test_an_error_in_a_kernel_is_the_one_that_it_raised():
    with pytest.raises(NotImplementedError, match="unfinished"):
        launch(Memory(), unfinished_kernel, (1,), 0)


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KitError, match="Triton kernel"):
        launch(Memory(), lambda x: x, (1,), 0)


@pytest.mark.parametrize("interpreted", ["0", "1"])
def test_a_kernel_runs_whether_triton_was_imported_to_interpret_or_to_compile(interpreted, tmp_path):
    text = f"import runpy; names = runpy.run_path({__file__!r})\n"
    text += "names['test_a_launch_computes_and_each_number_crosses_once']()\n"
    text += "names['test_constants_and_number_formats_of_triton_may_be_used_by_name']()\n"
    text += "print(type(names['double_kernel']).__name__)"
    said = subprocess.run(
        [sys.executable, "-c", text],
        env={"TRITON_INTERPRET": interpreted, "PATH": "/usr/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert said.stdout.strip() == ("InterpretedFunction" if interpreted == "1" else "JITFunction"), said.stderr


def test_an_array_with_strides_comes_back_as_it_was():
    memory = Memory()
    table = np.arange(6, dtype=np.float16).reshape(2, 3)
    memory.place("by columns", table, strides=(1, 5))
    assert memory.values("by columns").tolist() == table.tolist()


@pytest.mark.parametrize("strides", [(1, 1), (3,), (0, 1)])
def test_strides_that_put_two_numbers_in_one_place_are_refused(strides):
    with pytest.raises(ValueError, match="strides"):
        Memory().place("x", np.ones((2, 3), np.float32), strides=strides)


def test_hostile_requests_are_refused_or_counted():
    memory = Memory()
    pointer = memory.place("x", np.ones(4, np.float32))
    good = addresses(pointer, 0, 1)
    for bad in (None, [1], good.astype(np.int64), good.reshape(1, 2), np.array([2**63], np.uint64)):
        with pytest.raises(Refuse, match="addresses"):
            memory.load(bad, "float32")
    for dtype in (None, "object", "float64", ["float32"]):
        with pytest.raises(Refuse):
            memory.load(good, dtype)
    for values in (None, np.ones(3, np.float32), np.ones(2, np.float16), np.array(["a", "b"])):
        with pytest.raises(Refuse):
            memory.store(good, values)
    with pytest.raises(Refuse, match="inside"):
        memory.load(good + np.uint64(1), "float32")
    assert (memory.bytes_read(), memory.bytes_written()) == (0, 0)
    assert np.isnan(memory.load(np.array([0, FIRST_ADDRESS, 2**61], np.uint64), "float32", "no program")).all()
    assert (memory.stray_count, {stray.array for stray in memory.strays}) == (3, {""})
