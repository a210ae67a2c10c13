"""What a node may answer: checked once, before anybody reads it.

web3 takes any JSON for granted, so an answer of another shape would end somewhere else as a traceback. Here
it is a node that makes no sense, which proves as little as one that is silent.
"""

import re
from collections.abc import Callable
from typing import Any

from web3.middleware import Web3Middleware
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.errors import NodeUnavailable
from orchestrator.text import shown

Check = Callable[[Any], bool]
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")
LONGEST_SHOWN = 60


def _quantity(value: object) -> bool:
    return isinstance(value, str) and bool(_QUANTITY.fullmatch(value))


def _data(value: object) -> bool:
    return isinstance(value, str) and bool(_DATA.fullmatch(value))


def _bytes(length: int) -> Check:
    return lambda value: _data(value) and len(value) == 2 + 2 * length


def _nothing_or(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(**fields: Check) -> Check:
    """An object that has these fields; one named `maybe_x` is checked where there is an `x`."""

    def check(value: object) -> bool:
        return isinstance(value, dict) and all(
            _fits(value, name.removeprefix("maybe_"), each, name.startswith("maybe_"))
            for name, each in fields.items()
        )

    return check


def _fits(value: dict[str, Any], name: str, check: Check, optional: bool) -> bool:
    return check(value[name]) if name in value else optional


_hash, _address = _bytes(32), _bytes(20)
_log = _object(
    address=_address,
    topics=_list(_hash),
    data=_data,
    blockNumber=_quantity,
    transactionHash=_hash,
    transactionIndex=_quantity,
    blockHash=_hash,
    logIndex=_quantity,
)
_transaction = _object(
    hash=_hash,
    nonce=_quantity,
    gas=_quantity,
    input=_data,
    value=_quantity,
    maybe_blockNumber=_nothing_or(_quantity),
    maybe_to=_nothing_or(_address),
    **{"from": _address},
)
_receipt = _object(
    transactionHash=_hash,
    blockNumber=_quantity,
    blockHash=_hash,
    status=_quantity,
    gasUsed=_quantity,
    logs=_list(_log),
    maybe_effectiveGasPrice=_quantity,
    maybe_l1Fee=_nothing_or(_quantity),
    maybe_contractAddress=_nothing_or(_address),
)
_block = _object(
    number=_nothing_or(_quantity),  # of the pending block
    hash=_nothing_or(_hash),
    timestamp=_quantity,
    maybe_baseFeePerGas=_nothing_or(_quantity),
    maybe_extraData=_nothing_or(_data),
    transactions=_list(lambda each: _hash(each) or _transaction(each)),
)
_SHAPES: dict[str, Check] = {
    "eth_blockNumber": _quantity,
    "eth_call": _data,
    "eth_chainId": _quantity,
    "eth_estimateGas": _quantity,
    "eth_gasPrice": _quantity,
    "eth_getBalance": _quantity,
    "eth_getBlockByHash": _nothing_or(_block),
    "eth_getBlockByNumber": _nothing_or(_block),
    "eth_getCode": _data,
    "eth_getLogs": _list(_log),
    "eth_getTransactionByHash": _nothing_or(_transaction),
    "eth_getTransactionCount": _quantity,
    "eth_getTransactionReceipt": _nothing_or(_receipt),
    "eth_maxPriorityFeePerGas": _quantity,
    "eth_sendRawTransaction": _hash,
    "web3_clientVersion": lambda value: isinstance(value, str),
}


class Shapes(Web3Middleware):
    """Raises NodeUnavailable for an answer that is none to what was asked."""

    def wrap_make_request(
        self, make_request: Callable[[RPCEndpoint, Any], RPCResponse]
    ) -> Callable[[RPCEndpoint, Any], RPCResponse]:
        def ask(method: RPCEndpoint, params: object) -> RPCResponse:
            answer = make_request(method, params)
            check_answer(method, answer)
            return answer

        return ask


def check_answer(method: str, answer: object) -> None:
    """Raise NodeUnavailable unless `answer` is one of JSON-RPC to `method`."""
    check = _SHAPES.get(method, lambda _: True)
    if isinstance(answer, dict):
        error = answer.get("error")
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            return
        if error is None and "result" in answer and check(answer["result"]):
            return
    said = answer.get("result", answer.get("error")) if isinstance(answer, dict) else answer
    raise NodeUnavailable(
        f"the node's answer to {method} makes no sense: {shown(repr(said), LONGEST_SHOWN)}",
        "Try again; should it go on, use another node.",
    )
