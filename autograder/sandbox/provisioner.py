"""A kernel in a sandbox: as an object for graded runs, and as a Jupyter kernel provisioner for everything that starts
kernels by name."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict, List, Unicode

from autograder.errors import SandboxError
from autograder.sandbox.channels import BoundedClient, Channels
from autograder.sandbox.launch import Running, start
from autograder.sandbox.limits import MIB, PlainLimits
from autograder.sandbox.spec import SandboxSpec

KERNEL_NAME = "sandbox"
PROVISIONER_NAME = "sandbox-provisioner"
ASK_AGAIN_S = 0.2


class SandboxKernel:
    """A kernel in a sandbox of its own. Use it as a context manager, or `close()` it.

    Attributes:
        sandbox: the sandbox; `.meter`, `.watchdog`, `.poll()`.
        connection_info: for a client of one's own.
    """

    def __init__(self, sandbox: Running, channels: Channels, max_message_bytes: int) -> None:
        self.sandbox = sandbox
        self.connection_info: Any = channels.info
        self._channels, self._max_message_bytes = channels, max_message_bytes
        self._client: BoundedClient | None = None

    def client(self) -> BoundedClient:
        """The client, with its channels started; always the same one. To be called where an event loop runs."""
        if self._client is None:
            client = BoundedClient()
            client.max_message_bytes = self._max_message_bytes
            client.alive = self.sandbox.alive
            client.load_connection_info(self.connection_info)
            client.start_channels(hb=False)
            self._client = client
        return self._client

    async def wait_ready(self, timeout_s: float = 30) -> None:
        """Waits until the kernel answers and our subscription to its outputs holds.

        Raises:
            SandboxError: the kernel ended, or said nothing for `timeout_s` seconds of wall time.
        """
        client = self.client()
        deadline = time.monotonic() + timeout_s
        # The answer on iopub shows that the subscription holds; what a cell prints before that would be lost. The
        # answer itself is lost where the kernel took the question before the subscription: then it is asked again.
        asked = 1
        while not await _answered(client, ASK_AGAIN_S):
            asked += 1
            if not self.sandbox.alive() or time.monotonic() > deadline:
                raise self._not_ready(timeout_s)
        for _ in range(asked):  # the replies on the shell channel, so that the next one is that of a cell
            with suppress(Empty):
                await client.get_shell_msg(timeout=ASK_AGAIN_S)

    async def interrupt(self) -> None:
        """KeyboardInterrupt in the cell that runs now."""
        client = self.client()
        client.control_channel.send(client.session.msg("interrupt_request", {}))

    def kill(self) -> None:
        """Ends all processes of the sandbox at once."""
        self.sandbox.kill()

    def alive(self) -> bool:
        return self.sandbox.alive()

    def close(self) -> None:
        """Ends the sandbox, the client and the channels' folder."""
        self.sandbox.close()
        if self._client is not None:
            self._client.stop_channels()
            self._client.context.destroy(linger=0)
        self._channels.close()

    def __enter__(self) -> "SandboxKernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _not_ready(self, timeout_s: float) -> SandboxError:
        status = self.sandbox.poll()
        self.sandbox.kill()
        came = f"nothing for {timeout_s:g} s" if status is None else f"it ended with status {status}"
        return SandboxError(
            "The kernel in the sandbox did not start.",
            came="\n".join(filter(None, [came, self.sandbox.error_text()])),
            expected="an answer to kernel_info",
            mend="Run `workbench doctor`. An environment that only its owner may read cannot be used by the sandbox: "
            "chmod -R go+rX it.",
        )


async def _answered(client: BoundedClient, timeout_s: float) -> bool:
    """Asks for kernel_info; whether the answer's end came on iopub in time."""
    message_id = client.kernel_info()
    deadline = time.monotonic() + timeout_s
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            message = await client.get_iopub_msg(timeout=left_s)
        except Empty:
            return False
        ours = message["parent_header"].get("msg_id") == message_id
        if ours and message["content"].get("execution_state") == "idle":
            return True
    return False


