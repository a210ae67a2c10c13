"""What parties say of the privacy that they spend.

reveal, where the terms have an ε
├── within it: told in an event, as it was committed to
├── beyond it: the entry is left out
└── another number than was committed to: the entry is left out
terms: an ε is of updates alone
"""

import pytest

from tests.contracts.federation.scenario import HOUR
from tests.evm import Reverted

MOST = 8_000


@pytest.fixture
def made(create):
    return create("anna", "ben", "cleo", epsilon=MOST, maxWeight=1)


@pytest.mark.parametrize("told", [0, 1, 1_234, MOST])
def test_reveal__within_the_terms__is_told(made, told):
    made.commit("anna", "ben", epsilon=told)
    made.until()
    receipt = made.reveal("anna", "ben")
    events = made.events("Spent", receipt)
    assert [(each["round"], each["party"], each["epsilon"]) for each in events] == [
        (1, made.evm.role(who), told) for who in ("anna", "ben")
    ]


@pytest.mark.parametrize("told", [MOST + 1, 2**32 - 1])
def test_reveal__beyond_the_terms__is_left_out(made, told):
    made.commit("ben", "cleo", epsilon=100)
    made.commit("anna", epsilon=told)
    receipt = made.reveal("anna", "ben", "cleo")
    assert [each["party"] for each in made.events("Spent", receipt)] == [
        made.evm.role(who) for who in ("ben", "cleo")
    ]
    assert made.state["revealed"] >> made.seat("anna") & 1 == 0


def test_reveal__another_number_than_was_committed_to__is_left_out(made):
    made.commit("anna", epsilon=500)
    made.until()
    entry = made.updates["anna"].entry
    with pytest.raises(Reverted, match="NothingDone"):
        made.send("reveal", entry[:-1] + bytes([entry[-1] ^ 1]))
    made.send("reveal", entry)


def test_reveal__terms_without_an_epsilon__tell_nothing(create):
    s = create("anna", "ben", "cleo")
    s.commit("anna", "ben")
    s.until()
    assert not s.events("Spent", s.reveal("anna", "ben"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("policy", {"policy": 2, "judging": HOUR}),
        ("policy", {"policy": 1, "judging": HOUR, "committee": 3, "quorum": 3}),
        ("maxWeight", {"maxWeight": 2}),
        ("width of a number", {"epsilon": 2**32}),
    ],
)
def test_create__epsilon_that_would_not_be_so__refused(create, field, changes):
    with pytest.raises(Reverted, match="InvalidTerms") as refused:
        create(**{"epsilon": 1, "maxWeight": 1} | changes)
    assert refused.value.values[0].rstrip(b"\0").decode() == field


def test_terms__greatest_epsilon__comes_back_beside_the_start(create):
    s = create("anna", "ben", epsilon=2**32 - 1, maxWeight=1, seats=2)
    told = dict(zip(s.terms, s.call("terms"), strict=True))
    assert (told["epsilon"], told["start"]) == (2**32 - 1, s.terms["start"])
