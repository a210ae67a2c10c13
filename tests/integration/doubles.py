"""Small HTTP services on the loopback, for what real ones do not do on demand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Service(ThreadingHTTPServer):
    """Hands each request to `respond`, or to `misbehave` if that is set, and keeps it as (method, path)."""

    daemon_threads = True

    def __init__(self, respond: Callable[["Request"], None]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.respond = respond
        self.misbehave: Callable[[Request], None] | None = None
        self.requests: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Request(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"
    body: Any = None

    def _respond(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path))
        (self.server.misbehave or self.server.respond)(self)

    do_GET = do_POST = do_DELETE = _respond  # noqa: N815 - names of the base class

    def answer(self, status: int, body: bytes | dict = b"", length: int | None = None) -> None:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running(respond: Callable[[Request], None]) -> Iterator[Service]:
    with Service(respond) as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
