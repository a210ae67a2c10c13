"""What in a chain is there for good, and which transaction has a nonce."""

from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address

from orchestrator.chain.failures import as_diln_errors
from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.chain.connection import Chain

FINAL_DEPTH = 64
"""Blocks after which a block counts as final where the node has no `finalized` tag."""
LONGEST_SCAN = 1_000


def final_block(chain: "Chain") -> int:
    """The height of the last final block."""
    try:
        with as_diln_errors():
            return int(chain.web3.eth.get_block("finalized")["number"])
    except NodeUnavailable:
        raise
    except ChainError:
        return chain.head().number - FINAL_DEPTH


def holder(chain: "Chain", sender: Address, nonce: int, since: int) -> tuple[str, int] | None:
    """The mined transaction of `sender` with `nonce`, and the block that shows it.

    Looks for the block in which the account's count passed `nonce`, from `since` on where it had not. None
    where there is none, or the node does not keep the states that this needs.
    """
    low, high = since, chain.head().number
    if chain.count(sender, high) <= nonce:
        return None
    try:
        if low and chain.count(sender, low) > nonce:  # a node that lagged when `since` was noted
            low = 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if chain.count(sender, middle) > nonce else (middle, high)
    except NodeUnavailable:
        raise
    except ChainError:  # the state is gone, but the blocks since then are there
        blocks = range(high, max(since, high - LONGEST_SCAN), -1)
        return next(filter(None, (_in_block(chain, sender, nonce, at) for at in blocks)), None)
    return _in_block(chain, sender, nonce, high)


def _in_block(chain: "Chain", sender: Address, nonce: int, number: int) -> tuple[str, int] | None:
    with as_diln_errors():
        block = chain.web3.eth.get_block(number, True)
    for each in cast(Any, block["transactions"]):
        if to_checksum_address(each["from"]) == sender and int(each["nonce"]) == nonce:
            return each["hash"].to_0x_hex(), number
    return None
