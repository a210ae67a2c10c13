"""Nobody is paid for what it did not bring, and a fault costs whoever made it what was promised.

parasite hands back the trial portion → earns nothing
provider
├── defaults, with an account that holds nearly all the weight → loses the bond at least
└── has a test set that everybody fails, and forgives slips → gains nothing
flooder sends samples that undo each other → nothing is measured, nothing is gained
contribution
├── improves by less than the margin → taken back, not paid, not charged
└── is never measured → its fee comes back, or is burnt, and is never the provider's
cranker who only learns → is paid for one step
payer of another's contribution in tokens → pays in the same transaction, or not at all
"""

from copy import deepcopy
from typing import Any

import pytest
from eth_account import Account

from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import NaiveBayes, SparsePerceptron
from orchestrator.systems.market.reference.market import BURNT, Outcome
from orchestrator.systems.market.reference.measuring import ONE
from orchestrator.systems.market.reference.rules import LESSONS
from orchestrator.systems.market.reference.samples import decode_batch, encode_batch
from tests.contracts.market.test_ways import FOREVER, message
from tests.evm import Reverted
from tests.market_system import ANY, BOND, BOUNTY, DIMS, create, perceptron, poison, run_of, workshop


def refused(error: str) -> Any:
    return pytest.raises(Reverted, match=f"^\\('?{error}\\b|^{error}\\b")


def mistaught() -> SparsePerceptron:
    """A model from samples of which four in ten have the wrong label."""
    model = perceptron()
    for x, y in decode_batch(run_of(40, 60, wrong=0.4)):
        model.learn(x, y)
    return model


def bayes() -> NaiveBayes:
    return NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)


# -- what is not new -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(9, 13))
@pytest.mark.parametrize("model", [mistaught, bayes])
def test_settle__trial_portion_handed_back__earns_nothing(model: Any, seed: int) -> None:
    s = create(model=model(), margin=100, seed=seed).begin()
    s.contribute("parasite", s.portions[s.trial], 12)
    s.settle()
    s.check()
    assert s.balance("parasite") <= 12 * s.stake + 4 * BOUNTY // 100
    s.empty()


def test_crank__samples_that_undo_each_other__not_measured() -> None:
    """(x, 1)(x, 0) moves the model, and back: the words are what they were."""
    s = create(model=perceptron(), tip=5).begin(tips=10**12)
    x, taught = encode_sparse([3]), deepcopy(s.reference.model)
    for sample in list(decode_batch(s.portions[s.trial])) * LESSONS:
        taught.learn(*sample)
    label = taught.classify(x)
    s.contribute("flooder", encode_batch([x, x] * 2, [1 - label, label] * 2), 4)
    s.close()
    s.reveal_all()
    s.crank(work=36 + 36)
    assert s.do.predict(x).call() == label
    before = s.balance("cranker")
    receipt = s.crank(work=1_000)
    s.check()
    assert s.balance("cranker") - before == 2 * 5 * 10**9  # learned, and the pass is over
    assert receipt["gasUsed"] < 200_000
    [passed] = s.evm.events(
        s.market, "Passed", receipt
    )  # judged all the same: its score of a pass before is gone
    assert (passed["index"], passed["score"]) == (0, 0)
    s.pay()
    s.empty()


def test_crank__less_than_the_margin__taken_back_not_paid_not_charged() -> None:
    for margin in (0, 500):
        s = create(model=bayes(), margin=margin).begin()
        s.contribute("contributor", run_of(600, 60), 60)
        s.close()
        s.reveal_all()
        s.crank(work=36 + 36)
        taught = s.reference.model.to_bytes()
        s.measure()
        s.pay()
        s.check()
        contributor = s.reference.participants[0]
        assert 0 < s.share() < ONE // 2 or margin
        if margin:
            assert s.reference.model.to_bytes() == taught
            assert (contributor.score, s.balance("contributor")) == (0, 60 * s.stake)
        else:
            assert contributor.score == s.share() > 0
        s.empty()


# -- faults --------------------------------------------------------------------------------------------------


def test_expire__default_with_a_sybil_of_nearly_all_weight__costs_the_bond_at_least() -> None:
    s = create().begin(tips=10**15)
    s.contribute("contributor", run_of(1, 2), 2)
    for i in range(9):
        s.contribute("sybil", run_of(2 + i, 60), 60)
    paid_in = BOUNTY + BOND + 10**15 + 540 * s.stake
    s.close()
    s.evm.advance(s.reference.rules.reveal_wait + 1)
    s.expire()
    s.pay()
    s.check()
    assert s.reference.outcome == Outcome.DEFAULTED
    assert s.balance("provider") + s.balance("sybil") <= paid_in - BOND
    assert s.balance(BURNT) == BOND
    assert s.balance("contributor") >= 2 * s.stake + (BOUNTY + 10**15) * 2 // 542
    s.empty()


@pytest.mark.parametrize(
    "rules", [{"threshold": 0}, {"strikes": 15}, {"threshold": 0, "strikes": 15}, {}], ids=str
)
def test_settle__test_set_that_everybody_fails__provider_gains_nothing(rules: dict[str, int]) -> None:
    """The portion shown is honest, the others are the opposite: nobody makes the model better."""
    for seed in range(9, 60):
        portions = [run_of(1, 12), *(run_of(i, 12, wrong=1.0) for i in (2, 3, 4))]
        s = create(seed=seed, test_set=portions, stake=10**7, **rules)
        s.offer()
        if s.choose() == 0:
            break
    s.reveal_trial()
    s.reference.model.with_weights(s.reference.model.coef_)
    for i in range(3):
        s.contribute("contributor", run_of(50 + i, 40), 40)
    s.settle()
    s.check()
    assert s.reference.measuring.gains == 0
    assert s.balance("contributor") == 120 * s.stake
    assert s.balance("provider") == BOUNTY + BOND
    s.empty()


