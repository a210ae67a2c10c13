"""The ways into a prediction market beside the plain one: batches, relayed signatures, a maximum.

contribute
├── for more than the maximum → refused, in a batch and sealed, too
├── in a batch → as one by one; with one bad, none, or more than the capacity → none of it
└── relayed
    ├── signed → the contributor's contribution, stake and change; value counts once, whatever the gift
    ├── again, late, altered, by another, for another market → refused
    └── by a contract wallet (ERC-1271) → as by a key
"""

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data

from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.samples import contribution_commitment
from tests.evm import Reverted
from tests.market_system import ANY, MarketSystem, create, run_of

RUNS = [run_of(100, 10), run_of(101, 4)]
FOREVER = 2**40


def refused(error: str):
    return pytest.raises(Reverted, match=f"^\\('?{error}\\b|^{error}\\b")


@pytest.fixture
def s() -> MarketSystem:
    return create().begin()


# -- a maximum -----------------------------------------------------------------------------------------------


def test_contribute__stake_above_the_maximum__refused(s: MarketSystem) -> None:
    stake = 10 * s.stake
    commitment = contribution_commitment(s.domain, s.evm.role("contributor"), RUNS[0], bytes(32))
    for call in (
        s.do.contribute(RUNS[0], stake - 1),
        s.do.contributeBatch(RUNS, 14 * s.stake - 1),
        s.do.commit(commitment, 10, stake - 1),
    ):
        with refused("PriceAboveMaximum"):
            s.evm.send(call, "contributor", 20 * s.stake)
    with pytest.raises(Exception, match="PriceAboveMaximum"):
        s.reference.contribute("contributor", RUNS, s.evm.now, ANY, 14 * s.stake - 1)
    s.evm.send(s.do.contribute(RUNS[0], stake), "contributor", stake)


# -- batches -------------------------------------------------------------------------------------------------


def test_contributeBatch__several_runs__as_one_by_one(s: MarketSystem) -> None:
    before = s.evm.snapshot()
    state = []
    for batch in (False, True):
        s.evm.revert(before)
        before = s.evm.snapshot()
        if batch:
            receipt = s.evm.send(s.do.contributeBatch(RUNS, ANY), "contributor", 14 * s.stake + 5)
            assert [e["data"] for e in s.evm.events(s.market, "Contributed", receipt)] == RUNS
        else:
            for run, count in zip(RUNS, (10, 4), strict=True):
                s.evm.send(s.do.contribute(run, ANY), "contributor", count * s.stake)
        words = s.do.state().call()
        state.append((words[0], words[3:], [s.do.contribution(i).call() for i in range(2)]))
    assert state[0] == state[1]
    assert s.balance("contributor") == 5


@pytest.mark.parametrize("bad", [b"", b"\x01", RUNS[0] + b"\x00"], ids=["empty", "label", "more"])
def test_contributeBatch__one_is_bad__none_taken(s: MarketSystem, bad: bytes) -> None:
    with pytest.raises(Reverted):
        s.evm.send(s.do.contributeBatch([*RUNS, bad], ANY), "contributor", 10**18)
    with refused("WrongCount"):
        s.evm.send(s.do.contributeBatch([], ANY), "contributor")
    assert s.do.state().call()[0] >> 160 & 0xFFFF == 0


def test_contributeBatch__more_than_the_capacity__none_taken() -> None:
    s = create(capacity=2).begin()
    for runs in ([*RUNS, RUNS[0]],):
        with refused("WrongPhase"):
            s.evm.send(s.do.contributeBatch(runs, ANY), "contributor", 10**18)
        with pytest.raises(Exception, match="WrongPhase"):
            s.reference.contribute("contributor", runs, s.evm.now, 10**18)
    s.evm.send(s.do.contributeBatch(RUNS, ANY), "contributor", 14 * s.stake)
    assert s.do.phase().call() == Phase.REVEALING


def test_contributeBatch__settled__wei_for_wei() -> None:
    s = create(tip=5).begin(tips=10**13)
    s.evm.send(s.do.fund(s.evm.role("contributor"), 10**15), "contributor", 10**15)
    s.reference.fund("contributor", 10**15)
    s.evm.send(s.do.contributeBatch(RUNS, ANY), "contributor", 14 * s.stake)
    s.reference.contribute("contributor", RUNS, s.evm.now, 14 * s.stake)
    s.batches += RUNS
    s.contribute("rival", run_of(102, 6, wrong=0.5), 6)
    s.settle()
    s.check()
    s.empty()


