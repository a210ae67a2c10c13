"""A round's course, and the way out of every stop.

round
├── opened before it begins, by the organizer, with pot and bond
│   ├── entered while it is open
│   │   ├── again in the same round: the commitment is replaced, the stake grows
│   │   ├── again in a later round: out of the balance, in the same two slots
│   │   └── while an older entry holds the slot: refused until that is settled
│   ├── revealed after the close, by anybody
│   │   ├── scored: gain out of the pot, or loss burnt; the stake is free again
│   │   ├── not scored: expired by anybody, after the close of the round, too
│   │   └── closed: pot and bond go back, and wait for nobody
│   └── not revealed: void
│       ├── entered: stakes return with half of the bond, the other half is burnt
│       └── not entered: pot and bond return
└── not opened: nothing is locked
"""

import numpy as np
import pytest

from orchestrator.systems.tournament.reference import BURN
from tests.contracts.tournament.scenario import ETHER, HOUR, NOBODY, terms_of

OPEN, REVEALED, CLOSED, VOID = 1, 2, 3, 4
START = 1000 * ETHER


def test_round__good_and_bad_predictions__gain_and_burn(create):
    s = create().closed(alice=1, bob=(-1, 2 * ETHER))
    assert s.balance("alice") == START + ETHER * 5 // 100
    assert s.balance("bob") == START - ETHER * 10 // 100
    assert s.balance("organizer") == START - ETHER * 5 // 100
    assert s.balance(BURN) == ETHER * 10 // 100
    s.withdraw_all()


def test_round__rounds_overlap__each_has_its_own_money(create):
    s = create(period=6 * HOUR, resolving=20 * HOUR)
    for number in range(4):
        s.open(number)
        s.at("begins", number)
        s.enter("alice", s.good(number), (number + 1) * ETHER, number)
        s.check()
    for number in reversed(range(4)):
        s.reveal(number)
    for number in range(4):
        s.score("alice", number)
    s.at("ends", 3)
    for number in range(4):
        s.close(number=number)
    s.withdraw_all()


def test_enter__again_in_the_same_round__replaces_and_adds(create):
    s = create().entered(alice=-1)
    s.enter("alice", s.good(), 0)
    s.enter("alice", s.good(), ETHER, value=ETHER)
    assert s.call("entryOf", 0, s.evm.role("alice"))[1] == s.call("roundOf", 0)[0] == 2 * ETHER
    s.reveal()
    s.score("alice", sender="alice")
    s.check()
    assert s.balance("alice") == START + ETHER + ETHER // 10


def test_enter__more_value_than_stake__the_rest_is_credited(create):
    s = create().entered()
    s.enter("stranger", s.good(), ETHER, value=3 * ETHER)
    s.check()
    assert s.balance("stranger") == 2 * ETHER


def test_enter__slot_of_an_unsettled_entry__waits_for_it(create):
    s = create()
    slots = (20 + 4 + 24) // 24 + 2
    for number in (0, slots):
        s.open(number)
    s.at("begins")
    s.enter("alice", s.good())
    s.reveal()
    s.at("begins", slots)
    assert s.refuses("Unsettled", "enter", slots, bytes(32), ETHER, sender="alice") == (0,)
    s.expire("alice")
    s.enter("alice", s.good(slots), number=slots)
    s.check()
    assert s.call("entryOf", 0, s.evm.role("alice")) == (b"\0" * 32, 0, 0, False)


def test_expire__not_scored__loses_the_worst_and_the_tip(create):
    s = create().revealed(alice=1, bob=-1)
    s.score("bob")
    s.at("ends")
    s.close()
    s.expire("alice", sender="carol")
    assert s.balance("alice") == s.balance("bob") - s.money.tip
    assert s.balance("carol") == START + s.money.tip
    s.withdraw_all()


def test_close__entries_not_scored__waits_for_nobody(create):
    s = create().revealed(alice=1)
    s.at("ends")
    s.close()
    assert s.balance("organizer") == START
    assert s.call("roundOf", 0)[1:3] == (0, CLOSED)
    assert s.call("scoresOf", 0, s.sealed[0, "alice"])[0] > 0


@pytest.mark.parametrize("bond", [4 * ETHER, 4 * ETHER + 1])
def test_void__entered__returns_stakes_with_half_of_the_bond(create, bond):
    s = create(bond=bond).entered(alice=1, bob=(1, 2 * ETHER), carol=(1, ETHER // 3))
    s.at("resolves")
    s.void()
    s.check()
    assert s.balance("organizer") == START - bond
    for who in ("bob", "carol", "alice"):
        s.refund(who)
        s.check()
    assert s.call("roundOf", 0)[:3] == (0, 0, VOID)
    assert s.balance(BURN) == bond - bond // 2
    assert s.balance("alice") > START
    s.withdraw_all()


def test_void__nobody_entered__all_returns(create):
    s = create()
    s.open()
    s.at("resolves")
    s.void()
    assert s.balance("organizer") == START
    s.withdraw_all()


def test_reveal__with_benchmark__contribution_counts(create):
    s = create(contribution_multiplier=10**9, corr_multiplier=0, rows=21).entered(alice=1)
    s.enter("bob", s.targets[0].benchmark)
    s.reveal(sender="carol")
    s.score("alice")
    s.score("bob")
    s.check()
    assert s.balance("bob") == START  # the benchmark adds nothing to itself
    assert s.balance("alice") > START


def test_stops__organizer_does_not_open__balances_leave(create):
    s = create()
    s.at("begins")
    s.refuses("WrongState", "enter", 0, b"\1" * 32, ETHER, sender="alice")
    s.withdraw_all()


ANY = {"close": "WrongState", "refund": "WrongState", "expire": "WrongState"}
REVEALED_EARLY = {"void": "WrongState", "refund": "WrongState", "close": "TooEarly", "expire": "TooEarly"}


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        ("begins", ANY | {"void": "TooEarly"}),
        ("closes", ANY | {"void": "TooEarly"}),
        ("ends", ANY),
        ("revealed", REVEALED_EARLY | {"open": "NotTheOrganizer"}),
    ],
)
def test_ways_out__too_early_or_in_the_wrong_state__refused(create, moment, refused):
    s = create().entered(alice=1)
    s.reveal() if moment == "revealed" else s.at(moment)
    alice = s.evm.role("alice")
    for name, error in refused.items():
        s.refuses(error, name, 0, *{"refund": [alice], "expire": [alice], "open": [b"\1" * 32]}.get(name, []))


def test_terms__as_created__are_read_back(create):
    s = create(contribution_multiplier=10**9)
    given = terms_of(s.evm, s.factory, s.money, s.rows, s.start)
    told = dict(zip(given, s.call("terms"), strict=True))
    added = {name: told[name] for name in ("organizer", "powerSquares", "normalSquares")}
    assert told == given | added
    assert told["organizer"] == s.evm.role("organizer")
    assert s.call("timesOf", 2)[0] == s.start + 2 * 24 * HOUR
    assert s.call("currency") == NOBODY


@pytest.mark.parametrize("rows", [16, 17, 31, 32, 33, 47, 64, 100])
def test_score__rows_of_any_number__as_the_reference(create, rows):
    predictions = np.random.default_rng(rows).normal(size=rows)
    create(rows=rows, contribution_multiplier=10**9).scored(alice=predictions)