def test_settle__contribution_that_spoils__burnt_and_nobodys() -> None:
    s = create(model=bayes()).begin()
    s.contribute("contributor", run_of(600, 60), 60)
    s.contribute("poisoner", *poison())
    s.settle()
    s.check()
    contributor, poisoner = s.reference.participants
    assert poisoner.forfeit > 0
    assert s.balance("contributor") == 60 * s.stake + BOUNTY * contributor.score // ONE
    assert s.balance(BURNT) == poisoner.forfeit
    assert s.balance("provider") == BOUNTY + BOND - BOUNTY * contributor.score // ONE
    s.empty()


# -- fees and tips -------------------------------------------------------------------------------------------


def test_crank__who_only_learns__is_paid_for_a_step() -> None:
    """Learning what somebody else then measures takes a step; looking at the test set 36."""
    s = create(model=bayes(), tip=7).begin(tips=10**13)
    s.contribute("contributor", run_of(600, 60), 60)
    s.close()
    s.reveal_all()
    s.crank(work=36 + 36)
    s.crank(work=1, sender="sniper")
    assert s.balance("sniper") == 7 * 10**9
    s.crank(work=36, sender="worker", most=0)
    assert s.balance("worker") == 36 * 7 * 10**9
    for _ in range(3):
        s.evm.send(s.do.crank([], 0), "sniper")
    assert s.balance("sniper") == 7 * 10**9
    s.check()


@pytest.mark.parametrize("ending", ["measured", "idle", "half measured", "defaulted"])
def test_pay__fees_that_nobody_earned__never_the_providers(ending: str) -> None:
    s = create(tip=7).begin(tips=10**13)
    fee = s.reference.rules.fee * s.reference.unit
    s.contribute("contributor", run_of(600, 6), 6)
    s.commit("sleeper", run_of(601, 5), 5)
    s.close()
    if ending == "defaulted":
        s.evm.advance(s.reference.rules.reveal_wait + 1)
        s.expire()
    else:
        s.reveal_all()
        if ending == "half measured":
            s.crank(work=50)
        if ending == "measured":
            s.measure()
        else:
            s.evm.advance(90 * 86_400 + 1)
            s.expire()
    s.pay(1)
    s.check()
    s.pay()
    s.check()
    cranked = s.balance("cranker")
    if ending == "measured":
        assert s.balance("provider") <= BOUNTY + BOND + 10**13
        assert s.balance(BURNT) + cranked >= 2 * fee
    elif ending == "half measured":
        assert cranked == 50 * 7 * 10**9
        assert s.balance("contributor") - 6 * s.stake == s.balance("sleeper")
        assert s.balance("provider") <= BOUNTY + BOND + 10**13
    else:
        assert s.balance("sleeper") == fee
        assert s.balance("contributor") >= 6 * s.stake + fee
    s.empty()


# -- paying for others ---------------------------------------------------------------------------------------


def test_contributeFor__gift_of_tokens__moves_with_the_contributions_or_not_at_all() -> None:
    token = workshop().evm.deploy("MarketRogueToken")
    s = create(token=token.address)
    for who, amount in (("provider", BOUNTY + BOND), ("relayer", 100 * s.stake)):
        s.evm.send(token.functions.transfer(s.evm.role(who), amount))
        s.evm.send(token.functions.approve(s.market.address, amount), who)
    s.evm.send(s.do.fund(s.evm.role("provider"), BOUNTY + BOND), "provider")
    s.reference.fund("provider", BOUNTY + BOND)
    s.evm.send(s.do.offer(s.tree.root, BOUNTY, BOND, 0), "provider")
    s.choose()
    i = s.trial
    s.evm.send(s.do.revealTrial(s.portions[i], s.salts[i], s.proof(i)), "provider")
    runs, who, relayer = [run_of(5, 4)], s.evm.role("contributor"), s.evm.role("relayer")
    data = message(s, who, runs=runs)
    genuine = Account.sign_typed_data(s.evm.key("contributor"), **data).signature

    def relay(signature: bytes, gift: int, maximum: int = ANY) -> None:
        s.evm.send(s.do.contributeFor(who, runs, maximum, FOREVER, signature, gift), "relayer")

    for signature, gift, maximum, error in (
        (bytes([0x11]) * 65, 4 * s.stake, ANY, "BadSignature"),
        (genuine, 4 * s.stake, 1, "BadSignature"),
        (genuine, 4 * s.stake - 1, ANY, "Underfunded"),
    ):
        with refused(error):
            relay(signature, gift, maximum)
        assert token.functions.balanceOf(relayer).call() == 100 * s.stake
        assert s.balance("contributor") == 0
    relay(genuine, 4 * s.stake)
    assert token.functions.balanceOf(relayer).call() == 96 * s.stake
    assert s.balance("contributor") == 0
    with refused("BadSignature"):
        relay(genuine, 4 * s.stake)
    assert token.functions.balanceOf(relayer).call() == 96 * s.stake
