"""Looks: what belongs together is read from one block, whatever becomes of the chain meanwhile."""

import json
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from web3._utils.encoding import Web3JsonEncoder
from web3.middleware import Web3Middleware
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.types import Seconds

if TYPE_CHECKING:
    from web3 import Web3

    from orchestrator.chain.connection import Chain

T = TypeVar("T")
LOOKS = 3
"""How often a look begins at most, before somebody is told."""
PENDING = "pending"
_OF_STATE = frozenset({"eth_call", "eth_getBalance", "eth_getCode", "eth_getTransactionCount"})
_LAGS = ("header not found", "unknown block", "block not found", "missing trie node")
"""How nodes refuse a block that they do not have yet, or whose state they have no more."""


@dataclass(frozen=True)
class Block:
    """A block; `hash` is empty for one that is not mined yet."""

    number: int
    timestamp: Seconds
    hash: bytes = b""


class Moment:
    """When a look looks: `head` is the latest block then, `block` the one whose state is read."""

    def __init__(self, chain: "Chain", head: Block, block: int | str) -> None:
        self._chain, self.head, self.block = chain, head, block
        self.told: dict[str, RPCResponse] = {}
        """What was answered about that state, by the question."""
        self._decoded: dict[Hashable, Any] = {}

    def reads(self, method: str, params: list[object]) -> bool:
        """Whether a question is about the state that is looked at: then it has one answer."""
        at = self.block if isinstance(self.block, str) else hex(self.block)
        return method in _OF_STATE and len(params) == 2 and params[1] == at

    def once(self, question: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` returned to a question about that state; most of a read's time goes into encoding."""
        if question not in self._decoded:
            self._decoded[question] = ask()
        found: T = self._decoded[question]
        return found

    @cached_property
    def time(self) -> Seconds:
        """What counts as now during the whole look."""
        return self._chain.block(PENDING).timestamp if self.block == PENDING else self.head.timestamp

    def stands(self) -> bool:
        """Whether the chain still has the block; whether nothing came on top, where that was looked into."""
        try:
            again = self._chain.block("latest" if self.block == PENDING else self.head.number)
        except NodeUnavailable:
            raise
        except ChainError:  # the chain is shorter now, or another node answered, which lags
            return False
        return again.hash == self.head.hash


class Looking(threading.local):
    """The moment of the look that this thread is in."""

    moment: Moment | None = None


class Remembering(Web3Middleware):
    """Asks for nothing twice within a look."""

    def __init__(self, looking: Looking, web3: "Web3") -> None:
        super().__init__(web3)
        self._looking = looking

    def wrap_make_request(
        self, make_request: Callable[[RPCEndpoint, Any], RPCResponse]
    ) -> Callable[[RPCEndpoint, Any], RPCResponse]:
        def ask(method: RPCEndpoint, params: list[object]) -> RPCResponse:
            moment = self._looking.moment
            if moment is None or not moment.reads(method, params):
                return make_request(method, params)
            question = json.dumps([method, params], cls=Web3JsonEncoder)
            if question not in moment.told:
                answer = make_request(method, params)
                if "result" not in answer:
                    return answer
                moment.told[question] = answer
            return moment.told[question]

        return ask


def look(chain: "Chain", looking: Looking, read: Callable[[], T]) -> T:
    """What `read` returns, all read at one moment (see `Chain.look`)."""
    if looking.moment:
        return read()
    error: Exception | None = None
    for attempt in range(LOOKS):
        moment = _moment(chain, again=attempt > 0)
        looking.moment = moment
        try:
            found = read()
        except NodeUnavailable:
            raise
        except Exception as failure:  # maybe of two blocks that do not belong together
            if moment.stands() and not any(words in str(failure).lower() for words in _LAGS):
                raise
            error = failure
        else:
            if moment.stands():
                return found
        finally:
            looking.moment = None
    raise ChainError(
        f"the chain, or what the node shows of it, changed during each of {LOOKS} looks",
        "Run the command again, or use another node.",
    ) from error


def _moment(chain: "Chain", *, again: bool) -> Moment:
    """The latest block, or what would be mined now where calls are tried there (see `Chain.present`).

    If blocks came while that was looked into, the latest is new enough, and holds still.
    """
    present = chain.present()
    head = chain.head()
    return Moment(chain, head, PENDING if present == PENDING and not again else head.number)
