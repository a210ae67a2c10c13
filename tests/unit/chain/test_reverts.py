"""
explain_revert
├── custom errors: of the called contract, of any shipped contract, with values by name
├── OpenZeppelin's: a better sentence
├── Error(string) and Panic(uint256)
├── unknown, empty or damaged data: said plainly
└── out of gas, in the words of each node; a node that fails says nothing about gas
"""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.exceptions import Web3RPCError

from orchestrator.chain import Account, Chain, reverts
from orchestrator.chain.failures import as_diln_errors, revert_data
from orchestrator.chain.reverts import explain_revert, words
from orchestrator.errors import ChainError, ContractReverted
from tests.evm import artifact

SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def error(name: str, *inputs: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "error",
        "name": name,
        "inputs": [{"name": each, "type": kind, "internalType": kind} for kind, each in inputs],
    }


def data_of(entry: dict[str, Any], *values: Any) -> bytes:
    types = [each["type"] for each in entry["inputs"]]
    selector = keccak(text=f"{entry['name']}({','.join(types)})")[:4]
    return bytes(selector + encode(types, values))


def test_explain_revert__values__are_named() -> None:
    entry = error("DepositTooSmall", ("uint256", "givenAmount"), ("bytes4", "kind"), ("uint8[]", "parts"))
    found = explain_revert(data_of(entry, 5, b"abcd", [1, 2]), [entry])
    assert found.error == "DepositTooSmall"
    assert found.values == {"givenAmount": 5, "kind": b"abcd", "parts": (1, 2)}
    assert found.message == (
        "the contract refused: deposit too small (given amount 5, kind 0x61626364, parts [1, 2])"
    )


def test_explain_revert__caller_without_the_right__says_who_can_give_it() -> None:
    entry = error("NotPublisher", ("bytes32", "projectId"), ("address", "caller"))
    found = explain_revert(data_of(entry, b"\1" * 32, SOMEBODY))  # known from the package's contracts
    assert found.message == f"the contract refused: {SOMEBODY} may not publish in project 0x{'01' * 32}"
    assert "--add-publisher" in found.hint


def test_explain_revert__no_names__are_numbered() -> None:
    entry = error("Odd", ("uint256", ""), ("bool", ""))
    assert explain_revert(data_of(entry, 5, True), [entry]).values == {"0": 5, "1": True}


def test_explain_revert__addresses__have_checksums() -> None:
    entry = error("NotOwner", ("address", "who"))
    found = explain_revert(data_of(entry, SOMEBODY), [entry])
    assert found.values == {"who": SOMEBODY}
    assert found.message == f"the contract refused: not owner (who {SOMEBODY})"


def test_explain_revert__openzeppelin__gets_a_sentence() -> None:
    entry = error("OwnableUnauthorizedAccount", ("address", "account"))
    assert explain_revert(data_of(entry, SOMEBODY), [entry]).message == (
        f"the contract refused: {SOMEBODY} is not the owner"
    )
    other = error("EnforcedPause")
    assert explain_revert(data_of(other), [other]).message == "the contract refused: the contract is paused"


def test_explain_revert__openzeppelins_name_with_other_values__keeps_its_words() -> None:
    entry = error("OwnableUnauthorizedAccount", ("uint256", "number"))
    assert "ownable unauthorized account (number 1)" in explain_revert(data_of(entry, 1), [entry]).message


def test_explain_revert__error_of_another_shipped_contract__is_found(
    chain: Chain, alice: Account, probe: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ContractReverted, match="for a reason unknown here: 0x"):
        chain.send(probe.functions.refuseInside(3), alice)
    shipped = reverts._errors([artifact("ChainInner")["abi"]])
    monkeypatch.setattr(reverts, "_shipped_errors", lambda: shipped)
    with pytest.raises(ContractReverted) as caught:
        chain.send(probe.functions.refuseInside(3), alice)
    assert (caught.value.error, caught.value.values) == ("InnerTooSmall", {"given": 3, "least": 10})


