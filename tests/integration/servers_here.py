"""What tests that start servers of their own share: ports, waiting until one answers, ending it."""

import contextlib
import os
import random
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

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


def wait_for_answer(url: str, process: "subprocess.Popen[bytes]", said: Path, timeout_s: float) -> None:
    """Until the address answers. Raises TimeoutError, with what the process has said, where it ends before."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise TimeoutError(f"{url} did not come up: {said.read_text()[-4000:]}")
        time.sleep(0.05)


def end(process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
    """Asks it to end; ends it where it does not in time."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
