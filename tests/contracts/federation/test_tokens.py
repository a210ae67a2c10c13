"""What of a federation is paid in a token.

join, claim, demand, delegate
├── the balance is enough: nothing is taken
├── something is missing: just that is taken, by the allowance
├── without allowance, or with ether beside it: refused, nothing happened
└── a token that calls back: what was done meanwhile counts, and no money is made
"""

import pytest

from tests.contracts.federation.scenario import HOUR, NO_SEAT, TERMS, Scenario
from tests.evm import Reverted

DEPOSIT = TERMS["deposit"] * TERMS["unit"]
BOND = TERMS["bond"] * TERMS["unit"]
STAKE = TERMS["stake"] * TERMS["unit"]
THREE = "anna", "ben", "cleo"


@pytest.fixture
def paid(deployed):
    """A federation in a token, of which everybody has some and has allowed nothing."""
    evm, factory = deployed
    seen = evm.snapshot()
    token = evm.deploy("MarketRogueToken", sender="organizer")
    evm.send(token.functions.approve(factory.address, 2**120), "organizer")
    for who in (*THREE, "refuter"):
        evm.send(token.functions.transfer(evm.role(who), 10 * DEPOSIT), "organizer")
    made = Scenario.create(evm, factory, currency=token.address, policy=3, judging=HOUR, quorum=3)
    made.token = token
    yield made
    evm.revert(seen)


def allow(s: Scenario, who: str, amount: int) -> None:
    s.evm.send(s.token.functions.approve(s.contract.address, amount), who)


def has(s: Scenario, who: str) -> int:
    return s.evm.call(s.token.functions.balanceOf(s.evm.role(who)))


def test_join__by_allowance__just_the_deposit_is_taken(paid):
    allow(paid, "anna", DEPOSIT + 5)
    paid.join("anna", value=0)
    assert has(paid, "anna") == 9 * DEPOSIT
    assert paid.call("balanceOf", paid.evm.role("anna")) == 0
    assert paid.call("partyOf", paid.evm.role("anna"))[2] == DEPOSIT


