"""Measures the fused softmax of accelerator/kernels on a GPU beside a plain copy, and writes JSON for the lesson.

    python record.py                   needs a CUDA GPU
    python record.py --compile-only    compiles for a GPU (compute capability 9.0) without having one

It is for those who have the source of the kit: the kernels are the solutions of
exercises/accelerator/kernels/exercise.py, which learners do not get.

Writes DATE-gpu-DTYPE.json beside this script: date, machine, versions, settings, and in `results` a row for each way
and shape, with the median time and the share of the copy's byte/s. A copy reads and writes each number once, as the
fused kernel does, so 100 % is as fast as it can be; the aim is 90 % or more.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
EXERCISE = ROOT / "exercises" / "accelerator" / "kernels" / "exercise.py"
AIM = 0.9
WAYS_BYTES = {"five kernels": (8, 4)}  # numbers moved for each number of the table, and for each row; else 2 and 0


def main() -> int:
    """Measures, or only compiles; the exit status is 1 where the aim was missed."""
    options = read_options()
    if not EXERCISE.exists():
        print(f"record.py: it measures the solutions in {EXERCISE}, and there is no such file", file=sys.stderr)
        return 2
    os.environ["TRITON_INTERPRET"] = "0"  # before Triton is imported
    with tempfile.TemporaryDirectory() as folder:
        kernels = solutions(Path(folder))
        if options.compile_only:
            compile_for_gpu(kernels)
            return 0
        return measure(kernels, options)


def read_options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    parser.add_argument("--rows", type=int, default=65_536)
    parser.add_argument("--columns", type=int, nargs="+", default=[256, 1000, 1024, 2000, 4096, 8192])
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each way is repeated")
    return parser.parse_args()


def solutions(folder: Path) -> ModuleType:
    """The solved kernels of the exercise as a module: Triton compiles from a file."""
    cells = re.split(r"^# %%", EXERCISE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    solved = [cell.partition("\n")[2] for cell in cells if cell.startswith(' solution="') and "@triton.jit" in cell]
    path = folder / "solved_kernels.py"
    path.write_text("import triton\nimport triton.language as tl\n\n\n" + "\n".join(solved), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def compile_for_gpu(kernels: ModuleType) -> None:
    """Compiles each solution for a GPU and says how large it is; needs none."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    pointers = {"x_ptr": "*fp32", "out_ptr": "*fp32", "a_ptr": "*fp16", "b_ptr": "*fp16", "c_ptr": "*fp32"}
    for name, blocks in (
        ("hard_swish_kernel", {"BLOCK": 1024}),
        ("softmax_kernel", {"BLOCK": 1024}),
        ("matmul_kernel", {"BLOCK_M": 64, "BLOCK_N": 64, "BLOCK_K": 32}),
    ):
        kernel = getattr(kernels, name)
        kinds = {arg: pointers.get(arg, "constexpr" if arg in blocks else "i32") for arg in kernel.arg_names}
        made = triton.compile(ASTSource(kernel, kinds, blocks), target=GPUTarget("cuda", 90, 32))
        print(f"{name}: {len(made.asm['ptx'].splitlines())} lines of PTX, {len(made.asm['cubin'])} bytes")


def measure(kernels: ModuleType, options: argparse.Namespace) -> int:
    """Times every way on every shape and writes the record."""
    import torch

    if not torch.cuda.is_available():
        print("record.py: PyTorch finds no CUDA GPU here; --compile-only needs none", file=sys.stderr)
        return 2
    results = [row for columns in options.columns for row in one_shape(kernels, options, columns)]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{torch.cuda.get_device_name(0)}; {platform.system()} {platform.machine()}",
        "versions": versions(),
        "settings": {name: value for name, value in vars(options).items() if name != "compile_only"},
        "results": results,
    }
    path = HERE / f"{record['date']}-gpu-{options.dtype}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for row in results:
        print(row)
    worst = min(row["of the copy"] for row in results if row["way"] == "one kernel")
    print(f"wrote {path}; the kernel reaches at least {worst:.0%} of the copy's byte/s (aim: {AIM:.0%})")
    return int(worst < AIM)


def one_shape(kernels: ModuleType, options: argparse.Namespace, columns: int) -> list[dict[str, Any]]:
    """The ways on one table; each result is first compared with PyTorch's."""
    import torch
    import triton

    x = torch.randn(options.rows, columns, device="cuda", dtype=getattr(torch, options.dtype))
    out, block = torch.empty_like(x), triton.next_power_of_2(columns)

    def one_kernel() -> None:
        grid = (options.rows,)
        kernels.softmax_kernel[grid](x, out, x.stride(0), out.stride(0), columns, BLOCK=block)

    def five_kernels() -> torch.Tensor:
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)

    one_kernel()
    tolerance = 1e-6 if options.dtype == "float32" else 1e-2
    torch.testing.assert_close(out, torch.softmax(x, 1), rtol=tolerance * 10, atol=tolerance)
    ways: dict[str, Callable[[], object]] = {
        "copy": lambda: out.copy_(x),
        "one kernel": one_kernel,
        "torch.softmax": lambda: torch.softmax(x, 1, out=out),
        "five kernels": five_kernels,
    }
    seconds = {name: median_s(way, options.seconds) for name, way in ways.items()}
    rows = []
    for name, time_s in seconds.items():
        tables, singles = WAYS_BYTES.get(name, (2, 0))
        moved = (tables * x.numel() + singles * options.rows) * x.element_size()
        rate, copy_rate = moved / time_s, 2 * x.nbytes / seconds["copy"]
        figures = {"MB moved": round(moved / 1e6, 2), "ms": round(1e3 * time_s, 4), "GB/s": round(rate / 1e9, 1)}
        rows.append({"way": name, "columns": columns, **figures, "of the copy": round(rate / copy_rate, 3)})
    return rows


def median_s(way: Callable[[], object], seconds: float) -> float:
    """The median time of one run, in seconds; the timer warms up and waits for the device."""
    from torch.utils.benchmark import Timer

    return Timer("way()", globals={"way": way}).blocked_autorange(min_run_time=seconds).median


def versions() -> dict[str, str]:
    """The versions of what takes the time."""
    import torch
    import triton

    found = {"python": platform.python_version(), "torch": torch.__version__, "triton": triton.__version__}
    return found | {"cuda": str(torch.version.cuda)}


if __name__ == "__main__":
    sys.exit(main())
