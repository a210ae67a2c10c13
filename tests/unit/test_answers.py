"""body_of
├── an answer without end: cut at the limit
├── an answer that packs far more than its bytes: cut at the limit
├── a byte now and then: requests.Timeout after the time for all
├── nothing more: requests.Timeout by the socket's own time-out
└── a line that breaks off: requests.ConnectionError
"""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest
import requests

from orchestrator.answers import body_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n"
Serve = Callable[..., requests.Response]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A service that answers once with these parts, pausing after each, and then waits or closes."""
    stop, threads = threading.Event(), []

    def answer(*parts: bytes, forever: bytes = b"", pause: float = 0.0, stay: bool = False) -> Any:
        server = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            with server, server.accept()[0] as line:
                line.recv(4096)
                try:
                    for part in chain(parts, repeat(forever) if forever else ()):
                        line.sendall(part)
                        if stop.wait(pause):
                            return
                    if stay:
                        stop.wait()
                except OSError:
                    pass  # the client had enough

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        return requests.get(url, stream=True, timeout=0.5)

    yield answer
    stop.set()
    for thread in threads:
        thread.join()


def test_body_of__whole_answer__is_it(serve: Serve) -> None:
    with serve(HEAD % (5, b"") + b"he", b"llo") as response:
        assert body_of(response, 100, 5) == b"hello"


def test_body_of__answer_without_end__is_cut(serve: Serve) -> None:
    with serve(HEAD % (1 << 40, b""), forever=bytes(1 << 16)) as response:
        assert len(body_of(response, 1_000_000, 60)) == 1_000_000


def test_body_of__packed_bomb__is_cut(serve: Serve) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    with serve(HEAD % (len(bomb), b"Content-Encoding: gzip\r\n") + bomb) as response:
        assert len(body_of(response, 1_000_000, 60)) == 1_000_000


def test_body_of__a_byte_now_and_then__times_out(serve: Serve) -> None:
    began = time.monotonic()
    parts = {"forever": b"x", "pause": 0.05}
    with (
        serve(HEAD % (1 << 40, b""), **parts) as response,
        pytest.raises(requests.Timeout, match="does not end"),
    ):
        body_of(response, 1 << 40, 0.3)
    assert time.monotonic() - began < 30


def test_body_of__nothing_more__times_out(serve: Serve) -> None:
    with serve(HEAD % (10, b""), b"x", stay=True) as response, pytest.raises(requests.Timeout):
        body_of(response, 100, 60)


def test_body_of__line_that_breaks_off__is_no_connection(serve: Serve) -> None:
    with serve(HEAD % (10, b"") + b"x") as response, pytest.raises(requests.ConnectionError):
        body_of(response, 100, 60)
