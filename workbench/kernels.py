"""Runs a Triton kernel on a `Memory`, program by program, on the CPU, whether or not there is a GPU.

Triton's interpreter runs a kernel's programs in Python with NumPy. Here its reads and writes go to the memory that is
given, which counts them, instead of to addresses of this process. Where kernels are compiled for a GPU (the variable
TRITON_INTERPRET was not set when Triton was imported), a second copy of Triton's Python modules interprets them.

This is the one place that knows Triton's private interfaces (version 3.7.1: `triton/runtime/interpreter.py`).
"""

import importlib
import os
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from workbench.errors import KitError
from workbench.memory import Memory, Pointer, masked_off

__all__ = ["Memory", "Pointer", "launch"]

INTERPRET = "TRITON_INTERPRET"


def launch(memory: Any, kernel: Any, grid: Sequence[int], *args: Any, **constants: Any) -> None:
    """Runs one program of the kernel for each point of the grid, one after another.

    Args:
        memory: a `Memory`, or what a check serves of one.
        kernel: a function with `@triton.jit` above it.
        grid: how many programs along one, two or three axes, as `(4,)`.
        args: the kernel's arguments: pointers that `memory.place` gave, and numbers.
        constants: further arguments by name, such as BLOCK=256.

    Raises:
        KitError: `kernel` is no such function.
    """
    import numpy

    interpreter, twin = _interpreted(kernel)
    given = [Pointer(**arg) if isinstance(arg, dict) else arg for arg in args]
    if twin is not kernel:
        constants = {name: _translated(value) for name, value in constants.items()}
    executor = _executor_type(interpreter)(twin.rewrite(), twin.arg_names, tuple(grid))
    with _reads_and_writes(interpreter, memory), numpy.errstate(all="ignore"):  # a GPU gives no warnings either
        try:
            executor(*given, **constants)
        except interpreter.InterpreterError as error:
            cause: BaseException = error
            while isinstance(cause, interpreter.InterpreterError) and cause.__cause__ is not None:
                cause = cause.__cause__
            raise cause from None


def _interpreted(kernel: Any) -> tuple[Any, Any]:
    """The interpreter's module, and the kernel as that module runs it."""
    kind = type(kernel).__name__
    if kind == "InterpretedFunction":
        return importlib.import_module("triton.runtime.interpreter"), kernel
    if kind != "JITFunction":
        raise KitError(
            "This is no Triton kernel.",
            came=f"a value of type {kind}",
            expected="a function with @triton.jit above it, and nothing else",
        )
    interpreter = _second_triton()["triton.runtime.interpreter"]
    return interpreter, _twin(kernel, interpreter, {})


def _twin(kernel: Any, interpreter: Any, known: dict[int, Any]) -> Any:
    """The same function for the second copy of Triton; so are the modules and kernels that it uses by name."""
    if id(kernel) in known:
        return known[id(kernel)]
    names = dict(kernel.fn.__globals__)
    defaults = tuple(_translated(value) for value in kernel.fn.__defaults__ or ())
    fn = types.FunctionType(kernel.fn.__code__, names, kernel.fn.__name__, defaults, kernel.fn.__closure__)
    fn.__annotations__, fn.__module__ = dict(kernel.fn.__annotations__), kernel.fn.__module__
    known[id(kernel)] = twin = interpreter.InterpretedFunction(fn)
    used = set(kernel.fn.__code__.co_names)
    for name, value in kernel.fn.__globals__.items():
        names[name] = _translated(value)
        if name in used and names[name] is value and type(value).__name__ == "JITFunction":
            names[name] = _twin(value, interpreter, known)
    return twin


def _translated(value: Any) -> Any:
    """What the second copy of Triton has in the place of a module, function, constant or number format of the first."""
    modules, kind = _second_triton(), type(value)
    if isinstance(value, types.ModuleType):
        return modules.get(value.__name__, value)
    if kind.__module__ == "triton.runtime.jit" and kind.__name__ == "JITFunction":
        home = modules.get(value.fn.__module__)
        return value if home is None else getattr(home, value.fn.__name__)
    if kind.__module__ == "triton.language.core" and kind.__name__ == "constexpr":
        return modules[kind.__module__].constexpr(_translated(value.value))
    if kind.__module__ == "triton.language.core" and kind.__name__ == "dtype":
        return modules[kind.__module__].dtype(value.name)
    return value


@cache
def _second_triton() -> dict[str, types.ModuleType]:
    """Triton's Python modules again, made for interpreting; the compiled module below them is shared."""

    def of_triton() -> list[str]:
        mine = [name for name in sys.modules if name == "triton" or name.startswith("triton.")]
        return [name for name in mine if not name.startswith("triton._C")]

    kept = {name: sys.modules.pop(name) for name in of_triton()}
    before = os.environ.get(INTERPRET)
    os.environ[INTERPRET] = "1"
    try:
        importlib.import_module("triton.language")
        importlib.import_module("triton.runtime.interpreter")
        return {name: sys.modules[name] for name in of_triton()}
    finally:
        for name in of_triton():
            del sys.modules[name]
        sys.modules.update(kept)
        if before is None:
            del os.environ[INTERPRET]
        else:
            os.environ[INTERPRET] = before


@cache
def _executor_type(interpreter: Any) -> Any:
    """Runs a grid as Triton's own does, but copies no tensors to the CPU: there are none."""

    class OnMemory(interpreter.GridExecutor):  # type: ignore[misc]
        def _init_args_hst(self, args: Any, kwargs: Any) -> Any:
            return args, kwargs

        def _restore_args_dev(self, *_: Any) -> None:
            pass

    return OnMemory


@contextmanager
def _reads_and_writes(interpreter: Any, memory: Any) -> Iterator[None]:
    """Sends the reads and writes of kernels to this memory. Only lanes that the mask lets through cross."""
    import numpy

    builder = interpreter.interpreter_builder

    def masked_load(pointers: Any, mask: Any, other: Any, *_: Any) -> Any:
        kind = pointers.get_element_ty()
        dtype = numpy.dtype(interpreter._get_np_dtype(kind))
        shape = pointers.data.shape
        # Without `other`, Triton leaves open what a lane that was masked off holds.
        values = masked_off(pointers.data.size, dtype).reshape(shape)
        if other is not None:
            values[...] = other.data
        lanes = numpy.broadcast_to(mask.data, shape).astype(bool)
        if lanes.any():
            values[lanes] = memory.load(pointers.data[lanes], str(dtype), tuple(builder.grid_idx))
        return interpreter.TensorHandle(values, kind)

    def masked_store(pointers: Any, value: Any, mask: Any, *_: Any) -> None:
        lanes = numpy.broadcast_to(mask.data, pointers.data.shape).astype(bool)
        if lanes.any():
            values = numpy.broadcast_to(value.data, pointers.data.shape)[lanes]
            memory.store(pointers.data[lanes], values, tuple(builder.grid_idx))

    def no_atomics(*_: Any) -> None:
        raise NotImplementedError("atomic operations are not counted here: use tl.load and tl.store")

    # As attributes of the instance: deleting them shows Triton's own again.
    replaced: dict[str, Any] = {"create_masked_load": masked_load, "create_masked_store": masked_store}
    replaced |= {"create_atomic_cas": no_atomics, "create_atomic_rmw": no_atomics}
    vars(builder).update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            vars(builder).pop(name, None)
