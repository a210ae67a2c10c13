"""Deposit, refund, take.

a contribution
├── not yet due: neither refunded nor reported
├── due, the model agrees: refunded, by anyone; reputation, unless it was news that was shown openly
├── due within a day, the model disagrees: reported by those with reputation, in proportion; taken a day later
│   └── the model agrees again meanwhile: not taken; refunded a day after the first look that says so
└── left alone, the model against it: half is swept, by the creator, then by anyone but its contributor
"""

import pytest

from orchestrator.models.online.features import encode_sparse
from tests.evm import Reverted
from tests.sum_system import DAY, GWEI, Contribution, Facts, System

X = encode_sparse([1, 5, 40])
OTHER = encode_sparse([2, 3])


def reputation(system: System, role: str, times: int = 1) -> None:
    """Let `role` earn `times` valid contributions: of samples that the model knows."""
    made = [system.add(OTHER, system.do.predict(OTHER).call(), role) for _ in range(times)]
    for contribution in made:
        system.due(contribution)
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
    contribution = system.seal(X, 1)
    system.due(contribution)
    before = system.balance("contributor")
    system.claim("refund", contribution, sender)
    assert system.account("contributor")[:2] == (before + Facts(contribution.facts).deposit * GWEI, 1)
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
    receipt = system.claim("refund", contribution, "poisoner")
    assert system.evm.events(system.sum, "Looked", receipt)[0]["against"] is False
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("refund", contribution, "poisoner")
    assert system.balance("poisoner") == 0
    system.evm.advance(DAY)
    system.claim("refund", contribution, "poisoner")
    assert system.account("poisoner")[:2] == (Facts(contribution.facts).deposit * GWEI, 0)


@pytest.mark.parametrize(("sender", "wait"), [("creator", 14), ("stranger", 28)])
def test_sweep__against_it_and_long_after__half_is_paid_half_is_burnt(
    system: System, sender: str, wait: int
) -> None:
    contribution = disputed(system)
    deposit = Facts(contribution.facts).deposit
    system.evm.advance(wait * DAY - 60)
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("sweep", contribution, sender)
    system.evm.advance(120)
    for impatient in range(2):
        if impatient:
            with pytest.raises(Reverted, match="TooEarly"):
                system.claim("sweep", contribution, sender)
        else:
            system.claim("sweep", contribution, sender)  # the first look
    assert system.balance(sender) == 0
    system.evm.advance(DAY)
    system.claim("sweep", contribution, sender)
    assert system.balance(sender) == deposit // 2 * GWEI
    burnt = system.do.account("0x000000000000000000000000000000000000dEaD").call()[0]
    assert burnt == (deposit - deposit // 2) * GWEI


def test_sweep__contributor_with_reputation__keeps_the_part_that_no_other_could_be_promised(
    system: System,
) -> None:
    reputation(system, "poisoner", 3)
    reputation(system, "reporter")
    contribution = disputed(system)
    deposit, before = Facts(contribution.facts).deposit, system.balance("poisoner")
    system.claim("report", contribution, "reporter")
    system.evm.advance(28 * DAY)
    system.claim("take", contribution, "reporter")
    receipt = system.claim("sweep", contribution, "stranger")
    left = deposit - deposit // 4
    own = deposit * 3 // 4
    assert system.balance("poisoner") - before == own * GWEI
    assert system.balance("stranger") == (left - own) // 2 * GWEI
    assert system.evm.events(system.sum, "Swept", receipt)[0]["returned"] == own * GWEI


def test_sweep__model_agrees__refused_and_refunded_by_anyone(system: System) -> None:
    contribution = system.add(X, 1, "sleeper")
    system.evm.advance(200 * DAY)
    with pytest.raises(Reverted, match="ModelAgrees"):
        system.claim("sweep", contribution, "creator")
    system.claim("refund", contribution, "stranger")
    assert system.balance("sleeper") == Facts(contribution.facts).deposit * GWEI


def test_record__disputed__tells_the_last_look_that_changed_sides(system: System) -> None:
    reputation(system, "reporter")
    contribution = disputed(system)
    assert system.do.record(contribution.slot).call()[2] == 0
    system.claim("report", contribution, "reporter")
    moment = system.evm.now
    assert system.do.record(contribution.slot).call()[2] == 2 * moment + 1
    who = system.evm.role("reporter")
    promised = system.do.reportOf(contribution.id, who).call()
    assert promised == [Facts(contribution.facts).deposit * GWEI, moment + DAY]


def test_settled_slot__used_again__old_claims_stay_closed(system: System) -> None:
    first = system.add(X, 1)
    system.due(first)
    system.claim("refund", first)
    second = system.add(X, 1)
    assert second.slot == first.slot
    assert second.id != first.id
    with pytest.raises(Reverted, match="NotRecorded"):
        system.claim("refund", first)


def test_take__more_is_promised_than_there_is__what_is_left(system: System) -> None:
    reputation(system, "first")
    contribution = disputed(system)
    deposit = Facts(contribution.facts).deposit
    system.claim("report", contribution, "first")  # all of it
    reputation(system, "late")  # by now each has a half of all
    system.claim("report", contribution, "late")
    system.evm.advance(DAY)
    before = {role: system.balance(role) for role in ("first", "late")}
    for role, gets in (("late", deposit // 2), ("first", deposit - deposit // 2)):
        system.claim("take", contribution, role)
        assert system.balance(role) - before[role] == gets * GWEI
    system.evm.advance(28 * DAY)
    for verb, role in (("sweep", "stranger"), ("refund", "contributor"), ("report", "stranger")):
        with pytest.raises(Reverted, match="NotRecorded"):  # nothing is there a second time
            system.claim(verb, contribution, role)


def test_report__not_due__refused(system: System) -> None:
    """Whoever holds the model wrong for a moment reports nothing that has not had its time."""
    reputation(system, "reporter")
    contribution = system.add(X, 1 - system.do.predict(X).call(), "honest")
    label = Facts(contribution.facts).label
    while system.do.predict(X).call() == label:
        system.add(X, 1 - label, "attacker")
    system.evm.advance(system.do.dueAt(contribution.facts).call() - DAY - system.evm.now - 60)
    with pytest.raises(Reverted, match="TooEarly"):
        system.claim("report", contribution, "reporter")
    system.evm.advance(120)  # within the last day before it is due
    system.claim("report", contribution, "reporter")
