"""What brought down others, tried here. Each test is an attacker.

├── theft in one transaction or block: flip the model and take in the same breath
├── rescuing poison by flips, sharing one's own loss, copying what is revealed
├── hoarding commitments, overtaking with them, sweeping one's own, trap terms
├── one sample that moves a weight without bound
├── holding a verdict: what it takes to move one, and for how long
├── in the block of a claim: everything that the contract lets go before it
└── blocking others: wallets that revert, contributors and reporters that stop
"""

from typing import Any

import numpy as np
import pytest

from orchestrator.models.online.features import encode_sparse
from tests.contracts.sum.test_self_assessment import OTHER, disputed, reputation
from tests.evm import EVERYTHING, Reverted
from tests.sum_system import ANY, DAY, GWEI, HOUR, Contribution, Facts, System

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
    system.claim("refund", victim, "honest")  # the first look that says so
    system.evm.advance(DAY)
    system.claim("refund", victim, "honest")
    assert system.balance("honest") == Facts(victim.facts).deposit * GWEI
    assert system.balance("attacker") == before


def test_influence__one_contribution__bounded_by_rate_and_limit(system: System) -> None:
    before = np.array(system.reference.coef_)
    widest = encode_sparse(range(1, 21))
    system.add(widest, 1, "attacker")
    reference = type(system.reference)(**system.reference.get_params()).restore(
        b"".join(word.to_bytes(32, "big") for word in system.words())
    )
    change = np.abs(reference.coef_ - before)
    assert change.max() <= system.reference.rate
    assert change.sum() <= system.reference.rate * (system.reference.limit + 1)


def test_verdict__to_move_it__takes_margin_over_rate_contributions(system: System) -> None:
    for _ in range(6):
        system.add(X, 1, "honest")
    one, two, three = encode_sparse([1]), encode_sparse([1, 5]), X
    for x in (one, two, three):
        system.add(x, system.do.predict(x).call(), "honest")
    reference = type(system.reference)(**system.reference.get_params()).restore(
        b"".join(word.to_bytes(32, "big") for word in system.words())
    )
    margin = reference._score(np.array([1, 5, 40]), 0)
    needed = 0
    while system.do.predict(X).call() == 1:
        system.add(X, 0, "attacker")
        needed += 1
    assert needed >= margin / (reference.rate * (3 + 1))


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
    system.evm.send(system.do.withdraw(system.evm.role("honest"), EVERYTHING), "honest")
    withdraw = data(system, "withdraw", wallet.address, EVERYTHING)
    with pytest.raises(Reverted):
        system.evm.send(wallet.functions.run(system.sum.address, [withdraw], [0]), "attacker")
    elsewhere = data(system, "withdraw", system.evm.role("attacker"), EVERYTHING)
    system.evm.send(wallet.functions.run(system.sum.address, [elsewhere], [0]), "attacker")
    assert system.evm.web3.eth.get_balance(system.sum.address) == 0


def test_reporter_that_never_takes__blocks_nobody(system: System) -> None:
    reputation(system, "reporter")
    contribution = disputed(system)
    deposit = Facts(contribution.facts).deposit
    system.claim("report", contribution, "reporter")
    system.evm.advance(28 * DAY)
    before = system.balance("reporter")
    system.claim("sweep", contribution, "creator")
    assert system.balance("creator") == deposit // 2 * GWEI
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
    wrong = system.add(encode_sparse([9]), 1, "other")
    system.add(encode_sparse([9]), 0, "another")
    system.evm.advance(1)
    victim = system.seal(X, 1, "honest")
    system.evm.advance(200 * DAY)
    price = system.price()
    calls = {
        "commit": (data(system, "commit", b"\1" * 32, ANY), price),
        "fund": (data(system, "fund", system.evm.role("honest"), 0), 0),
        "withdraw": (data(system, "withdraw", system.evm.role("attacker"), EVERYTHING), 0),
        "refund of another": (data(system, "refund", *known.claim), 0),
        "sweep of another": (data(system, "sweep", *wrong.claim), 0),
    }
    call, value = calls[before]
    attacker = system.evm.deploy("SumAttacker", sender="attacker")
    if before == "withdraw":
        system.evm.send(system.do.fund(attacker.address, 1), "attacker", 1)
    both = [call, data(system, "refund", *victim.claim)]
    held = system.balance("honest")
    system.evm.send(attacker.functions.run(system.sum.address, both, [value, 0]), "attacker", value)
    assert system.balance("honest") == held + Facts(victim.facts).deposit * GWEI
    assert system.account("honest")[1] == 1