def test_explain_revert__notice_of_the_source__is_the_hint() -> None:
    entry = {"name": "InvalidName", "inputs": [{"name": "length", "type": "uint256"}]}
    data = keccak(text="InvalidName(uint256)")[:4] + encode(["uint256"], [65])
    found = explain_revert(data)
    assert found.message == "the contract refused: invalid name (length 65)"
    assert found.hint == "A project's name must be 1 to 64 bytes long."
    assert explain_revert(data, hint="Choose another.").hint == "Choose another."
    others = {**entry, "type": "error", "inputs": [{"name": "bytes_", "type": "uint256"}]}
    assert explain_revert(data, [others]).hint == ""


def test_explain_revert__file_level_error__is_decoded(chain: Chain, probe: Contract) -> None:
    with pytest.raises(ContractReverted, match="from elsewhere") as caught:
        chain.call(probe.functions.refuseFromElsewhere())
    assert caught.value.values["what"] == b"x".ljust(32, b"\0")


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("refuseWithText", "the contract refused: the text says why"),
        ("refuseSilently", "the contract refused and gave no reason"),
    ],
)
def test_explain_revert__plain_reverts__are_told(
    chain: Chain, probe: Contract, function: str, sentence: str
) -> None:
    with pytest.raises(ContractReverted) as caught:
        chain.call(probe.functions[function]())
    assert caught.value.message == sentence


@pytest.mark.parametrize("code", [0x01, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32, 0x41, 0x51, 0x99])
def test_explain_revert__panic__is_told(code: int) -> None:
    found = explain_revert(bytes.fromhex("4e487b71") + code.to_bytes(32, "big"))
    assert found.error == "Panic"
    assert found.values == {"code": code}
    assert "0x99" in found.message if code == 0x99 else "0x" not in found.message


@pytest.mark.parametrize(
    "data", [b"\x01", b"\x08\xc3\x79\xa0\xff", bytes.fromhex("4e487b71"), b"\xde\xad\xbe\xef"]
)
def test_explain_revert__damaged__shows_the_data(data: bytes) -> None:
    assert explain_revert(data).message.endswith(f"0x{data.hex()}")


def test_explain_revert__known_error_with_damaged_values__shows_the_data() -> None:
    entry = error("NotOwner", ("address", "who"))
    data = data_of(entry, SOMEBODY)[:20]
    assert explain_revert(data, [entry]).message.endswith(f"0x{data.hex()}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NotOwner", "not owner"),
        ("InvalidCID", "invalid CID"),
        ("NFTNotFound", "NFT not found"),
        ("ERC20Failed", "ERC20 failed"),
        ("givenAmount", "given amount"),
        ("opensAt", "opens at"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_words__camel_case__reads_well(name: str, expected: str) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0x0102", b"\1\2"),
        ("Reverted 0x0102", b"\1\2"),
        ({"result": "0x0102", "hash": "0x99"}, b"\1\2"),
        ({"data": {"result": "0x0102"}}, b"\1\2"),
        ({"message": "revert"}, b""),
        ("no data", b""),
        (None, b""),
    ],
)
def test_revert_data__each_nodes_way__is_understood(data: Any, expected: bytes) -> None:
    assert revert_data(data) == expected


@pytest.mark.parametrize(
    "words",
    [
        "out of gas",  # geth, Erigon
        "EVM error OutOfGas",  # Anvil
        "VM Exception while processing transaction: out of gas",  # Ganache
        "Transaction ran out of gas",  # Hardhat
        "err: intrinsic gas too low: have 21000, want 53000",
    ],
)
def test_as_diln_errors__out_of_gas__told_apart(words: str) -> None:
    with pytest.raises(ContractReverted, match="the node refused") as raised, as_diln_errors():
        raise Web3RPCError(words, rpc_response={"error": {"code": -32000, "message": words}})
    assert raised.value.took_too_much


def test_as_diln_errors__node_that_fails__no_word_of_the_contract() -> None:
    """Who takes it for too much work sends less of it, and pays for a transaction more."""
    with pytest.raises(ChainError, match="internal error") as raised, as_diln_errors():
        raise Web3RPCError("", rpc_response={"error": {"code": -32603, "message": "internal error"}})
    assert not isinstance(raised.value, ContractReverted)
