"""
Keys that are elsewhere
├── a signer, in the words of nodes and of Clef: sends, signs typed data, is named or the only one
├── a signer that signs something else, as somebody else, or nothing: nothing is sent
├── a signer that chooses other fees: sent within a proportion, and within the budget
├── a Safe: its transaction is tried and handed out, and nothing is sent
└── what is signed is told first, field by field
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data
from web3.contract import Contract

from orchestrator.chain import Account, Accounts, Chain
from orchestrator.chain.budget import Budget, spending
from orchestrator.chain.development import ADDRESSES
from orchestrator.chain.wallets import Proposer, Signer, plain_json
from orchestrator.config import Settings, load_settings
from orchestrator.errors import AccountError, ContractReverted, InsufficientFunds, OverBudget, Unsent
from orchestrator.types import ZERO_ADDRESS
from tests.unit.chain.signers import UNKNOWN, FakeSigner, served

ALICE, BOB = ADDRESSES[:2]
MESSAGE: dict[str, Any] = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Offer": [
            {"name": "what", "type": "string"},
            {"name": "price", "type": "uint256"},
            {"name": "hash", "type": "bytes32"},
        ],
    },
    "primaryType": "Offer",
    "domain": {"name": "DILN", "chainId": 1145654350},
    "message": {"what": "a model\x1b[2J", "price": 2**70 + 1, "hash": b"\xab" * 32},
}


@pytest.fixture
def signer() -> FakeSigner:
    return FakeSigner()


@pytest.fixture
def url(signer: FakeSigner) -> Iterator[str]:
    with served(signer) as address:
        yield address


@pytest.fixture
def remote_alice(settings: Settings, url: str) -> Account:
    return Accounts(replace(settings, signer=url)).get(ALICE)


@pytest.mark.parametrize("prefix", ["eth", "account"])
def test_send__key_in_a_signer__is_mined(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account, prefix: str
) -> None:
    signer.prefix = prefix
    receipt = chain.send(probe.functions.set(5), remote_alice, value=7)
    assert chain.call(probe.functions.value()) == 5
    sent: Any = chain.transaction(receipt.tx_hash)
    assert (sent["from"], sent["value"]) == (ALICE, 7)


@pytest.mark.parametrize("prefix", ["eth", "account"])
def test_sign_typed_data__key_in_a_signer__is_of_it(
    signer: FakeSigner, remote_alice: Account, alice: Account, prefix: str
) -> None:
    signer.prefix = prefix
    signature = remote_alice.sign_typed_data(MESSAGE)
    assert signature == alice.sign_typed_data(MESSAGE)
    assert EthAccount.recover_message(encode_typed_data(full_message=MESSAGE), signature=signature) == ALICE


@pytest.mark.parametrize(
    "change",
    [{"to": BOB}, {"value": "0x1"}, {"nonce": "0x63"}, {"data": "0x"}, {"gas": "0x5208"}, {"chainId": "0x1"}],
)
def test_send__signer_signs_something_else__nothing_is_sent(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account, change: dict[str, str]
) -> None:
    head = chain.head().number
    signer.twist = lambda asked: {**asked, **change}
    with pytest.raises(AccountError, match="something else"):
        chain.send(probe.functions.set(5), remote_alice)
    assert chain.head().number == head
    assert chain.outbox.entries() == []


def test_sign_typed_data__signer_signs_something_else__is_refused(
    signer: FakeSigner, remote_alice: Account
) -> None:
    signer.twist = lambda asked: {**asked, "message": {**asked["message"], "price": "1"}}
    with pytest.raises(AccountError, match="the signature is not"):
        remote_alice.sign_typed_data(MESSAGE)


def test_send__signer_signs_as_somebody_else__nothing_is_sent(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account, bob: Account
) -> None:
    signer.key = EthAccount.from_key(bob._unlock())
    with pytest.raises(AccountError, match="something else"):
        chain.send(probe.functions.set(5), remote_alice)
    with pytest.raises(AccountError, match="the signature is not"):
        remote_alice.sign_typed_data(MESSAGE)


@pytest.mark.parametrize(
    "instead",
    [
        {"error": {"code": 4001, "message": "User rejected\x1b[2J the request"}},
        {"error": "no"},
        {"error": 7},
        {"result": None},
        {"result": "0x"},
        {"result": "0xzz"},
        {"result": {"raw": 7}},
        {"result": "0x02c0"},
        {"result": ["0x"]},
        UNKNOWN,
    ],
)
def test_signer__refuses_or_answers_nonsense__is_a_sentence(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account, instead: dict[str, Any]
) -> None:
    signer.instead = instead
    with pytest.raises(AccountError) as caught:
        chain.send(probe.functions.set(5), remote_alice)
    assert "\x1b" not in caught.value.message
    with pytest.raises(AccountError):
        remote_alice.sign_typed_data(MESSAGE)


def test_signer__nobody_there__keeps_the_urls_secret() -> None:
    with pytest.raises(AccountError, match="does not answer") as caught:
        Signer("http://127.0.0.1:1/SECRET").accounts()
    assert "SECRET" not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(AccountError, match="reached by HTTP"):
        Signer("ws://127.0.0.1:1")


def test_get__signer__is_named_or_the_only_one(url: str, tmp_path: Any) -> None:
    settings = load_settings(home=tmp_path, signer=url, environ={})
    assert settings.sender == "signer"
    accounts = Accounts(settings)
    assert accounts.get("signer").address == accounts.get(ALICE.lower()).address == ALICE
    assert accounts.get("signer").known_to_all  # a development key is none the better for being elsewhere
    with pytest.raises(AccountError, match=f"no account {BOB}; it has {ALICE}"):
        accounts.get(BOB)
    assert load_settings(home=tmp_path, environ={"DILN_SIGNER": url}).signer == url
    assert url not in repr(settings)


def test_send__calldata__hands_out_what_a_safe_would_send(
    chain: Chain, settings: Settings, probe: Contract, bob: Account
) -> None:
    safe = Accounts(replace(settings, calldata=True)).get(BOB)
    assert isinstance(safe, Proposer)
    head, balance = chain.head().number, chain.balance(BOB)
    with pytest.raises(Unsent) as caught:
        chain.send(probe.functions.set(5), safe, value=2**60, once="five")
    made = caught.value.transaction
    assert made == {
        "chainId": chain.chain_id,
        "from": BOB,
        "to": probe.address,
        "value": str(2**60),
        "data": probe.encode_abi("set", [5]),
    }
    assert (chain.head().number, chain.balance(BOB)) == (head, balance)
    assert chain.outbox.entries() == []
    assert chain.send(probe.functions.set(5), safe, dry_run=True).gas_used


def test_send__calldata_that_would_fail__says_why(chain: Chain, settings: Settings, probe: Contract) -> None:
    safe = Accounts(replace(settings, calldata=True)).get("bob")
    assert safe.address == BOB
    with pytest.raises(ContractReverted, match="not allowed"):
        chain.send(probe.functions.refuse(1), safe)
    with pytest.raises(InsufficientFunds):
        chain.send(probe.functions.set(1), safe, value=10**30)
    for sign in (lambda: safe.sign_typed_data(MESSAGE), lambda: safe.sign_transaction({})):
        with pytest.raises(AccountError, match="cannot sign"):
            sign()


def test_sign_typed_data__any_key__is_told_first(alice: Account, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("orchestrator.signing")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, logger="orchestrator.signing"):
            alice.sign_typed_data(MESSAGE)
    finally:
        logger.removeHandler(caplog.handler)
    assert "alice signs Offer (name DILN, chainId 1145654350):" in caplog.messages
    assert f"  price: {2**70 + 1}" in caplog.messages
    assert f"  hash: 0x{'ab' * 32}" in caplog.messages
    assert not any("\x1b" in message for message in caplog.messages)


def test_plain_json__large_numbers_and_bytes__survive_javascript() -> None:
    assert plain_json({"a": [2**53, 1, True, b"\x01", ("x",)]}) == {"a": [str(2**53), 1, True, "0x01", ["x"]]}


def test_balances__embedded__are_of_each(chain: Chain, alice: Account, bob: Account) -> None:
    assert chain.balances([alice.address, bob.address]) == [chain.balance(ALICE), chain.balance(BOB)]


def dearer(times: int) -> Any:
    """What a signer does that offers more for each gas."""
    fees = ("maxFeePerGas", "maxPriorityFeePerGas")
    return lambda asked: {**asked, **{name: hex(times * int(asked[name], 16)) for name in fees}}


def test_send__signer_chooses_a_higher_fee__is_sent_where_it_is_in_proportion(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account
) -> None:
    signer.twist = dearer(3)
    chain.send(probe.functions.set(5), remote_alice)
    head = chain.head().number
    signer.twist = dearer(11)
    with pytest.raises(AccountError, match="the signer's fee is up to"):
        chain.send(probe.functions.set(6), remote_alice)
    signer.twist = lambda asked: {**asked, "gas": hex(11 * int(asked["gas"], 16))}
    with pytest.raises(AccountError, match="the signer's fee is up to"):
        chain.send(probe.functions.set(6), remote_alice)
    assert chain.head().number == head
    assert [each.nonce for each in chain.outbox.entries() if each.block >= head] == []


def test_send__signer_chooses_more_than_the_budget_has__nothing_is_sent(
    chain: Chain, probe: Contract, signer: FakeSigner, remote_alice: Account
) -> None:
    with spending(Budget({ZERO_ADDRESS: 10**18})) as whole:
        chain.send(probe.functions.set(5), remote_alice)
    cost, head = 10**18 - whole.left(), chain.head().number
    with spending(Budget({ZERO_ADDRESS: 2 * cost})) as budget:
        signer.twist = dearer(6)
        with pytest.raises(OverBudget):
            chain.send(probe.functions.set(6), remote_alice)
        assert chain.head().number == head
        signer.twist = lambda asked: asked
        chain.send(probe.functions.set(6), remote_alice)
        assert 0 <= budget.left() < 2 * cost
