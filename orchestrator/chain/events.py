"""Events by eth_getLogs, in ranges that shrink when a node finds them too long."""

from collections.abc import Iterator
from typing import Any

from web3.contract.contract import ContractEvent
from web3.exceptions import Web3RPCError
from web3.types import EventData

from orchestrator.chain.failures import as_diln_errors, rpc_message

LONGEST_RANGE = 50_000
_TOO_MUCH = (
    "range",
    "limit",
    "more than",
    "too many",
    "too large",
    "too wide",
    "exceed",
    "timeout",
    "timed out",
)


def read_events(event: ContractEvent, first: int, last: int, filters: dict[str, Any]) -> Iterator[EventData]:
    """The events in blocks `first` to `last`, oldest first.

    Asks for LONGEST_RANGE blocks at once; after a refusal for half as many, after a success for twice as
    many.
    Raises ChainError if the node refuses for another reason, or a single block.
    """
    length = LONGEST_RANGE
    while first <= last:
        end = min(first + length - 1, last)
        try:
            found = list(event.get_logs(argument_filters=filters, from_block=first, to_block=end))
        except Web3RPCError as error:
            if end == first or not _too_much(error):
                with as_diln_errors():
                    raise
            length = (end - first + 1) // 2
            continue
        yield from sorted(found, key=lambda each: (each["blockNumber"], each["logIndex"]))
        first = end + 1
        length = min(length * 2, LONGEST_RANGE)


def _too_much(error: Web3RPCError) -> bool:
    message = rpc_message(error).lower()
    return any(words in message for words in _TOO_MUCH)
