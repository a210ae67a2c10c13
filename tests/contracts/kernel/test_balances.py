"""Balances that no act waits for, as tournaments have them: in a token, and in other ether than was said."""

import pytest

from tests.contracts.tournament.scenario import BURN, BURNT, ETHER, Scenario, deploy_factory
from tests.contracts.world import fixtures

deployed, create, evm = fixtures(
    deploy_factory,
    lambda evm, factory, **changes: Scenario.create(evm, factory, **changes),
    ("organizer", "alice", "stranger"),
)


def test_token__a_whole_round__pays_as_ether_does(create):
    evm = create().evm
    token, most = evm.deploy("SumToken", 0), 2_000 * ETHER
    s = create(currency=token.address, tip=ETHER // 200)
    for who in ("organizer", "alice"):
        evm.send(token.functions.mint(evm.role(who), most))
        evm.send(token.functions.approve(s.contract.address, most), who)
        for half in range(2):  # what arrives counts, not what is there
            s.send("fund", evm.role(who), most // 2, sender=who)
            s.book.balances[who] += most // 2
            assert s.balance(who) == most // 2 * (half + 1)
        s.refuses("WrongPayment", "fund", evm.role(who), 1, sender=who, value=1)
    s.revealed(alice=1).score("alice")
    s.at("ends")
    s.close()
    owed = {who: amount for who, amount in s.book.balances.items() if amount}
    for who, amount in owed.items():
        assert s.balance(who) == amount
        paid = BURNT if who == BURN else evm.role(who)
        s.send("withdrawFor", paid, sender="stranger" if who == BURN else who)
        assert evm.call(token.functions.balanceOf(paid)) == amount
    assert evm.call(token.functions.balanceOf(s.contract.address)) == 0
    assert sum(owed.values()) == 2 * most


@pytest.mark.parametrize("value", [0, 1, ETHER - 1, ETHER + 1])
def test_fund__other_ether_than_said__is_refused(create, value):
    s = create()
    s.refuses("WrongPayment", "fund", s.evm.role("alice"), ETHER, sender="alice", value=value)
    assert s.balance("alice") == 0
