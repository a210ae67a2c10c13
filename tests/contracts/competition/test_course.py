"""A competition from creation to the last withdrawal.

create
├── terms that could stick or cheat: refused by field
├── wrong payment; a token with a fee: refused
└── the implementation itself: refused
split
├── early: refused, with the block; twice: refused
├── equals the reference's
└── lapsed: half the bond is the caller's, half is burnt, the prize goes back
commit and reveal
├── early, late: refused, with the time
├── by the organizer: refused, unless the terms allow
├── another's commitment, a wrong salt, another model: refused
├── too large, malformed, wrong shape: refused
└── not revealed: forfeited to the pot
test data
├── early, late, wrong salt, wrong data, foreign proof, too many: refused
├── label out of range, though committed: refused
└── not opened: prize, bond and forfeits are the revealed ones'
direct evaluation
├── each metric equals Python
├── in chunks, by a stranger: same score, tips add up
└── nobody revealed, nobody passed: refunded
ranking
├── ties: the earlier commitment; copies: once, the earlier commitment's
├── several places, shares by score
└── the winner predicts
"""

import numpy as np
import pytest
from eth_utils import keccak

from orchestrator.models.integer import IntegerNetwork, Layer, encode_model, predict
from tests.contracts.competition.reference import Data, draw
from tests.contracts.competition.scenario import (
    BAD,
    BY_SCORE,
    CONSTANT,
    DEPTH,
    FAIR,
    GOOD,
    HOUR,
    SALT,
    TERMS,
    line,
    make_data,
)
from tests.evm import Reverted


def refused(error, *values):
    class Refused:
        def __enter__(self):
            self.raises = pytest.raises(Reverted)
            self.info = self.raises.__enter__()

        def __exit__(self, *exc):
            swallowed = self.raises.__exit__(*exc)
            assert self.info.value.error == error
            if values:
                assert self.info.value.values == values
            return swallowed

    return Refused()


