"""Deposit, refund, take.

a contribution
├── not yet due: neither refunded nor reported
├── due, the model agrees: refunded, by anyone; reputation only for what the model had not known
├── due, the model disagrees: reported by those with reputation, in proportion; taken a day later
│   └── the model agrees again meanwhile: not taken; refunded
└── left alone: swept by the creator, then by anyone
"""

import pytest

from orchestrator.learning.onchain.features import encode_sparse
from tests.evm import Reverted
from tests.sum_system import DAY, GWEI, Contribution, Facts, System

X = encode_sparse([1, 5, 40])
OTHER = encode_sparse([2, 3])


def reputation(system: System, role: str, times: int = 1) -> None:
    """Let `role` earn `times` valid contributions: samples that the model had not known."""
    made = []
    for _ in range(times):
        made.append(system.add(OTHER, 1 - system.do.predict(OTHER).call(), role))
        made.append(system.add(OTHER, Facts(made[-1].facts).label ^ 1, "helper"))
        made[-1] = system.add(OTHER, Facts(made[-2].facts).label, "helper2")
    for contribution in made[::2]:
        system.due(contribution)
        if system.do.predict(OTHER).call() != Facts(contribution.facts).label:
            system.add(OTHER, Facts(contribution.facts).label, "helper")
        system.claim("refund", contribution, role)
    assert system.account(role)[1] == times


def disputed(system: System) -> Contribution:
    """The poisoner's contribution, due, the model being against it."""
    contribution = system.add(X, 1 - system.do.predict(X).call(), "poisoner")
    label = Facts(contribution.facts).label
    while system.do.predict(X).call() == label:
        system.add(X, 1 - label, "honest")
    system.due(contribution)
    return contribution


def test_refund__not_due__refused(system: System) -> None:
    contribution = system.add(X, 1)
    system.evm.advance(14 * DAY - 60)  # an even guess: twice the floor
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("refund", contribution)


@pytest.mark.parametrize("sender", ["contributor", "keeper"])
def test_refund__due_and_agreed__credited_to_the_contributor(system: System, sender: str) -> None:
    contribution = system.add(X, 1)
    system.due(contribution)
    system.claim("refund", contribution, sender)
    assert system.account("contributor")[:2] == (Facts(contribution.facts).deposit * GWEI, 1)
    with pytest.raises(Reverted, match="NotRecorded"):
        system.claim("refund", contribution, sender)


def test_refund__model_disagrees__refused(system: System) -> None:
    with pytest.raises(Reverted, match="ModelDisagrees"):
        system.claim("refund", disputed(system), "poisoner")


@pytest.mark.parametrize("part", ["id", "facts", "x"])
def test_refund__other_facts_than_recorded__refused(system: System, part: str) -> None:
    made = system.add(X, 1)
    system.due(made)
    forged = {
        "id": Contribution(made.id + (1 << 32), made.facts, made.x),
        "facts": Contribution(made.id, made.facts ^ 1 << 48, made.x),
        "x": Contribution(made.id, made.facts, encode_sparse([1, 5])),
    }[part]
    with pytest.raises(Reverted):
        system.claim("refund", forged)


def test_report__without_reputation_or_own__refused(system: System) -> None:
    contribution = disputed(system)
    with pytest.raises(Reverted, match="NoShare"):
        system.claim("report", contribution, "stranger")
    with pytest.raises(Reverted, match="OwnContribution"):
        system.claim("report", contribution, "poisoner")


def test_report__model_agrees__refused(system: System) -> None:
    reputation(system, "reporter")
    contribution = system.add(X, 1 - system.do.predict(X).call())
    system.due(contribution)
    with pytest.raises(Reverted, match="ModelAgrees"):
        system.claim("report", contribution, "reporter")


def test_take__in_proportion_and_never_more_than_the_deposit(system: System) -> None:
    for role, times in (("first", 1), ("second", 2)):
        reputation(system, role, times)
    everyone = system.do.status().call()[2]
    contribution = disputed(system)
    deposit = Facts(contribution.facts).deposit
    before = {role: system.balance(role) for role in ("first", "second")}
    for role in ("first", "second"):
        system.claim("report", contribution, role)
        with pytest.raises(Reverted, match="ReportedAlready"):
            system.claim("report", contribution, role)
    system.evm.advance(DAY + 1)
    for role, valid in (("first", 1), ("second", 2)):
        system.claim("take", contribution, role)
        assert system.balance(role) - before[role] == deposit * valid // everyone * GWEI
        with pytest.raises(Reverted, match=r"NotReported|NotRecorded"):
            system.claim("take", contribution, role)


def test_take__too_soon_or_model_agrees_again__refused_and_refunded(system: System) -> None:
    reputation(system, "reporter")
    contribution = disputed(system)
    system.claim("report", contribution, "reporter")
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("take", contribution, "reporter")
    label = Facts(contribution.facts).label
    while system.do.predict(X).call() != label:
        system.add(X, label, "helper")
    system.evm.advance(DAY + 1)
    with pytest.raises(Reverted, match="ModelAgrees"):
        system.claim("take", contribution, "reporter")
    system.claim("refund", contribution, "poisoner")
    assert system.balance("poisoner") == Facts(contribution.facts).deposit * GWEI


def test_sweep__creator_first_then_anyone(system: System) -> None:
    first, second = system.add(X, 1), system.add(X, 1)
    system.due(first)
    system.evm.advance(14 * DAY - 60)
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("sweep", first, "creator")
    system.evm.advance(120)
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("sweep", first, "stranger")
    system.claim("sweep", first, "creator")
    assert system.balance("creator") == Facts(first.facts).deposit * GWEI
    system.evm.advance(14 * DAY)
    system.claim("sweep", second, "stranger")
    assert system.balance("stranger") == Facts(second.facts).deposit * GWEI


def test_settled_slot__used_again__old_claims_stay_closed(system: System) -> None:
    first = system.add(X, 1)
    system.due(first)
    system.claim("refund", first)
    second = system.add(X, 1)
    assert second.slot == first.slot
    assert second.id != first.id
    with pytest.raises(Reverted, match="NotRecorded"):
        system.claim("refund", first)


def test_report__all_is_promised__those_who_earn_later_get_none(system: System) -> None:
    reputation(system, "first")
    contribution = disputed(system)
    system.claim("report", contribution, "first")
    reputation(system, "late")  # by now each has a half of all
    label = Facts(contribution.facts).label
    while system.do.predict(X).call() == label:
        system.add(X, 1 - label, "honest")
    system.evm.advance(1)
    with pytest.raises(Reverted, match="NoShare"):
        system.claim("report", contribution, "late")
    system.evm.advance(DAY)
    system.claim("take", contribution, "first")
    assert system.balance("first") >= Facts(contribution.facts).deposit * GWEI


def test_report__not_due__refused(system: System) -> None:
    """Whoever holds the model wrong for a moment reports nothing that has not had its time."""
    reputation(system, "reporter")
    contribution = system.add(X, 1 - system.do.predict(X).call(), "honest")
    label = Facts(contribution.facts).label
    while system.do.predict(X).call() == label:
        system.add(X, 1 - label, "attacker")
    system.evm.advance(6 * DAY)
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("report", contribution, "reporter")
    system.due(contribution)
    system.claim("report", contribution, "reporter")
