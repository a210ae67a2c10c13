"""A prediction market, phase by phase.

created
├── offer by a stranger, twice, of nothing → refused
└── offered (trial)
    ├── chosen before the block is there → refused
    ├── chosen twice, or revealed unchosen too late → refused
    └── revealed (participation)
        ├── contributions: malformed, too many bytes, underfunded, too late → refused
        ├── sealed: opened by others, twice, with other data, too late → refused
        ├── capacity ends it
        └── closed
            ├── nobody contributed → everything returns, without revealing
            ├── not revealed → bounty and bond to the participants
            └── revealed → measured, paid, empty
"""

import pytest

from orchestrator.models.online.references import NaiveBayes
from orchestrator.systems.market.reference.market import BURNT, Outcome, Phase
from orchestrator.systems.market.reference.measuring import ONE
from orchestrator.systems.market.reference.rules import F1, MEASURE_WAIT, Rules
from orchestrator.systems.market.reference.samples import contribution_commitment
from tests.evm import Reverted
from tests.market_system import ANY, BOND, BOUNTY, DIMS, SMALL, create, perceptron, poison, run_of, workshop

GOOD, OTHER, BAD = run_of(100, 10), run_of(101, 10), run_of(102, 10, wrong=1.0)


def refused(error: str):
    return pytest.raises(Reverted, match=f"^\\('?{error}\\b|^{error}\\b")


# -- creating and offering ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field", ["stake", "duration", "reveal_wait", "capacity", "portions", "samples", "strikes", "passes"]
)
def test_create__rules_with_a_zero__refused(field: str) -> None:
    with pytest.raises(Reverted, match="rules"):
        create(**{field: 0}, test_set=[b""])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("loss", 3),
        ("portions", 1),
        ("portions", 255),
        ("max_bytes", 16_385),
        ("validation", 3),
        ("weighted", 2),
        ("threshold", 1_001),
        ("margin", 501),
    ],
)
def test_create__rules_out_of_range__refused(field: str, value: int) -> None:
    with pytest.raises(Reverted, match=r"rules|maxBytes"):
        create(**{field: value}, test_set=[b""])


def test_create__model_of_more_words_than_a_step_can_copy__refused() -> None:
    from orchestrator.models.online.references import SparsePerceptron

    most = 16 * 256 - 8  # beside the statistics
    with pytest.raises(Reverted, match="dims"):
        create(model=SparsePerceptron(most + 1).with_weights([[0] * (most + 1)]))
    assert create(model=SparsePerceptron(most).with_weights([[0] * most])).do.length().call() == 256


def test_create__parameters_that_the_model_does_not_take__refused() -> None:
    with pytest.raises(Reverted, match="rate"):
        create(model=perceptron(rate=1 << 14))


def test_initialize__again__refused() -> None:
    s = create()
    with refused("AlreadyInitialized"):
        s.evm.send(s.do.initialize())


def test_settings__created__rules_and_shape() -> None:
    s = create()
    rules, _ = s.do.settings().call()
    assert Rules.unpack(rules) == s.reference.rules
    assert s.do.creator().call() == s.evm.role("provider")


def test_offer__stranger__refused() -> None:
    s = create()
    with refused("NotProvider"):
        s.evm.send(s.do.offer(s.tree.root, 1, 1, 0), "attacker", 2)


def test_offer__twice__refused() -> None:
    s = create()
    s.offer()
    with refused("WrongPhase"):
        s.evm.send(s.do.offer(bytes(32), BOUNTY, BOND, 0), "provider", BOUNTY + BOND)


@pytest.mark.parametrize(("bounty", "bond"), [(0, 1), (1, 0), (1 << 96, 1)])
def test_offer__bounty_or_bond_missing_or_absurd__refused(bounty: int, bond: int) -> None:
    s = create()
    with refused("BadArguments"):
        s.evm.send(s.do.offer(s.tree.root, bounty, bond, 0), "provider", 1)


