"""Where the trusted processes of grading come from: a process with one thread, which forks a child whenever asked.

A fork costs milliseconds, where a new interpreter would import for a second. A process that has threads or an event
loop must not fork; a nursery is made before it has either, or is an interpreter of its own.
"""

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

from autograder.errors import GradingError

Work = Callable[[list[int], bytes], None]
Prepare = Callable[[bytes], None]
LONGEST_REQUEST_BYTES = 65536
MOST_FDS = 4


class Nursery:
    """Forks children that each run `work(fds, request)` and end. It ends when its maker closes it or ends.

    Make it with `fork` or `spawn`. Where there is a `prepare(request)`, it runs in the nursery itself before each fork:
    the place for what all later children need as well.
    """

    def __init__(self, asking: socket.socket, wait: Callable[[], object]) -> None:
        self._asking, self._wait = asking, wait

    @classmethod
    def fork(cls, work: Work) -> "Nursery":
        """A nursery forked from this process, which must not have started threads."""
        asking, serving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            asking.close()
            serve(serving, work)
        serving.close()
        return cls(asking, lambda: os.waitpid(pid, 0))

    @classmethod
    def spawn(cls, module: str, work: str, prepare: str = "") -> "Nursery":
        """A nursery in a new interpreter, which imports `module` once; `work` and `prepare` are functions in it."""
        asking, serving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "autograder.nursery", str(serving.fileno()), module, work, prepare]
        process = subprocess.Popen(command, pass_fds=[serving.fileno()], stdin=subprocess.DEVNULL)
        serving.close()
        return cls(asking, process.wait)

    def start(self, fds: Sequence[int], request: bytes = b"-") -> int:
        """Forks a child that gets copies of the descriptors; its pid. Safe from several threads only with a lock.

        Raises:
            GradingError: the nursery has ended.
        """
        answer, reason = b"", "the process that starts them has ended"
        try:
            socket.send_fds(self._asking, [request], list(fds))
            answer = self._asking.recv(32)
        except OSError as error:
            reason = str(error)
        if not answer:
            raise GradingError("A process of the grader could not be started.", came=reason, mend="grade again")
        return int(answer)

    def close(self) -> None:
        self._asking.close()
        self._wait()


def serve(serving: socket.socket, work: Work, prepare: Prepare | None = None) -> NoReturn:
    """Runs in the nursery's process until its maker closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are buried by the kernel
    while True:
        request, fds, _, _ = socket.recv_fds(serving, LONGEST_REQUEST_BYTES, MOST_FDS)
        if not request:
            os._exit(0)
        if prepare is not None:
            prepare(request)
        gc.freeze()  # no child looks for garbage among what it has in common with the others
        pid = os.fork()
        if pid == 0:
            serving.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = 1
            try:
                work(fds, request)
                status = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
                raise
            finally:
                with contextlib.suppress(OSError, ValueError):
                    sys.stdout.flush()
                os._exit(status)
        for fd in fds:
            os.close(fd)
        serving.send(str(pid).encode())


if __name__ == "__main__":
    in_module = import_module(sys.argv[2])
    in_nursery = getattr(in_module, sys.argv[4]) if sys.argv[4] else None
    serve(socket.socket(fileno=int(sys.argv[1])), getattr(in_module, sys.argv[3]), in_nursery)
