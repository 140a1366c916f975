"""A PostgreSQL of the tests' own, on a Unix socket in a folder, run by an account without rights."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "postgres"  # what Debian's package makes; used where the tests run as root, which PostgreSQL refuses


def _programs() -> Path | None:
    found = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def missing() -> str:
    """Why there is none here; "" where there is."""
    if _programs() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(ACCOUNT)
        except KeyError:
            return f"PostgreSQL does not run as root, and there is no account {ACCOUNT}"
    return ""


@contextmanager
def postgres_here(folder: Path) -> Iterator[str]:
    """Starts it with an empty database; SQLAlchemy's URL. Ends it."""
    programs = _programs()
    assert programs is not None, "ask missing() first"
    # A socket's path is short, and the account of the database reaches no folder of another.
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        account = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam(ACCOUNT)
            os.chown(place, entry.pw_uid, entry.pw_gid)
            account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        data = f"{place}/data"
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "exchange", "-E", "UTF8", "--no-sync"]
        quiet = {"cwd": place, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}} | account
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **quiet)
        command = [programs / "postgres", "-D", data, "-k", place, "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, **quiet)
        try:
            ready = [programs / "pg_isready", "-h", place, "-U", "exchange", "-d", "postgres", "-t", "30"]
            for _ in range(600):
                if subprocess.run(ready, stdout=subprocess.DEVNULL, check=False, **quiet).returncode == 0:
                    break
                assert process.poll() is None, (folder / "said").read_text()
                time.sleep(0.05)
            yield f"postgresql+psycopg://exchange@/postgres?host={place}"
        finally:
            process.terminate()
            process.wait(30)
