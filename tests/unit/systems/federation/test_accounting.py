"""Privacy by noise: what terms promise, a party's own budget, what it says it has spent."""

from typing import Any

import numpy as np
import pytest

from orchestrator.bindings.federation import Federation, Spent
from orchestrator.errors import DataError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.learning.privacy.accountant import Steps, epsilon
from orchestrator.systems.federation import accounting, aggregating, cranking, creating, party
from orchestrator.systems.federation.duties import SYSTEM, updates
from orchestrator.systems.federation.finding import Descriptor, descriptor_of, parse_descriptor, secret_folder
from orchestrator.systems.federation.joining import join, leave
from orchestrator.systems.federation.overview import history, view
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import begin, later, offer, rows

PARTIES = ("alice", "bob", "carol")
TERMS: dict[str, Any] = {
    "policy": "trusted",
    "pay": "equal",
    "committee": 0,
    "rounds": 3,
    "epsilon": 6.0,
    "sampling": 0.2,
    "delta": 1e-4,
}


def begun(session: Session, folder: Any, **changes: Any) -> Federation:
    federation = begin(session, folder, *PARTIES, **TERMS | changes)
    cranking.crank(session, federation, session.account("dave"))
    return federation


def play(session: Session, federation: Federation) -> None:
    """A round of all parties."""
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))


def test_rounds__with_noise__tell_what_is_spent_and_verify(session, tmp_path):
    federation = begun(session, tmp_path)
    said = descriptor_of(session, federation)
    for _ in range(3):
        play(session, federation)
    for name in PARTIES:
        who = session.account(name).address
        told = [each.epsilon / 1000 for each in federation.events(Spent, party=who)]
        assert told == [accounting.epsilon_of(said, rounds) for rounds in (1, 2, 3)]
        assert told[-1] <= federation.terms.epsilon / 1000 == 6.0
    assert {each.epsilon for each in view(session, federation).seats} == {told[-1]}
    assert [each.ok for each in verify(session, federation)] == [True] * 3
    assert "Spent" in {each.signature for each in history(federation)}


def test_epsilon_of__is_the_accountants__rounded_up():
    said = Descriptor("x", noise=1300, clip=1000, sampling=200, delta=10_000, epochs=2)
    assert said.steps == 10
    exact = epsilon([Steps(1.3, 0.2, 30)], 1e-4)
    assert exact <= accounting.epsilon_of(said, 3) < exact + 0.001


def test_trained__same_wallet_and_rows__is_the_same_update__others_noise_is_another(session, tmp_path):
    federation = begun(session, tmp_path)
    first, again, other = (
        party.trained(session, federation, session.account(name)).values for name in ("bob", "bob", "carol")
    )
    assert (first == again).all()
    assert (first != other).any()


def test_trained__much_noise__hides_what_little_does_not(session, tmp_path):
    """The update of much noise has nothing to do with the one of hardly any."""
    federation = begun(session, tmp_path, epsilon=0.0, noise=100.0, clip=1.0)
    bob = session.account("bob")
    loud = party.trained(session, federation, bob).values.astype(float)
    read, start = party.rows_of(session, federation, bob.address), np.zeros(6)
    plan = read.descriptor.private_training
    quiet = accounting.train_privately(
        read.descriptor.network, start, read.features, read.labels, np.random.default_rng(0), plan, np.zeros
    )
    assert np.linalg.norm(loud) / 2**16 > 5 * np.linalg.norm(quiet)


def test_reveal__file_lost__comes_out_of_the_wallet_and_the_rows_again(session, tmp_path):
    federation, bob = begun(session, tmp_path), session.account("bob")
    for name in PARTIES:
        party.commit(session, federation, session.account(name))
    secret_folder(session, federation.address).remove(f"update-{bob.address}-1")
    assert party.reveal(session, federation, bob)


