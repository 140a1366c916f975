"""A dask-gateway on this machine's loopback, whose clusters are processes of this user; for tests only."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "a password of the tests"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
CONFIGURATION = """\
import sys

c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.SimpleAuthenticator.password = "{password}"
c.DaskGateway.address = "127.0.0.1:{server}"
c.Proxy.address = "127.0.0.1:{proxy}"
c.Proxy.tcp_address = "127.0.0.1:{tcp}"
c.LocalBackend.clusters_directory = "{folder}/clusters"
# The gateway's defaults, dask-scheduler and dask-worker, are no longer part of Dask.
c.ClusterConfig.scheduler_cmd = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
c.ClusterConfig.worker_cmd = [sys.executable, "-m", "distributed.cli.dask_worker", "--host", "127.0.0.1"]
"""


@contextmanager
def gateway_here(folder: Path) -> Iterator[dict[str, Any]]:
    """Starts it, its files in an empty folder; what a user writes into gateway.yaml. Ends it with its clusters."""
    (folder / "clusters").mkdir()
    server, proxy, tcp = _free_ports(3)
    configuration = folder / "dask_gateway_config.py"
    configuration.write_text(
        CONFIGURATION.format(password=PASSWORD, server=server, proxy=proxy, tcp=tcp, folder=folder)
    )
    command = [sys.executable, "-m", "dask_gateway_server", "-f", str(configuration)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=folder)
    try:
        _wait_for(f"http://127.0.0.1:{proxy}/api/version", process, folder / "said")
        yield {
            "gateway.address": f"http://127.0.0.1:{proxy}",
            "gateway.proxy-address": f"gateway://127.0.0.1:{tcp}",
            "gateway.auth.type": "basic",
            "gateway.auth.kwargs": {"username": "instructor", "password": PASSWORD},
        }
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", said: Path) -> None:
    """Until the proxy knows where the server is, which is some time after both listen."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise TimeoutError(f"the gateway did not come up: {said.read_text()[-4000:]}")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for made in sockets:
            made.bind(("127.0.0.1", 0))
        return [made.getsockname()[1] for made in sockets]
