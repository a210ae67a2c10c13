"""The real client against a small double of Kubo's RPC on the loopback, for what a real daemon does not do on
demand: hang, refuse, break off, and lie."""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from orchestrator.config import StorageConfig
from orchestrator.errors import IntegrityError, StorageUnavailable
from orchestrator.storage import Cid, digest_bytes, kubo
from orchestrator.storage.car import read_car
from orchestrator.storage.connecting import connect
from orchestrator.storage.mirrored import MirroredStore

pytestmark = pytest.mark.integration

BIG = random.Random(10).randbytes((3 << 20) + 99)


class Double(ThreadingHTTPServer):
    """Keeps what is imported; `misbehave`, if set, answers in place of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blocks: dict[bytes, bytes] = {}
        self.requests: list[str] = []
        self.tokens: set[str | None] = set()
        self.misbehave: Callable[[Handler], None] | None = None


class Handler(BaseHTTPRequestHandler):
    server: Double
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        url = urlparse(self.path)
        body = self._body()
        self.server.requests.append(url.path)
        self.server.tokens.add(self.headers["Authorization"])
        if self.server.misbehave:
            self.server.misbehave(self)
        elif url.path == "/api/v0/dag/import":
            self._import(body)
        else:
            self._get(parse_qs(url.query)["arg"][0])

    def _body(self) -> bytes:
        """Read a chunked body and take the file out of its multipart form."""
        body = b""
        while "chunked" in self.headers.get("Transfer-Encoding", ""):
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                break
        match = re.fullmatch(rb"--([^\r]+)\r\n.*?\r\n\r\n(.*)\r\n--\1--\r\n", body, re.DOTALL)
        return match[2] if match else b""

    def _import(self, car: bytes) -> None:
        roots, blocks = read_car(BytesIO(car))
        self.server.blocks |= {cid.digest: block for cid, block in blocks}
        self.answer(200, json.dumps({"Root": {"Cid": {"/": str(roots[0])}, "PinErrorMsg": ""}}).encode())

    def _get(self, cid: str) -> None:
        block = self.server.blocks.get(Cid.parse(cid).digest)
        if block is None:
            message = {"Message": "block was not found locally (offline)", "Code": 0, "Type": "error"}
            self.answer(500, json.dumps(message).encode())
        else:
            self.answer(200, block)

    def answer(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if body[:1] == b"{" else "text/plain")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def config(double: Double, timeout: float = 30) -> StorageConfig:
    return StorageConfig("kubo", f"/ip4/127.0.0.1/tcp/{double.server_port}/http", timeout=timeout, token="t")


@pytest.fixture
def store(tmp_path: Path, double: Double, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirroredStore]:
    monkeypatch.setattr(kubo, "PAUSES", (0.0, 0.0, 0.0))
    with connect(tmp_path / "store", config(double)) as store:
        yield store


def test_put__daemon_up__whole_graph_uploaded_with_the_token(store, double, tmp_path):
    result = store.put(BIG)

    assert result.queued == ""
    assert len(double.blocks) == 5
    assert double.tokens == {"Bearer t"}
    with connect(tmp_path / "elsewhere", config(double)) as elsewhere:
        assert elsewhere.read(result.cid) == BIG


def test_put__daemon_hangs__four_tries_then_queued(store, double, tmp_path):
    double.misbehave = lambda handler: time.sleep(1)

    with connect(tmp_path / "hasty", config(double, timeout=0.5)) as hasty:
        result = hasty.put(b"kept")

        assert "4 tries" in result.queued
        assert double.requests == ["/api/v0/dag/import"] * 4
        assert hasty.read(result.cid) == b"kept"


def test_put__forbidden__one_try_then_queued(store, double):
    double.misbehave = lambda handler: handler.answer(403, b"403 - Forbidden")

    assert "refuses access (403)" in store.put(b"kept").queued
    assert len(double.requests) == 1


def test_put__not_a_kubo__queued(store, double):
    double.misbehave = lambda handler: handler.answer(200, b"<html>welcome</html>")

    assert store.put(b"kept").queued


def test_put__nobody_listens__queued_at_once(tmp_path):
    address = replace(StorageConfig("kubo"), kubo="/ip4/127.0.0.1/tcp/9/http")

    with connect(tmp_path, address) as store:
        assert "no Kubo daemon answers" in store.put(b"kept").queued


def test_read__connection_breaks_off__tried_again_then_unavailable(store, double):
    double.misbehave = lambda handler: (
        handler.answer(200, b"part", 400),
        setattr(handler, "close_connection", True),
    )

    with pytest.raises(StorageUnavailable):
        store.read(digest_bytes(b"elsewhere").cid)
    assert len(double.requests) == 4


def test_read__block_altered__integrity_error(store, double, tmp_path):
    with connect(tmp_path / "giver", config(double)) as giver:
        cid = giver.put(BIG).cid
    double.blocks = {digest: b"\0" + block[1:] for digest, block in double.blocks.items()}

    with pytest.raises(IntegrityError):
        store.read(cid)


def test_has__nobody_has_it__false(store):
    assert not store.has(digest_bytes(b"stranger").cid)
