"""Ports for servers of the tests' own, of which several run at the same time."""

import os
import random
import socket
from contextlib import ExitStack

# Below those that the host's kernel gives to connections, so that none takes a port between its choice and its use.
RANGE = range(20_000, 32_000)
# Test processes side by side do not draw from the same.
SHARES = 8


def free_ports(count: int) -> list[int]:
    """So many ports of loopback that nobody uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    mine = list(RANGE[int(worker) % SHARES :: SHARES])
    random.shuffle(mine)
    found: list[int] = []
    with ExitStack() as stack:
        for port in mine:
            trying = stack.enter_context(socket.socket())
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"no {count} free ports among {len(mine)}")