def start_kernel(
    spec: SandboxSpec,
    *,
    link_fd: int | None = None,
    pass_fds: Sequence[int] = (),
    watch: bool = True,
    wall_s: float | None = None,
) -> SandboxKernel:
    """Starts a kernel in a sandbox; does not wait for it.

    Args:
        link_fd: the learner's end of the link to the referee; named to the kernel in WORKBENCH_LINK_FD. Close yours
            after this returns.
        pass_fds: further descriptors to stay open inside.
        watch, wall_s: as in `launch.start`.
    """
    channels = Channels()
    fds = [*channels.descriptors, *pass_fds, *([] if link_fd is None else [link_fd])]
    try:
        sandbox = start(spec, [], fds, kernel={**channels.inside(), "link_fd": link_fd}, watch=watch, wall_s=wall_s)
    except BaseException:
        channels.close()
        raise
    channels.release()
    return SandboxKernel(sandbox, channels, int(spec.limits.output_mib * MIB))


class SandboxProvisioner(KernelProvisionerBase):
    """Runs the kernel of a kernelspec in a sandbox. Its traits are set in the kernelspec's
    `metadata.kernel_provisioner.config`."""

    limits = Dict(help="Fields of PlainLimits.").tag(config=True)
    files = Dict(help="Name relative to the working directory → path of the host: copied in.").tag(config=True)
    binds = List(Unicode(), help="Further folders that are visible read-only.").tag(config=True)

    kernel: SandboxKernel | None = None
    connection_info: Any = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        # The caller's environment stays outside: only the kernelspec's own variables go in.
        kwargs["env"] = {}
        return dict(await super().pre_launch(cmd=self.kernel_spec.argv, **kwargs))

    async def launch_kernel(self, cmd: list[str], **_: Any) -> Any:
        """Starts the kernel; `cmd` is not used, since the sandbox has its own kernel."""
        files = {name: Path(path).read_bytes() for name, path in self.files.items()}
        spec = SandboxSpec(
            limits=PlainLimits(**self.limits), files=files, env=self.kernel_spec.env, binds=tuple(self.binds)
        )
        self.kernel = start_kernel(spec)
        self.connection_info = self.kernel.connection_info
        return self.connection_info

    async def poll(self) -> int | None:
        return 0 if self.kernel is None else self.kernel.sandbox.poll()

    async def wait(self) -> int | None:
        if self.kernel is None:
            return 0
        while self.kernel.alive():
            await asyncio.sleep(0.05)
        status = self.kernel.sandbox.poll()
        self.kernel.close()
        self.kernel = None
        return status

    async def send_signal(self, signum: int) -> None:
        if self.kernel is None:
            return
        if signum == signal.SIGINT:
            await self.kernel.interrupt()
        elif signum in (signal.SIGKILL, signal.SIGTERM):
            self.kernel.kill()

    async def kill(self, restart: bool = False) -> None:
        if self.kernel is not None:
            self.kernel.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        if self.kernel is not None:
            self.kernel.close()
            self.kernel = None


def write_kernelspec(folder: str | os.PathLike[str], **config: Any) -> str:
    """Writes the kernelspec `sandbox` to `folder`/kernels; with that folder on JUPYTER_PATH, everything finds it by
    name.

    Args:
        config: `limits`, `files`, `binds` of the provisioner.

    Returns:
        The kernel's name.
    """
    place = Path(folder) / "kernels" / KERNEL_NAME
    place.mkdir(parents=True, exist_ok=True)
    content = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python (sandbox)",
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER_NAME, "config": config}},
    }
    (place / "kernel.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return KERNEL_NAME


__all__ = ["KERNEL_NAME", "SandboxKernel", "SandboxProvisioner", "start_kernel", "write_kernelspec"]
