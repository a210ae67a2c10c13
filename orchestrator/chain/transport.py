"""JSON-RPC over HTTP with retries: transport errors are tried again, whatever a node answers is not."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from eth_typing import URI
from web3 import HTTPProvider
from web3._utils.http_session_manager import HTTPSessionManager
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.answers import body_of
from orchestrator.chain.ahead import Answers, Question, Sizes, encoded, matched
from orchestrator.chain.failures import busy_words, shown_url
from orchestrator.config import Network
from orchestrator.errors import NodeUnavailable
from orchestrator.nesting import is_nested_deeper

ATTEMPTS = 5
FIRST_PAUSE = 0.25
FIRST_GAP = 0.02
TOO_MANY = 429
BAD_STATUS = 400
REVERTED = 3
_BUSY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_GAP = 1.0
"""Seconds between two requests to a node that said again and again that there are too many."""
LARGEST_ANSWER = 256 << 20
"""In bytes: what a node may answer at once."""
DEEPEST_ANSWER = 64
PATIENCE = 10
"""Times the time-out: how long one answer may take in all."""
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
        self._request_session_manager = _Bounded(explicit_session=session)
        self._network = network
        self._sleep = sleep
        self._reached = False
        self._gap = 0.0
        self._sizes = Sizes()
        self._answers = Answers()

    def make_request(self, method: RPCEndpoint, params: object) -> RPCResponse:
        if answer := self._answers.get(method, params):
            return answer
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

    @contextmanager
    def ahead(self, questions: Sequence[Callable[[], object] | Question]) -> Iterator[bool]:
        """Ask for all at once; within, `make_request` answers from that. Tells whether all is answered.

        A question may be whatever asks for it: it is heard up to its first request. What the node does not
        take, or answers by an error or nothing, is asked by itself when it is wanted. Raises NodeUnavailable
        where nobody has ever answered there.
        """
        heard = [each if isinstance(each, tuple) else self._answers.heard(each) for each in questions]
        asked = [each for each in heard if each]
        found: list[tuple[Question, RPCResponse]] = []
        at = 0
        while at + 1 < len(asked) and self._sizes.most > 1:
            page = asked[at : at + self._sizes.most]
            found += self._all_at_once(page)
            at += len(page)
        with self._answers.within(found):
            yield len(found) == len(questions)

    def _all_at_once(self, questions: Sequence[Question]) -> list[tuple[Question, RPCResponse]]:
        if self._gap:
            self._sleep(self._gap)
        try:
            body = self._request_session_manager.make_post_request(
                URI(self._network.url or ""), encoded(questions), **self.get_request_kwargs()
            )
            found = matched(questions, self.decode_rpc_response(body))
        except (ValueError, requests.RequestException) as error:
            silent = isinstance(error, requests.RequestException) and error.response is None
            if silent and not self._reached:
                raise self._unavailable(_reason(error)) from None
            lost = silent or _status(error) in _BUSY_STATUS
            self._pace(_status(error) == TOO_MANY)
            self._sizes.failed(len(questions), refused=not lost)
            return []
        self._reached = True
        answers = [answer for _, answer in found]
        self._pace(any(map(_busy, answers)))
        if all(map(_is_refusal, answers)):
            self._sizes.failed(len(questions), refused=True)
        else:
            self._sizes.answered()
        return [
            (question, answer)
            for question, answer in found
            if answer.get("error") is None and answer.get("result") is not None
        ]

    @staticmethod
    def decode_rpc_response(raw_response: bytes) -> RPCResponse:
        """Raises ValueError for what is not JSON, or nested so deeply that parsing it ends the process."""
        if is_nested_deeper(raw_response.decode("utf-8"), DEEPEST_ANSWER):
            raise ValueError("nested too deeply")
        return HTTPProvider.decode_rpc_response(raw_response)

    def _pace(self, busy: bool) -> None:
        self._gap = min(2 * self._gap + FIRST_GAP, LONGEST_GAP) if busy else 0.9 * self._gap
        if self._gap < FIRST_GAP:
            self._gap = 0.0

    def _ask(self, method: RPCEndpoint, params: object) -> RPCResponse:
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


class _Bounded(HTTPSessionManager):
    """web3's way to post, with answers that end."""

    def make_post_request(self, endpoint_uri: URI, data: bytes | dict[str, Any], **kwargs: Any) -> bytes:
        with self.get_response_from_post_request(
            endpoint_uri, data=data, **{**kwargs, "stream": True}
        ) as response:
            body = body_of(response, LARGEST_ANSWER + 1, PATIENCE * kwargs["timeout"])
            if len(body) > LARGEST_ANSWER:
                raise ValueError("the answer is too long")
            if response.status_code >= BAD_STATUS:
                raise requests.HTTPError(body.decode("utf-8", "replace"), response=response)
        return body


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
    text = str(error)
    try:
        answer: RPCResponse = {} if is_nested_deeper(text, DEEPEST_ANSWER) else json.loads(text)
    except ValueError:
        raise error from None
    if not isinstance(answer, dict) or "error" not in answer:
        raise error
    return answer


def _is_refusal(answer: RPCResponse) -> bool:
    """Whether it is an error that tells of no call: a node that executes calls has taken the request."""
    error = answer.get("error")
    return isinstance(error, dict) and not _busy(answer) and error.get("code") != REVERTED


def _busy(answer: RPCResponse) -> bool:
    error = answer.get("error")
    if not isinstance(error, dict):
        return False
    return error.get("code") == TOO_MANY or busy_words(str(error.get("message", "")))
