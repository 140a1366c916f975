"""Keeps one warm process for each set of libraries, for as long as this process lives."""

import atexit
import logging
import socket
import threading
from collections.abc import Mapping, Sequence

from autograder.errors import SandboxError
from autograder.sandbox.launch import END_TIMEOUT_S
from autograder.sandbox.warm import WarmSandbox

logger = logging.getLogger(__name__)
MOST_KEPT = 4

_lock = threading.Lock()
_kept: dict[tuple[object, ...], "_Keeper"] = {}


def warm_fds(libraries: Sequence[str], env: Mapping[str, str]) -> list[int]:
    """What `kernel_starter` takes for kernels with these libraries; nothing, after a warning, where none can be kept.

    It is started at the first call. One that has ended is replaced; the one not asked for the longest makes room.
    """
    with _lock:
        asking = _keeper(libraries, env, replace=True).asking()
    return [] if asking is None else [asking.fileno()]


def start_early(libraries: Sequence[str], env: Mapping[str, str]) -> None:
    """Starts what `warm_fds` will be asked for, and does not wait for it."""
    with _lock:
        _keeper(libraries, env, replace=False)


def _keeper(libraries: Sequence[str], env: Mapping[str, str], *, replace: bool) -> "_Keeper":
    key = (tuple(libraries), tuple(sorted(env.items())))
    keeper = _kept.pop(key, None)
    if keeper is None or (replace and not keeper.alive()):
        while len(_kept) >= MOST_KEPT:
            _kept.pop(next(iter(_kept))).end()
        keeper = _Keeper(libraries, env)
    _kept[key] = keeper
    return keeper


@atexit.register
def end_all() -> None:
    """Ends all that are kept; the next one asked for is started anew."""
    with _lock:
        kept = list(_kept.values())
        _kept.clear()
    for keeper in kept:
        keeper.end()
    for keeper in kept:
        keeper.join(END_TIMEOUT_S)


class _Keeper(threading.Thread):
    """A sandbox ends with the thread that started it: this one stays."""

    def __init__(self, libraries: Sequence[str], env: Mapping[str, str]) -> None:
        super().__init__(name="warm-sandbox", daemon=True)
        self._libraries, self._env = libraries, env
        self._ready, self._ended = threading.Event(), threading.Event()
        self._sandbox: WarmSandbox | None = None
        self.start()

    def run(self) -> None:
        try:
            self._sandbox = WarmSandbox(self._libraries, self._env)
        except SandboxError as error:
            logger.warning("No warm process for %s, so each kernel starts cold: %s", list(self._libraries), error)
        finally:
            self._ready.set()
        self._ended.wait()
        if self._sandbox is not None:
            self._sandbox.close()

    def alive(self) -> bool:
        """Whether it can be asked; one that never started is not tried again."""
        self._ready.wait()
        return self._sandbox is None or self._sandbox.alive()

    def asking(self) -> socket.socket | None:
        self._ready.wait()
        return None if self._sandbox is None else self._sandbox.asking

    def end(self) -> None:
        self._ended.set()