def test_offer__too_little_money__refused() -> None:
    s = create()
    with refused("Underfunded"):
        s.evm.send(s.do.offer(s.tree.root, 10, 5, 1), "provider", 15)


def test_offer__too_much_money__change_credited() -> None:
    s = create()
    s.evm.send(s.do.offer(s.tree.root, 10, 5, 1), "provider", 20)
    assert s.balance("provider") == 4


# -- the trial ----------------------------------------------------------------------------------------------


def test_leafOf__any_portion__what_the_reference_says() -> None:
    s = create()
    leaf = s.do.leafOf(2, s.portions[2], s.salts[2]).call()
    assert s.tree.levels[0][2] == leaf


def test_choose__target_block_not_there__refused() -> None:
    s = create()
    s.offer()
    with refused("SeedTooEarly"):
        s.evm.send(s.do.choose())


def test_choose__again__refused() -> None:
    s = create()
    s.offer()
    s.choose()
    with refused("WrongPhase"):
        s.evm.send(s.do.choose(), "provider")


def test_revealTrial__not_chosen_yet__chooses_too() -> None:
    trial = 0
    while trial == 0:  # which stands there before
        s = create()
        s.offer()
        s.evm.tester.mine_blocks(2)
        before = s.evm.snapshot()
        trial = s.choose()
        s.evm.revert(before)
    with refused("NotCommittedPortion"):
        s.evm.send(s.do.revealTrial(s.portions[0], s.salts[0], s.proof(0)), "provider")
    s.evm.send(s.do.revealTrial(s.portions[trial], s.salts[trial], s.proof(trial)), "provider")
    assert s.do.phase().call() == Phase.PARTICIPATION


def test_reveal__in_participation__refused() -> None:
    s = create().begin()
    with refused("WrongPhase"):
        s.reveal((s.trial + 1) % 4)


# -- participation ------------------------------------------------------------------------------------------


def test_contribute__before_the_trial_is_over__refused() -> None:
    s = create()
    s.offer()
    with refused("WrongPhase"):
        s.evm.send(s.do.contribute(GOOD, ANY), "contributor", 10 * s.stake)


def test_contribute__closed__refused() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.close()
    for call in (s.do.contribute(GOOD, ANY), s.do.commit(bytes(32), 10, ANY)):
        with refused("WrongPhase"):
            s.evm.send(call, "contributor", 10 * s.stake)


def test_contribute__too_little__refused() -> None:
    s = create().begin()
    with refused("Underfunded"):
        s.evm.send(s.do.contribute(GOOD, ANY), "contributor", 10 * s.stake - 1)


def test_contribute__too_much__change_credited() -> None:
    s = create().begin()
    s.evm.send(s.do.contribute(GOOD, ANY), "contributor", 10 * s.stake + 7)
    assert s.balance("contributor") == 7


def test_contribute__second_of_all__told_its_number() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    for call in (s.do.contribute(OTHER, ANY), s.do.commit(bytes(32), 10, ANY)):
        assert s.evm.call(call, "rival", 10 * s.stake) == 1


def sample(label: int, *features: int) -> bytes:
    x = b"".join(feature.to_bytes(2, "big") for feature in features)
    return bytes([label]) + len(x).to_bytes(2, "big") + x


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (b"", "WrongCount"),
        (b"\x01", "Truncated"),
        (b"\x01\x00\x02\x00", "Truncated"),
        (sample(1, 3) + b"\x00", "Truncated"),
        (sample(1), "BadFeatures"),
        (sample(1, 3, 3), "BadFeatures"),
        (sample(1, 4, 3), "BadFeatures"),
        (sample(1, 0), "BadFeatures"),
        (sample(1, DIMS), "BadFeatures"),
        (sample(1, 3) + sample(0, 65_535), "BadFeatures"),
        (b"\x01\x00\x01\x05", "BadFeatures"),
        (sample(2, 3), "UnknownLabel"),
        (sample(255, 3), "UnknownLabel"),
        (sample(1, 3) * 1_639, "TooMuchData"),
    ],
)
def test_contribute__malformed_or_extreme__refused(run: bytes, error: str) -> None:
    s = create().begin()
    with refused(error):
        s.evm.send(s.do.contribute(run, ANY), "poisoner", 10**19)
    with pytest.raises(Exception, match=r"ends after|names 1 to|increasing|labels|refuses"):
        s.reference.contribute("poisoner", run, s.evm.now, 10**19)


