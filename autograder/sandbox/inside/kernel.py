# ruff: noqa: E402
"""The learner's IPython kernel on sockets that the trusted side bound and listens on."""

import os
import sys
from typing import Any

# Nobody debugs a graded kernel, and the import of debugpy costs 60 ms. None makes `import debugpy` an ImportError.
sys.modules["debugpy"] = None  # type: ignore[assignment]

import zmq
from ipykernel import heartbeat, kernelapp
from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets.config import Config

from .seeds import seed_all

# What ipykernel and IPython import only when a kernel starts: a warm process does so before it forks.
IMPORTED_AT_START = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "faulthandler",
    "ipykernel.debugger",
    "tornado.locks",
    "tornado.platform.asyncio",
    "tornado.queues",
)
_descriptors: dict[int, int] = {}  # the channel's "port" (1 to 5) → the listening socket


def build_ahead() -> None:
    """Builds what takes longest at a kernel's start and has neither socket nor thread: the program and IPython's shell.

    A kernel in this process, or in a fork of it, takes them over. No learner's code has run by then.
    """
    _KernelApp.instance(config=_config())
    ZMQInteractiveShell.instance(config=_config(), compiler_class=XCachingCompiler)


def run(settings: dict[str, Any]) -> None:
    """Serves until the kernel is told to shut down.

    Args:
        settings: `key` (of the message signatures), `descriptors` (port → descriptor), `ports` (channel → port),
            `link_fd` (the referee link's descriptor, or None).
    """
    _descriptors.update({int(port): descriptor for port, descriptor in settings["descriptors"].items()})
    link_fd = settings["link_fd"]
    if link_fd is not None:
        os.environ["WORKBENCH_LINK_FD"] = str(link_fd)
    for descriptor in (*_descriptors.values(), *([] if link_fd is None else [link_fd])):
        # A child that a cell starts has no business with them, and a forgotten copy would keep a dead kernel's link
        # open.
        os.set_inheritable(descriptor, False)
    seed_all(int(os.environ.get("WORKBENCH_SEED", "0")))
    sys.path[0:0] = [""]
    app = _KernelApp.instance(config=_config())  # the one that was built ahead, where there is one
    app.update_config(_connection(settings))
    app.initialize([])  # type: ignore[no-untyped-call]
    _leave_stderr()
    app.start()  # type: ignore[no-untyped-call]


class _Heartbeat(heartbeat.Heartbeat):
    def _try_bind_socket(self) -> None:
        _bind(self.socket, self.port)


class _KernelApp(kernelapp.IPKernelApp):
    def _try_bind_socket(self, s: Any, port: int) -> int:
        _bind(s, port)
        return port

    def init_connection_file(self) -> None:
        """Everything it would say came with the settings."""

    def write_connection_file(self, **_: Any) -> None:
        """The other side has it already."""

    def parse_command_line(self, argv: Any = None) -> None:
        """There is none."""

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """No configuration but ours."""

    def init_heartbeat(self) -> None:
        # A context of its own, as in ipykernel: it must not wait for the others' sockets.
        address = (self.transport, self.ip, self.hb_port)
        self.heartbeat = _Heartbeat(zmq.Context(), address)  # type: ignore[no-untyped-call]
        self.heartbeat.start()

    def init_kernel(self) -> None:
        super().init_kernel()  # type: ignore[no-untyped-call]
        # A shell that was built ahead knows neither its kernel nor this process's environment.
        shell: Any = self.kernel.shell
        shell.parent = shell.kernel = self.kernel
        shell.profile_dir = self.profile_dir
        shell.init_environment()

    def init_control(self, context: Any) -> None:
        super().init_control(context)  # type: ignore[no-untyped-call]
        # The debugger's socket would try for ever to reach a path that is not there.
        endpoint = self.shell_socket.getsockopt(zmq.LAST_ENDPOINT)
        self.debug_shell_socket.disconnect(endpoint.rstrip(b"\0").decode())


def _bind(socket: Any, port: int) -> None:
    # With USE_FD, libzmq neither binds nor listens, and removes no file: the address is a name only (ipc_listener.cpp).
    socket.setsockopt(zmq.USE_FD, _descriptors[port])
    socket.bind(f"ipc://channel-{port}")


def _config() -> Config:
    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.exec_PYTHONSTARTUP = False
    config.IPKernelApp.log_level = "ERROR"
    # Each answer to kernel_info would draw a tip by `random`, and how often it is asked depends on the machine.
    config.InteractiveShell.enable_tip = False
    return config


def _connection(settings: dict[str, Any]) -> Config:
    config = Config()
    config.IPKernelApp.update({"transport": "ipc", "ip": "channel", **settings["ports"]})
    config.Session.update({"key": settings["key"].encode(), "signature_scheme": "hmac-sha256"})
    return config


def _leave_stderr() -> None:
    """What is written past the kernel's capture goes nowhere from here on: the pipe was for the start, and nobody
    empties it."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        copy = getattr(stream, "_original_stdstream_copy", None)
        if copy is not None:
            os.dup2(null, copy)
    os.close(null)
