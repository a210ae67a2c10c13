"""Samples that are sealed first.

hide, reveal, release
├── nobody sees the sample before it is revealed; it earns as any other
├── killed at any moment, done twice: one deposit
└── secret lost: the deposit comes back once the lock is over
"""

import pytest

from orchestrator.bindings.sum import Committed
from orchestrator.errors import (
    ChainError,
)
from orchestrator.systems.sum.claiming import settle
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.sealing import release, sealed_samples
from tests.unit.sum.conftest import NATURE, TERMS, Village
from tests.unit.sum.giving import conceal, count, done_by, sample, uncover


def test_seal__then_reveal__sample_is_learned_and_refunded(village: Village) -> None:
    shared, chain = village.opened.shared, village.session.chain
    [made] = conceal(village, sample(village)).made
    transaction = chain.web3.eth.get_transaction(next(shared.contract.events(Committed)).tx_hash)
    assert sample(village)[0] not in bytes(transaction["input"])
    assert count(village) == 0
    chain.mine()
    [outcome] = uncover(village)
    assert outcome.contribution.facts.deposit == made.deposit > 0
    assert (outcome.contribution.x, outcome.contribution.facts.label) == sample(village)
    assert sealed_samples(village.session, village.opened) == []
    chain.advance(2 * DAY)
    [paid] = settle(village.session, village.opened, village.account("contributor"), ("refund",))
    assert paid.amount == made.deposit * shared.unit


def test_seal__again__is_known(village: Village) -> None:
    first = conceal(village, sample(village), sample(village))
    second = conceal(village, sample(village), sample(village, NATURE, 1, "nature"))
    assert [each.commitment for each in second.known] == [each.commitment for each in first.made]
    assert len(second.made) == 1
    assert len(sealed_samples(village.session, village.opened)) == 2


def test_seal__revealed_before__is_committed_to_anew(village: Village) -> None:
    [first] = conceal(village, sample(village)).made
    village.session.chain.mine()
    uncover(village)
    [second] = conceal(village, sample(village)).made
    assert second.commitment != first.commitment
    village.session.chain.mine()
    uncover(village)
    assert count(village) == 2


@pytest.mark.parametrize("place", ["sending.Sending._submitted", "delivery.Delivery.complete"])
def test_seal__killed_before_or_after_sending__deposits_once(
    village: Village, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"orchestrator.chain.{place}", dying)
        with pytest.raises(KeyboardInterrupt):
            conceal(village, sample(village))
    conceal(village, sample(village))
    [made] = sealed_samples(village.session, village.opened)
    assert made.secret
    village.session.chain.mine()
    assert len(uncover(village)) == 1


def test_seal__price_above_maximum__nothing_sent(village: Village) -> None:
    with pytest.raises(ChainError, match="above the maximum"):
        conceal(village, sample(village), maximum=1)
    assert sealed_samples(village.session, village.opened) == []


def test_release__secret_lost__deposit_comes_back_after_the_lock(village: Village) -> None:
    session, account = village.session, village.account("contributor")
    [made] = conceal(village, sample(village)).made
    for file in (session.settings.home / "sealed").rglob("*.json"):
        file.unlink()
    assert uncover(village) == []
    assert list(release(session, village.opened, account)) == []
    session.chain.advance(TERMS.refund_wait + 60)
    before = village.balance("contributor")  # what it sent beyond the price of the moment
    [outcome] = done_by(session, village.opened, account)
    assert outcome.verb == "release"
    assert outcome.amount == made.deposit * village.opened.shared.unit
    assert village.balance("contributor") == before + outcome.amount


def test_turn__sealed_sample__is_revealed_by_the_keeper_that_knows_it(village: Village) -> None:
    conceal(village, sample(village))
    village.session.chain.mine()
    assert done_by(village.session, village.opened, village.account("keeper"), everyone=True) == []
    [outcome] = done_by(village.session, village.opened, village.account("contributor"))
    assert (outcome.verb, count(village)) == ("reveal", 1)
