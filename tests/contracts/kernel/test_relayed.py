"""Relayed: what somebody signs and anybody sends counts once, in time, for the signer and as it was signed.

├── a key; in the short form of EIP-2098; an EIP-7702 account; an ERC-1271 wallet → counted for the signer
├── again; another nonce, signer, content, chain, contract; the zero address → BadSignature
├── a wallet that refuses, reverts, or answers short or dirty → BadSignature
└── on the last second → counted, after it → SignatureExpired
"""

from dataclasses import dataclass
from typing import Any

import pytest
from eth_account import Account
from web3.contract import Contract

from tests.contracts.kernel.world import delegate
from tests.contracts.registry.world import ZERO, refused
from tests.evm import Evm

ITEMS = [b"one", b"", b"three"]
LATER = 2**40
KINDS = {"signer": "address", "items": "bytes[]", "nonce": "uint256", "deadline": "uint256"}


@dataclass
class Relay:
    evm: Evm
    probe: Contract

    def sign(self, key: str = "alice", domain: dict[str, Any] | None = None, **changes: Any) -> bytes:
        signed_by = {
            "name": "Relayed probe",
            "version": "1",
            "chainId": self.evm.web3.eth.chain_id,
            "verifyingContract": self.probe.address,
        }
        message = {"signer": self.evm.role("alice"), "items": ITEMS, "nonce": 0, "deadline": LATER} | changes
        return Account.sign_typed_data(
            self.evm.key(key),
            domain_data=signed_by | (domain or {}),
            message_types={"Addition": [{"name": name, "type": kind} for name, kind in KINDS.items()]},
            message_data=message,
        ).signature

    def send(
        self, signature: bytes, signer: str = "", items: list[bytes] = ITEMS, deadline: int = LATER
    ) -> None:
        signer = signer or self.evm.role("alice")
        self.evm.send(self.probe.functions.addFor(signer, items, deadline, signature), "relayer")

    def sum_of(self, signer: str) -> int:
        return self.evm.call(self.probe.functions.sums(signer))


@pytest.fixture
def relay(evm: Evm) -> Relay:
    for role in ("alice", "bob", "mallory", "relayer"):
        evm.role(role)
    return Relay(evm, evm.deploy("RelayedProbe"))


def short(signature: bytes) -> bytes:
    """EIP-2098's form of a signature."""
    s = int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32)


def test_check_signed__each_message_once__counted_for_its_signer(relay: Relay) -> None:
    alice = relay.evm.role("alice")
    signature = relay.sign()
    relay.send(signature)
    assert relay.sum_of(alice) == 8
    with refused("BadSignature", alice.lower()):
        relay.send(signature)
    relay.send(short(relay.sign(nonce=1)))
    assert (relay.sum_of(alice), relay.sum_of(relay.evm.role("relayer"))) == (16, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "mallory"},
        {"nonce": 1},
        {"deadline": LATER - 1},
        {"items": [b"one", b"three"]},
        {"items": [b"onethree", b"", b""]},
        {"domain": {"chainId": 1}},
        {"domain": {"verifyingContract": "0x" + "11" * 20}},
        {"domain": {"name": "Another"}},
    ],
)
def test_check_signed__something_else__refused(relay: Relay, changes: dict[str, Any]) -> None:
    with refused("BadSignature", relay.evm.role("alice").lower()):
        relay.send(relay.sign(**changes))


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65), b"\xff" * 65, b"\x01" * 66])
def test_check_signed__no_signature__nobody_has_signed_it(relay: Relay, signature: bytes) -> None:
    for signer in (ZERO, relay.evm.role("alice")):
        with refused("BadSignature", signer.lower()):
            relay.send(signature, signer)


def test_check_deadline__last_second_and_after(relay: Relay) -> None:
    deadline = relay.evm.now + 100
    signature = relay.sign(deadline=deadline)
    relay.evm.tester.time_travel(deadline)
    snapshot = relay.evm.snapshot()
    relay.send(signature, deadline=deadline)
    assert relay.evm.now == deadline
    relay.evm.revert(snapshot)
    relay.evm.tester.time_travel(deadline + 1)
    with refused("SignatureExpired", deadline):
        relay.send(signature, deadline=deadline)


@pytest.mark.parametrize("behaviour", range(5))
def test_check_signed__wallet__as_it_says(relay: Relay, behaviour: int) -> None:
    wallet = relay.evm.deploy("RegistryWallet", relay.evm.role("alice"))
    relay.evm.send(wallet.functions.behave(behaviour))
    signature = relay.sign(signer=wallet.address)
    if behaviour == 0:  # honest
        with refused("BadSignature"):
            relay.send(relay.sign(signer=wallet.address, key="mallory"), wallet.address)
        relay.send(signature, wallet.address)
        assert relay.sum_of(wallet.address) == 8
        return
    with refused("BadSignature", wallet.address.lower()):
        relay.send(signature, wallet.address)
    assert relay.sum_of(wallet.address) == 0


def test_check_signed__key_that_delegated_to_code__by_key_or_by_the_code(relay: Relay) -> None:
    wallet = relay.evm.deploy("RegistryWallet", relay.evm.role("bob"))
    delegate(relay.evm, "alice", wallet.address)
    relay.send(relay.sign())
    relay.send(relay.sign("bob", nonce=1))
    with refused("BadSignature"):
        relay.send(relay.sign("mallory", nonce=2))
    assert relay.sum_of(relay.evm.role("alice")) == 16
