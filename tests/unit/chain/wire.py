"""A node that answers JSON-RPC over HTTP, from any provider of web3, without a socket."""

import io
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from web3.providers.base import BaseProvider

from orchestrator.chain.transport import RetryingProvider
from orchestrator.config import Network

Refusal = Callable[[list[Any]], tuple[int, Any] | Exception | None]
"""What is said of a batch; None where it is answered."""


class Wire(BaseAdapter):
    """Counts requests in `asked`, by their method or as `batch`, and what is asked in all in `methods`."""

    def __init__(self, provider: BaseProvider, refuse: Refusal | None = None) -> None:
        super().__init__()
        self._provider, self.refuse = provider, refuse
        self.asked: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        self.batches: list[list[str]] = []

    def forget(self) -> None:
        """Count again."""
        self.asked.clear()
        self.methods.clear()
        self.batches.clear()

    def send(self, request: Any, **_: Any) -> requests.Response:
        content = json.loads(request.body)
        if not isinstance(content, list):
            self.asked[content["method"]] += 1
            return self._response(request, 200, self._answer(content))
        self.asked["batch"] += 1
        self.batches.append([each["method"] for each in content])
        refused = self.refuse(content) if self.refuse else None
        if isinstance(refused, Exception):
            raise refused
        if refused:
            return self._response(request, *refused)
        return self._response(request, 200, [self._answer(each) for each in content])

    def close(self) -> None:
        pass

    def _answer(self, asked: dict[str, Any]) -> Any:
        self.methods[asked["method"]] += 1
        answer: Any = self._provider.make_request(asked["method"], asked["params"])
        return {**answer, "id": asked["id"]}

    @staticmethod
    def _response(request: Any, status: int, content: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        response.url, response.request = request.url, request
        return response


def over(wire: Wire, pauses: list[float] | None = None, **network: Any) -> RetryingProvider:
    """A node behind `wire`, as commands reach it; it pauses in `pauses` only."""
    session = requests.Session()
    session.mount("http://", wire)
    waited = [] if pauses is None else pauses
    return RetryingProvider(Network("remote", "http://node.example", **network), session, waited.append)