# -- poison that is rescued, shared or copied ---------------------------------------------------------------


def poison_and_repair(system: System, times: int = 10) -> list[Contribution]:
    """The poisoner's wrong samples, all put right, and due."""
    made = []
    for _ in range(times):
        made.append(system.seal(X, 1 - system.do.predict(X).call(), "poisoner"))
        label = Facts(made[0].facts).label
        while system.do.predict(X).call() == label:
            system.add(X, 1 - label, "honest")
    system.evm.advance(200 * DAY)
    return made


def flip(system: System, label: int) -> None:
    while system.do.predict(X).call() != label:
        system.add(X, label, "poisoner")
    system.evm.advance(15)


def test_rescue__reported_poison_and_a_flip_of_a_block__nothing_comes_back_and_nothing_is_earned(
    system: System,
) -> None:
    reputation(system, "reporter")
    made = poison_and_repair(system)
    label = Facts(made[0].facts).label
    for each in made:
        system.claim("report", each, "reporter")
    before = system.balance("poisoner")
    flip(system, label)
    for each in made:  # each of these looks was a refund, with reputation, once
        system.claim("refund", each, "poisoner")
    flip(system, 1 - label)
    for each in made:
        system.claim("report", each, "reporter")
    system.evm.advance(DAY)
    for each in made:
        system.claim("take", each, "reporter")
    assert system.balance("poisoner") <= before
    assert system.account("poisoner")[1] == 0


def test_rescue__held_for_a_day__refunded_but_without_reputation(system: System) -> None:
    reputation(system, "reporter")
    made = poison_and_repair(system, 2)
    for each in made:
        system.claim("report", each, "reporter")
    flip(system, Facts(made[0].facts).label)
    for each in made:
        system.claim("refund", each, "poisoner")
    system.evm.advance(DAY)
    for each in made:
        system.claim("refund", each, "poisoner")
    assert system.account("poisoner")[1] == 0


