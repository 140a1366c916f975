"""`workbench start`: JupyterLab on a learner's folder, which is filled from the catalogue first.

It listens on this machine alone and keeps Jupyter's token. One folder has one JupyterLab at a time.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import KitError
from workbench.learner_folder import CATALOGUE_PAGE, OWN, Put, fill
from workbench.shelf import Shelf
from workbench.start_page import START, write_start_page

DEFAULT_FOLDER = "~/ai-factory-courses"
DEFAULT_PORT = 8888
UP_WITHIN_S = 90
LOOK_S = 0.25
END_WITHIN_S = 20
# Jupyter writes its address and token there, for its owner's eyes only.
RUNTIME = "import jupyter_core.paths as p; print(p.jupyter_runtime_dir())"


class StartError(KitError):
    """JupyterLab was not started."""


@dataclass(frozen=True)
class RunningLab:
    """A Jupyter server that runs: its process, folder and address, with the token."""

    pid: int
    folder: str
    address: str
    has_token: bool


def start(folder: Path, shelf: Shelf, *, browser: bool, port: int, copy_only: bool) -> int:
    """Fills the folder, then runs JupyterLab on it until it ends; the exit status.

    Raises:
        StartError: a workbench runs there already, JupyterLab is not installed or does not come up.
        FolderError, ShelfError: the notebooks cannot be put there.
    """
    folder = folder.expanduser().absolute()
    with _alone(folder):
        say_what_was_put(fill(folder, shelf), folder)
        write_start_page(folder, shelf)
        if copy_only:
            return 0
        if importlib.util.find_spec("jupyterlab") is None:
            mend = f"pip install 'ai-factory-course-kit[lessons]'; the notebooks are in {folder}"
            raise StartError("JupyterLab is not installed here", mend=mend)
        return _run_lab(folder, browser, port)


def say_what_was_put(puts: list[Put], folder: Path) -> None:
    """What is new, and what lies beside the learner's own work."""
    new = [put for put in puts if put.how == "new"]
    renewed = [put for put in puts if put.how == "renewed"]
    if new:
        print(f"{len(new)} new in {folder}: {_some(put.place for put in new)}")
    if renewed:
        print(
            f"{len(renewed)} brought to the newer release, you had changed nothing: {_some(p.place for p in renewed)}"
        )
    for put in puts:
        if put.how == "beside":
            print(f"A newer release of {put.beside} lies beside yours, which stays as it is: {put.place}")
    if all(put.how == "there" for put in puts):
        print(f"All notebooks are in {folder} already.")


def _some(places: Any, most: int = 4) -> str:
    names = list(places)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the folder for this process. Raises StartError: another workbench or JupyterLab has it."""
    try:
        (folder / OWN).mkdir(parents=True, exist_ok=True)
        lock = (folder / OWN / "lock").open("w")
    except OSError as error:
        mend = "name another folder: `workbench start FOLDER`"
        raise StartError("the folder cannot be written", str(folder), error.strerror or str(error), mend=mend) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(folder, _wait_for_lab(folder)) from None
        if (lab := lab_on(folder)) is not None:
            raise _taken(folder, lab)
        yield


def _taken(folder: Path, lab: RunningLab | None) -> StartError:
    return StartError(
        "a JupyterLab runs on this folder already; two of them would write over each other's notebooks",
        where=str(folder),
        came=lab.address if lab else "one that is just starting",
        mend="open that address in a browser, or end it (Ctrl-C where it runs) and start again",
    )


def _wait_for_lab(folder: Path) -> RunningLab | None:
    """The other one may be starting at this moment."""
    for _ in range(20):
        if (lab := lab_on(folder)) is not None:
            return lab
        time.sleep(LOOK_S)
    return None


def lab_on(folder: Path) -> RunningLab | None:
    """The Jupyter server of this user whose root is this folder."""
    wanted = os.path.realpath(folder)
    return next((lab for lab in running_labs() if os.path.realpath(lab.folder) == wanted), None)


def running_labs() -> Iterator[RunningLab]:
    """The Jupyter servers of this user that run, as they have written down themselves."""
    asked = subprocess.run([sys.executable, "-c", RUNTIME], capture_output=True, text=True, check=False)
    for path in Path(asked.stdout.strip() or os.devnull).glob("jpserver-*.json"):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            os.kill(int(told["pid"]), 0)
            token = str(told["token"])
            address = f"{told['url']}lab/tree/{START}" + (f"?token={token}" if token else "")
            needs_token = bool(token or told.get("password"))
            yield RunningLab(int(told["pid"]), str(told["root_dir"]), address, needs_token)
        except (OSError, ValueError, KeyError, TypeError):  # one that has ended, or is writing just now
            continue


def _run_lab(folder: Path, browser: bool, port: int) -> int:
    # -P: a learner's own random.py in that folder is no module of JupyterLab.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", f"--LabApp.default_url=/lab/tree/{START}", "--ServerApp.answer_yes=True"]
    command += ["--ServerApp.allow_remote_access=False", "--Application.log_level=WARN"]
    # Nothing is asked of the network: neither JupyterLab's news nor its newest version.
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    lab = subprocess.Popen(command, cwd=folder)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: lab.terminate())
    # Ctrl-C reaches JupyterLab too, which then ends its kernels: this process waits for that.
    signal.signal(signal.SIGINT, lambda *_: None)
    running = _wait_until_up(lab)
    if running is not None and not running.has_token:
        lab.terminate()
        lab.wait(END_WITHIN_S)
        raise StartError(
            "JupyterLab was ended: your own Jupyter settings switch off its token",
            where="c.IdentityProvider.token or c.ServerApp.token in ~/.jupyter",
            mend="take that line out: without a token, every user of this machine could run code as you",
        )
    if running is not None:
        print(f"JupyterLab is at  {running.address}")
        print(f"The catalogue is  {(folder / CATALOGUE_PAGE).as_uri()}")
        print("Ctrl-C ends it; what you have saved stays.", flush=True)
    status = lab.wait()
    if running is None:
        came = f"it ended with status {status}; what it said stands above"
        raise StartError("JupyterLab did not come up", where=str(folder), came=came, mend="try: workbench doctor")
    return 0 if status in (0, -signal.SIGINT, -signal.SIGTERM) else 1


def _wait_until_up(lab: "subprocess.Popen[bytes]") -> RunningLab | None:
    """What the new server says of itself; None where it has ended, or does not come up."""
    until = time.monotonic() + UP_WITHIN_S
    while lab.poll() is None:
        for running in running_labs():
            if running.pid == lab.pid:
                return running
        if time.monotonic() > until:
            lab.terminate()
            return None
        time.sleep(LOOK_S)
    return None
