"""How long one call of a learner's function takes over the link between two processes, beside a bare socket.

Prints the median of `submission.call("echo", array)`, of the same bytes echoed by a bare socket, and their ratio.
"""

import argparse
import os
import socket
import statistics
import time
from collections.abc import Callable

import numpy as np

from workbench.link import Link
from workbench.serve import Server
from workbench.submission import Channel, Submission

SHAPES = {"4 × 7": (4, 7), "4 MB": (500_000,), "64 MB": (8_000_000,)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each measurement")
    seconds = parser.parse_args().seconds
    print(f"{'array':<8}{'referee call':>16}{'bare socket':>16}{'ratio':>8}{'calls':>8}")
    for name, shape in SHAPES.items():
        array = np.random.default_rng(1).normal(size=shape)
        ours, pid = in_child(serve)
        link = Link(ours)
        submission = Submission(Channel(link, lambda: 0.0, lambda: None), np.random.default_rng(1), {})
        assert np.array_equal(submission.call("echo", array), array)
        calls = times_s(lambda submission=submission, array=array: submission.call("echo", array), seconds)
        link.shut_down()
        link.close()
        os.waitpid(pid, 0)

        data = array.tobytes()
        ours, pid = in_child(lambda theirs, size=array.nbytes: echo(theirs, size))
        bare = times_s(lambda ours=ours, data=data: exchange(ours, data), seconds)
        ours.close()
        os.waitpid(pid, 0)
        call_s, bare_s = statistics.median(calls), statistics.median(bare)
        print(f"{name:<8}{call_s * 1e3:>13.3f} ms{bare_s * 1e3:>13.3f} ms{call_s / bare_s:>8.1f}{len(calls):>8}")


def in_child(work: Callable[[socket.socket], None]) -> tuple[socket.socket, int]:
    """Starts a process that works at the other end of a socket; our end and its pid."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        work(theirs)
        os._exit(0)
    theirs.close()
    return ours, pid


def serve(theirs: socket.socket) -> None:
    Server(Link(theirs), {"echo": lambda array: array}).run()


def echo(theirs: socket.socket, size: int) -> None:
    buffer = bytearray(size)
    while receive(theirs, buffer):
        theirs.sendall(buffer)


def exchange(ours: socket.socket, data: bytes) -> None:
    ours.sendall(data)
    receive(ours, bytearray(len(data)))


def receive(sock: socket.socket, buffer: bytearray) -> bool:
    """Fills the buffer; False when the other end has closed."""
    filled = 0
    with memoryview(buffer) as view:
        while filled < len(buffer):
            count = sock.recv_into(view[filled:])
            if count == 0:
                return False
            filled += count
    return True


def times_s(action: Callable[[], object], seconds: float) -> list[float]:
    """Times of repeated actions, at least five, after one that is not counted."""
    action()
    times: list[float] = []
    end_s = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end_s:
        start_s = time.perf_counter()
        action()
        times.append(time.perf_counter() - start_s)
    return times


if __name__ == "__main__":
    main()
