"""Faults on purpose: between DILN and a node, as a seed says; death at the k-th thing written or sent.

`Proxy` stands before a node and is its own process; `Points` lives in a process that may die.
"""

import contextlib
import http.client
import json
import multiprocessing
import os
import random
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.ports import free_port

SEND = "eth_sendRawTransaction"
FAULTS = ("drop request", "drop response", "delay", "null", "error", "truncate", "429", "502")
TARGETS = (
    SEND,
    SEND,
    "eth_getTransactionByHash",
    "eth_getTransactionReceipt",
    "eth_getTransactionCount",
    "eth_getBlockByNumber",
    "eth_getLogs",
    "eth_call",
    "*",
)
KILLED = 137
DELAY = 1.2  # seconds: longer than the network's time-out in these tests


@dataclass
class Script:
    """Which requests fail, and how; the same for the same seed. Seed 0 lets everything pass."""

    seed: int
    rules: list[tuple[str, int, int, str]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.seed:
            return
        rng = random.Random(self.seed)
        for _ in range(rng.randint(1, 4)):
            target = rng.choice(TARGETS)
            first = rng.randint(0, 3 if target == SEND else 25)
            faults = [fault for fault in FAULTS if fault != "delay" or target == SEND]
            self.rules.append((target, first, rng.choice((1, 1, 2, 3, 6)), rng.choice(faults)))

    def fault(self, method: str) -> str:
        """What happens to this request; "" for nothing."""
        self.log.append(method)
        told = ""
        for key in (method, "*"):
            number = self.asked[key] = self.asked.get(key, -1) + 1
            for target, first, length, fault in self.rules:
                if target == key and first <= number < first + length:
                    told = told or fault
        return told


def strikes(seed: int, asked: list[str]) -> bool:
    """Whether one of these requests fails under `seed`."""
    script = Script(seed)
    return any(script.fault(method) for method in asked)


class Proxy:
    """Stands before the node at `port` of this machine, at a port of its own."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(self.port, port), daemon=True
        )
        self._process.start()
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("the proxy does not listen")

    def script(self, seed: int) -> None:
        """Begin again with the faults of `seed`."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        line.request("PUT", "/", str(seed))
        line.getresponse().read()
        line.close()

    def asked(self) -> list[str]:
        """The methods of all requests since `script`."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        line.request("GET", "/")
        found: list[str] = json.loads(line.getresponse().read())
        line.close()
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(port: int, target: int) -> None:
    _Handler.target = target
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script = Script(0)
    target = 0

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        type(self).script = Script(int(self._body()))
        self._answer(200, b"{}")

    def do_GET(self) -> None:
        self._answer(200, json.dumps(self.script.log).encode())

    def do_POST(self) -> None:
        body = self._body()
        asked = json.loads(body)
        fault = self.script.fault("batch" if isinstance(asked, list) else str(asked.get("method")))
        if fault in ("429", "502"):
            self._answer(int(fault), b"busy")
        elif fault == "drop request":
            self.close_connection = True
        else:
            self._answer_with(fault, body, _forward(self.target, body))

    def _answer_with(self, fault: str, body: bytes, answer: bytes) -> None:
        """What becomes of an answer of the node: it has had the request."""
        if fault == "drop response":
            self.close_connection = True
            return
        if fault == "delay":
            time.sleep(DELAY)
        instead: dict[str, Any] = {
            "null": {"result": None},
            "error": {"error": {"code": -32603, "message": "internal error"}},
        }
        if fault in instead:
            asked = json.loads(body)
            several = asked if isinstance(asked, list) else [asked]
            told = [{"jsonrpc": "2.0", "id": each["id"], **instead[fault]} for each in several]
            answer = json.dumps(told if isinstance(asked, list) else told[0]).encode()
        self._answer(200, answer[: len(answer) // 2] if fault == "truncate" else answer)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, body: bytes) -> None:
        kind = "Content-Type: application/json"
        head = f"HTTP/1.1 {status} x\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        with contextlib.suppress(OSError):
            self.wfile.write(head.encode() + body)  # at once, or the two wait for each other's packets


def _forward(port: int, body: bytes) -> bytes:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("POST", "/", body, {"Content-Type": "application/json"})
    answer = line.getresponse().read()
    line.close()
    return answer


def fail_inside(script: Script) -> None:
    """The same faults before the embedded chain of this process."""
    from orchestrator.chain.embedded import EmbeddedProvider
    from orchestrator.errors import NodeUnavailable

    plain = EmbeddedProvider.make_request

    def faulty(self: Any, method: Any, params: Any) -> Any:
        fault = script.fault(method)
        if fault in ("drop request", "429", "502"):
            raise NodeUnavailable("the line is down", "Try again.")
        answer = plain(self, method, params)
        if fault in ("drop response", "truncate", "delay"):
            raise NodeUnavailable("the line is down", "Try again.")
        if fault == "null":
            return {"jsonrpc": "2.0", "id": 0, "result": None}
        if fault == "error":
            return {"jsonrpc": "2.0", "id": 0, "error": {"code": -32603, "message": "internal error"}}
        return answer

    EmbeddedProvider.make_request = faulty  # type: ignore[method-assign]


class Points:
    """Counts what is written or sent from now on, and dies without a word at number `die_at` (0: never).

    A point is before and after a rename, a removal, a sync, a block and a transaction handed to a node, and
    before a file is opened for writing and before each output. With `pauses` the process tells of each by the
    second of these pipes, and goes on when the first says so.
    """

    def __init__(self, die_at: int = 0, pauses: tuple[int, int] | None = None) -> None:
        self.count = 0
        self._die_at, self._pauses = die_at, pauses
        for name in ("fsync", "replace", "rename", "unlink"):
            self._wrap(os, name)
        self._watch_requests()
        self._watch_output()
        sys.addaudithook(self._audit)

    def hit(self) -> None:
        self.count += 1
        if self.count == self._die_at:
            os._exit(KILLED)
        if self._pauses:
            os.write(self._pauses[1], b".")
            os.read(self._pauses[0], 1)

    def _wrap(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def pointed(*args: Any, **kwargs: Any) -> Any:
            self.hit()
            result = plain(*args, **kwargs)
            self.hit()
            return result

        setattr(owner, name, pointed)

    def _watch_requests(self) -> None:
        from orchestrator.chain.embedded import EmbeddedProvider
        from orchestrator.chain.transport import RetryingProvider

        def pointed(plain: Callable[..., Any]) -> Callable[..., Any]:
            def request(provider: Any, method: Any, params: Any) -> Any:
                writes = method == SEND or str(method).startswith(("evm_", "anvil_"))
                if writes:
                    self.hit()
                answer = plain(provider, method, params)
                if writes:
                    self.hit()
                return answer

            return request

        EmbeddedProvider.make_request = pointed(EmbeddedProvider.make_request)  # type: ignore[method-assign]
        RetryingProvider._ask = pointed(RetryingProvider._ask)  # type: ignore[method-assign]

    def _watch_output(self) -> None:
        plain = sys.stdout.write

        def write(text: str) -> int:
            self.hit()
            return plain(text)

        sys.stdout.write = write  # type: ignore[method-assign]

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.hit()
