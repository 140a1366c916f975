"""A dask-gateway on this machine's loopback, whose clusters are processes of this user; for tests only."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.servers_here import end, free_ports, wait_for_answer

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
    server, proxy, tcp = free_ports(3)
    configuration = folder / "dask_gateway_config.py"
    configuration.write_text(
        CONFIGURATION.format(password=PASSWORD, server=server, proxy=proxy, tcp=tcp, folder=folder)
    )
    command = [sys.executable, "-m", "dask_gateway_server", "-f", str(configuration)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=folder)
    try:
        # The proxy knows where the server is some time after both listen.
        wait_for_answer(f"http://127.0.0.1:{proxy}/api/version", process, folder / "said", START_TIMEOUT_S)
        yield {
            "gateway.address": f"http://127.0.0.1:{proxy}",
            "gateway.proxy-address": f"gateway://127.0.0.1:{tcp}",
            "gateway.auth.type": "basic",
            "gateway.auth.kwargs": {"username": "instructor", "password": PASSWORD},
        }
    finally:
        end(process, STOP_TIMEOUT_S)
