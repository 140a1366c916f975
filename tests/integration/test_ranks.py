"""`wb.ranks` runs functions as real processes, and says what went wrong in any of them."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbclient import NotebookClient

import workbench as wb
from workbench import rank_processes
from workbench.errors import RankError

ROOT = Path(__file__).parents[2]
LOCAL = {"__name__": "__main__"}


def cell(source: str, **names: Any) -> Any:
    """The last function of a source, as one that was defined in a cell: it travels by value."""
    names = {**LOCAL, **names}
    exec(compile(textwrap.dedent(source), "<cell>", "exec"), names)
    return names["fn"]


ALL_REDUCE = """
import torch, torch.distributed as dist
def fn(rank, world_size, x):
    x = torch.as_tensor(x).clone()
    dist.all_reduce(x)
    return {"sum": x, "rank": dist.get_rank(), "size": world_size, "pid": __import__("os").getpid()}
"""


def test_each_rank_gets_its_arguments_and_gives_its_result() -> None:
    first, second = wb.ranks(cell(ALL_REDUCE), 2, [[torch.ones(3)], [[1.0, 2.0, 3.0]]])
    assert torch.equal(first["sum"], torch.tensor([2.0, 3.0, 4.0]))
    assert torch.equal(first["sum"], second["sum"])
    assert (first["rank"], second["rank"], first["size"]) == (0, 1, 2)
    assert len({first["pid"], second["pid"], os.getpid()}) == 3


def test_the_helper_is_started_once_and_again_when_it_was_ended() -> None:
    fn = cell("def fn(rank, world_size): return __import__('os').getppid()")
    first = wb.ranks(fn, 1)
    assert wb.ranks(fn, 1) == first
    os.kill(first[0], signal.SIGKILL)
    assert rank_processes._server is not None
    rank_processes._server.process.wait(10)
    assert wb.ranks(fn, 1) != first


def test_prints_are_shown_with_the_number_of_their_rank(capfd: pytest.CaptureFixture[str]) -> None:
    source = """
    import os, sys
    def fn(rank, world_size):
        print("hello"); print("a\\nb", file=sys.stderr); os.write(1, b"raw\\n" * rank)
    """
    assert wb.ranks(cell(source), 2) == [None, None]
    lines = capfd.readouterr().out.splitlines()
    for want in ("[rank 0] hello", "[rank 1] hello", "[rank 0] a", "[rank 1] b", "[rank 1] raw"):
        assert sum(want in line for line in lines) == 1, (want, lines)


def test_a_large_result_and_many_prints_do_not_wait_for_each_other() -> None:
    source = """
    import torch
    def fn(rank, world_size):
        for _ in range(3000): print("x" * 100)
        return torch.full((3_000_000,), float(rank))
    """
    zeros, ones = wb.ranks(cell(source), 2)
    assert zeros.sum() == 0
    assert ones.sum() == 3_000_000


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("if rank: raise ValueError('boo')\n    dist.barrier()", ["Rank 1 raised ValueError: boo", "fn, line 3"]),
        ("if rank: os._exit(3)\n    dist.barrier()", ["Rank 1 left with code 3", "return from the function"]),
        ("if rank: os.kill(os.getpid(), 9)\n    dist.barrier()", ["Rank 1 was ended by the signal SIGKILL"]),
        ("if rank: sys.exit(1)\n    dist.barrier()", ["Rank 1 raised SystemExit"]),
        ("return object()", ["raised CodecError: A value of type builtins.object"]),
        ("if rank: return\n    dist.barrier()", ["Rank 0 lost another rank", "same collective calls"]),
        ("while True: pass", ["No result from rank 0, 1 within 2 s", "rank 1 waits or computes in fn, line 3"]),
        ("if rank: time.sleep(60)\n    dist.barrier()", ["No result from rank 0, 1", "fn, line 4", "same order"]),
        ("signal.signal(15, signal.SIG_IGN); time.sleep(60)", ["No result from rank 0, 1"]),
    ],
)
def test_trouble_of_a_rank_is_told_and_the_next_call_works(body: str, told: list[str]) -> None:
    imports = "import os, signal, sys, time, torch.distributed as dist"
    with pytest.raises(RankError) as caught:
        wb.ranks(cell(f"{imports}\ndef fn(rank, world_size):\n    {body}"), 2, timeout_s=2)
    for text in told:
        assert text in str(caught.value)
    assert wb.ranks(cell("def fn(rank, world_size): return rank"), 2) == [0, 1]


def test_no_rank_outlives_the_call(tmp_path: Path) -> None:
    source = """
    import os, subprocess, sys, time
    def fn(rank, world_size, path):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open(f"{path}/{rank}", "w").write(f"{os.getpid()} {child.pid}")
        time.sleep(60)
    """
    with pytest.raises(RankError):
        wb.ranks(cell(source), 2, [[str(tmp_path)]] * 2, timeout_s=3)
    pids = [int(pid) for rank in (0, 1) for pid in (tmp_path / str(rank)).read_text().split()]
    limit_s = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < limit_s:
        time.sleep(0.05)
    assert [pid for pid in pids if alive(pid)] == []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((print, 0), "1 to 64"),
        ((print, 65), "1 to 64"),
        ((print, True), "1 to 64"),
        ((print, "2"), "1 to 64"),
        ((3, 2), "no function"),
        ((print, 2, [[1]]), "1 lists"),
        ((lambda rank, size: 1, 1, [[threading.Lock()]]), "cannot travel"),
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises(RankError, match=told):
        wb.ranks(*arguments)


def test_a_function_of_a_cell_runs_after_a_backward_pass_in_the_kernel(tmp_path: Path) -> None:
    """A fork of the kernel would hang here, and spawn would not find the function."""
    sources = [
        "import os, torch, workbench as wb, torch.distributed as dist\n"
        "x = torch.ones(64, 64, requires_grad=True); (x @ x).sum().backward()\n"
        "def helper(): return 10",
        "def train(rank, world_size, start):\n"
        "    y = torch.full((2,), start + helper(), requires_grad=True)\n"
        "    (y * y).sum().backward()\n"
        "    dist.all_reduce(y.grad)\n"
        "    print('done', rank)\n"
        "    return y.grad",
        "print(wb.ranks(train, 2, [[1.0], [2.0]]))",
        "def bad(rank, world_size):\n    return 1 / rank\n\nwb.ranks(bad, 2)",
        "print('alive')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        client.execute(cwd=str(tmp_path))
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    printed = "".join(output.get("text", "") for output in notebook.cells[2].outputs)
    assert "[rank 1] done 1" in printed
    assert "[tensor([46., 46.]), tensor([46., 46.])]" in printed
    (error,) = notebook.cells[3].outputs
    assert error.ename == "RankError"
    assert "bad, line 2: return 1 / rank: Rank 0 raised ZeroDivisionError" in error.evalue
    assert notebook.cells[4].outputs[0].text == "alive\n"


def test_an_interrupt_ends_the_ranks_and_not_the_session() -> None:
    script = """
import os, signal, threading, time, workbench as wb
def fn(rank, world_size):
    time.sleep(60)
wb.ranks(lambda rank, size: rank, 2)
threading.Timer(0.7, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)).start()
try:
    wb.ranks(fn, 2)
except KeyboardInterrupt:
    print("stopped", wb.ranks(lambda rank, size: rank, 2))
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert run.stdout == "stopped [0, 1]\n", run.stderr