def test_rescue__flip_just_as_it_falls_due__was_reported_before(system: System) -> None:
    reputation(system, "reporter")
    made = system.seal(X, 1 - system.do.predict(X).call(), "poisoner")
    label = Facts(made.facts).label
    while system.do.predict(X).call() == label:
        system.add(X, 1 - label, "honest")
    system.evm.advance(system.do.dueAt(made.facts).call() - system.evm.now - DAY // 2)
    system.claim("report", made, "reporter")  # within a day before it is due
    system.due(made)
    before = system.balance("poisoner")
    flip(system, label)
    system.claim("refund", made, "poisoner")
    assert system.balance("poisoner") <= before
    assert system.do.record(made.slot).call()[0] != 0


def test_share__farmed_reputation__as_large_as_its_part_of_all_deposits(system: System) -> None:
    """Thirty made-up samples are thirty of all that were refunded, not thirty of the few that were news."""
    farmed = [system.seal(encode_sparse([10 + n]), 1, "farmer") for n in range(30)]
    honest = [system.add(OTHER, system.do.predict(OTHER).call(), "honest") for _ in range(90)]
    system.evm.advance(200 * DAY)
    for each in (*farmed, *honest):
        system.claim("refund", each, "keeper")
    contribution = disputed(system)
    for role in ("farmer", "honest"):
        system.claim("report", contribution, role)
    deposit = Facts(contribution.facts).deposit
    shares = [
        system.do.reportOf(contribution.id, system.evm.role(role)).call()[0] for role in ("farmer", "honest")
    ]
    assert shares == [deposit * part // 120 * GWEI for part in (30, 90)]


@pytest.mark.parametrize("composition", ["SparsePerceptronStake", "SparsePerceptronGame"])
def test_copy__of_a_reveal_from_the_mempool__earns_neither_reputation_nor_points(
    create: Any, composition: str
) -> None:
    system = create(composition=composition)
    salt = b"\7" * 32
    sealed = system.do.commitmentOf(system.evm.role("victim"), X, 1, salt).call()
    system.evm.send(system.do.commit(sealed, ANY), "victim", system.price())
    copy = system.add(X, 1, "copycat")  # mined before the reveal that it was copied from
    own = system.added(system.evm.send(system.do.reveal(X, 1, salt, ANY), "victim", ANY))[0]
    assert Facts(copy.facts).surprise
    assert not Facts(copy.facts).sealed
    system.evm.advance(200 * DAY)
    system.claim("refund", copy, "copycat")
    assert system.account("copycat")[1] == 0
    assert system.account("copycat")[3] == 0
    system.claim("refund", own, "victim")
    assert system.account("victim")[1] == 1


def test_stock__of_commitments_opened_at_once__costs_what_haste_costs(system: System) -> None:
    sealed, salts = [], [bytes([n]) * 32 for n in range(1, 4)]
    for salt in salts:
        system.evm.advance(HOUR)
        sealed.append(system.do.commitmentOf(system.evm.role("hoarder"), X, 1, salt).call())
        system.evm.send(system.do.commit(sealed[-1], ANY), "hoarder", system.price())
    deposits = [
        Facts(
            system.added(system.evm.send(system.do.reveal(X, 1, salt, ANY), "hoarder", ANY))[0].facts
        ).deposit
        for salt in salts
    ]
    system.evm.advance(HOUR)
    patient = Facts(system.add(X, 1, "patient").facts).deposit
    assert deposits[0] <= patient
    assert all(deposit > 10 * patient for deposit in deposits[1:])


def test_reveal__dearer_than_the_maximum__refused_and_cheaper_later(system: System) -> None:
    salt = b"\7" * 32
    system.evm.advance(HOUR)
    price = system.price()
    sealed = system.do.commitmentOf(system.evm.role("contributor"), X, 1, salt).call()
    system.evm.send(system.do.commit(sealed, ANY), "contributor", price)
    system.add(OTHER, 1, "another")
    with pytest.raises(Reverted, match="PriceAboveMaximum"):
        system.evm.send(system.do.reveal(X, 1, salt, price), "contributor")
    system.evm.advance(2 * HOUR)
    made = system.added(system.evm.send(system.do.reveal(X, 1, salt, price), "contributor"))[0]
    assert Facts(made.facts).deposit * GWEI == price


def test_commit__again_and_again__raises_nobodys_price(system: System) -> None:
    system.evm.advance(HOUR)
    price = system.price()
    for salt in range(1, 4):
        system.evm.send(system.do.commit(salt.to_bytes(32, "big"), ANY), "griefer", ANY)
    system.evm.send(system.do.add(X, 1, price), "contributor", price)


def test_sweep__in_a_block_in_which_the_model_was_updated__refused(system: System) -> None:
    contribution = disputed(system)
    system.evm.advance(28 * DAY)
    label = Facts(contribution.facts).label
    poison = data(system, "add", X, label, ANY)
    with pytest.raises(Reverted, match="ModelMoved"):
        at_once(system, poison, data(system, "sweep", *contribution.claim), value=system.price())


def test_sweep__own_deposit__refused_to_contributor_and_creator(system: System) -> None:
    for role in ("poisoner", "creator"):
        made = system.add(X, 1 - system.do.predict(X).call(), role)
        label = Facts(made.facts).label
        while system.do.predict(X).call() == label:
            system.add(X, 1 - label, "honest")
        system.evm.advance(200 * DAY)
        with pytest.raises(Reverted, match="OwnContribution"):
            system.claim("sweep", made, role)


def test_sweep__by_the_poisoners_other_account__half_is_lost(system: System) -> None:
    made = disputed(system)
    system.evm.advance(28 * DAY)
    system.claim("sweep", made, "sybil")
    system.evm.advance(DAY)
    system.claim("sweep", made, "sybil")
    assert system.balance("sybil") == Facts(made.facts).deposit // 2 * GWEI


def test_add__when_32_bit_times_end__refused_and_claims_go_on(system: System) -> None:
    made = system.add(X, 1)
    system.evm.advance(2**32 - system.evm.now)
    with pytest.raises(Reverted, match="Full"):
        system.add(X, 1)
    system.claim("refund", made)
    assert system.balance("contributor") == Facts(made.facts).deposit * GWEI
