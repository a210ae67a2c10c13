"""Challenges of training data, optimistic claims, and wallets that misbehave.

challenge
├── a test group, no stake, late, twice: refused
├── answered: the stake is the organizer's; a wrong answer: refused
├── unanswered: half the bond is the challenger's, the rest the committers'
├── unanswered, nobody committed: the rest is burnt (no free way out by accusing oneself)
└── pending at the end: the stake returns
claim
├── early, late, not the submitter, twice, wrong length, class out of range, wrong mode: refused
├── score equals Python for each metric
├── true: cannot be refuted
├── false: refuted by one sample; half of the bond to the refuter, half to the pot
├── evidence of another word, sample, group or salt: refused
├── after the window: refused
└── settled: ranked; before its time: refused
wallets
├── refusing: blocks only itself, and may name another receiver
├── re-entering: gets nothing twice
├── a stranger cannot redirect money
└── tokens: escrowed exactly, with a fee refused
"""

import pytest

from tests.contracts.competition.scenario import BAD, FAIR, GOOD, HOUR, OPTIMISTIC, TERMS, line
from tests.contracts.competition.test_course import refused
from tests.evm import Reverted


@pytest.fixture
def training(create):
    scenario = create()
    scenario.draw()
    return scenario


def challenge(scenario, group, sender="alice", value=TERMS["stake"]):
    return scenario.send(scenario.f.challenge(group), sender, value)


# challenge


def test_challenge__unfit__refused(training, evm):
    with refused("NotATrainingGroup"):
        challenge(training, training.test_groups[0])
    with refused("NotATrainingGroup"):
        challenge(training, 6)
    with refused("WrongPayment"):
        challenge(training, training.train_groups[0], value=0)
    challenge(training, training.train_groups[0])
    with refused("AlreadyChallenged"):
        challenge(training, training.train_groups[0], "bob")
    evm.advance(9 * HOUR)
    with refused("TooLate"):
        challenge(training, training.train_groups[1])


def test_answer__in_time__stake_to_the_organizer(training, evm):
    group, other = training.train_groups[:2]
    with refused("NotChallenged"):
        training.send(training.f.answer(group, training.data.opening(group)), "organizer")
    challenge(training, group)
    with refused("WrongProof"):
        training.send(training.f.answer(group, training.data.opening(other)), "organizer")
    training.send(training.f.answer(group, training.data.opening(group)), "organizer")
    assert evm.call(training.f.challengeOf(group))[2] is True
    assert training.credit("organizer") == TERMS["stake"]
    evm.advance(2 * HOUR)
    with refused("NotChallenged"):
        training.send(training.f.slashWithheld(group), "alice")
    with refused("NotChallenged"):
        training.send(training.f.answer(group, training.data.opening(group)), "organizer")


def test_slash_withheld__unanswered__bond_and_prize_change_hands(training, evm):
    first, second = training.train_groups[:2]
    training.commit("bob", GOOD)
    training.commit("carol", GOOD)
    challenge(training, first)
    challenge(training, second, "stranger")
    with refused("TooEarly"):
        training.send(training.f.slashWithheld(first), "stranger")
    evm.advance(HOUR)
    with refused("TooLate"):
        training.send(training.f.answer(first, training.data.opening(first)), "organizer")
    training.send(training.f.slashWithheld(first), "stranger")
    half = TERMS["bond"] // 2
    assert training.credit("alice") == TERMS["stake"] + half
    assert training.payout(0) == training.payout(1) == TERMS["deposit"] + TERMS["prize"] // 2
    with refused("AlreadyClosed"):
        training.send(training.f.slashWithheld(second), "stranger")
    with refused("NotTheAccount"):
        training.send(training.f.withdrawStake(second, evm.role("alice")), "alice")
    training.send(training.f.withdrawStake(second, evm.role("stranger")), "stranger")
    with refused("NotChallenged"):
        training.send(training.f.withdrawStake(second, evm.role("stranger")), "stranger")
    training.withdraw(0)
    training.withdraw(1)
    training.withdraw_credit("alice")
    assert training.credit("organizer") == TERMS["prize"] % 2
    assert training.balance - TERMS["prize"] % 2 == training.burnt == TERMS["bond"] - half


