"""The embedded chain behind a line that can fail."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from web3.providers.base import BaseProvider

from orchestrator.chain.connection import Chain
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.config import Network, Settings

Ask = Callable[[str, Any], Any]
SEND = "eth_sendRawTransaction"
SEAL = "0x" + "d8" * 32 + "5e" * 65  # a Clique signer's vanity and signature


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


def signers_chain(ask: Any, method: str, params: Any) -> Any:
    """A private chain of known signers, of the time before base fees, types and final blocks."""
    if method in ("eth_maxPriorityFeePerGas", "eth_feeHistory"):
        return refusal(f"the method {method} does not exist/is not available", -32601)
    if {"finalized", "safe", "pending"} & {each for each in params if isinstance(each, str)}:
        return refusal("invalid argument 0: hex string without 0x prefix", -32602)
    if method == SEND and bytes.fromhex(params[0][2:])[0] < 0xC0:
        return refusal("transaction type not supported")
    answer = ask(method, params)
    if method.startswith("eth_getBlockBy") and answer["result"]:
        answer["result"] = {**answer["result"], "extraData": SEAL}
        answer["result"].pop("baseFeePerGas")
    if method == "eth_getTransactionReceipt" and answer["result"]:
        answer["result"].pop("effectiveGasPrice")
    if method == "web3_clientVersion":
        answer["result"] = "Geth/v1.8.27"
    return answer


class Forks(BaseProvider):
    """Two chains of one beginning, behind one node: from its request `turn` on it has gone over to `other`.

    With `back`, it goes over and back at each `turn` requests.
    """

    global_ccip_read_enabled = False

    def __init__(self, one: Any, other: Any) -> None:
        super().__init__()
        self._one, self._other = one, other
        self.turn, self.asked, self.back = 1 << 30, 0, False

    def begin(self, turn: int) -> None:
        """Be at the first side again, for as many requests."""
        self.turn, self.asked = turn, 0

    def make_request(self, method: Any, params: Any) -> Any:
        over = self.asked >= self.turn
        if self.back:
            over = self.asked // self.turn % 2 == 1
        self.asked += 1
        return (self._other if over else self._one).make_request(method, params)


def answers(forks: Forks, read: Callable[[], Any]) -> tuple[list[Any], Any, Any]:
    """What `read` finds with a reorganization before each of its requests, and on either side alone."""
    forks.begin(0)
    other = read()
    forks.begin(1 << 30)
    one, count = read(), forks.asked
    found = []
    for turn in range(1, count + 1):
        forks.begin(turn)
        found.append(read())
    return found, one, other


def mixes(forks: Forks, read: Callable[[], Any], times: int, *sides: Any) -> bool:
    """Whether `read` breaks, or finds what neither side has, if the node goes over in its first requests."""
    for turn in range(1, times + 1):
        forks.begin(turn)
        try:
            if read() not in sides:
                return True
        except Exception:
            return True
    return False


def forked(chain: Chain, settings: Settings, folder: Path, differ: Callable[[Settings], Any]) -> Forks:
    """A node that may go over from `chain` to a fork of it, on which `differ` does something else."""
    other = replace(settings, home=folder / "fork")
    shutil.copytree(settings.home, other.home)
    differ(other)
    return Forks(chain.web3.provider, EmbeddedProvider(other.chain_file))
