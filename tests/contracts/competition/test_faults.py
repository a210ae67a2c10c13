"""What an organizer's faults cost it, whatever hats it wears and however many accounts it has.

The organizer's accounts are as many as it likes: it challenges itself, commits, reveals and evaluates. Its
loss is what it paid in less what all of its accounts get back.

every fault: at least half of the bond is burnt
├── withheld: accused by itself, with its own commitments, alone or among honest ones
├── unopened: with its own reveals, among honest ones
└── undrawn
split
└── a competition that nobody enters costs a tenth of the bond: what another draw on the same data costs
places
└── the same predictions by other bytes take one place (optimistic)
terms
└── Python and the contract refuse the same terms, for the same reason
"""

import random

import pytest

from orchestrator.chain.bound import value_of
from orchestrator.models.integer import encode_model
from orchestrator.systems.competition.bounds import first_broken
from orchestrator.systems.competition.records import Terms
from tests.contracts.competition.scenario import BAD, GOOD, HOUR, OPTIMISTIC, TERMS, line
from tests.contracts.competition.test_course import refused
from tests.evm import Reverted

OWN = ["organizer", "stranger", "carol", "dave"]  # accounts of the organizer
HALF = TERMS["bond"] // 2


def entered(create, own, honest, **changes):
    """A drawn competition with `own` commitments of the organizer's accounts, and `honest` of others."""
    scenario = create(organizerMayEnter=True, **changes)
    scenario.draw()
    for number in range(own):
        scenario.commit(OWN[number % len(OWN)], line([-100, 1 + number]))
    for role in ("alice", "bob")[:honest]:
        scenario.commit(role, GOOD)
    return scenario


def pulled_by(scenario, roles):
    """What is due to these accounts once the competition is closed; all of it is withdrawn."""
    before = scenario.balance
    for role in roles:
        if scenario.credit(role):
            scenario.withdraw_credit(role)
        for number, (owner, model) in scenario.models.items():
            if owner == role and scenario.payout(number):
                if number in scenario.ranking:
                    scenario.send(scenario.f.keep(number, encode_model(model)), role)
                scenario.withdraw(number)
    return before - scenario.balance


@pytest.mark.parametrize("honest", [0, 1, 2])
@pytest.mark.parametrize("own", [0, 1, 9])
def test_withhold__own_accuser_and_commitments__costs_half_the_bond(create, evm, own, honest):
    scenario = entered(create, own, honest)
    group = scenario.train_groups[0]
    scenario.send(scenario.f.challenge(group), "stranger", TERMS["stake"])
    evm.advance(HOUR)
    scenario.send(scenario.f.slashWithheld(group), "stranger")
    paid = TERMS["prize"] + TERMS["bond"] + TERMS["stake"] + own * TERMS["deposit"]
    lost = paid - pulled_by(scenario, OWN)
    assert lost >= TERMS["bond"] - HALF == scenario.burnt
    if honest:
        share = TERMS["prize"] // (own + honest)
        assert lost == TERMS["bond"] - HALF + honest * share
        assert scenario.payout(own) == TERMS["deposit"] + share
    assert scenario.balance - scenario.burnt == sum(map(scenario.payout, scenario.models))


@pytest.mark.parametrize("honest", [1, 2])
@pytest.mark.parametrize("own", [0, 1, 9])
def test_stay_closed__own_reveals__costs_half_the_bond(create, own, honest):
    scenario = entered(create, own, honest)
    scenario.at("reveal")
    for number in scenario.models:
        scenario.reveal(number)
    scenario.at("evaluation")
    scenario.send(scenario.f.slashUnopened(), "stranger")
    paid = TERMS["prize"] + TERMS["bond"] + own * TERMS["deposit"]
    share = (TERMS["prize"] + HALF) // (own + honest)
    assert paid - pulled_by(scenario, OWN) == TERMS["bond"] - HALF + honest * share
    assert scenario.burnt == TERMS["bond"] - HALF
    assert scenario.balance - scenario.burnt == honest * (TERMS["deposit"] + share)


def test_undrawn__own_caller__costs_half_the_bond(create, evm):
    scenario = create()
    evm.tester.mine_blocks(262)
    scenario.send(scenario.f.slashUndrawn(), "stranger")
    assert TERMS["prize"] + TERMS["bond"] - pulled_by(scenario, OWN) == scenario.burnt == TERMS["bond"] - HALF


@pytest.mark.parametrize("own", [0, 1, 9])
def test_redraw__nobody_reveals__costs_a_tenth_of_the_bond(create, own):
    """Who dislikes a split, and has no other entrants, lets the competition lapse and makes another one."""
    scenario = entered(create, own, 0)
    scenario.at("opening")
    scenario.finalize()
    paid = TERMS["prize"] + TERMS["bond"] + own * TERMS["deposit"]
    assert paid - pulled_by(scenario, OWN) == scenario.burnt == TERMS["bond"] // 10


