"""What nobody uses is ended; what computes never is."""

import time
from pathlib import Path

import pytest

from tests.integration.hub_here import running_hub
from tests.integration.hub_kernel import run_in, start_code

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(600)]
IDLE = {"kernel_after_minutes": 0.05, "server_after_minutes": 0.2, "check_every_minutes": 0.02}
BUSY_S = 20  # several times the longest idle time


def test_idle_kernels_and_servers_are_ended_and_busy_ones_are_not(tmp_path: Path) -> None:
    with running_hub(tmp_path, idle=IDLE) as hub:
        lea = hub.sign_in("lea")
        lea.start_server()
        idle = lea.send("POST", "/user/lea/api/kernels", json={"name": "python3"}).json()["id"]
        busy = lea.send("POST", "/user/lea/api/kernels", json={"name": "python3"}).json()["id"]
        run_in(lea, idle, "1")
        start_code(lea, busy, f"import time; time.sleep({BUSY_S}); answer = 42")
        deadline_s = time.monotonic() + 60
        while idle in (left := {kernel["id"] for kernel in lea.get("/user/lea/api/kernels").json()}):
            assert time.monotonic() < deadline_s, "the idle kernel was not ended"
            time.sleep(0.5)
        assert left == {busy}
        # The cell is handed in while the other still computes, so that it is never idle in between.
        assert "42" in run_in(lea, busy, "print(answer)")
        while lea.get("/hub/api/users/lea").json()["server"] is not None:
            assert time.monotonic() < deadline_s + 120, "the idle server was not ended"
            time.sleep(1)
