"""
RetryingProvider
├── node never answered: NodeUnavailable at once, with what to do
├── line fails in the middle: tried again with longer and longer pauses
├── node is busy: HTTP 429 and 5xx, or a JSON-RPC error that says so: tried again
├── node answers, even with an error: never tried again
├── eth_sendRawTransaction: tried once
└── messages: nothing of the URL but scheme, host and port
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from orchestrator.chain.failures import shown_url
from orchestrator.chain.transport import ATTEMPTS, RetryingProvider
from orchestrator.config import Network
from orchestrator.errors import NodeUnavailable

SECRET = "k3y-0f-pr0v1d3r"
URL = f"https://user:{SECRET}@node.example:444/v3/{SECRET}?key={SECRET}"
FINE = {"jsonrpc": "2.0", "id": 0, "result": "0x1"}
REVERT = {"jsonrpc": "2.0", "id": 0, "error": {"code": 3, "message": "execution reverted", "data": "0x"}}

Outcome = Exception | tuple[int, Any]


class Script(BaseAdapter):
    """Answers without a socket: one outcome after the other, the last one for ever."""

    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__()
        self.outcomes = list(outcomes)
        self.requests = 0

    def send(self, request: Any, **_: Any) -> requests.Response:
        self.requests += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        response = requests.Response()
        response.status_code, content = outcome
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        response.url = request.url
        response.request = request
        return response

    def close(self) -> None:
        pass


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def provider(pauses: list[float]) -> Callable[..., tuple[RetryingProvider, Script]]:
    def make(*outcomes: Outcome, url: str = URL) -> tuple[RetryingProvider, Script]:
        script = Script(*outcomes)
        session = requests.Session()
        session.mount("http://", script)
        session.mount("https://", script)
        return RetryingProvider(Network("lab", url), session, pauses.append), script

    return make


def ask(provider: RetryingProvider, method: str = "eth_chainId") -> Any:
    return provider.make_request(method, [])  # type: ignore[arg-type]


REFUSED = requests.ConnectionError(f"Max retries exceeded with url: {URL}")


def test_make_request__nobody_ever_answered__gives_up_at_once(provider: Any, pauses: list[float]) -> None:
    node, script = provider(REFUSED)
    with pytest.raises(NodeUnavailable, match="cannot be reached"):
        ask(node)
    assert script.requests == 1
    assert pauses == []


@pytest.mark.parametrize(
    "fault", [REFUSED, requests.Timeout(), requests.ConnectTimeout(), (200, b"<html>"), (200, [])]
)
def test_make_request__line_fails_in_the_middle__is_tried_again(
    provider: Any, pauses: list[float], fault: Outcome
) -> None:
    node, script = provider((200, FINE), fault, fault, (200, FINE))
    ask(node)
    assert ask(node) == FINE
    assert script.requests == 4
    assert pauses == [0.25, 0.5]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_make_request__busy__is_tried_again_even_at_first(provider: Any, status: int) -> None:
    node, script = provider((status, b""), (200, FINE))
    assert ask(node) == FINE
    assert script.requests == 2


def test_make_request__json_says_too_many_requests__is_tried_again(provider: Any) -> None:
    busy = {**REVERT, "error": {"code": -32005, "message": "daily request rate exceeded"}}
    node, script = provider((200, busy), (200, FINE))
    assert ask(node) == FINE
    assert script.requests == 2


def test_make_request__busy_for_ever__gives_up(provider: Any, pauses: list[float]) -> None:
    node, script = provider((503, b""))
    with pytest.raises(NodeUnavailable, match="HTTP status 503"):
        ask(node)
    assert script.requests == ATTEMPTS
    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_make_request__revert__is_never_tried_again(provider: Any) -> None:
    node, script = provider((200, REVERT))
    assert ask(node, "eth_call") == REVERT
    assert script.requests == 1


def test_make_request__refusal_with_http_400__is_an_answer(provider: Any) -> None:
    refusal = {**REVERT, "error": {"code": -32602, "message": "block range too large"}}
    node, script = provider((400, refusal))
    assert ask(node, "eth_getLogs") == refusal
    assert script.requests == 1


def test_make_request__http_401__gives_up_at_once(provider: Any) -> None:
    node, script = provider((401, b"who are you"))
    with pytest.raises(NodeUnavailable, match="HTTP status 401"):
        ask(node)
    assert script.requests == 1


def test_make_request__sending__is_tried_once(provider: Any) -> None:
    node, script = provider((200, FINE), requests.Timeout())
    ask(node)
    with pytest.raises(NodeUnavailable, match="no answer in time"):
        ask(node, "eth_sendRawTransaction")
    assert script.requests == 2


@pytest.mark.parametrize(
    "fault", [REFUSED, requests.exceptions.SSLError(URL), requests.Timeout(URL), (401, b""), (200, b"x")]
)
def test_make_request__any_fault__keeps_the_urls_secrets(provider: Any, fault: Outcome) -> None:
    node, _ = provider(fault)
    with pytest.raises(NodeUnavailable) as caught:
        ask(node)
    shown = f"{caught.value} {caught.value.hint} {Network('lab', URL)!r}"
    assert SECRET not in shown
    assert "https://node.example:444" in shown
    assert caught.value.__suppress_context__  # the cause holds the URL


def test_make_request__local_node_is_down__names_diln_node(provider: Any) -> None:
    node, _ = provider(REFUSED, url="http://127.0.0.1:8545")
    with pytest.raises(NodeUnavailable) as caught:
        ask(node)
    assert "diln node" in caught.value.hint


@pytest.mark.parametrize(
    "answer", [b'{"result":' + b"[" * 100_000, b'{"a":' * 5_000, b"[" * 100_000, b"\xff", b"9" * 5_000]
)
@pytest.mark.parametrize("status", [200, 400])
def test_make_request__answer_that_cannot_be_parsed__makes_no_sense(
    provider: Any, answer: bytes, status: int
) -> None:
    node, _ = provider((status, answer))
    with pytest.raises(NodeUnavailable, match=r"JSON-RPC|HTTP status 400"):
        ask(node)


def test_make_request__answer_without_end__makes_no_sense(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.chain.transport.LARGEST_ANSWER", 1000)
    node, _ = provider(
        (200, FINE | {"result": "0x" + "0" * 900}), (200, FINE | {"result": "0x" + "0" * 1000})
    )
    ask(node)
    with pytest.raises(NodeUnavailable, match="JSON-RPC"):
        ask(node)


@pytest.mark.parametrize("fault", [REFUSED, requests.Timeout(URL), (401, b"")])
def test_ahead__any_fault__keeps_the_urls_secrets(provider: Any, fault: Outcome) -> None:
    node, _ = provider(fault)
    with pytest.raises(NodeUnavailable) as caught, node.ahead([("eth_getBalance", [])] * 2):
        ask(node)
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8545", True),
        ("http://localhost:1", True),
        ("http://[::1]:8545", True),
        ("https://127.0.0.1.example.org", False),
        ("https://node.example/127.0.0.1", False),
        (None, True),
    ],
)
def test_local__url__tells(url: str | None, expected: bool) -> None:
    assert Network("lab", url).local is expected


def test_shown_url__keys_everywhere__are_gone() -> None:
    assert shown_url(URL) == "https://node.example:444"
    assert shown_url("https://node.example") == "https://node.example"