def test_contribute__capacity_reached__participation_ends() -> None:
    s = create(capacity=2).begin()
    s.contribute("contributor", GOOD, 10)
    s.contribute("contributor", OTHER, 10)
    assert s.do.phase().call() == Phase.REVEALING
    s.reveal_all()
    s.measure()
    s.pay()
    s.check()
    s.empty()


def test_commit__market_without_opening__refused() -> None:
    s = create(open_wait=0).begin()
    with refused("NothingHidden"):
        s.commit("contributor", GOOD, 10)


@pytest.mark.parametrize("samples", [0, 2_731, 65_546])
def test_commit__absurd_count__refused(samples: int) -> None:
    s = create().begin()
    with refused("WrongCount"):
        s.evm.send(s.do.commit(bytes(32), samples, ANY), "contributor", 10**20)


def test_commitmentOf__any__what_the_reference_says() -> None:
    s = create()
    who, salt = s.evm.role("contributor"), bytes(range(32))
    assert s.do.commitmentOf(who, GOOD, salt).call() == contribution_commitment(s.domain, who, GOOD, salt)


def test_open__other_data_or_salt__refused() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    run, salt = s.secrets[index]
    for data, with_salt in ((OTHER, salt), (run, bytes(32 - 1) + b"\x09")):
        with refused("OtherData"):
            s.evm.send(s.do.open(index, data, with_salt), "contributor")
    with refused("OtherData"):
        s.evm.send(s.do.open(index + 1, run, salt), "contributor")


def test_open__more_samples_than_staked_for__refused() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 9)
    with refused("WrongCount"):
        s.open(index)


def test_open__twice__refused() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    s.open(index)
    with refused("OpenedAlready"):
        s.open(index)


def test_open__too_late__refused() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    s.close()
    with refused("WrongPhase"):
        s.open(index)


def test_reveal__sealed_contributions_may_still_be_opened__refused() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    s.evm.advance(s.reference.rules.duration)
    with refused("WrongPhase"):
        s.reveal((s.trial + 1) % 4)
    s.open(index)
    s.reveal((s.trial + 1) % 4)  # all are open: no need to wait


# -- the end ------------------------------------------------------------------------------------------------


def test_settle__good_and_bad__good_paid_by_the_formula() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.contribute("poisoner", BAD, 10)
    s.settle()
    s.check()
    m = s.reference.measuring
    good, bad = s.reference.participants
    assert m.first.paying > m.last.paying
    assert good.score == s.share()
    assert bad.dropped
    assert s.balance("contributor") == 10 * s.stake + BOUNTY * good.score // ONE
    assert s.balance("poisoner") == 10 * s.stake - bad.forfeit
    assert s.balance(BURNT) == bad.forfeit > 0
    assert s.reference.outcome == Outcome.SETTLED
    s.empty()


def test_pay__some_at_a_time__each_once_and_no_more_than_there_are() -> None:
    s = create().begin()
    for who, run in (("contributor", GOOD), ("poisoner", BAD), ("latecomer", OTHER)):
        s.contribute(who, run, 10)
    s.close()
    s.reveal_all()
    s.measure()
    for paid in (1, 3):  # the second would be the second and the third, and one that is not there
        s.pay(paid)
        s.check()
        assert s.do.paid().call() == paid
    s.empty()