def test_commit__own_budget_spent__is_refused_in_a_sentence__and_no_duty(session, tmp_path):
    federation, bob = begun(session, tmp_path), session.account("bob")
    once = accounting.epsilon_of(descriptor_of(session, federation), 1)
    join(session, federation, bob, rows(tmp_path, "bob"), epsilon=once + 0.01)
    play(session, federation)
    with pytest.raises(DataError, match=rf"ε would be .* past the {once + 0.01:g} that bob allows"):
        party.commit(session, federation, bob)
    keeper = Keeper(session, [(SYSTEM, federation)], [bob])
    [remark] = map(str, keeper.remarks())
    assert f"of the budget of {once + 0.01:g} is spent" in remark
    assert "`diln federation join --epsilon" in remark
    assert updates.COMMIT.name not in {each.duty for each in keeper.due()}
    keeper = Keeper(session, [(SYSTEM, federation)], [session.account("carol")])
    assert list(keeper.remarks()) == []
    assert updates.COMMIT.name in {each.duty for each in keeper.due()}
    party.commit(session, federation, session.account("carol"))


def test_join__again_with_a_budget__says_how_it_stands(session, tmp_path):
    federation, bob, heard = begun(session, tmp_path), session.account("bob"), []
    said = descriptor_of(session, federation)
    once, most = accounting.epsilon_of(said, 1), federation.terms.epsilon / 1000
    join(session, federation, bob, None, epsilon=once + 0.01)
    play(session, federation)
    join(session, federation, bob, None, epsilon=once + 0.02, tell=heard.append)
    assert heard[0] == "bob has seat 1 already: nothing was paid again."
    assert f"ε = {once:g} of the budget of {once + 0.02:g} is spent, and one more update" in heard[1]
    assert f"join --epsilon {most:g}` raises it" in heard[1]
    join(session, federation, bob, None, epsilon=60.0, tell=heard.append)
    assert f"of the budget of {most:g} is spent; it allows 2 more" in heard[-1]
    with pytest.raises(UsageError, match="positive"):
        join(session, federation, bob, None, epsilon=-1.0)


def test_duty__obliged_to_commit__is_due_and_says_why_not(session, tmp_path):
    federation, bob = begun(session, tmp_path, obliged=True), session.account("bob")
    join(session, federation, bob, rows(tmp_path, "bob"), epsilon=3.0)
    said = accounting.promises(
        accounting.budget_of(session, federation, bob.address), obliged=federation.terms.obliged
    )
    assert any("costs the fine in each further round" in sentence for sentence in said)
    accounting.keep_budget(session, federation, bob.address, 0.01)
    with pytest.raises(DataError, match="ε would be") as refused:
        party.commit(session, federation, bob)
    assert "costs the fine in each round" in refused.value.hint
    assert updates.COMMIT.name in {each.duty for each in Keeper(session, [(SYSTEM, federation)], [bob]).due()}


def test_budget__a_party_that_left_and_joined_again__is_not_reset(session, tmp_path):
    federation, bob = begun(session, tmp_path), session.account("bob")
    play(session, federation)
    leave(session, federation, bob)
    join(session, federation, bob, rows(tmp_path, "bob"))
    budget = accounting.budget_of(session, federation, bob.address)
    assert budget is not None
    assert budget.rounds == 1


def test_rounds_of__a_seat_that_another_had__has_ones_own_only(session, tmp_path):
    federation, bob = begun(session, tmp_path), session.account("bob")
    play(session, federation)
    leave(session, federation, bob)
    frank = session.account("frank")
    join(session, federation, frank, rows(tmp_path, "frank"))
    assert federation.party_of(frank.address).seat == 1
    assert accounting.rounds_of(federation, frank.address, 2) == set()
    assert accounting.rounds_of(federation, bob.address, 2) == {1}


@pytest.mark.parametrize("own", [0.0, -1.0, float("nan"), float("inf")])
def test_join__budget_that_makes_no_sense__refused(session, tmp_path, own):
    federation = begin(session, tmp_path, **TERMS)
    with pytest.raises(UsageError, match="positive"):
        join(session, federation, session.account("bob"), rows(tmp_path, "bob"), epsilon=own)


def test_join__budget_too_small_for_one_round__refused(session, tmp_path):
    federation = begin(session, tmp_path, **TERMS)
    with pytest.raises(UsageError, match=r"past your budget of 0.1"):
        join(session, federation, session.account("bob"), rows(tmp_path, "bob"), epsilon=0.1)


