"""
What strangers wrote into calls, answers and events
├── text that is not UTF-8, padding that is not zero or not there: read as Solidity reads it
├── calldata of another contract, or cut off: a ChainError
└── an event that cannot be read: left out, and told to the log
"""

import logging

import pytest
from eth_abi.abi import encode
from hexbytes import HexBytes

from orchestrator.chain import Chain
from orchestrator.chain.decoding import decoded_call, decoded_events, lenient_codec
from orchestrator.errors import ChainError
from orchestrator.types import Address

REGISTRY = Address("0x" + "11" * 20)
NO_TEXT = b"ca\xfe\xff\x80"


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def string_with(content: bytes, padding: bytes) -> bytes:
    return word(32) + word(len(content)) + content + padding


@pytest.mark.parametrize("padding", [bytes(27), b"\xff" * 27, b""], ids=["zeros", "dirty", "cut"])
def test_decode__text_of_a_poisoner__replaced_where_it_is_none(padding: bytes) -> None:
    assert lenient_codec().decode(["string"], string_with(NO_TEXT, padding)) == ("ca\ufffd\ufffd\ufffd",)


def test_decode__bytes_with_dirty_padding__as_they_are() -> None:
    assert lenient_codec().decode(["bytes"], string_with(NO_TEXT, b"\xff" * 27)) == (NO_TEXT,)


def test_decoded_call__name_that_is_no_text__named_arguments(chain: Chain) -> None:
    contract = chain.contract("ModelRegistry", REGISTRY)
    selector = contract.functions.createProject("x", [], [], 0).selector
    data = encode(["bytes", "address[]", "address[]", "uint8"], [NO_TEXT, [REGISTRY], [], 3])
    dirty = data.replace(NO_TEXT + bytes(27), NO_TEXT + b"\xff" * 27)
    name, arguments = decoded_call(contract, bytes(HexBytes(selector)) + dirty)
    assert name == "createProject"
    assert arguments["name"] == "ca\ufffd\ufffd\ufffd"
    assert arguments["publishers"] == [REGISTRY]


@pytest.mark.parametrize("data", [b"", b"\x12\x34\x56\x78", "cut"], ids=["empty", "foreign", "cut"])
def test_decoded_call__no_call_of_the_contract__refused(chain: Chain, data: bytes | str) -> None:
    contract = chain.contract("ModelRegistry", REGISTRY)
    if isinstance(data, str):
        data = bytes(HexBytes(contract.functions.createProject("x", [], [], 0).selector)) + word(128)
    with pytest.raises(ChainError, match="cannot be read"):
        decoded_call(contract, data)


def test_decoded_events__one_that_cannot_be_read__others_stay(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    event = chain.contract("ModelRegistry", REGISTRY).events.ProjectCreated()
    topics = [HexBytes(event.topic), HexBytes(word(1)), HexBytes(word(2))]

    def log(index: int, data: bytes, topics: list[HexBytes] = topics) -> dict[str, object]:
        place = {"blockNumber": 7, "logIndex": index, "transactionIndex": 0, "address": REGISTRY}
        return {**place, "transactionHash": HexBytes(word(9)), "blockHash": HexBytes(word(8))} | {
            "topics": topics,
            "data": HexBytes(data),
        }

    logs = [
        log(3, string_with(NO_TEXT, b"\x01" * 27)),
        log(2, word(2**255)),  # text that begins far behind the end
        log(1, string_with(b"good", bytes(28))),
        log(0, string_with(b"good", bytes(28)), topics[:2]),
    ]
    with caplog.at_level(logging.WARNING):
        found = decoded_events(event, logs)
    assert [each["args"]["name"] for each in found] == ["ca\ufffd\ufffd\ufffd", "good"]
    assert caplog.text.count("left out an event of block 7") == 2
