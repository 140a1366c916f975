"""The hub with both of its databases in PostgreSQL, as a larger site has them."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.browser.small_courses import hub_with_small_courses
from tests.integration.hub_here import PROJECT
from tests.integration.hub_kernel import run_in
from tests.unit.postgres_here import missing, postgres_here

pytestmark = [pytest.mark.slow, pytest.mark.needs_sandbox, pytest.mark.timeout(480)]
WHAT = {"course_id": "sums", "assignment_id": "tiny"}


def test_a_hub_on_postgresql_hands_out_and_takes_in_and_finds_its_servers_after_a_restart(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    with postgres_here(tmp_path) as url:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("create database hub")
        databases = {"database": url.replace("/postgres", "/hub", 1), "exchange_database": url}
        storage = {"folder": str(tmp_path / "state"), **databases}
        with hub_with_small_courses(tmp_path, storage=storage) as hub:
            assert not list((tmp_path / "state").rglob("*.sqlite")), "nothing is kept in SQLite besides"
            ines, lea = hub.sign_in("ines"), hub.sign_in("lea")
            top = ines.start_server("course-sums")
            assert ines.send("POST", f"{top}formgrader/api/assignment/tiny/release").json()["success"]
            own = lea.start_server()
            for action in ("fetch", "submit"):
                assert lea.send("POST", f"{own}assignments/{action}", json=WHAT).json()["success"]
            kernel = lea.send("POST", f"{own}api/kernels", json={"name": "python3"}).json()["id"]
            run_in(lea, kernel, "answer = 42")
            assert hub.process is not None
            hub.process.kill()
            hub.process.wait()
            hub.start()
            lea = hub.sign_in("lea")
            lea.start_server()
            assert "42" in run_in(lea, kernel, "print(answer)")
            with psycopg.connect(url.replace("+psycopg", "")) as connection:
                assert connection.execute("select count(*) from submissions").fetchone() == (1,)
            command = [sys.executable, "-m", "autograder", "hub", "--file", str(hub.file), "stop"]
            stopped = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
            assert stopped.returncode == 0, stopped.stderr
            assert "lea" in stopped.stdout and "course-sums" in stopped.stdout
