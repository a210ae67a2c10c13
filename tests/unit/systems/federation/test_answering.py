"""A request that was answered before is served from the chain, if it holds what the asker demands."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.federation import aggregating, cranking, party
from orchestrator.systems.federation.answering import MOST, answers, missing_in
from orchestrator.systems.federation.creating import plan
from orchestrator.systems.federation.finding import descriptor_of
from orchestrator.systems.federation.publishing import model_file, publish
from tests.unit.systems.federation.stage import begin, later, offer

PLAIN = {"policy": "trusted", "pay": "equal", "committee": 0}
PARTIES = ("alice", "bob", "carol")


def finish(session, federation, *parties, result=None):
    """The one round of a federation, in which nobody objects."""
    if len(parties) < federation.terms.seats:
        later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in parties:
            act(session, federation, session.account(name))
    made = result(aggregating.expected(session, federation)) if result else None
    aggregating.claim(session, federation, session.account(parties[0]), result=made)
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    assert federation.state().closed
    return federation


@pytest.fixture
def answered(session, tmp_path):
    return finish(session, begin(session, tmp_path, *PARTIES, **PLAIN), *PARTIES)


def asked(session, who="dave", **changes):
    """What somebody who asks the same is told of each federation."""
    return list(answers(session, plan(session, offer(**PLAIN | changes), session.account(who))))


def elsewhere(session, folder: Path) -> Session:
    """Another folder, with the chain and what is public of the store, and nothing else of this one."""
    home = folder / "elsewhere"
    home.mkdir()
    for found in session.settings.home.iterdir():
        if found.is_dir() and found.name in ("store", "deployments"):
            shutil.copytree(found, home / found.name)
        elif found.name.startswith("chain"):
            shutil.copy(found, home / found.name)
    return Session(load_settings(home=home, environ={}))


def test_answers__in_another_folder__model_record_parties_and_version(session, answered, tmp_path):
    published = publish(session, answered, session.account("bob"))
    content = model_file(session, answered, descriptor_of(session, answered))
    with elsewhere(session, tmp_path) as other:
        assert not other.known.knows(answered.address)
        [found] = asked(other, "dave")
        assert (found.federation.address, found.missing, found.rounds) == (answered.address, "", 1)
        assert found.record == answered.heads().record
        assert found.parties == tuple(session.account(name).address for name in PARTIES)
        assert found.version.number == published.version.number
        assert other.storage.read(found.cid, limit=1 << 20) == content
        assert hashlib.sha256(content).digest() == published.version.artifact_hash


def test_answers__another_question__is_not_answered(session, answered):
    assert not asked(session, epochs=3)
    assert not asked(session, source="another hospital")


def test_answers__not_finished__are_none(session, tmp_path):
    begin(session, tmp_path, *PARTIES, **PLAIN)
    assert not asked(session)


def test_answers__closed_without_a_round__says_so(session, tmp_path):
    federation = begin(session, tmp_path, "alice", **PLAIN)
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    assert [each.missing for each in asked(session)] == ["it finalized 0 rounds of 1"]


def test_answers__one_sybil_for_small_money__is_passed_over_for_the_honest(session, tmp_path):
    sybil = begin(session, tmp_path, "dave", **PLAIN | {"quorum": 1, "seats": 2})
    finish(session, sybil, "dave")
    assert [each.missing for each in asked(session)] == ["its terms have 1 as quorum, not 3"]
    honest = finish(session, begin(session, tmp_path, *PARTIES, **PLAIN), *PARTIES)
    assert [each.federation.address for each in asked(session) if not each.missing] == [honest.address]


def test_answers__false_model_that_nobody_refuted__is_named_and_not_served(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, **PLAIN)
    finish(session, federation, *PARTIES, result=lambda right: aggregating.altered(right, 1))
    [found] = asked(session)
    assert found.missing == "round 1: its model does not follow from the updates"


def test_answers__updates_that_nobody_gives__is_not_served(session, answered, tmp_path):
    with elsewhere(session, tmp_path) as other:
        shutil.rmtree(other.settings.store_dir)
        [found] = asked(other)  # whose plan has published the same first model there
        assert found.missing.startswith("round 1: ")


def test_answers__flood_of_empty_ones__is_bounded_and_hides_nothing(session, answered, tmp_path):
    """Terms of any deposit cost nothing where nobody joins; such a federation comes last."""
    for number in range(MOST + 1):
        terms = PLAIN | {"deposit": f"{number + 1}", "reward": "0", "start": "1m"}
        made = begin(session, tmp_path, **terms)
        later(session, made)
        cranking.crank(session, made, session.account("dave"))
    [found] = asked(session)
    assert found.federation.address == answered.address
    assert len(asked(session, bond="30")) == MOST


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"genesis": bytes(32)}, "genesis"),
        ({"rule": None}, "rule"),
        ({"privacy": None}, "privacy"),  # of a sum nobody sees who spoilt it
        ({"max_weight": 65_535}, "max_weight"),  # one party may outweigh all others
        ({"difficulty": -1}, "difficulty"),
        ({"rounds": 0}, "rounds"),
        ({"quorum": 2}, "quorum"),
        ({"deposit": 1}, "deposit"),
        ({"bond": 2}, "bond"),
        ({"unit": 1}, "deposit"),
        ({"currency": "0x" + "11" * 20}, "currency"),
        ({"inviter": "0x" + "11" * 20}, "others"),
        ({"descriptor": bytes(32)}, "descriptor"),
    ],
)
def test_lacking__less_than_is_wanted__is_named(session, answered, changes, reason):
    wanted = answered.terms
    assert missing_in(wanted, wanted, 1) == ""
    assert reason in missing_in(replace(wanted, **changes), wanted, 1)
