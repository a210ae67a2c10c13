"""What brought down others, tried here. Each test is an attacker.

├── theft in one transaction or block: flip the model and take in the same breath
├── farming reputation with what the model already knows
├── one sample that moves a weight without bound
├── holding a verdict: what it takes to move one, and for how long
├── in the block of a claim: everything that the contract lets go before it
└── blocking others: wallets that revert, contributors and reporters that stop
"""

from typing import Any

import numpy as np
import pytest

from orchestrator.learning.onchain.features import encode_sparse
from tests.contracts.sum.test_self_assessment import disputed, reputation
from tests.evm import Reverted
from tests.sum_system import ANY, DAY, GWEI, Contribution, Facts, System

X = encode_sparse([1, 5, 40])


def data(system: System, function: str, *args: Any) -> bytes:
    return bytes.fromhex(system.sum.encode_abi(function, list(args))[2:])


def at_once(system: System, *calls: bytes, value: int = 0) -> None:
    """The attacker's contract: all calls in one transaction, `value` with the first."""
    attacker = system.evm.deploy("SumAttacker", sender="attacker")
    system.evm.send(
        attacker.functions.run(system.sum.address, list(calls), [value] + [0] * (len(calls) - 1)),
        "attacker",
        value,
    )


def honest(system: System) -> Contribution:
    """An honest contribution that the model agrees with, due."""
    contribution = system.add(X, 1, "honest")
    system.due(contribution)
    assert system.do.predict(X).call() == 1
    return contribution


@pytest.mark.parametrize("verb", ["refund", "report"])
def test_claim__in_a_transaction_that_updated_the_model__refused(system: System, verb: str) -> None:
    contribution = honest(system)
    poison = data(system, "add", X, 1 - system.do.predict(X).call(), ANY)
    with pytest.raises(Reverted, match="ModelMoved"):
        at_once(system, poison, data(system, verb, *contribution.claim), value=system.price())


def test_take__in_a_block_in_which_the_model_was_updated__refused(system: System) -> None:
    reputation(system, "reporter")
    contribution, other = disputed(system), encode_sparse([2])
    label = Facts(contribution.facts).label
    predict = system.do.predict
    while predict(X).call() == label or predict(other).call() != label:
        system.add(other, label, "helper")  # so that the update to come, a mistake of the model on another
        system.add(X, 1 - label, "helper")  # sample, moves it further against X
    system.claim("report", contribution, "reporter")
    system.evm.advance(DAY + 1)
    before, evm, tester = system.balance("reporter"), system.evm, system.evm.tester
    update = {"from": evm.role("attacker"), "value": system.price(), "gas": 500_000}
    tester.disable_auto_mine_transactions()
    added = system.do.add(other, 1 - label, ANY).transact(update)
    sent = system.do.take(*contribution.claim).transact({"from": evm.role("reporter"), "gas": 500_000})
    tester.enable_auto_mine_transactions()
    receipts = [evm.web3.eth.get_transaction_receipt(each) for each in (added, sent)]
    assert receipts[0]["blockNumber"] == receipts[1]["blockNumber"]
    assert [receipt["status"] for receipt in receipts] == [1, 0]
    assert Facts(system.added(receipts[0])[0].facts).surprise
    assert system.balance("reporter") == before
    system.claim("take", contribution, "reporter")  # a block later it is paid
    assert system.balance("reporter") > before


def test_theft__flip_report_take_in_one_transaction__impossible(system: System) -> None:
    victim = honest(system)
    flip = data(system, "add", X, 0, ANY)
    steps = [data(system, "report", *victim.claim), data(system, "take", *victim.claim)]
    with pytest.raises(Reverted):
        at_once(system, flip, *steps, value=system.price())
    assert system.balance("attacker") == 0


