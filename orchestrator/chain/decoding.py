"""What contracts and their callers wrote, decoded leniently, as Solidity itself reads it.

Solidity checks neither that a string is UTF-8 nor that padding is zero, so strangers write there what
they like.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError
from eth_abi.registry import ABIRegistry, BaseEquals
from web3._utils.abi import build_strict_registry, map_abi_data, named_tree
from web3._utils.normalizers import BASE_RETURN_NORMALIZERS
from web3.contract import Contract
from web3.contract.contract import ContractEvent
from web3.exceptions import Web3Exception
from web3.types import EventData
from web3.utils import get_abi_input_types

from orchestrator.errors import ChainError

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction


_UNREADABLE = (DecodingError, Web3Exception, ValueError, OverflowError)
_log = logging.getLogger(__name__)


class LenientCodec(ABICodec):
    """Text that is not UTF-8 holds U+FFFD where it is not; padding may be anything, or be missing."""

    def decode(self, types: Iterable[str], data: Any, strict: bool = False) -> tuple[Any, ...]:
        """Raises DecodingError for data that the contract itself would refuse."""
        return super().decode(types, data, strict=strict)


def lenient_codec() -> LenientCodec:
    """The codec for every connection."""
    from eth_abi.encoding import TextStringEncoder

    registry: ABIRegistry = build_strict_registry()
    registry.unregister("string")
    registry.register(cast(Any, BaseEquals)("string"), TextStringEncoder, _Text, label="string")
    return LenientCodec(registry)


def decoded_call(contract: Contract, data: bytes) -> tuple[str, dict[str, Any]]:
    """The function's name and its arguments by name, of calldata that anybody may have written.

    Raises ChainError for what is not a call of the contract.
    """
    try:
        function: ContractFunction = contract.get_function_by_selector(data[:4])
        types = get_abi_input_types(function.abi)
        values = cast(Any, contract.w3.codec).decode(types, data[4:])
        named = named_tree(function.abi["inputs"], map_abi_data(BASE_RETURN_NORMALIZERS, types, values))
    except _UNREADABLE as error:
        raise ChainError(f"a transaction cannot be read: {error}", "It was not made by DILN.") from error
    return str(function.fn_name), named


def decoded_events(event: ContractEvent, logs: Iterable[Any]) -> list[EventData]:
    """The logs as events, in their order; what cannot be read is told to the log and left out."""
    found = []
    for each in logs:
        try:
            found.append(event.process_log(each))
        except _UNREADABLE as error:
            _log.warning("left out an event of block %s that cannot be read: %s", each["blockNumber"], error)
    return found


class _Text(StringDecoder):
    def __init__(self) -> None:
        super().__init__(handle_string_errors="replace")  # type: ignore[no-untyped-call]