def test_settle__nobody_contributed__returned_at_once() -> None:
    s = create().begin()
    with refused("WrongPhase"):
        s.expire()
    s.evm.advance(s.reference.rules.duration)
    s.expire()
    s.pay(0)
    assert s.reference.outcome == Outcome.RETURNED
    assert s.balance("provider") == BOUNTY + BOND
    s.empty()


def test_settle__only_unopened__stakes_burnt_and_the_rest_returned() -> None:
    s = create(tip=7).begin()
    s.commit("contributor", GOOD, 10)
    s.close()
    s.expire()
    s.pay()
    s.check()
    assert s.balance("contributor") == s.reference.rules.fee * s.reference.unit
    assert s.balance(BURNT) == 10 * s.stake
    assert s.balance("provider") == BOUNTY + BOND
    s.empty()


def test_settle__unopened_beside_useful__stake_burnt() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.commit("sleeper", OTHER, 10)
    s.settle()
    s.check()
    score = s.reference.participants[0].score
    assert s.balance("sleeper") == 0
    assert s.balance("contributor") == 10 * s.stake + BOUNTY * score // ONE
    assert s.balance(BURNT) == 10 * s.stake
    s.empty()


def test_settle__everybody_fails__nobody_forfeits() -> None:
    s = create(test_set=[run_of(i, 12, wrong=1.0) for i in range(4)]).begin()
    s.reference.model.with_weights(-1 * s.reference.model.coef_)
    s.contribute("contributor", GOOD, 10)
    s.commit("sleeper", GOOD, 10)
    s.settle()
    s.check()
    if s.reference.participants[0].score <= 0:  # the test set is the opposite of the truth
        assert s.balance("contributor") == 10 * s.stake
    assert s.balance("sleeper") == 0  # no test set is to blame for what was not opened
    assert s.balance(BURNT) >= 10 * s.stake
    s.empty()


@pytest.mark.parametrize(
    "rules", [{"threshold": 900, "margin": 50}, {"strikes": 2, "passes": 1}, {"strikes": 2}, {"loss": F1}]
)
@pytest.mark.parametrize("work", [23, 1_000_000])
def test_settle__options__wei_for_wei(rules: dict[str, int], work: int) -> None:
    s = create(**rules, stake=5 * 10**6, tip=1_000).begin(tips=10**13)
    for i in range(7):
        s.contribute(f"contributor {i % 3}", run_of(300 + i, 5, wrong=0.3 * (i % 2)), 5)
    s.settle(work)
    s.check()
    s.empty()


def test_settle__naive_bayes__wei_for_wei() -> None:
    model = NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)
    s = create(model=model).begin()
    for i in range(4):
        s.contribute(f"contributor {i}", run_of(400 + i, 6, wrong=0.3 * (i % 2)), 6)
    s.settle(11)
    s.check()
    s.empty()


def test_settle__dropped_after_something_was_kept__another_pass() -> None:
    s = create(passes=2).begin()
    s.contribute("turncoat", GOOD, 10)
    s.contribute("contributor", OTHER, 10)
    s.contribute("turncoat", *poison())
    s.settle()
    s.check()
    turncoat = s.reference.participants[0]
    assert turncoat.dropped
    assert s.reference.measuring.at_pass == 2
    assert turncoat.score == 0
    s.empty()


def test_settle__same_in_the_last_pass__what_was_kept_counts() -> None:
    s = create(passes=1).begin()
    s.contribute("turncoat", GOOD, 10)
    s.contribute("contributor", OTHER, 10)
    s.contribute("turncoat", *poison())
    s.settle()
    s.check()
    turncoat = s.reference.participants[0]
    assert turncoat.dropped
    assert turncoat.score > 0
    s.empty()


