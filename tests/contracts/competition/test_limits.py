"""Nothing that the terms allow takes more gas than a transaction may have (every call here has 16.7 million).

largest models (networks; one long tree; most trees times outputs)
├── direct: revealed, evaluated on a sample, kept; optimistic: revealed and kept, refuted at a sample
└── trees that would take more: refused at the reveal
largest groups, of the shortest and of the longest samples
├── answered; opened for testing
└── 255 of 256 groups drawn; opened one by one; one evaluation through all of their codes
claims
└── most predictions for each metric
finalize
└── four places by score
"""

import struct

import pytest
from eth_utils import keccak

from orchestrator.models.integer import decode_model
from tests.contracts.competition.scenario import (
    BY_SCORE,
    DIRECT,
    GOOD,
    OPTIMISTIC,
    SALT,
    TERMS,
    line,
    make_data,
)
from tests.contracts.competition.test_course import refused

LONGEST = 49_152  # bytes of a model
CHUNK = 24_575


def network(inputs: int, hidden: int, outputs: int) -> bytes:
    """A network of extreme weights."""
    header = struct.pack(">BBHHHBB", 1, 2, inputs, hidden, outputs, 0, 0)
    first = (bytes(4) + b"\xff" * inputs) * hidden
    return header + first + (bytes(4) + b"\xff" * hidden) * outputs