# -- signed and relayed --------------------------------------------------------------------------------------


def message(s: MarketSystem, contributor: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "contributor": "address",
        "runs": "bytes[]",
        "maximum": "uint256",
        "nonce": "uint256",
        "deadline": "uint256",
    }
    signed = {
        "contributor": contributor,
        "runs": RUNS,
        "maximum": ANY,
        "nonce": s.do.nonceOf(contributor).call(),
        "deadline": FOREVER,
    }
    domain = {
        "name": "DILN Prediction Market",
        "version": "1",
        "chainId": s.evm.web3.eth.chain_id,
        "verifyingContract": changes.pop("market", s.market.address),
    }
    types = {"Contribution": [{"name": name, "type": kind} for name, kind in fields.items()]}
    return {"domain_data": domain, "message_types": types, "message_data": signed | changes}


def relay(
    s: MarketSystem, value: int, deadline: int = FOREVER, signer: str = "contributor", **changes: Any
) -> Any:
    contributor = s.evm.role("contributor")
    data = message(s, contributor, deadline=deadline, **changes)
    signature = Account.sign_typed_data(s.evm.key(signer), **data).signature
    return s.evm.send(s.do.contributeFor(contributor, RUNS, ANY, deadline, signature, 0), "relayer", value)


def test_contributeFor__signed__the_contributors_stake_and_change(s: MarketSystem) -> None:
    s.evm.send(s.do.fund(s.evm.role("contributor"), 6 * s.stake), "contributor", 6 * s.stake)
    relay(s, 8 * s.stake + 3)
    s.reference.fund("contributor", 6 * s.stake + 3)
    s.reference.contribute("contributor", RUNS, s.evm.now, 8 * s.stake)
    s.batches += RUNS
    assert s.balance("contributor") == 3
    assert s.balance("relayer") == 0
    assert s.do.numberOf(s.evm.role("contributor")).call() == 1
    s.settle()
    s.check()
    s.empty()


def test_contributeFor__gift_where_ether_is_paid__value_counts_once(s: MarketSystem) -> None:
    """A gift is of tokens: one that is named beside ether is not credited as well."""
    contributor, value = s.evm.role("contributor"), 14 * s.stake
    signature = Account.sign_typed_data(s.evm.key("contributor"), **message(s, contributor)).signature
    call = s.do.contributeFor(contributor, RUNS, ANY, FOREVER, signature, value)
    s.evm.send(call, "relayer", value)
    assert s.balance("contributor") == 0
    assert s.holdings() == s.do.state().call()[4] >> 128  # the pot


@pytest.mark.parametrize(
    "changes",
    [
        {"signer": "stranger"},
        {"runs": RUNS[:1]},
        {"runs": RUNS[::-1]},
        {"maximum": 1},
        {"nonce": 1},
        {"market": "0x" + "11" * 20},
    ],
    ids=str,
)
def test_contributeFor__signed_for_something_else__refused(s: MarketSystem, changes: dict[str, Any]) -> None:
    with refused("BadSignature"):
        relay(s, 14 * s.stake, **changes)


def test_contributeFor__the_same_again_or_late__refused(s: MarketSystem) -> None:
    contributor = s.evm.role("contributor")
    data = message(s, contributor)
    signature = Account.sign_typed_data(s.evm.key("contributor"), **data).signature
    call = s.do.contributeFor(contributor, RUNS, ANY, FOREVER, signature, 0)
    s.evm.send(call, "relayer", 14 * s.stake)
    with refused("BadSignature"):
        s.evm.send(call, "relayer", 14 * s.stake)
    with refused("SignatureExpired"):
        relay(s, 14 * s.stake, deadline=s.evm.now)


def test_contributeFor__nothing_funded__refused(s: MarketSystem) -> None:
    """A relayer cannot make a contributor owe what it has not."""
    with refused("Underfunded"):
        relay(s, 14 * s.stake - 1)


def test_contributeFor__contract_wallet__as_by_a_key(s: MarketSystem) -> None:
    wallet = s.evm.deploy("SumWallet")
    data = encode_typed_data(**message(s, wallet.address))
    call = s.do.contributeFor(wallet.address, RUNS, ANY, FOREVER, b"", 0)
    with refused("BadSignature"):
        s.evm.send(call, "relayer", 14 * s.stake)
    s.evm.send(wallet.functions.allow(_hash_eip191_message(data)))
    s.evm.send(call, "relayer", 14 * s.stake)
    assert s.do.numberOf(wallet.address).call() == 1
