"""A kernel in the sandbox, driven as graded runs, nbclient and papermill drive it."""

import asyncio
import contextlib
import queue
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from autograder.errors import SandboxError
from autograder.sandbox.limits import PlainLimits
from autograder.sandbox.provisioner import SandboxKernel, SandboxProvisioner, start_kernel, write_kernelspec
from autograder.sandbox.spec import SandboxSpec
from autograder.sandbox.warm import WarmSandbox, start_warm_kernel

pytestmark = [
    pytest.mark.needs_sandbox,
    pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="bubblewrap is not installed"),
]


async def execute(kernel: SandboxKernel, code: str) -> tuple[dict[str, Any], str]:
    """Reply's content, and what was printed or shown."""
    client = kernel.client()
    ours = client.execute(code, stop_on_error=False)
    reply = await client.get_shell_msg(timeout=30)
    text = ""
    while True:
        message = await client.get_iopub_msg(timeout=30)
        content = message["content"]
        text += content.get("text", "") + content.get("data", {}).get("text/plain", "")
        if message["parent_header"].get("msg_id") == ours and content.get("execution_state") == "idle":
            return reply["content"], text


def with_kernel(spec: SandboxSpec, do: Callable[[SandboxKernel], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        with start_kernel(spec, **options) as kernel:
            await kernel.wait_ready(30)
            return await do(kernel)

    return asyncio.run(run())


def test_a_cell_runs_in_the_scratch_folder_and_its_prints_arrive() -> None:
    async def do(kernel: SandboxKernel) -> Any:
        return await execute(kernel, "import os, workbench\nprint(os.getcwd(), os.listdir('data'), os.getpid())")

    reply, text = with_kernel(SandboxSpec(files={"data/x": b""}), do)
    assert reply["status"] == "ok"
    assert text == "/work ['x'] 2\n"


WHAT_A_CELL_SEES = """
import os, pickle, random, sys
def here(): pass
shell = get_ipython()
print(sorted((name, value) for name, value in os.environ.items() if not name.startswith("WORKBENCH_LINK")))
print(__name__, sys.modules["__main__"].__dict__ is globals(), pickle.loads(pickle.dumps(here)) is here)
print(type(shell).__name__, shell.kernel.shell is shell, shell.parent is shell.kernel)
print(os.path.isdir(shell.profile_dir.location))
print(os.getcwd(), sys.path, sorted(globals()), random.random(), hash("a"))
print(sorted(type(one).__name__ for one in shell.configurables), shell.history_manager.enabled, shell.enable_tip)
"""


def test_a_cell_sees_the_same_in_a_warm_kernel_and_in_a_cold_one() -> None:
    async def do(kernel: SandboxKernel) -> Any:
        return await execute(kernel, WHAT_A_CELL_SEES)

    async def warmly(asking: socket.socket) -> Any:
        with start_warm_kernel(asking, SandboxSpec(env={"A_VARIABLE": "1"})) as kernel:
            await kernel.wait_ready(30)
            return await do(kernel)

    cold = with_kernel(SandboxSpec(env={"A_VARIABLE": "1"}), do)
    warm_sandbox = WarmSandbox(["numpy"], {"A_VARIABLE": "1"})
    try:
        warm = asyncio.run(warmly(warm_sandbox.asking))
    finally:
        warm_sandbox.close()
    assert cold[0]["status"] == "ok", cold
    assert warm[1] == cold[1]
    assert "__main__ True True" in cold[1]
    assert "ZMQInteractiveShell True True\nTrue\n" in cold[1]


def test_the_link_reaches_the_kernel_and_not_the_programs_it_starts() -> None:
    ours, theirs = socket.socketpair()

    async def do(kernel: SandboxKernel) -> Any:
        theirs.close()
        code = """
            import os, socket, subprocess
            fd = int(os.environ["WORKBENCH_LINK_FD"])
            socket.socket(fileno=os.dup(fd)).sendall(b"hello")
            subprocess.run(f"ls /proc/self/fd | grep -x {fd}", shell=True).returncode
        """
        return await execute(kernel, code)

    with ours:
        ours.settimeout(20)
        _, text = with_kernel(SandboxSpec(), do, link_fd=theirs.fileno())
        assert ours.recv(16) == b"hello"
        assert text.endswith("1"), text
        assert ours.recv(16) == b"", "the link must end with the kernel"


def test_global_random_state_does_not_depend_on_how_often_the_kernel_was_asked() -> None:
    async def value(kernel: SandboxKernel, asked: int) -> Any:
        client = kernel.client()
        for _ in range(asked):
            client.kernel_info()
            await client.get_shell_msg(timeout=10)
        return (await execute(kernel, "import random\nrandom.random()"))[1]

    async def once(kernel: SandboxKernel) -> Any:
        return await value(kernel, 1)

    async def often(kernel: SandboxKernel) -> Any:
        return await value(kernel, 3)

    assert with_kernel(SandboxSpec(seed=7), once) == with_kernel(SandboxSpec(seed=7), often)


def test_global_random_state_follows_the_seed_alone() -> None:
    code = (
        "import random, numpy as np, torch\n(random.random(), float(np.random.rand()), float(torch.rand(1)), hash('a'))"
    )

    async def do(kernel: SandboxKernel) -> Any:
        return (await execute(kernel, code))[1]

    first, again, other = (with_kernel(SandboxSpec(seed=seed), do) for seed in (7, 7, 8))
    assert first == again
    for one, two in zip(first.strip("()").split(","), other.strip("()").split(","), strict=True):
        assert one != two


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(600)"])
def test_an_interrupt_stops_the_cell_and_the_kernel_goes_on(code: str) -> None:
    async def do(kernel: SandboxKernel) -> Any:
        client = kernel.client()
        client.execute(code, stop_on_error=False)
        while (await client.get_iopub_msg(timeout=20))["content"].get("execution_state") != "busy":
            pass
        await asyncio.sleep(0.3)
        await kernel.interrupt()
        reply = await client.get_shell_msg(timeout=20)
        while (await client.get_iopub_msg(timeout=20))["content"].get("execution_state") != "idle":
            pass
        return reply["content"]["ename"], (await execute(kernel, "6 * 7"))[1]

    assert with_kernel(SandboxSpec(), do) == ("KeyboardInterrupt", "42")


def test_a_kernel_that_ends_itself_is_known_to_be_dead() -> None:
    async def do(kernel: SandboxKernel) -> bool:
        kernel.client().execute("import os; os._exit(3)")
        for _ in range(200):
            if not await kernel.client().is_alive():
                return True
            await asyncio.sleep(0.05)
        return False

    assert with_kernel(SandboxSpec(), do)


def test_a_message_above_the_limit_does_not_reach_us() -> None:
    async def do(kernel: SandboxKernel) -> Any:
        client = kernel.client()
        client.execute("from IPython.display import display\ndisplay({'text/plain': 'x' * (4 << 20)}, raw=True)")
        sizes = []
        with contextlib.suppress(queue.Empty):
            while True:
                message = await client.get_iopub_msg(timeout=3)
                sizes.append(len(str(message["content"])))
        return max(sizes)

    assert with_kernel(SandboxSpec(limits=PlainLimits(output_mib=1)), do) < 1 << 20


def test_no_history_and_no_startup_file_of_a_released_folder_counts() -> None:
    planted = {
        ".ipython/profile_default/startup/00.py": b"planted = 1",
        ".ipython/profile_default/ipython_config.py": b"1/0",
    }

    async def do(kernel: SandboxKernel) -> Any:
        return (await execute(kernel, "'planted' in dir(), get_ipython().history_manager.enabled"))[1]

    assert with_kernel(SandboxSpec(files=planted), do) == "(False, False)"


def test_a_kernel_that_cannot_start_says_what_happened() -> None:
    async def do() -> None:
        with start_kernel(SandboxSpec(files={"big": bytes(3 << 20)}, limits=PlainLimits(disk_mib=1))) as kernel:
            await kernel.wait_ready(20)

    with pytest.raises(SandboxError, match="No space left on device"):
        asyncio.run(do())


def test_after_close_no_process_and_no_socket_folder_is_left() -> None:
    seen: dict[str, Any] = {}

    async def do(kernel: SandboxKernel) -> None:
        await execute(kernel, "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)")
        seen["pids"] = kernel.sandbox.meter.processes()
        seen["folder"] = Path(kernel.connection_info["ip"]).parent

    with_kernel(SandboxSpec(), do)
    assert len(seen["pids"]) >= 3
    assert [pid for pid in seen["pids"] if Path(f"/proc/{pid}").exists()] == []
    assert not seen["folder"].exists()


def test_nbclient_runs_a_notebook_in_the_sandbox_by_the_kernels_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("SECRET_TOKEN", "canary")
    factory = KernelProvisionerFactory.instance()
    monkeypatch.setitem(factory.provisioners, "sandbox-provisioner", _EntryPoint())
    source = tmp_path / "points.csv"
    source.write_text("1,2", encoding="utf-8")
    name = write_kernelspec(tmp_path, files={"data/points.csv": str(source)}, limits={"memory_gib": 1.0})
    cell = nbformat.v4.new_code_cell(
        "import os; print(open('data/points.csv').read(), os.getcwd(), 'SECRET_TOKEN' in os.environ)"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbclient.NotebookClient(notebook, kernel_name=name, timeout=30).execute()
    assert notebook.cells[0].outputs[0].text == "1,2 /work False\n"


class _EntryPoint:
    """Stands for the installed package's entry point."""

    value = "autograder.sandbox.provisioner:SandboxProvisioner"

    def load(self) -> type[SandboxProvisioner]:
        return SandboxProvisioner