def test_answer__closed_over_another_challenge__stake_stays_the_challengers(training, evm):
    """What was withheld is decided: no later answer earns a stake, and no later challenge costs one."""
    first, second, third = training.train_groups[:3]
    challenge(training, first)
    evm.advance(HOUR // 2)
    challenge(training, second, "stranger")
    evm.advance(HOUR // 2)
    training.send(training.f.slashWithheld(first), "alice")
    with refused("AlreadyClosed"):
        training.send(training.f.answer(second, training.data.opening(second)), "organizer")
    with refused("AlreadyClosed"):
        challenge(training, third)
    assert training.credit("organizer") == TERMS["prize"]
    training.send(training.f.withdrawStake(second, evm.role("stranger")), "stranger")


def test_slash_withheld__organizer_accuses_itself__loses_half_the_bond(training, evm):
    challenge(training, training.train_groups[0], "organizer")
    evm.advance(HOUR)
    training.send(training.f.slashWithheld(training.train_groups[0]), "organizer")
    lost = TERMS["bond"] - TERMS["bond"] // 2
    training.withdraw_credit("organizer")
    assert training.balance == lost


def test_slash_withheld__left_until_the_reveals__nobody_can_reveal_before(training, evm):
    """The organizer's own unanswered challenge is not an option to withhold in view of the models."""
    group = training.train_groups[0]
    challenge(training, group, "stranger")
    training.commit("alice", GOOD)
    for phase in ("reveal", "opening", "evaluation", "final"):
        training.at(phase)
        with refused("DataWithheld"):
            training.reveal(0)
        with refused("DataWithheld"):
            training.finalize()
    with refused("NotClosed"):
        training.send(training.f.withdrawStake(group, evm.role("stranger")), "stranger")
    training.send(training.f.slashWithheld(group), "bob")  # whatever else was missed: there is a way out
    assert training.payout(0) == TERMS["deposit"] + TERMS["prize"]


def test_reveal__all_challenges_answered__goes_on(training):
    for group in training.train_groups:
        challenge(training, group)
    training.commit("alice", GOOD)
    for group in training.train_groups:
        training.send(training.f.answer(group, training.data.opening(group)), "organizer")
    training.at("reveal")
    training.reveal(0)
    with refused("NotChallenged"):  # no withholding is left to be decided once models are public
        training.send(training.f.slashWithheld(training.train_groups[0]), "alice")


# claim


@pytest.fixture
def optimistic(create):
    return create(mode=OPTIMISTIC, groupSize=21).played(alice=GOOD, bob=FAIR, carol=BAD)


def lie(scenario, number, index=0):
    predictions = scenario.predictions(number)
    predictions[index] = 1 - predictions[index]
    return predictions


def test_claim__unfit__refused(optimistic, create, evm):
    with refused("NotTheSubmitter"):
        optimistic.claim(0, sender="bob")
    with refused("WrongPredictions", 41, 42):
        optimistic.claim(0, optimistic.predictions(0)[:-1])
    with refused("WrongMode", 1):
        optimistic.evaluate(0)
    with refused("NotClaimed", 0):
        optimistic.send(optimistic.f.settle(0), "stranger")
    optimistic.claim(0)
    with refused("AlreadyClaimed", 0):
        optimistic.claim(0)
    optimistic.at("settling")
    with refused("TooLate"):
        optimistic.claim(1)


def test_claim__test_data_closed__refused(create):
    scenario = create(mode=OPTIMISTIC)
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    with refused("TestNotOpen", 0, 2):
        scenario.claim(0, [0] * 10)


def test_claim__class_out_of_range__refused_or_never_right(create):
    counted = create(mode=OPTIMISTIC, metric=1).played(alice=GOOD)
    with refused("PredictionOutOfRange", 3):
        counted.claim(0, [0, 0, 0, 2] + [0] * 6)
    compared = create(mode=OPTIMISTIC).played(alice=GOOD)
    compared.claim(0, [2] * 10)
    assert compared.score_of(0) == 0


@pytest.mark.parametrize(("metric", "classes"), [(0, 2), (1, 2), (2, 0)])
def test_claim__each_metric__score_equals_python(create, metric, classes):
    model = GOOD if classes else line([1, 2], -150)
    scenario = create(mode=OPTIMISTIC, metric=metric, classes=classes, groupSize=11, criterion=10**9)
    scenario.draw()
    scenario.commit("alice", model)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    for group in scenario.test_groups:  # the labels lie in two codes
        scenario.open_test([group])
    scenario.claim(0)
    assert scenario.score_of(0) == scenario.expected_score(model)
    false = scenario.predictions(0)
    with refused("ClaimHolds", 13):
        scenario.refute(0, 13, false)


def test_refute__every_index_of_a_true_claim__holds(optimistic):
    optimistic.claim(0)
    for index in range(42):
        with refused("ClaimHolds", index):
            optimistic.evm.call(optimistic.f.refute(optimistic.evidence(0, index, optimistic.predictions(0))))


@pytest.mark.parametrize("index", [0, 20, 21, 32, 41])
def test_refute__one_false_prediction__bond_split(optimistic, evm, index):
    false = lie(optimistic, 0, index)
    optimistic.claim(0, false)
    optimistic.claim(1)
    other = (index + 1) % 42
    with refused("ClaimHolds", other):
        optimistic.refute(0, other, false)
    optimistic.refute(0, index, false)
    with refused("WrongStatus"):
        optimistic.refute(0, index, false)
    with refused("WrongStatus"):
        optimistic.claim(0)
    optimistic.at("settling")
    evm.advance(HOUR)
    with refused("WrongStatus"):
        optimistic.send(optimistic.f.settle(0), "stranger")
    optimistic.send(optimistic.f.settle(1), "stranger")
    optimistic.at("final")
    optimistic.finalize()
    bond, half = TERMS["claimBond"], TERMS["claimBond"] // 2
    assert optimistic.payout(0) == TERMS["deposit"]
    assert optimistic.payout(1) == TERMS["deposit"] + bond + TERMS["prize"] + bond - half
    for number in range(3):
        optimistic.withdraw(number)
    with refused("NotTheAccount"):
        optimistic.send(optimistic.f.withdrawReward(0, evm.role("bob")), "bob")
    optimistic.send(optimistic.f.withdrawReward(0, evm.role("refuter")), "refuter")
    with refused("NothingDue"):
        optimistic.send(optimistic.f.withdrawReward(0, evm.role("refuter")), "refuter")
    optimistic.withdraw_credit("organizer")
    assert optimistic.balance == 0


def test_refute__made_up_evidence__refused(optimistic, evm):
    true = optimistic.predictions(0)
    optimistic.claim(0)
    good = optimistic.evidence(0, 5, true)

    def against(**changes):
        names = ["number", "index", "word", "wordProof", "salt", "sample", "sampleProof", "groupProof"]
        evidence = dict(zip(names, good, strict=True)) | changes
        return optimistic.send(optimistic.f.refute(tuple(evidence.values())), "refuter")

    elsewhere = optimistic.evidence(0, 6, true)
    flipped = bytes(b ^ 1 for b in good[2])
    with refused("WrongWord", 5):
        against(word=flipped)
    with refused("WrongWord", 42):
        against(index=42)
    with refused("WrongWord", 40):
        against(index=40)  # of the next word
    with refused("WrongProof"):
        against(sample=elsewhere[5])
    with refused("WrongProof"):
        against(sample=elsewhere[5], sampleProof=elsewhere[6])
    with refused("WrongProof"):
        against(sample=bytes([good[5][0] ^ 255]) + good[5][1:])
    with refused("WrongProof"):
        against(salt=bytes(32))
    with refused("WrongGroupLength"):
        against(sample=good[5] + b"\0")
    with refused("NotClaimed"):
        against(number=1)


def test_refute__after_the_window__refused(optimistic, evm):
    false = lie(optimistic, 0)
    optimistic.claim(0, false)
    with refused("TooEarly"):
        optimistic.send(optimistic.f.settle(0), "stranger")
    evm.advance(HOUR)
    with refused("TooLate"):
        optimistic.refute(0, 0, false)
    optimistic.send(optimistic.f.settle(0), "stranger")
    with refused("AlreadySettled"):
        optimistic.send(optimistic.f.settle(0), "stranger")
    with refused("AlreadySettled"):
        optimistic.refute(0, 0, false)
    assert optimistic.ranking == [0]


def test_finalize__claims_pending__only_after_all_windows(optimistic, evm):
    optimistic.claim(0)
    with refused("TooEarly", evm.call(optimistic.f.deadlines())[4]):
        optimistic.finalize()
    optimistic.at("final")
    optimistic.finalize()
    assert optimistic.ranking == []  # nobody settled it: no rank, but all money back
    assert optimistic.payout(0) == TERMS["deposit"] + TERMS["claimBond"]


def test_finalize__all_settled_or_refuted__waits_for_nobody(optimistic, evm):
    false = lie(optimistic, 0)
    optimistic.claim(0, false)
    for number in (1, 2):
        optimistic.claim(number)
    optimistic.refute(0, 0, false)
    optimistic.at("settling")
    evm.advance(HOUR)
    for number in (1, 2):
        with refused("TooEarly"):
            optimistic.finalize()
        optimistic.send(optimistic.f.settle(number), "stranger")
    assert evm.now < evm.call(optimistic.f.deadlines())[4]
    optimistic.finalize()


# wallets


def wallet(evm, refusing, again):
    return evm.deploy("CompetitionWallet", refusing, again, sender="dave", value=TERMS["deposit"])


def enter(scenario, purse, model):
    """Commit, and later reveal, as a contract."""
    from eth_utils import keccak

    from orchestrator.models.integer import encode_model
    from tests.contracts.competition.scenario import SALT

    evm = scenario.evm
    digest = evm.call(scenario.f.commitmentOf(purse.address, keccak(encode_model(model)), SALT))
    number = scenario.progress["committed"]
    scenario.models[number] = ("dave", model)
    commit = scenario.competition.encode_abi("commit", [digest])
    evm.send(purse.functions.run(scenario.competition.address, TERMS["deposit"], commit), "dave")
    reveal = scenario.competition.encode_abi("reveal", [number, encode_model(model), SALT])
    return number, purse.functions.run(scenario.competition.address, 0, reveal)


@pytest.mark.parametrize(("refusing", "again"), [(True, False), (False, True)])
def test_withdraw__misbehaving_wallet__hurts_only_itself(create, evm, refusing, again):
    scenario = create()
    scenario.draw()
    purse = wallet(evm, refusing, again)
    number, reveal = enter(scenario, purse, GOOD)
    scenario.commit("alice", FAIR)
    scenario.at("reveal")
    evm.send(reveal, "dave")
    scenario.reveal(1)
    scenario.at("opening")
    scenario.open_test()
    scenario.evaluate(number, "alice")
    scenario.evaluate(1)
    scenario.finalize()
    scenario.withdraw(1)
    scenario.withdraw_credit("organizer")
    scenario.withdraw_credit("alice")
    with refused("NotTheAccount"):
        scenario.send(scenario.f.withdraw(number, evm.role("dave")), "dave")
    due = scenario.payout(number)
    assert scenario.balance == due
    if refusing:
        with refused("PaymentRefused", purse.address.lower()):
            scenario.send(scenario.f.withdraw(number, purse.address), "stranger")
        elsewhere = scenario.competition.encode_abi("withdraw", [number, evm.role("bob")])
        evm.send(purse.functions.run(scenario.competition.address, 0, elsewhere), "dave")
    else:
        own = scenario.competition.encode_abi("withdraw", [number, purse.address])
        evm.send(purse.functions.run(scenario.competition.address, 0, own), "dave")
        assert evm.call(purse.functions.reentered()) is False
        assert evm.web3.eth.get_balance(purse.address) == due
    assert scenario.balance == 0
    with refused("NothingDue"):
        scenario.send(scenario.f.withdraw(number, purse.address), "stranger")


def test_withdraw__open_competition_or_no_submission__nothing_due(training):
    training.commit("alice", GOOD)
    for number in (0, 99):
        with refused("NothingDue" if number == 0 else "NotTheAccount"):
            training.send(training.f.withdraw(number, training.evm.role("alice")), "alice")


def with_token(create, evm, fee):
    token = evm.deploy("CompetitionToken", fee)
    scenario_factory = create.__closure__  # the factory is the fixture's
    assert scenario_factory
    for role in ("organizer", "alice", "bob"):
        evm.send(token.functions.mint(evm.role(role), 10**18), "deployer")
    return token


def test_token__prize_and_deposits__paid_in_full(create, evm, deployed):
    token = with_token(create, evm, 0)
    evm.send(token.functions.approve(deployed[1].address, 10**18), "organizer")
    scenario = create(token=token.address)
    for role in ("alice", "bob"):
        evm.send(token.functions.approve(scenario.competition.address, 10**18), role)
    with refused("WrongPayment", 1, 0):
        scenario.draw()
        scenario.send(scenario.f.commit(bytes(32)), "alice", 1)
    scenario.commit("alice", GOOD)
    scenario.commit("bob", FAIR)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.reveal(1)
    scenario.at("opening")
    scenario.open_test()
    scenario.evaluate(0)
    scenario.evaluate(1, "alice")
    scenario.finalize()
    for number in (0, 1):
        scenario.withdraw(number)
    scenario.withdraw_credit("alice")
    scenario.withdraw_credit("organizer")
    assert evm.call(token.functions.balanceOf(scenario.competition.address)) == 0


def test_token__with_a_fee__refused(create, evm, deployed):
    token = with_token(create, evm, 1)
    evm.send(token.functions.approve(deployed[1].address, 10**18), "organizer")
    with pytest.raises(Reverted):
        create(token=token.address)
