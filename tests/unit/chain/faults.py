"""The embedded chain behind a line that can fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from web3.providers.base import BaseProvider

from orchestrator.chain.connection import Chain
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.config import Network

Ask = Callable[[str, Any], Any]


class Line(BaseProvider):
    """`fault(ask, method, params)` stands between web3 and the chain, when it is set."""

    global_ccip_read_enabled = False

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.chain = EmbeddedProvider(path)
        self.fault: Callable[[Ask, str, Any], Any] | None = None
        self.asked: list[str] = []

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked.append(method)
        if self.fault:
            return self.fault(self.chain.make_request, method, params)
        return self.chain.make_request(method, params)


def chain_behind(line: Line, home: Path, **network: Any) -> Chain:
    """A chain that DILN takes for a node, reached over `line`."""
    return Chain(Network("remote", "http://node.example", **network), line, home)


def refusal(message: str, code: int = -32000, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 0, "error": {"code": code, "message": message, **more}}