# places


def twin_of(number):
    """The same function as GOOD by other bytes: all of its outputs are multiplied."""
    return line([-(100 + number), 100 + number])


def test_settle__same_predictions_by_other_bytes__take_one_place(create):
    shares = [4_000, 3_000, 2_000, 1_000]
    scenario = create(mode=OPTIMISTIC, shares=shares, criterion=0)
    scenario.played(alice=GOOD, carol=twin_of(1), dave=twin_of(2), bob=BAD, stranger=twin_of(3))
    for number in scenario.models:
        scenario.claim(number)
    scenario.at("settling")
    scenario.evm.advance(HOUR)
    for number in (4, 2, 1, 3, 0):  # the order does not matter: later commitments leave the board
        scenario.send(scenario.f.settle(number), "stranger")
    assert scenario.ranking == [0, 3]


def test_evaluate__same_predictions_by_other_bytes__ties_go_to_the_earlier_commitment(create):
    """In direct mode the contract keeps no predictions: places are for sale, as its essay says."""
    scenario = create(shares=[5_000, 5_000, 0, 0])
    scenario.played(alice=GOOD, carol=twin_of(1), dave=twin_of(2))
    for number in (2, 1, 0):
        scenario.evaluate(number)
    assert scenario.ranking == [0, 1]


# models


def test_reveal__trees_without_a_tree__refused(create):
    """Python could not decode it, so that nobody could have refuted a claim on it."""
    empty = bytes([2, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]) + (1).to_bytes(4, "big")
    scenario = create(mode=OPTIMISTIC)
    scenario.draw()
    digest = scenario.evm.call(
        scenario.f.commitmentOf(scenario.evm.role("alice"), scenario.evm.web3.keccak(empty), b"\1" * 32)
    )
    scenario.send(scenario.f.commit(digest), "alice", TERMS["deposit"])
    scenario.at("reveal")
    with refused("MalformedModel", 6):
        scenario.send(scenario.f.reveal(0, empty, b"\1" * 32), "alice")


# terms

EXTREMES = {
    "cidCodec": [0, 0x55, 0x70, 0x71, 255],
    "groups": [0, 1, 2, 3, 20, 255, 256, 257],
    "testGroups": [0, 1, 2, 3, 19, 20, 255, 256],
    "groupSize": [0, 1, 5, 100, 5_000, 8_191, 8_192, 8_193, 65_535],
    "features": [0, 1, 2, 30, 784, 4_095, 4_096, 4_097],
    "classes": [0, 1, 2, 3, 10, 64, 65, 256, 257],
    "maxModelBytes": [0, 1, 2_000, 49_152, 49_153],
    "metric": [0, 1, 2],
    "mode": [0, 1],
    "prize": [0, 1, 9, 10, 10**15, 2**128 - 1],
    "bond": [0, 1, 2, 10**14 - 1, 10**14, 10**15, 2**128 - 1],
    "deposit": [0, 10**12, 10**15, 10**15 + 1, 2**96 - 1],
    "tip": [0, 10**12, 10**12 + 1],
    "stake": [0, 1, 5 * 10**13, 5 * 10**13 + 1, 2**128 - 1],
    "claimBond": [0, 1, 2, 10**15, 10**15 + 1],
    "shares": [[10_000, 0, 0, 0], [5_000, 5_000, 0, 0], [5_000, 0, 5_000, 0], [9_999, 0, 0, 0], [0] * 4],
    "criterion": [0, 10**9, 10**9 + 1, 2**64 - 1],
    "training": [0, 119, 120, 7_200, 10**9, 2**32 - 1],
    "reveal": [0, 59, 60, 10**8],
    "opening": [0, 59, 60, 61, 70, 3_600, 10**8],
    "evaluation": [0, 59, 60, 61, 300, 100_000, 10**8],
    "refute": [0, 59, 60, 61, 400, 10**8],
    "answer": [0, 59, 60, 61, 200, 1_300, 3_600],
}


def test_create__random_terms__python_and_the_contract_agree(create, evm):
    scenario = create()
    rng, taken, named = random.Random(3), 0, set()
    for _ in range(400):
        changed = rng.sample(sorted(EXTREMES), rng.choice([1, 1, 2, 3, 6]))
        terms = scenario.terms | {name: rng.choice(EXTREMES[name]) for name in changed}
        broken = first_broken(value_of(Terms, terms.values()))
        call = scenario.factory.functions.create(tuple(terms.values()))
        value = terms["prize"] + terms["bond"]
        try:
            evm.call(call, "organizer", min(value, 10**18))
        except Reverted as error:
            field = error.values[0].rstrip(b"\0").decode() if error.error == "InvalidTerms" else None
        else:
            field, taken = None, taken + 1
        assert field == (broken and broken[0]), terms
        named.add(field)
    assert taken > 20
    assert len(named) > 18
