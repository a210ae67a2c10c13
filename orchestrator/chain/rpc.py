"""JSON-RPC 2.0 over HTTP, for wallets, pages and other tools: an ASGI application over any provider of web3.

headers (who asks, what kind of body) → body (bounded) → text (depth) → requests, one or a batch → provider

What a stranger may send costs little and is answered by a sentence: JSON-RPC's own errors where the request
is JSON-RPC, HTTP's where it is not.
"""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint

from orchestrator.chain.visitors import Visitors
from orchestrator.config import Network
from orchestrator.errors import DilnError
from orchestrator.nesting import is_nested_deeper
from orchestrator.text import shown

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


LARGEST_BODY = 1 << 20
SLOWEST_BODY = 10.0
"""Seconds that a body may take."""

LARGEST_BATCH = 100
SLOWEST_BATCH = 20.0
"""Seconds after which nothing more of a batch is asked: one call may take a chain of this machine as long."""

DEEPEST = 32
THREADS = 8
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INTERNAL_ERROR = -32700, -32600, -32601, -32603

PASSED_ON = frozenset(
    {
        "eth_accounts",
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getBlockReceipts",
        "eth_getBlockTransactionCountByHash",
        "eth_getBlockTransactionCountByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getStorageAt",
        "eth_getTransactionByBlockHashAndIndex",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "eth_sendRawTransaction",
        "eth_syncing",
        "net_listening",
        "net_version",
        "web3_clientVersion",
    }
)
"""What any chain is asked for: reads, and transactions that their sender has signed. Nothing else reaches
a node: neither its unlocked accounts nor its debugging are open to whoever reaches this server."""

MOVES_TIME = frozenset({"evm_increaseTime", "evm_mine"})
"""What a development chain of this machine is asked for as well, by this machine."""


def methods_of(network: Network, *, public: bool) -> frozenset[str]:
    """What may be asked of `network`; `public` where others than this machine reach the server."""
    return PASSED_ON | MOVES_TIME if network.local and not public else PASSED_ON


class Rpc:
    """Answers POST requests of `visitors`, by asking `provider` for those methods that are in `methods`."""

    def __init__(
        self,
        provider: BaseProvider,
        visitors: Visitors,
        methods: Iterable[str] = PASSED_ON | MOVES_TIME,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._visitors = visitors
        self._methods = frozenset(methods)
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, "rpc")

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status, content = await self._answer(scope["method"], headers, receive)
        fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        if status != HTTPStatus.FORBIDDEN and "origin" in headers:
            fields += [
                (b"access-control-allow-origin", headers["origin"].encode("latin-1")),
                (b"access-control-allow-headers", b"content-type"),
                (b"vary", b"origin"),
            ]
        await send({"type": "http.response.start", "status": int(status), "headers": fields})
        await send({"type": "http.response.body", "body": content})

    async def _answer(
        self, verb: str, headers: Mapping[str, str], receive: "Receive"
    ) -> tuple[HTTPStatus, bytes]:
        if reason := self._visitors.refusal(headers):
            return HTTPStatus.FORBIDDEN, _refused(reason)
        if verb == "OPTIONS":
            return HTTPStatus.NO_CONTENT, b""
        if verb != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, _refused("send JSON-RPC requests by POST")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            # Any page could send other kinds without asking the browser first.
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _refused("send Content-Type: application/json")
        body = await _read(receive)
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _refused(
                f"a body has at most {LARGEST_BODY:,} bytes, and {SLOWEST_BODY:.0f} seconds"
            )
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, self.answer, body)
        return (HTTPStatus.OK, answer) if answer else (HTTPStatus.NO_CONTENT, b"")

    def answer(self, body: bytes) -> bytes:
        """The answer to the request, or the batch of requests, in `body`; empty for notifications."""
        try:
            asked = _parsed(body)
        except (ValueError, RecursionError):
            return _encoded(_error(None, PARSE_ERROR, "this is not JSON, or it nests too deeply"))
        if not isinstance(asked, list):
            return _encoded(self._one(asked))
        if not 1 <= len(asked) <= LARGEST_BATCH:
            return _encoded(
                _error(None, INVALID_REQUEST, f"a batch has 1 to {LARGEST_BATCH} requests, not {len(asked)}")
            )
        end = self._clock() + SLOWEST_BATCH
        answers = [found for each in asked if (found := self._one(each, end)) is not None]
        return _encoded(answers or None)

    def _one(self, request: object, end: float = math.inf) -> dict[str, Any] | None:
        """The answer to one request, a refusal after `end`; None if it is a notification."""
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _error(None, INVALID_REQUEST, "a request is an object with a `method`")
        number = request.get("id")
        if not _is_id(number):
            return _error(None, INVALID_REQUEST, "`id` must be a string or a number")
        if self._clock() > end:
            late = f"the requests before it took {SLOWEST_BATCH:.0f} seconds: send fewer at once"
            answer = _error(number, INTERNAL_ERROR, late)
        else:
            answer = self._ask(number, request["method"], request.get("params"))
        return answer if "id" in request else None

    def _ask(self, number: object, method: str, params: object) -> dict[str, Any]:
        if method not in self._methods:
            return _error(number, METHOD_NOT_FOUND, f"there is no method {shown(method, 80)} here")
        try:
            answer = self._provider.make_request(RPCEndpoint(method), [] if params is None else params)
        except DilnError as error:
            return _error(number, INTERNAL_ERROR, f"{error}. {error.hint}" if error.hint else str(error))
        return {**cast(dict[str, Any], answer), "jsonrpc": "2.0", "id": number}


async def _read(receive: "Receive") -> bytes | None:
    """A request's body; None for one that is too long, or too slow."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            while True:
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > LARGEST_BODY:
                    return None
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return None


def _parsed(body: bytes) -> Any:
    """Raises ValueError for what is not JSON, or nested so deeply that parsing it would end the process."""
    text = body.decode("utf-8")
    if is_nested_deeper(text, DEEPEST):
        raise ValueError("nested too deeply")
    return json.loads(text, parse_constant=_no_number)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _is_id(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int | str) and not isinstance(value, bool))


def _error(number: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}


def _encoded(answer: object) -> bytes:
    return b"" if answer is None else json.dumps(answer, separators=(",", ":")).encode("ascii")


def _refused(reason: str) -> bytes:
    """The body of an answer that is not JSON-RPC's."""
    return json.dumps({"error": reason}).encode("ascii")


__all__ = ["MOVES_TIME", "PASSED_ON", "Rpc", "methods_of"]
