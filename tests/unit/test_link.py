"""Frames arrive whole and in order, or the link says why not."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from workbench.errors import LinkError
from workbench.link import MAX_BUFFERS, Link, LinkClosed, LinkTimeout


@pytest.fixture
def pair() -> Iterator[tuple[Link, Link]]:
    one, other = socket.socketpair()
    links = Link(one, send_timeout_s=1), Link(other, send_timeout_s=1)
    yield links
    for link in links:
        link.close()


def test_frames_arrive_in_order_with_their_buffers(pair: tuple[Link, Link]) -> None:
    ours, theirs = pair
    theirs.send({"n": 1}, [b"abc", b"", b"de"])
    theirs.send({"n": 2})
    theirs.send({"n": 3}, [b"x" * 100])
    assert ours.receive() == ({"n": 1, "buffers": [3, 0, 2]}, [b"abc", b"", b"de"])
    assert ours.receive() == ({"n": 2, "buffers": []}, [])
    assert ours.receive()[1] == [b"x" * 100]


def test_a_large_frame_arrives_while_frames_from_other_threads_do_not_cut_into_it(pair: tuple[Link, Link]) -> None:
    ours, theirs = pair
    data = [bytes([n]) * 3_000_000 for n in range(4)]
    senders = [threading.Thread(target=theirs.send, args=({"n": n}, [data[n], b"end"])) for n in range(4)]
    for sender in senders:
        sender.start()
    for _ in senders:
        header, buffers = ours.receive()
        assert buffers == [data[header["n"]], b"end"]


def test_a_timeout_loses_nothing_of_what_has_arrived(pair: tuple[Link, Link]) -> None:
    one, other = socket.socketpair()
    ours = Link(one)
    whole = b'\0\0\0\x11{"buffers":[2,3]}abcde'
    with other:
        for byte in whole[:-1]:
            other.sendall(bytes([byte]))
            with pytest.raises(LinkTimeout):
                ours.receive(time.monotonic())
        other.sendall(whole[-1:])
        assert ours.receive(time.monotonic()) == ({"buffers": [2, 3]}, [b"ab", b"cde"])
    ours.close()


def test_an_end_that_is_gone_is_told(pair: tuple[Link, Link]) -> None:
    ours, theirs = pair
    theirs.send({"last": True})
    theirs.shut_down()
    assert ours.receive()[0]["last"]
    with pytest.raises(LinkClosed):
        ours.receive()
    with pytest.raises(LinkClosed):
        ours.send({"n": 1})


def test_an_end_that_never_reads_does_not_hold_the_sender_for_ever(pair: tuple[Link, Link]) -> None:
    ours, _theirs = pair
    with pytest.raises(LinkClosed):
        ours.send({}, [bytes(50_000_000)])


def test_a_value_of_too_many_parts_is_refused_and_the_link_lives_on(pair: tuple[Link, Link]) -> None:
    ours, theirs = pair
    with pytest.raises(LinkError, match="too many parts"):
        theirs.send({"items": "x" * 17 * 2**20})
    with pytest.raises(LinkError, match="too many parts"):
        theirs.send({}, [b""] * (MAX_BUFFERS + 1))
    theirs.send({"n": 1})
    assert ours.receive()[0]["n"] == 1
