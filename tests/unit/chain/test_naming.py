"""
Whom people mean
├── an address: its checksum right, wrong, missing
├── an account's name, though there is an ENS name like it
└── an ENS name: resolved, told, and refused where it may be another's
"""

import logging
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.chain import Account, Accounts, Chain
from orchestrator.chain.development import ADDRESSES
from orchestrator.chain.naming import ENS_REGISTRY, checked_address, find_address, is_address_like
from orchestrator.config import Settings
from orchestrator.errors import AccountError, NodeUnavailable, UsageError
from tests.unit.chain.faults import Line, chain_behind

BOB = ADDRESSES[1]
RESOLVER = to_checksum_address("0x" + "5e" * 20)


def test_checked_address__checksum_is_right__is_taken() -> None:
    assert checked_address(BOB, paid=True) == BOB


@pytest.mark.parametrize("paid", [True, False])
@pytest.mark.parametrize("place", [3, 7, 20])
def test_checked_address__one_letter_has_another_case__is_refused_naming_the_right_one(
    paid: bool, place: int
) -> None:
    at = next(index for index in range(place, 42) if BOB[index].isalpha())
    wrong = BOB[:at] + BOB[at].swapcase() + BOB[at + 1 :]
    with pytest.raises(UsageError, match="wrong checksum") as caught:
        checked_address(wrong, paid=paid)
    assert BOB in caught.value.hint


def test_checked_address__a_digit_is_another__is_refused() -> None:
    with pytest.raises(UsageError, match="a digit may be wrong"):
        checked_address(BOB[:10] + ("1" if BOB[10] != "1" else "2") + BOB[11:])


@pytest.mark.parametrize("written", [BOB.lower(), "0x" + BOB[2:].upper()])
def test_checked_address__no_checksum__reads_but_pays_nobody(written: str) -> None:
    assert checked_address(written) == BOB
    with pytest.raises(UsageError, match="has no checksum") as caught:
        checked_address(written, paid=True)
    assert caught.value.hint.endswith(f"it is written {BOB}.")


@pytest.mark.parametrize("text", ["", "0x", BOB[2:], BOB + "0", BOB[:-1], "0x" + "g" * 40, BOB + "\n"])
def test_checked_address__is_none__says_so(text: str) -> None:
    assert not is_address_like(text)
    with pytest.raises(UsageError, match="is not an address"):
        checked_address(text)


def namehash(name: str) -> bytes:
    """EIP-137, by its recursive definition."""
    label, _, rest = name.partition(".")
    return keccak(namehash(rest) + keccak(text=label)) if name else bytes(32)


def test_namehash__example_of_eip_137__is_right() -> None:
    assert namehash("foo.eth").hex() == "de9b09fd7c5f901e23a3f19fecc54828e9c848539801e86591bd9801b019f84f"


def with_ens(line: Line, names: dict[str, str]) -> None:
    """Let `line` lead to a chain whose ENS knows `names`."""
    nodes = {namehash(name): address for name, address in names.items()}

    def fault(ask: Any, method: str, params: Any) -> Any:
        result = None
        if method == "eth_getCode" and params[0] in (ENS_REGISTRY, RESOLVER):
            result = "0x00"
        if method == "eth_call" and params[0].get("to") in (ENS_REGISTRY, RESOLVER):
            node = bytes.fromhex(params[0]["data"][10:])
            known = nodes.get(node, "0x" + "00" * 20)
            found = known if params[0]["to"] == RESOLVER or not int(known, 16) else RESOLVER
            result = "0x" + encode(["address"], [found]).hex()
        return {"jsonrpc": "2.0", "id": 0, "result": result} if result else ask(method, params)

    line.fault = fault


@pytest.fixture
def remote(line: Line, settings: Settings) -> Chain:
    return chain_behind(line, settings.home)


def find(who: str, settings: Settings, chain: Chain, **options: Any) -> str:
    return find_address(who, Accounts(settings), lambda: chain, **options)


def test_find_address__account_and_address__ask_no_chain(settings: Settings, bob: Account) -> None:
    def no_chain() -> Chain:
        raise NodeUnavailable("there is none")

    for who in ("bob", BOB):
        assert find_address(who, Accounts(settings), no_chain, paid=True) == BOB
    with pytest.raises(AccountError, match="no account nobody"):
        find_address("nobody", Accounts(settings), no_chain)


def test_find_address__ens_name__is_resolved_and_told(
    line: Line, settings: Settings, remote: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    with_ens(line, {"bob.eth": BOB, "lab.bob.eth": ADDRESSES[2]})
    with caplog.at_level(logging.WARNING):
        assert find("bob.eth", settings, remote, paid=True) == BOB
    assert f"bob.eth is {BOB}" in caplog.text
    assert find("Lab.Bob.eth", settings, remote) == ADDRESSES[2]
    with pytest.raises(AccountError, match=r"carol\.eth leads to no address"):
        find("carol.eth", settings, remote)


@pytest.mark.parametrize(
    "name",
    [
        "b\u043eb.eth",
        "bob..eth",
        ".eth",
        "bob.\u212bth",
        "\uff42ob.eth",
        "a" * 300 + ".eth",
        "bob .eth",
        "bob\x1b.eth",
    ],
)
def test_find_address__name_that_looks_like_another__is_refused(
    line: Line, settings: Settings, remote: Chain, name: str
) -> None:
    with_ens(line, {"bob.eth": BOB})
    with pytest.raises(AccountError):
        find(name, settings, remote)


def test_find_address__chain_without_ens__says_so(settings: Settings, remote: Chain) -> None:
    with pytest.raises(AccountError, match="this chain has no ENS"):
        find("bob.eth", settings, remote)


@pytest.mark.parametrize("answer", ["0x", "0x" + "ff" * 32, "0x01"])
def test_find_address__registry_answers_nonsense__is_an_error_of_diln(
    line: Line, settings: Settings, remote: Chain, answer: str, tmp_path: Path
) -> None:
    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getCode":
            return {"jsonrpc": "2.0", "id": 0, "result": "0x00"}
        return {"jsonrpc": "2.0", "id": 0, "result": answer} if method == "eth_call" else ask(method, params)

    line.fault = fault
    from orchestrator.errors import DilnError

    with pytest.raises(DilnError):
        find("bob.eth", settings, remote)