def test_theft__flipped_for_less_than_a_day__deposit_stays(system: System) -> None:
    reputation(system, "attacker")
    victim = honest(system)
    before = system.balance("attacker")
    while system.do.predict(X).call() == 1:
        system.add(X, 0, "attacker")
    system.claim("report", victim, "attacker")
    system.evm.advance(DAY // 2)
    while system.do.predict(X).call() == 0:  # anyone puts it right within the day
        system.add(X, 1, "anyone")
    system.evm.advance(DAY)
    with pytest.raises(Reverted, match="ModelAgrees"):
        system.claim("take", victim, "attacker")
    system.claim("refund", victim, "honest")
    assert system.balance("honest") == Facts(victim.facts).deposit * GWEI
    assert system.balance("attacker") == before


def test_farming__samples_that_the_model_knows__no_reputation(system: System) -> None:
    honest(system)
    farmed = system.add_batch([X] * 5, [1] * 5, "farmer")
    system.evm.advance(200 * DAY)
    for contribution in farmed:
        assert not Facts(contribution.facts).surprise
        system.claim("refund", contribution, "farmer")
    assert system.account("farmer")[1] == 0
    victim = disputed(system)
    with pytest.raises(Reverted, match="NoShare"):
        system.claim("report", victim, "farmer")


def test_farming__flip_and_restore__costs_a_deposit_for_each_point(system: System) -> None:
    """Making the model forget, to teach it again, costs a poisoned contribution for each one refunded."""
    honest(system)
    made = system.add_batch([X, X] * 3, [0, 1] * 3, "farmer")
    assert system.do.predict(X).call() == 1
    system.evm.advance(200 * DAY)
    lost = 0
    for contribution in made:
        try:
            system.claim("refund", contribution, "farmer")
        except Reverted as refused:
            assert refused.error == "ModelDisagrees"  # noqa: PT017
            lost += 1
    assert lost >= system.account("farmer")[1]


def test_influence__one_contribution__bounded_by_rate_and_limit(system: System) -> None:
    before = np.array(system.twin.coef_)
    widest = encode_sparse(range(1, 21))
    system.add(widest, 1, "attacker")
    twin = type(system.twin)(**system.twin.get_params()).restore(
        b"".join(word.to_bytes(32, "big") for word in system.words())
    )
    change = np.abs(twin.coef_ - before)
    assert change.max() <= system.twin.rate
    assert change.sum() <= system.twin.rate * (system.twin.limit + 1)


def test_verdict__to_move_it__takes_margin_over_rate_contributions(system: System) -> None:
    for _ in range(6):
        system.add(X, 1, "honest")
    one, two, three = encode_sparse([1]), encode_sparse([1, 5]), X
    for x in (one, two, three):
        system.add(x, system.do.predict(x).call(), "honest")
    twin = type(system.twin)(**system.twin.get_params()).restore(
        b"".join(word.to_bytes(32, "big") for word in system.words())
    )
    margin = twin._score(np.array([1, 5, 40]), 0)
    needed = 0
    while system.do.predict(X).call() == 1:
        system.add(X, 0, "attacker")
        needed += 1
    assert needed >= margin / (twin.rate * (3 + 1))


def test_wallet_that_reverts__blocks_nobody(system: System) -> None:
    wallet = system.evm.deploy("SumAttacker", sender="attacker")
    price = system.price()
    call = data(system, "add", X, 1, ANY)
    receipt = system.evm.send(wallet.functions.run(system.sum.address, [call], [price]), "attacker", price)
    stuck = system.added(receipt)[0]
    system.evm.send(wallet.functions.close(), "attacker")
    other = system.add(X, 1, "honest")
    system.evm.advance(200 * DAY)
    system.claim("refund", stuck, "keeper")  # credited, not sent
    system.claim("refund", other, "keeper")
    system.evm.send(system.do.withdraw(system.evm.role("honest")), "honest")
    withdraw = data(system, "withdraw", wallet.address)
    with pytest.raises(Reverted):
        system.evm.send(wallet.functions.run(system.sum.address, [withdraw], [0]), "attacker")
    elsewhere = data(system, "withdraw", system.evm.role("attacker"))
    system.evm.send(wallet.functions.run(system.sum.address, [elsewhere], [0]), "attacker")
    assert system.evm.web3.eth.get_balance(system.sum.address) == 0


def test_reporter_that_never_takes__blocks_nobody(system: System) -> None:
    reputation(system, "reporter")
    contribution = disputed(system)
    deposit = Facts(contribution.facts).deposit * GWEI
    system.claim("report", contribution, "reporter")
    assert system.do.record(contribution.slot).call()[2] == 0  # all of it is promised
    system.evm.advance(28 * DAY)
    before = system.balance("reporter")
    system.claim("sweep", contribution, "creator")
    assert system.balance("creator") == deposit
    with pytest.raises(Reverted, match="NotRecorded"):
        system.claim("take", contribution, "reporter")
    assert system.balance("reporter") == before


def test_take__twice_in_one_transaction__paid_once(system: System) -> None:
    """A slot that is settled and used again in the same breath belongs to the new contribution only."""
    wallet = system.evm.deploy("SumAttacker", sender="attacker")
    reputation(system, "other")
    price = system.price()
    add = data(system, "add", X, 1 - system.do.predict(X).call(), ANY)
    own = system.evm.send(wallet.functions.run(system.sum.address, [add], [price]), "attacker", price)
    mine = system.added(own)[0]
    system.due(mine)
    assert system.do.predict(X).call() == Facts(mine.facts).label
    refund = data(system, "refund", *mine.claim)
    with pytest.raises(Reverted, match="NotRecorded"):
        system.evm.send(wallet.functions.run(system.sum.address, [refund, refund], [0, 0]), "attacker")
    price = system.price()
    again = data(system, "add", X, Facts(mine.facts).label, ANY)
    with pytest.raises(Reverted, match=r"NotRecorded|ModelMoved"):
        system.evm.send(
            wallet.functions.run(system.sum.address, [refund, again, refund], [0, price, 0]),
            "attacker",
            price,
        )
    assert system.do.account(wallet.address).call()[0] == 0


@pytest.mark.parametrize("before", ["commit", "fund", "withdraw", "refund of another", "sweep of another"])
def test_claim__after_anything_else_in_its_transaction__same_outcome(system: System, before: str) -> None:
    """What can go before a claim in its block without making it wait moves neither verdict nor sum."""
    known = system.add(encode_sparse([7]), 1, "other")
    system.evm.advance(1)
    victim = system.add(X, 1, "honest")
    system.evm.advance(200 * DAY)
    price = system.price()
    calls = {
        "commit": (data(system, "commit", b"\1" * 32, ANY), price),
        "fund": (data(system, "fund", system.evm.role("honest"), 0), 0),
        "withdraw": (data(system, "withdraw", system.evm.role("attacker")), 0),
        "refund of another": (data(system, "refund", *known.claim), 0),
        "sweep of another": (data(system, "sweep", *known.claim), 0),
    }
    call, value = calls[before]
    attacker = system.evm.deploy("SumAttacker", sender="attacker")
    if before == "withdraw":
        system.evm.send(system.do.fund(attacker.address, 0), "attacker", 1)
    both = [call, data(system, "refund", *victim.claim)]
    system.evm.send(attacker.functions.run(system.sum.address, both, [value, 0]), "attacker", value)
    assert system.balance("honest") == Facts(victim.facts).deposit * GWEI
    assert system.account("honest")[1] == int(Facts(victim.facts).surprise)