def trees(inputs: int, outputs: int, count: int, length: int, rows: int = 1) -> bytes:
    """`count` trees, each a walk through all of its nodes but one."""
    size = max(1, (length - 12 - 4 * outputs - 2 * outputs * rows - 2 * count) // 5 // count)
    table = b""
    for tree in range(count):
        start = tree * size
        for node in range(start, start + size - 1):
            table += struct.pack(">HBH", 0, 255, node + 1)
        table += struct.pack(">HBH", 0xFFFF, 0, 0)
    header = struct.pack(">BHHBHHH", 2, inputs, outputs, 0, count, count * size, rows)
    roots = struct.pack(f">{count}H", *(tree * size for tree in range(count)))
    return header + bytes(4 * outputs) + roots + table + bytes(2 * outputs * rows)


MODELS = {
    "wide network": (network(3_000, 16, 2), 3_000, 2),
    "many neurons": (network(2, 4_096, 5), 2, 5),
    "one long tree": (trees(1, 2, 1, LONGEST), 1, 2),
    "many trees": (trees(1, 2, 6_900, LONGEST), 1, 2),
    "many outputs": (trees(1, 256, 64, LONGEST), 1, 256),
}


def commit_bytes(scenario, model: bytes, role: str = "alice") -> None:
    """Commit to `model` as it is."""
    digest = scenario.evm.call(scenario.f.commitmentOf(scenario.evm.role(role), keccak(model), SALT))
    scenario.send(scenario.f.commit(digest), role, TERMS["deposit"])


def small(create, features: int, classes: int, **changes):
    terms = {"groups": 2, "testGroups": 1, "groupSize": 5, "features": features, "classes": classes}
    scenario = create(**terms, maxModelBytes=LONGEST, criterion=0, **changes)
    scenario.draw()
    return scenario


@pytest.mark.parametrize("name", ["wide network", "many outputs"])
def test_direct__largest_model__every_step_fits(create, name):
    model, features, classes = MODELS[name]
    scenario = small(create, features, classes, mode=DIRECT)
    commit_bytes(scenario, model)
    scenario.at("reveal")
    scenario.send(scenario.f.reveal(0, model, SALT), "alice")
    scenario.at("opening")
    scenario.open_test()
    scenario.send(scenario.f.evaluate(0, 1, model), "bob")
    scenario.send(scenario.f.keep(0, model), "bob")


@pytest.mark.parametrize("name", ["many trees", "many neurons", "one long tree"])
def test_optimistic__largest_model__every_step_fits(create, name):
    model, features, classes = MODELS[name]
    scenario = small(create, features, classes, mode=OPTIMISTIC)
    commit_bytes(scenario, model)
    scenario.at("reveal")
    scenario.send(scenario.f.reveal(0, model, SALT), "alice")
    scenario.at("opening")
    scenario.open_test()
    scenario.models[0] = ("alice", decode_model(model))
    false = [each ^ 1 for each in scenario.predictions(0)]
    scenario.claim(0, false)
    scenario.refute(0, 0, false)


def test_reveal__trees_that_no_refutation_could_run__refused(create):
    """A claim on such a model could be as wrong as it likes."""
    shared = bytearray(trees(1, 2, 2, 1_000))  # two trees; the second root moved into the first tree
    shared[12 + 8 + 2 : 12 + 8 + 4] = b"\0\0"
    scenario = small(create, 1, 2, mode=OPTIMISTIC)
    commit_bytes(scenario, bytes(shared))
    wide = small(create, 1, 256, mode=OPTIMISTIC)
    commit_bytes(wide, trees(1, 256, 65, 9_000))
    for each, model, place in ((scenario, bytes(shared), 1), (wide, trees(1, 256, 65, 9_000), 6)):
        each.at("reveal")
        with refused("MalformedModel", place):
            each.send(each.f.reveal(0, model, SALT), "alice")


@pytest.mark.parametrize(
    ("mode", "features", "classes", "metric"),
    [(DIRECT, 1, 2, 1), (OPTIMISTIC, 4_096, 2, 0), pytest.param(OPTIMISTIC, 1, 2, 0, marks=pytest.mark.slow)],
)
def test_groups__largest__answered_and_opened(create, mode, features, classes, metric):
    terms = {"groups": 2, "testGroups": 1, "features": features, "classes": classes, "metric": metric}
    scenario = create(mode=mode, groupSize=min(8_192, CHUNK // (features + 1)), criterion=0, **terms)
    scenario.draw()
    group = scenario.train_groups[0]
    scenario.send(scenario.f.challenge(group), "alice", TERMS["stake"])
    scenario.send(scenario.f.answer(group, scenario.data.opening(group)), "organizer")
    scenario.at("opening")
    scenario.open_test()


@pytest.mark.slow
def test_groups__most__drawn_opened_and_evaluated_one_by_one(create):
    scenario = create(groups=256, testGroups=255, groupSize=1)
    scenario.draw()
    assert len(scenario.test_groups) == 255
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    for group in scenario.test_groups:
        scenario.open_test([group])
    scenario.evaluate(0)
    assert scenario.score_of(0) == scenario.expected_score(GOOD)


def test_draw_split__most_groups__fits(create):
    scenario = create(groups=256, testGroups=128, groupSize=1)
    scenario.draw()
    assert len(scenario.test_groups) == 128


@pytest.mark.parametrize(
    ("metric", "classes", "groups", "size"),
    [
        (1, 2, 1, 8_192),
        pytest.param(2, 0, 2, 4_096, marks=pytest.mark.slow),
        pytest.param(0, 2, 8, 8_192, marks=pytest.mark.slow),
    ],
)
def test_claim__most_predictions__fits(create, metric, classes, groups, size):
    terms = {"metric": metric, "classes": classes, "features": 1, "mode": OPTIMISTIC, "criterion": 10**9}
    scenario = create(groups=groups + 1, testGroups=groups, groupSize=size, **terms)
    scenario.draw()
    scenario.commit("alice", line([1], -1))
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    for group in scenario.test_groups:
        scenario.open_test([group])
    false = [0] * (groups * size)
    scenario.claim(0, false)
    wrong = next(i for i, each in enumerate(scenario.predictions(0)) if each)
    scenario.refute(0, wrong, false)


@pytest.mark.parametrize("change", [{"metric": 1}, {"metric": 2, "classes": 0}])
def test_create__more_predictions_than_one_claim_can_count__refused(create, change):
    terms = {"groups": 3, "testGroups": 2, "groupSize": 4_097, "features": 1, "mode": OPTIMISTIC}
    data = make_data(TERMS | {"groups": 3, "groupSize": 1})
    with refused("InvalidTerms", b"testGroups".ljust(32, b"\0")):
        create(data=data, **terms, **change)


def test_finalize__four_places_by_score__fits(create):
    scenario = create(scheme=BY_SCORE, shares=[4_000, 3_000, 2_000, 1_000], criterion=0)
    scenario.played(alice=GOOD, bob=line([-100, 99]), carol=line([-100, 98]), dave=line([-100, 97]))
    for number in range(4):
        scenario.evaluate(number)
    assert len(scenario.ranking) == 4
    scenario.finalize()
    assert all(scenario.payout(number) > TERMS["deposit"] for number in range(4))
