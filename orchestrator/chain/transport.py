"""JSON-RPC over HTTP with retries: transport errors are tried again, whatever a node answers is not."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.config import Network
from orchestrator.errors import NodeUnavailable

ATTEMPTS = 5
FIRST_PAUSE = 0.25
FIRST_GAP = 0.02
TOO_MANY = 429
_BUSY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY_WORDS = (
    "rate limit",  # publicnode, Ankr, dRPC
    "too many requests",
    "request rate",  # Infura
    "request limit",  # QuickNode
    "compute units per second",  # Alchemy
    "requests per",
    "calls per",
    "throttl",
)
LONGEST_GAP = 1.0
"""Seconds between two requests to a node that said again and again that there are too many."""
_SEND = "eth_sendRawTransaction"


class RetryingProvider(HTTPProvider):
    """An HTTP node that is asked up to ATTEMPTS times, waiting twice as long each time.

    Raises NodeUnavailable, at once when nobody has ever answered there. `eth_sendRawTransaction` is tried
    once only: whoever sends must look whether the first attempt arrived. Neither the URL's path nor its
    password, in which providers put keys, get into a message. After it said that there are too many requests,
    they come in gaps that grow with every further time, and shrink while it answers.
    """

    global_ccip_read_enabled = False  # a contract must not make us fetch URLs

    def __init__(
        self,
        network: Network,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(
            network.url,
            request_kwargs={"timeout": network.timeout},
            session=session,
            exception_retry_configuration=None,  # web3 shall not retry on its own
        )
        self._network = network
        self._sleep = sleep
        self._reached = False
        self._gap = 0.0

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1 or method == _SEND
            if self._gap:
                self._sleep(self._gap)
            try:
                answer = self._ask(method, params)
            except (ValueError, requests.RequestException) as error:
                self._pace(_status(error) == TOO_MANY)
                if last or not (self._reached or _status(error) in _BUSY_STATUS):
                    raise self._unavailable(_reason(error)) from None
            else:
                self._reached = True
                busy = _busy(answer)
                self._pace(busy)
                if last or not busy:
                    return answer
            self._sleep(FIRST_PAUSE * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _pace(self, busy: bool) -> None:
        self._gap = min(2 * self._gap + FIRST_GAP, LONGEST_GAP) if busy else 0.9 * self._gap
        if self._gap < FIRST_GAP:
            self._gap = 0.0

    def _ask(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            answer = super().make_request(method, params)
        except requests.HTTPError as error:
            if _status(error) in _BUSY_STATUS:
                raise
            answer = _answer_of(error)
        if not isinstance(answer, dict):
            raise ValueError("an answer of JSON-RPC is an object")  # noqa: TRY004
        return answer

    def _unavailable(self, reason: str) -> NodeUnavailable:
        return NodeUnavailable(
            f"the node of network `{self._network.name}` at {shown_url(self._network.url or '')} {reason}",
            _hint(self._network),
        )


def shown_url(url: str) -> str:
    """Scheme, host and port of `url`: what may be shown of it."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"


def _hint(network: Network) -> str:
    if network.local:
        return "Start one with `diln node` (in another terminal), or work without: --network embedded."
    return "Check your network connection and the URL's key, or try again later."


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "gave no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no valid certificate"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    if isinstance(error, requests.HTTPError):
        return f"answered with HTTP status {_status(error)}"
    return "does not speak JSON-RPC"


def _status(error: Exception) -> int | None:
    """The HTTP status that an error is about."""
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def _answer_of(error: requests.HTTPError) -> RPCResponse:
    """Some nodes refuse a request with HTTP status 400 and say in the body what JSON-RPC's error is."""
    try:
        answer: RPCResponse = error.response.json()  # type: ignore[union-attr]
    except (ValueError, AttributeError):
        raise error from None
    if not isinstance(answer, dict) or "error" not in answer:
        raise error
    return answer


def _busy(answer: RPCResponse) -> bool:
    error = answer.get("error")
    if not isinstance(error, dict):
        return False
    return error.get("code") == TOO_MANY or busy_words(str(error.get("message", "")))


def busy_words(message: str) -> bool:
    """Whether a node's refusal says that it is asked too often."""
    return any(words in message.lower() for words in _BUSY_WORDS)