def test_join__part_of_it_is_there__the_rest_is_taken(paid):
    allow(paid, "anna", DEPOSIT)
    paid.send("fund", paid.evm.role("anna"), DEPOSIT // 4, sender="anna")
    paid.join("anna", value=0)
    assert has(paid, "anna") == 9 * DEPOSIT
    assert paid.call("balanceOf", paid.evm.role("anna")) == 0


def test_join__all_of_it_is_there__nothing_is_taken(paid):
    allow(paid, "anna", 3 * DEPOSIT)
    paid.send("fund", paid.evm.role("anna"), DEPOSIT + 7, sender="anna")
    paid.join("anna", value=0)
    assert has(paid, "anna") == 9 * DEPOSIT - 7
    assert paid.call("balanceOf", paid.evm.role("anna")) == 7
    paid.send("withdraw", paid.evm.role("anna"), 7, sender="anna")
    assert has(paid, "anna") == 9 * DEPOSIT


@pytest.mark.parametrize("allowed", [0, DEPOSIT - 1])
def test_join__allowance_too_small__refused(paid, allowed):
    allow(paid, "anna", allowed)
    with pytest.raises(Reverted):
        paid.join("anna", value=0)
    assert paid.call("partyOf", paid.evm.role("anna"))[0] == NO_SEAT


@pytest.mark.parametrize("there", [0, DEPOSIT - 1, DEPOSIT])
def test_join__ether_beside_a_token__refused(paid, there):
    allow(paid, "anna", 2 * DEPOSIT)
    if there:
        paid.send("fund", paid.evm.role("anna"), there, sender="anna")
    with pytest.raises(Reverted, match="WrongPayment"):
        paid.join("anna", value=1)


def test_join__token_that_has_begun_to_keep_a_part__refused(paid):
    """Less would arrive than the seat is credited with: others would pay for it."""
    allow(paid, "anna", DEPOSIT)
    paid.evm.send(paid.token.functions.be(4, paid.contract.address, b""), "stranger")
    with pytest.raises(Reverted, match="WrongPayment"):
        paid.join("anna", value=0)
    assert has(paid, "anna") == 10 * DEPOSIT


def test_join__token_that_returns_false__refused(paid):
    allow(paid, "anna", DEPOSIT)
    paid.evm.send(paid.token.functions.be(1, paid.contract.address, b""), "stranger")
    with pytest.raises(Reverted):
        paid.join("anna", value=0)


def test_round__bonds_stakes_and_what_is_behind_a_seat__come_by_allowance_and_all_returns(paid):
    for who in THREE:
        allow(paid, who, DEPOSIT)
        paid.join(who, value=0)
    allow(paid, "refuter", 100 * paid.terms["unit"])
    paid.send("delegate", paid.evm.role("ben"), 100, sender="refuter")
    assert has(paid, "refuter") == 10 * DEPOSIT - 100 * paid.terms["unit"]
    paid.begin()
    paid.revealed(*THREE)
    allow(paid, "refuter", STAKE)
    nothing = (paid.evm.role("anna"), 0, *[b"\0" * 32] * 2, 0, 0, 0, 0, b"\0" * 32, 0)
    paid.send("demand", 0, paid.evm.role("ben"), 0, nothing, sender="refuter")
    assert has(paid, "refuter") == 10 * DEPOSIT - 100 * paid.terms["unit"] - STAKE
    paid.vote(*THREE)
    leader = next(who for who in THREE if paid.seat(who) == paid.leader(paid.call("judgement")[1]))
    allow(paid, leader, BOND)
    before = has(paid, leader)
    paid.claim(leader, value=0)
    assert has(paid, leader) == before - BOND


def test_join__token_that_calls_back__what_the_party_did_meanwhile_counts_and_no_money_is_made(paid):
    evm, federation = paid.evm, paid.contract
    wallet = evm.deploy("MarketWallet", sender="organizer")
    evm.send(paid.token.functions.transfer(wallet.address, DEPOSIT), "organizer")
    for target, call in (
        (paid.token, paid.token.functions.approve(federation.address, DEPOSIT)),
        (federation, None),
    ):
        if call is None:
            leave = federation.functions.leave()._encode_transaction_data()
            run = wallet.functions.run(federation.address, 0, leave)._encode_transaction_data()
            evm.send(paid.token.functions.be(3, wallet.address, run), "stranger")
            call = federation.functions.join(b"")
        evm.send(wallet.functions.run(target.address, 0, call._encode_transaction_data()), "stranger")
    assert evm.call(paid.token.functions.reentered())
    assert paid.call("partyOf", wallet.address)[0] == NO_SEAT
    assert paid.call("balanceOf", wallet.address) == DEPOSIT
    budget = paid.terms["rounds"] * paid.terms["reward"] * paid.terms["unit"]
    assert evm.call(paid.token.functions.balanceOf(federation.address)) == budget + DEPOSIT


def test_fund__token_that_calls_back_into_join__credits_nothing_twice(paid):
    evm, federation = paid.evm, paid.contract
    wallet = evm.deploy("MarketWallet", sender="organizer")
    evm.send(paid.token.functions.transfer(wallet.address, 2 * DEPOSIT), "organizer")

    def run(target, call):
        return wallet.functions.run(target.address, 0, call._encode_transaction_data())

    evm.send(run(paid.token, paid.token.functions.approve(federation.address, 2 * DEPOSIT)), "stranger")
    join = run(federation, federation.functions.join(b""))
    evm.send(paid.token.functions.be(3, wallet.address, join._encode_transaction_data()), "stranger")
    evm.send(run(federation, federation.functions.fund(wallet.address, DEPOSIT)), "stranger")
    inside = paid.call("balanceOf", wallet.address) + paid.call("partyOf", wallet.address)[2]
    assert inside + evm.call(paid.token.functions.balanceOf(wallet.address)) == 2 * DEPOSIT