# create


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("prize", {"prize": 0}),
        ("cidCodec", {"cidCodec": 0x71}),
        ("bond", {"bond": 1}),
        ("bond", {"bond": TERMS["prize"] // 10 - 1}),
        ("deposit", {"deposit": TERMS["prize"] + 1}),
        ("stake", {"stake": TERMS["bond"] // 2 + 1}),
        ("stake", {"stake": 2**128 - 1}),
        ("claimBond", {"mode": 1, "claimBond": TERMS["prize"] + 1}),
        ("answer", {"answer": 60, "groups": 256, "testGroups": 1, "groupSize": 8_191}),
        ("opening", {"opening": 60, "groups": 20, "testGroups": 10, "groupSize": 5_000}),
        ("evaluation", {"evaluation": 60, "groupSize": 5_000, "maxModelBytes": 49_152}),
        ("refute", {"mode": 1, "refute": 60, "groupSize": 5_000, "maxModelBytes": 49_152}),
        ("tip", {"tip": TERMS["deposit"] + 1}),
        ("groups", {"groups": 1}),
        ("groups", {"groups": 257}),
        ("testGroups", {"testGroups": 0}),
        ("testGroups", {"testGroups": 6}),
        ("features", {"features": 0}),
        ("groupSize", {"groupSize": 0}),
        ("groupSize", {"groupSize": 9000}),
        ("maxModelBytes", {"maxModelBytes": 49_153}),
        ("classes", {"classes": 1}),
        ("classes", {"metric": 2}),
        ("criterion", {"criterion": 10**9 + 1}),
        ("metric", {"metric": 1, "classes": 60}),
        ("shares", {"shares": [5_000, 0, 5_000, 0]}),
        ("shares", {"shares": [5_000, 4_000, 0, 0]}),
        ("answer", {"answer": 0}),
        ("training", {"answer": 5 * HOUR + 1}),
        ("reveal", {"reveal": 0}),
        ("opening", {"opening": 0}),
        ("evaluation", {"evaluation": 0}),
        ("refute", {"mode": 1, "refute": 0}),
        ("claimBond", {"mode": 1, "claimBond": 0}),
    ],
)
def test_create__impossible_terms__refused(create, field, changes):
    data = make_data(TERMS)
    with refused("InvalidTerms", field.encode().ljust(32, b"\0")):
        create(data=data, **changes)


def test_create__too_little_money__refused(create, evm):
    scenario = create()
    call = scenario.factory.functions.create(tuple(scenario.terms.values()))
    due = TERMS["prize"] + TERMS["bond"]
    with refused("WrongPayment", due - 1, due):
        evm.send(call, "organizer", due - 1)


def test_create__organizer_and_seed__set_by_factory(create, evm):
    scenario = create(seedBlock=1)
    asked = scenario.asked_terms()
    assert asked["organizer"] == evm.role("organizer")
    assert asked["seedBlock"] == evm.web3.eth.block_number + 4
    assert evm.call(scenario.factory.functions.isCompetition(scenario.competition.address))
    same = {key: value for key, value in asked.items() if key not in ("organizer", "seedBlock")}
    assert same == {key: value for key, value in scenario.terms.items() if key in same}


def test_implementation__any_call__refused(create, evm):
    scenario = create()
    implementation = evm.at("Competition", evm.call(scenario.factory.functions.IMPLEMENTATION()))
    with refused("NotAClone"):
        evm.send(implementation.functions.drawSplit(), "stranger")


# split


def test_draw_split__early_and_twice__refused(create, evm):
    scenario = create()
    seed = scenario.asked_terms()["seedBlock"]
    while evm.web3.eth.block_number <= seed + DEPTH - 1:  # the split would be that of a block that may vanish
        with refused("SeedTooEarly", seed + DEPTH + 1):
            scenario.evm.call(scenario.f.drawSplit())
        evm.tester.mine_block()
    scenario.draw()
    with refused("AlreadyDrawn"):
        scenario.draw()


def test_draw_split__any_seed__equals_reference(create, evm):
    scenario = create(groups=20, testGroups=7)
    receipt = scenario.draw("stranger")
    event = evm.events(scenario.competition, "SplitDrawn", receipt)[0]
    assert event["testGroups"] == draw(event["seed"], 20, 7)
    assert len(scenario.test_groups) == 7


def test_slash_undrawn__seed_lapsed__half_to_caller_half_burnt(create, evm):
    scenario = create()
    with refused("NothingToSlash"):
        scenario.send(scenario.f.slashUndrawn(), "stranger")
    evm.tester.mine_blocks(262)
    with refused("SeedLost"):
        scenario.send(scenario.f.drawSplit(), "organizer")
    scenario.send(scenario.f.slashUndrawn(), "stranger")
    with refused("AlreadyClosed", 4):
        scenario.send(scenario.f.drawSplit(), "organizer")
    with refused("AlreadyClosed", 4):  # half of the bond, once
        scenario.send(scenario.f.slashUndrawn(), "stranger")
    scenario.withdraw_credit("stranger")
    scenario.withdraw_credit("organizer")
    assert scenario.balance == TERMS["bond"] - TERMS["bond"] // 2
    dead = "0x000000000000000000000000000000000000dEaD"
    scenario.send(scenario.f.withdrawCredit(dead, dead), "stranger")
    assert scenario.balance == 0


def test_slash_undrawn__drawn_and_the_seed_lapsed_since__refused(create, evm):
    scenario = create()
    scenario.draw()
    evm.tester.mine_blocks(262)
    with refused("AlreadyDrawn"):
        scenario.send(scenario.f.slashUndrawn(), "stranger")


def test_finalize__before_the_split_or_after_the_end__refused(create, evm):
    """Else a seed that lapsed would cost a tenth of the bond, not half, and a second end pay once more."""
    scenario = create()
    ends = [lambda: scenario.f.finalize(b""), scenario.f.slashUnopened]
    for end in ends:
        with refused("NotDrawn"):
            scenario.send(end(), "organizer")
    evm.tester.mine_blocks(262)
    evm.advance(400 * 86_400)
    for end in ends:
        with refused("NotDrawn"):
            scenario.send(end(), "organizer")
    scenario.send(scenario.f.slashUndrawn(), "stranger")
    for end in ends:
        with refused("AlreadyClosed", 4):
            scenario.send(end(), "organizer")


# commit and reveal


def test_commit__before_the_split__refused(create):
    with refused("NotDrawn"):
        create().commit("alice", GOOD)


def test_commit__after_training__refused(create, evm):
    scenario = create()
    scenario.draw()
    scenario.at("reveal")
    with refused("TooLate", evm.call(scenario.f.deadlines())[0]):
        scenario.commit("alice", GOOD)


def test_commit__organizer__refused_unless_allowed(create):
    scenario = create()
    scenario.draw()
    with refused("OrganizerExcluded"):
        scenario.commit("organizer", GOOD)
    allowed = create(organizerMayEnter=True)
    allowed.draw()
    assert allowed.commit("organizer", GOOD) == 0


def test_commit__without_deposit__refused(create):
    scenario = create()
    scenario.draw()
    with refused("WrongPayment", 0, TERMS["deposit"]):
        scenario.send(scenario.f.commit(SALT), "alice")


def test_reveal__early_or_late__refused_with_the_time(create, evm):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    times = evm.call(scenario.f.deadlines())
    with refused("TooEarly", times[0]):
        scenario.reveal(0)
    scenario.at("opening")
    with refused("TooLate", times[1]):
        scenario.reveal(0)


def test_reveal__wrong_salt_or_model__refused(create):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    with refused("WrongCommitment"):
        scenario.reveal(0, salt=bytes(32))
    with refused("WrongCommitment"):
        scenario.reveal(0, model=BAD)
    with refused("NotTheSubmitter"):
        scenario.reveal(0, sender="bob")
    with refused("NoSuchSubmission"):
        scenario.send(scenario.f.reveal(7, b"", SALT), "alice")
    scenario.reveal(0)
    with refused("WrongStatus"):
        scenario.reveal(0)


def test_reveal__model_of_the_largest_size__is_taken(create):
    scenario = create(maxModelBytes=len(encode_model(GOOD)))
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)


def test_result_of__not_revealed_or_nobodys__refused(create, evm):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    with refused("WrongStatus"):
        evm.call(scenario.f.resultOf(0))
    with refused("NoSuchSubmission"):
        evm.call(scenario.f.resultOf(1))


def test_reveal__commitment_of_another__useless_to_a_copier(create, evm):
    scenario = create()
    scenario.draw()
    digest = evm.call(scenario.f.commitmentOf(evm.role("alice"), keccak(encode_model(GOOD)), SALT))
    scenario.send(scenario.f.commit(digest), "bob", TERMS["deposit"])
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(1)
    with refused("WrongCommitment"):  # bob copied the commitment, and now even knows model and salt
        scenario.send(scenario.f.reveal(0, encode_model(GOOD), SALT), "bob")


@pytest.mark.parametrize(
    ("error", "model"),
    [
        ("ModelTooLarge", bytes(2_001)),
        ("MalformedModel", b""),
        ("MalformedModel", b"\x07" + encode_model(GOOD)[1:]),
        ("MalformedModel", encode_model(GOOD)[:-1]),
        ("MalformedModel", encode_model(GOOD) + b"\0"),
        ("WrongInputs", encode_model(line([1, 2, 3]))),
        ("WrongOutputs", encode_model(IntegerNetwork((Layer(np.ones((3, 2), int), np.zeros(3, int), 0),)))),
        ("MalformedModel", b"\xff" + encode_model(GOOD)[1:]),
    ],
)
def test_reveal__unfit_model__refused(create, evm, error, model):
    scenario = create()
    scenario.draw()
    digest = evm.call(scenario.f.commitmentOf(evm.role("alice"), keccak(model), SALT))
    scenario.send(scenario.f.commit(digest), "alice", TERMS["deposit"])
    scenario.at("reveal")
    with refused(error):
        scenario.send(scenario.f.reveal(0, model, SALT), "alice")


def test_finalize__unrevealed__forfeits_to_the_winner(create):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.commit("bob", BAD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    scenario.open_test()
    scenario.evaluate(0)
    scenario.finalize()
    assert scenario.payout(0) == TERMS["prize"] + 2 * TERMS["deposit"]
    with refused("NothingDue"):
        scenario.withdraw(1)


# test data


def revealed(create, **changes):
    scenario = create(**changes)
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    return scenario


def test_open_test__early_or_late__refused_with_the_time(create, evm):
    scenario = revealed(create)
    times = evm.call(scenario.f.deadlines())
    with refused("TooEarly", times[1]):
        scenario.open_test()
    scenario.at("evaluation")
    with refused("TooLate", times[2]):
        scenario.open_test()


def test_open_test__anything_else_than_committed__refused(create):
    scenario = revealed(create)
    scenario.at("opening")
    first, second = scenario.test_groups
    salt, data, proof = scenario.data.opening(first)
    other = scenario.data.opening(scenario.train_groups[0])
    wrong = [
        [(bytes(32), data, proof)],  # another salt
        [(salt, bytes([data[0] ^ 1]) + data[1:], proof)],  # one changed byte
        [(salt, data, proof[:-1])],
        [other],  # a training group instead
        [scenario.data.opening(second)],  # the order is fixed
    ]
    for groups in wrong:
        with refused("WrongProof", first):
            scenario.send(scenario.f.openTest(0, groups), "organizer")
    for length in (len(data) - 1, len(data) + 3):
        with refused("WrongGroupLength", length, len(data)):
            scenario.send(scenario.f.openTest(0, [(salt, (data * 2)[:length], proof)]), "organizer")
    for ordinal, groups in ((0, [first, second, first]), (0, []), (1, [second]), (2**255, [first])):
        with refused("WrongGroups", 0):
            scenario.open_test(groups, first=ordinal)


def test_open_test__label_out_of_range__refused_though_committed(create):
    good = make_data(TERMS)
    bad = Data([group[:-1] + b"\x02" for group in good.groups], good.salts, 2, 2, 5)
    scenario = revealed(create, data=bad)
    scenario.at("opening")
    with refused("LabelOutOfRange", scenario.test_groups[0], 4):
        scenario.open_test()


def test_slash_unopened__a_part_stays_closed__everything_to_the_revealed(create):
    scenario = create()
    scenario.draw()
    for role in ("alice", "bob", "carol"):
        scenario.commit(role, GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.reveal(2)
    scenario.at("opening")
    scenario.open_test(scenario.test_groups[:1])
    with refused("TestNotOpen", 1, 2):
        scenario.evaluate(0)
    with refused("TestNotOpen", 1, 2):
        scenario.finalize()
    with refused("TooEarly"):
        scenario.send(scenario.f.slashUnopened(), "stranger")
    scenario.at("evaluation")
    scenario.send(scenario.f.slashUnopened(), "stranger")
    spoils = TERMS["prize"] + TERMS["bond"] // 2 + TERMS["deposit"]
    assert scenario.payout(0) == scenario.payout(2) == TERMS["deposit"] + spoils // 2
    assert scenario.credit("organizer") == spoils % 2
    scenario.withdraw(0)
    scenario.withdraw(2)
    assert scenario.balance - spoils % 2 == scenario.burnt == TERMS["bond"] - TERMS["bond"] // 2


# direct evaluation


@pytest.mark.parametrize(
    ("metric", "classes"), [(0, 2), (1, 2), (2, 0), (0, 3), (1, 5)], ids=["acc", "f1", "mae", "acc3", "f1-5"]
)
def test_evaluate__each_metric__equals_python(create, metric, classes):
    criterion = 10**12 if metric == 2 else 0
    scenario = create(metric=metric, classes=classes, groupSize=17, criterion=criterion)
    rng = np.random.default_rng(classes)
    outputs = max(1, classes)
    models = [
        IntegerNetwork((Layer(rng.integers(-90, 90, (outputs, 2)), rng.integers(-900, 900, outputs), 6),))
        for _ in range(3)
    ]
    scenario.played(alice=models[0], bob=models[1], carol=models[2])
    for number, model in enumerate(models):
        scenario.evaluate(number)
        assert scenario.score_of(number) == scenario.expected_score(model)


def test_evaluate__in_chunks_by_a_stranger__same_score_and_tips_add_up(create, evm):
    scenario = create(groupSize=13)
    scenario.draw()
    scenario.commit("alice", FAIR)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    for group in scenario.test_groups:  # two codes
        scenario.open_test([group])
    for samples in (3, 11, 1, 0, 7):
        scenario.evaluate(0, "stranger", samples)
    scenario.evaluate(0, "alice", 2)
    scenario.evaluate(0, "bob", 26 - 24 + 1)  # one more than are left
    assert scenario.score_of(0) == scenario.expected_score(FAIR)
    with refused("AlreadyEvaluated", 0):
        scenario.evaluate(0)
    scenario.finalize()
    tips = scenario.credit("stranger") + scenario.credit("bob")
    assert tips == TERMS["tip"] * 24 // 26
    scenario.withdraw(0)
    scenario.withdraw_credit("stranger")
    with refused("NothingDue"):
        scenario.withdraw_credit("stranger")
    for role in ("bob", "organizer"):
        scenario.withdraw_credit(role)
    assert scenario.balance == 0


def test_slash_unopened__all_is_open__nothing_to_slash(create):
    scenario = create()
    scenario.played(alice=GOOD)
    scenario.at("final")
    with refused("NothingToSlash"):
        scenario.send(scenario.f.slashUnopened(), "stranger")


def test_slash_unopened__nobody_revealed__nothing_to_slash(create):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("final")
    with refused("NothingToSlash"):
        scenario.send(scenario.f.slashUnopened(), "stranger")


def test_withdraw__revealed_in_an_open_competition__nothing_due(create):
    scenario = create()
    scenario.played(alice=GOOD)
    with refused("NothingDue"):
        scenario.withdraw(0)
    assert scenario.payout(0) == 0
    scenario.evaluate(0)
    scenario.finalize()
    assert scenario.payout(0) > 0


def test_finalize__nobody_revealed__all_but_a_tenth_of_the_bond_back(create):
    scenario = create()
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    with refused("TooEarly"):
        scenario.finalize()
    scenario.at("opening")
    scenario.finalize()
    assert scenario.burnt == TERMS["bond"] // 10  # what another draw on the same data costs
    assert scenario.credit("organizer") == TERMS["prize"] + TERMS["bond"] + TERMS["deposit"] - scenario.burnt


def test_finalize__constant_model_below_criterion__organizer_refunded(create):
    scenario = create(criterion=900_000_000)
    scenario.played(alice=CONSTANT)
    scenario.evaluate(0)
    scenario.finalize()
    assert scenario.ranking == []
    assert scenario.payout(0) == TERMS["deposit"]
    assert scenario.credit("organizer") == TERMS["prize"] + TERMS["bond"]
    with refused("NoWinner"):
        scenario.evm.call(scenario.f.predict(b"\x01\x02"))


def test_finalize__one_not_evaluated__only_after_the_deadline(create, evm):
    scenario = create()
    scenario.played(alice=GOOD, bob=GOOD)
    scenario.evaluate(0)
    with refused("TooEarly", evm.call(scenario.f.deadlines())[4]):
        scenario.finalize()
    scenario.at("final")
    scenario.finalize()
    with refused("AlreadyClosed", 1):
        scenario.evaluate(1)
    assert scenario.payout(1) == TERMS["deposit"]
    with refused("AlreadyClosed", 1):
        scenario.finalize()


# ranking


def test_ranking__ties_and_copies__earlier_commitment(create):
    scenario = create(shares=[5_000, 3_000, 1_500, 500])
    reference = line([-99, 99])  # other weights, same predictions
    scenario.played(alice=reference, bob=GOOD, carol=GOOD, dave=FAIR)
    for number in (3, 2, 0, 1):  # a copy is evaluated before its original
        scenario.evaluate(number)
    assert scenario.score_of(0) == scenario.score_of(1) == scenario.score_of(2)
    expected = [0, 1, 3]
    assert scenario.ranking == expected
    scenario.finalize()
    prize = TERMS["prize"]
    shares = [prize * 5_000 // 10_000, prize * 3_000 // 10_000, 0, prize * 1_500 // 10_000]
    assert [scenario.payout(n) - TERMS["deposit"] for n in range(4)] == shares
    assert scenario.credit("organizer") == TERMS["bond"] + prize - sum(shares)


def test_ranking__every_order_of_evaluation__same_board(create, evm):
    models = [BAD, FAIR, GOOD, CONSTANT, GOOD, line([-98, 97])]
    roles = ["alice", "bob", "carol", "dave", "refuter", "stranger"]
    scenario = create(shares=[4_000, 3_000, 2_000, 1_000], criterion=0)
    scenario.played(**dict(zip(roles, models, strict=True)))
    boards = set()
    for seed in range(6):
        snapshot = evm.snapshot()
        for number in np.random.default_rng(seed).permutation(6):
            scenario.evaluate(int(number))
        boards.add(tuple(scenario.ranking))
        scores = {n: scenario.score_of(n) for n in range(6) if n != 4}  # 4 copies 2
        assert list(boards) == [tuple(sorted(scores, key=lambda n: (-scores[n], n))[:4])]
        evm.revert(snapshot)


def test_finalize__shares_by_score__in_proportion_to_margins(create):
    scenario = create(scheme=BY_SCORE, shares=[4_000, 3_000, 3_000, 0], criterion=100_000_000, groupSize=25)
    half = line([0, 1], -128)
    scenario.played(alice=GOOD, bob=half, carol=BAD)
    for number in range(3):
        scenario.evaluate(number)
    scenario.finalize()
    margins = {n: scenario.score_of(n) - 10**8 + 1 for n in (0, 1)}
    for number, margin in margins.items():
        assert scenario.payout(number) == TERMS["deposit"] + TERMS["prize"] * margin // sum(margins.values())
    assert scenario.payout(2) == TERMS["deposit"]
    with refused("NotKept", 1):  # the winner's model came with finalize
        scenario.withdraw(1)
    with refused("WrongModel"):
        scenario.send(scenario.f.keep(1, encode_model(GOOD)), "bob")
    scenario.keep(1)
    for number in range(3):
        scenario.withdraw(number)
    scenario.withdraw_credit("organizer")
    assert scenario.balance == 0


def test_predict__winner__callable_afterwards(create, evm):
    scenario = create()
    scenario.played(alice=GOOD)
    scenario.evaluate(0)
    with refused("NoWinner"):
        evm.call(scenario.f.predict(b"\x01\x02"))
    scenario.finalize()
    for sample in ([0, 255], [255, 0], [7, 7]):
        assert evm.call(scenario.f.predict(bytes(sample))) == predict(GOOD, [sample], 2)[0]
        assert evm.call(scenario.f.predictWith(0, bytes(sample))) == predict(GOOD, [sample], 2)[0]
    with pytest.raises(Reverted):
        evm.call(scenario.f.predict(b"\x01"))