def test_join__budget_where_nothing_is_promised__refused(session, tmp_path):
    federation = begin(session, tmp_path)
    with pytest.raises(UsageError, match="terms promise one"):
        join(session, federation, session.account("bob"), rows(tmp_path, "bob"), epsilon=1.0)


def test_join__more_rows_than_delta_is_good_for__refused(session, tmp_path):
    federation = begin(session, tmp_path, **TERMS | {"delta": 0.04})
    with pytest.raises(DataError, match="δ of 1/25 promises nothing for 40 rows"):
        join(session, federation, session.account("bob"), rows(tmp_path, "bob"))


def test_join__is_told_what_noise_gives_before_it_pays(session, tmp_path):
    federation, heard = begin(session, tmp_path, **TERMS), []
    bob = session.account("bob")
    join(session, federation, bob, rows(tmp_path, "bob"), lambda _, said: heard.extend(said), epsilon=5.0)
    text = " ".join(heard)
    assert "Your budget is ε = 5" in text
    assert "not you, nor what your rows have in common" in text
    assert "Nothing here hides it" not in text


def test_verify__who_told_less_than_its_updates_cost__is_named(session, tmp_path, monkeypatch):
    federation = begun(session, tmp_path, rounds=1)
    real = accounting.sealed
    monkeypatch.setattr(accounting, "sealed", lambda salt, budget: real(salt, budget)[:-4] + bytes(4))
    party.commit(session, federation, session.account("carol"))
    monkeypatch.undo()
    for name in ("alice", "bob"):
        party.commit(session, federation, session.account(name))
    for name in PARTIES:
        party.reveal(session, federation, session.account(name))
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    (checked,) = verify(session, federation)
    assert f"{session.account('carol').address} says that it spent ε = 0" in checked.fault


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": "quality", "committee": 3},
        {"policy": "stake"},
        {"max_weight": 5},
        {"sampling": 0.0},
        {"sampling": 1.5},
        {"delta": 0.0},
        {"delta": 1.0},
        {"epsilon": -1.0},
        {"epsilon": float("nan")},
        {"clip": -1.0},
        {"noise": 0.1},
    ],
)
def test_plan__epsilon_that_would_not_be_so__refused(session, changes):
    with pytest.raises((UsageError, DataError)):
        creating.plan(session, offer(**TERMS | changes), session.account("alice"))


def test_plan__noise_given__epsilon_follows_and_is_told(session):
    made = creating.plan(session, offer(**TERMS | {"epsilon": 0.0, "noise": 1.5}), session.account("alice"))
    assert made.descriptor.noise == 1500
    assert made.terms.epsilon == round(1000 * accounting.epsilon_of(made.descriptor, 3))
    assert any("nobody can check it" in sentence for sentence in creating.promises(made))


@pytest.mark.parametrize(
    "changes", [{"noise": 0}, {"clip": 0}, {"sampling": 1001}, {"delta": 1}, {"noise": 10**7}]
)
def test_parse_descriptor__noise_of_strangers_that_makes_no_sense__refused(changes):
    good = {"noise": 1000, "clip": 1000, "sampling": 200, "delta": 10_000}
    made = Descriptor("x", "ill", ("a",), ("no", "yes"), **good)
    assert parse_descriptor(made.to_bytes()) == made
    wrong = Descriptor("x", "ill", ("a",), ("no", "yes"), **good | changes)
    with pytest.raises(DataError):
        parse_descriptor(wrong.to_bytes())


def test_noisy__terms_without_noise_in_the_descriptor__refused(session, tmp_path, monkeypatch):
    federation = begin(session, tmp_path, **TERMS)
    plain = Descriptor("x", "ill", ("height", "weight"), ("no", "yes"))
    monkeypatch.setattr(accounting, "descriptor_of", lambda *_: plain)
    with pytest.raises(DataError, match="does not say by what noise"):
        join(session, federation, session.account("bob"), rows(tmp_path, "bob"))
