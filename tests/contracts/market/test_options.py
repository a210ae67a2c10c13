"""A prediction market's options: losses, validation, weights.

loss by hinge → wei for wei, for each model; margins beyond the scale count as its ends
validation
├── wei for wei with every loss
└── what improves only the portions that pay → earns nothing
weight by contribution → one stake for each, whatever its size
"""

import pytest

from orchestrator.models.online.references import NaiveBayes, SparsePerceptron
from orchestrator.systems.market.reference.measuring import WHOLE, evaluate
from orchestrator.systems.market.reference.rules import ACCURACY, F1, HINGE
from orchestrator.systems.market.reference.samples import decode_batch
from tests.evm import Reverted
from tests.market_system import ANY, BOUNTY, DIMS, MarketSystem, create, perceptron, run_of


def bayes() -> NaiveBayes:
    return NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)


def many() -> SparsePerceptron:
    return SparsePerceptron(DIMS, 3, rate=64).with_weights([[0] * DIMS] * 3)


def contributed(s: MarketSystem) -> MarketSystem:
    for i in range(7):
        s.contribute(f"contributor {i % 3}", run_of(300 + i, 5, wrong=0.4 * (i % 2)), 5)
    return s


# -- hinge ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [perceptron, bayes, many])
@pytest.mark.parametrize("forgiving", [False, True])
def test_settle__by_hinge__wei_for_wei(model, forgiving: bool) -> None:
    rules = {"threshold": 0, "stake": 10**9} if forgiving else {"stake": 10**7, "passes": 2}
    s = contributed(create(model=model(), loss=HINGE, **rules).begin())
    s.settle(work=50)
    m = s.reference.measuring
    assert 0 < m.last.paying < 10**9
    assert not forgiving or m.last != m.first  # all was kept
    s.check()
    s.empty()


@pytest.mark.parametrize("bits", [0, 3, 12, 64, 255])
def test_evaluate__margins_at_the_ends_of_the_scale__what_the_reference_says(bits: int) -> None:
    weights = [[32_767, *([-32_768, 1, -1, 16_384, 0] * 5)][:DIMS]]
    model = SparsePerceptron(DIMS, bits=bits).with_weights(weights)
    s = create(model=model, test_set=[b""] * 4)
    for run in (run_of(5, 30), run_of(6, 30)):
        found = s.do.evaluate(run, ANY).call()
        reference = evaluate(model, list(decode_batch(run)))
        assert found[:3] == (reference.wrong, reference.hits, reference.misses)
        assert found[4:] == (30, len(run))
        if bits <= 64:
            assert found[3] == reference.hinge <= 30 * WHOLE


def test_create__hinge_with_more_bits_than_a_margin__refused() -> None:
    model, most = (SparsePerceptron(DIMS, bits=bits).with_weights([[0] * DIMS]) for bits in (65, 64))
    with pytest.raises(Reverted, match="bits"):
        create(model=model, loss=HINGE, test_set=[b""])
    create(model=model, test_set=[b""])
    create(model=most, loss=HINGE, test_set=[b""])


# -- validation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [ACCURACY, F1, HINGE])
@pytest.mark.parametrize(("validation", "work"), [(1, 1_000_000), (2, 7)])
def test_settle__validated__wei_for_wei(loss: int, validation: int, work: int) -> None:
    s = contributed(create(validation=validation, loss=loss, stake=10**7).begin())
    s.settle(work)
    m = s.reference.measuring
    assert sum(max(0, p.score) for p in s.reference.participants if not p.dropped) == m.gains
    assert sum(p.score for p in s.reference.participants) <= s.share()
    s.check()
    s.empty()


def overfitting(validation: int) -> MarketSystem:
    """A market whose first portion's labels are the opposite of the others': no data improve both."""
    for seed in range(9, 60):
        portions = [run_of(1, 12, wrong=1.0), *(run_of(i, 12) for i in (2, 3, 4))]
        s = create(model=bayes(), seed=seed, validation=validation, test_set=portions, stake=10**7)
        s.offer()
        if s.choose() == 3:  # the portion after it validates: the first
            s.reveal_trial()
            return s
    raise AssertionError("never chosen")


def test_settle__better_on_what_pays_but_not_on_validation__earns_nothing() -> None:
    for validation in (0, 1):
        s = overfitting(validation)
        s.contribute("contributor", run_of(100, 60), 60)
        s.settle()
        s.check()
        contributor = s.reference.participants[0]
        assert (contributor.score > 0, contributor.dropped) == (not validation, bool(validation))
        if validation:
            assert s.balance("contributor") == 60 * s.stake  # nobody gained: nobody forfeits
        s.empty()


# -- weight --------------------------------------------------------------------------------------------------


def test_contribute__weighed_by_contribution__one_stake_each() -> None:
    s = create(weighted=0, stake=10**7, threshold=900, strikes=2).begin()
    contributed(s)
    s.commit("sleeper", run_of(1, 8), 8)
    index = s.commit("contributor 1", run_of(2, 9), 9)
    s.open(index)
    assert s.reference.participants[1].staked == 3
    assert s.reference.pot - s.reference.bounty - s.reference.bond == 9 * s.stake
    s.settle()
    s.check()
    s.empty()


def test_settle__weighed_by_contribution_and_defaulted__shared_by_contributions() -> None:
    s = create(weighted=0).begin()
    s.contribute("contributor", run_of(1, 10), 10)
    s.contribute("rival", run_of(2, 1), 1)
    s.close()
    s.evm.advance(s.reference.rules.reveal_wait + 1)
    s.expire()
    s.pay()
    s.check()
    assert s.balance("contributor") == s.balance("rival") > BOUNTY // 2
    s.empty()