def test_settle__two_strikes__first_slip_forgiven() -> None:
    s = create(strikes=2, stake=10**8, model=NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)).begin()
    s.contribute("contributor", run_of(600, 60), 60)
    s.contribute("careless", run_of(601, 60, wrong=1.0), 60)
    s.settle()
    s.check()
    careless = s.reference.participants[1]
    assert not careless.dropped
    assert careless.score < 0
    assert s.balance("careless") < 60 * s.stake
    s.empty()


def test_settle__two_strikes__second_slip_drops_out() -> None:
    """Though the stake would pay for both."""
    model = NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)
    s = create(strikes=2, threshold=1_000, stake=10**8, model=model).begin()
    s.contribute("contributor", run_of(600, 60), 60)
    for seed in (601, 602):
        s.contribute("careless", run_of(seed, 60, wrong=1.0), 60)
    s.settle()
    s.check()
    careless = s.reference.participants[1]
    assert careless.dropped
    assert 0 < careless.forfeit < careless.staked * s.stake
    s.empty()


def test_settle__two_strikes__what_is_not_kept_is_no_slip() -> None:
    s = create(strikes=2, threshold=1_000, margin=500, stake=10**8).begin()
    s.contribute("careless", run_of(601, 60, wrong=1.0), 60)
    s.contribute("careless", run_of(600, 60), 60)  # better, by less than the margin
    s.settle()
    s.check()
    careless = s.reference.participants[0]
    assert (careless.score < 0, careless.dropped) == (True, False)
    s.empty()


def test_settle__token_with_a_fee__wei_for_wei() -> None:
    shop = workshop()
    token = shop.evm.deploy("MarketToken")
    s = create(token=token.address)
    plenty = 100 * s.stake
    for who, amount in (("provider", 2 * BOUNTY), ("contributor", plenty), ("poisoner", plenty)):
        s.evm.send(token.functions.transfer(s.evm.role(who), amount))
        s.evm.send(token.functions.approve(s.market.address, amount), who)
        s.evm.send(s.do.fund(s.evm.role(who), amount), who)
        s.reference.fund(who, amount - amount // 100)
    s.check()
    with refused("WrongPayment"):
        s.evm.send(s.do.offer(s.tree.root, 1, 1, 0), "provider", 2)
    with refused("WrongPayment"):
        s.evm.send(s.do.fund(s.evm.role("provider"), 0), "provider", 2)
    s.evm.send(s.do.offer(s.tree.root, BOUNTY, BOND, 0), "provider")
    s.reference.offer(BOUNTY, BOND, 0, s.evm.now)
    s.choose()
    s.reveal_trial()
    for who, run in (("contributor", GOOD), ("poisoner", BAD)):
        s.evm.send(s.do.contribute(run, ANY), who)
        s.batches.append(run)
        s.reference.contribute(who, run, s.evm.now)
    s.settle()
    s.check()
    s.empty()


def test_predict__settled__the_model_that_the_data_made() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.settle()
    x = bytes([0, 3, 0, 5])
    assert s.do.predict(x).call() == s.reference.model.classify(x)


def test_expire__nobody_measures__everything_returns() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.close()
    s.reveal_all()
    s.crank(work=5)
    with refused("TooEarly"):
        s.expire()
    s.evm.advance(MEASURE_WAIT + 1)
    s.expire()
    s.pay()
    s.check()
    assert s.balance("contributor") == 10 * s.stake
    assert s.balance("provider") == BOUNTY + BOND
    s.empty()


def test_deadline__each_phase__what_the_reference_says() -> None:
    s = create()
    s.offer()
    seen = []

    def agree() -> None:
        seen.append(s.do.phase().call())
        assert s.do.deadline().call() == s.reference.deadline(s.evm.now)

    agree()
    s.choose()
    s.reveal_trial()
    s.commit("contributor", GOOD, 10)
    agree()
    s.evm.advance(SMALL.duration)
    s.open(0)
    agree()
    s.reveal_all()
    agree()
    assert seen == [Phase.TRIAL, Phase.PARTICIPATION, Phase.REVEALING, Phase.REWARDING]
