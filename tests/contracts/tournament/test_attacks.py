"""What somebody would try.

submission
├── a rank missing, twice or too large; too many or too few bytes: refused
├── another's commitment: cannot be opened
├── another round's, another tournament's commitment, with another salt: cannot be opened
├── scored twice; scored after expiry, expired after the score
└── the last second of entering, revealing, scoring: inside; the next: outside
organizer
├── targets other than committed, after the close, before it
├── constant targets, unknown classes, wrong length, a benchmark that is not a permutation: cannot be revealed
├── extreme values: every entry can still be scored
├── opens late, twice, or by another's name
└── has all the accounts: a void round still costs half of the bond
money
├── a whale: payouts are diluted, never beyond the pot
├── two accounts bet on contraries: lose with drag
├── worst score against expiring oneself: never better
└── ether where a token is due; wallets and tokens at their worst: tests/contracts/kernel/test_funds.py
"""

import numpy as np
import pytest
from eth_utils import keccak

from orchestrator.systems.tournament import ranks as ranking
from orchestrator.systems.tournament.targets import UNIT, Targets
from tests.contracts.tournament.scenario import ETHER, HOUR, SALT
from tests.evm import Reverted

START = 1000 * ETHER


# ── submissions ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rows", [16, 35])
@pytest.mark.parametrize("fault", ["twice", "too large", "far too large", "all the same", "shifted"])
def test_score__no_permutation__is_refused(create, rows, fault):
    ranks = np.random.default_rng(rows).permutation(rows)
    if fault == "all the same":
        ranks[:] = 0
    elif fault == "shifted":
        ranks = ranks + 1
    else:
        ranks[rows - 1] = {"twice": ranks[0], "too large": rows, "far too large": 65_535}[fault]
    s = create(rows=rows).revealed(alice=ranking.encode(ranks))
    s.refuses("NotAPermutation", "score", *s.scoring("alice"))
    s.at("ends")
    s.expire("alice")
    s.check()


@pytest.mark.parametrize("length", [0, 31, 33, 30, 34])
def test_score__wrong_length__is_refused(create, length):
    s = create().revealed(alice=ranking.encode(np.arange(40))[:length])
    assert s.refuses("WrongLength", "score", *s.scoring("alice")) == (length, 32)


def test_score__copied_commitment__opens_for_nobody_else(create):
    s = create().entered(alice=1)
    s.send("enter", 0, s.call("entryOf", 0, s.evm.role("alice"))[0], ETHER, sender="bob")
    s.reveal()
    s.score("alice")
    s.sealed[0, "bob"] = s.sealed[0, "alice"]
    s.refuses("WrongCommitment", "score", *s.scoring("bob"), sender="bob")


def test_score__commitment_of_another_round_or_tournament__does_not_open(create):
    s, other = create(period=HOUR), create(pot=11 * ETHER, bond=5 * ETHER)
    for number in (0, 1):
        s.open(number)
    s.at("begins", 1)
    sealed = ranking.encode(ranking.ranks_of(s.good(1)))
    for who, contract, number in (("alice", s, 0), ("bob", other, 1)):
        commitment = contract.call("entryCommitment", number, s.evm.role(who), keccak(sealed), SALT)
        s.send("enter", 1, commitment, ETHER, sender=who)
        s.sealed[1, who] = sealed
    s.reveal(1)
    for who in ("alice", "bob"):
        s.refuses("WrongCommitment", "score", *s.scoring(who, 1))


def test_score__wrong_salt__is_refused_and_the_entry_expires(create):
    s = create().revealed(alice=1)
    s.refuses("WrongCommitment", "score", *s.scoring("alice", salt=b"\1" + SALT[1:]))
    s.at("ends")
    s.expire("alice")
    s.check()


def test_settling__twice_or_both_ways__is_refused(create):
    s = create().revealed(alice=1, bob=1)
    s.score("alice")
    s.refuses("NoStake", "score", *s.scoring("alice"))
    s.refuses("NoStake", "expire", 0, s.evm.role("alice"))
    s.at("ends")
    s.refuses("TooLate", "score", *s.scoring("bob"))
    s.expire("bob")
    for who in ("bob", "carol"):
        s.refuses("NoStake", "expire", 0, s.evm.role(who))
    s.close()
    s.refuses("WrongState", "close", 0)
    s.check()


def test_times__last_second_is_inside__the_next_is_not(create):
    def to_last_second(moment):
        """So that the next block is a second before `moment`."""
        s.evm.advance(moment - 1 - s.evm.now)

    s = create()
    s.open()
    begins, closes, resolves, ends = s.call("timesOf", 0)
    to_last_second(begins)
    s.refuses("TooEarly", "enter", 0, bytes(32), ETHER, sender="bob")
    to_last_second(closes)
    s.enter("alice", s.good())
    s.refuses("TooLate", "enter", 0, bytes(32), ETHER, sender="bob")
    to_last_second(resolves)
    s.reveal()
    assert s.evm.now == resolves - 1
    to_last_second(ends)
    with pytest.raises(Reverted, match="TooEarly"):
        s.call("expire", 0, s.evm.role("alice"))
    s.score("alice")
    assert s.evm.now == ends - 1


def test_enter__below_the_least_stake__is_refused(create):
    s = create().entered()
    for stake in (0, ETHER // 100 - 1):
        s.refuses("StakeTooSmall", "enter", 0, bytes(32), stake, sender="alice")
    s.refuses("Underfunded", "enter", 0, bytes(32), START + ETHER, sender="alice")


# ── organizer ───────────────────────────────────────────────────────────────────────────────────────────────


def test_reveal__other_targets_salt_or_time__is_refused(create):
    s = create().entered()
    s.open(1)
    targets = s.targets[0].encode()
    s.refuses("TooEarly", "reveal", 0, targets, SALT, sender="organizer")
    s.at("closes")
    for other, salt in ((targets[:-1] + bytes([targets[-1] ^ 1]), SALT), (targets, b"\1" * 32)):
        s.refuses("WrongCommitment", "reveal", 0, other, salt, sender="organizer")
    s.reveal()
    s.refuses("WrongState", "reveal", 0, targets, SALT)
    s.at("resolves", 1)
    s.refuses("TooLate", "reveal", 1, s.targets[1].encode(), SALT)


class Forged(Targets):
    """Targets of any bytes."""

    def encode(self):
        return self.classes


HEAD = np.array([[-UNIT, -UNIT], [0, 0], [UNIT, UNIT], [0, 0], [0, 0]], dtype=">i4").tobytes()
BYTES = bytes([0, 1, 2, 3] * 4)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (HEAD + bytes([2] * 16), "ConstantTargets"),
        (HEAD + bytes([1, 3] * 8), "ConstantTargets"),
        (bytes(40) + BYTES, "ConstantTargets"),
        (HEAD + BYTES[:-1] + b"\5", "UnknownClass"),
        (HEAD + b"\xff" + BYTES[1:], "UnknownClass"),
        (HEAD + BYTES + b"\0", "WrongLength"),
        (HEAD + BYTES[:-1], "WrongLength"),
        (b"", "WrongLength"),
        (HEAD + BYTES + ranking.encode(np.array([0, *range(15)])), "NotAPermutation"),
    ],
)
def test_reveal__targets_that_score_nothing__end_in_void(create, payload, error):
    s = create(contribution_multiplier=10**9 if error == "NotAPermutation" else 0)
    s.open(targets=Forged((), payload))
    s.at("begins")
    s.enter("alice", np.arange(16))
    s.at("closes")
    s.refuses(error, "reveal", 0, payload, SALT)
    s.at("resolves")
    s.void()
    s.refund("alice")
    s.withdraw_all()


@pytest.mark.parametrize("low", [-(2**31), 2**31 - 2])
def test_reveal__extreme_values__every_entry_is_scored(create, low):
    """Whoever could make a score revert could make others expire."""
    s = create(contribution_multiplier=100 * 10**9, corr_multiplier=100 * 10**9)
    values = ((low, low), (2**31 - 1, -(2**31)), (-(2**31), 2**31 - 1), (0, 0), (0, 0))
    targets = Targets(values, np.array([0, 1, 2, 1] * 4), np.arange(16))
    s.scored(targets=targets, alice=1, bob=-1, carol=np.arange(16))


def test_open__late_twice_or_by_another__is_refused(create):
    s = create()
    s.open()
    s.refuses("WrongState", "open", 0, bytes(32), sender="organizer")
    s.refuses("NotTheOrganizer", "open", 1, bytes(32), sender="alice")
    s.at("begins", 1)
    s.refuses("TooLate", "open", 1, bytes(32), sender="organizer")
    with pytest.raises(Reverted, match="Underfunded"):
        create(pot=999 * ETHER, bond=100 * ETHER).open()


def test_score__commitment_is_the_address_of_targets__not_before_they_are_revealed(create):
    """An organizer that commits to where targets are kept has nobody scored while others enter."""
    first, s = create().revealed(alice=1), create()
    s.send("open", 0, first.call("roundOf", 0)[3], sender="organizer")
    with pytest.raises(Reverted, match="WrongState"):
        s.call("scoresOf", 0, first.sealed[0, "alice"])


def test_void__organizer_has_all_the_accounts__half_of_the_bond_is_burnt(create):
    s = create().entered(organizer=1, alice=1, bob=1)
    s.at("resolves")
    s.void()
    for who in ("organizer", "alice", "bob"):
        s.refund(who)
    s.check()
    assert sum(s.balance(who) for who in ("organizer", "alice", "bob")) == 3 * START - s.money.bond // 2


def test_organizer__knows_the_targets__wins_its_own_pot_only(create):
    s = create().closed(organizer=(1, 500 * ETHER), alice=(-1, 500 * ETHER))
    assert s.balance("organizer") == START


# ── money ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stakes", [(ETHER, 900 * ETHER), (333 * ETHER + 1, 777 * ETHER + 7)])
def test_whale__pot_is_too_small__gains_share_it_and_never_exceed_it(create, stakes):
    s = create(pot=ETHER, bond=ETHER).scored(alice=(1, stakes[0]), bob=(1, stakes[1]))
    gains = [s.balance(who) - START for who in ("alice", "bob")]
    assert ETHER - 2 <= sum(gains) <= ETHER
    assert gains[0] == ETHER * stakes[0] // sum(stakes)


@pytest.mark.parametrize("drag", [0, 10_000_000])
def test_pair__bets_on_contraries__loses_with_drag(create, drag):
    s = create(drag=drag, corr_multiplier=10**8).entered()
    bet = s.good() + np.linspace(0, 0.1, 16)
    for who, predictions in (("alice", bet), ("bob", -bet)):
        s.enter(who, predictions)
    s.reveal()
    for who in ("alice", "bob"):
        s.score(who)
    s.check()
    gain = s.balance("alice") - START
    change = gain + s.balance("bob") - START
    assert gain > ETHER // 100
    assert change == 0 if drag == 0 else -change > gain * drag // 10**9


def test_threshold__more_at_risk__scales_scores_before_the_clip(create):
    alice, bob = np.random.default_rng(3).normal(size=(2, 16))
    create(threshold=ETHER).scored(alice=(alice, 10 * ETHER), bob=(bob, 30 * ETHER))


@pytest.mark.parametrize("drag", [0, 10**9])
def test_expire__oneself__is_never_better_than_the_worst_score(create, drag):
    worst = {"clip": 10**9 // 2, "corr_multiplier": 100 * 10**9, "tip": 0 if drag else ETHER // 200}
    s = create(drag=drag, **worst).revealed(alice=(-1, ETHER // 100), bob=(-1, ETHER // 100))
    s.score("alice")
    s.at("ends")
    s.expire("bob", sender="bob")
    s.check()
    assert s.balance("bob") <= s.balance("alice")


def test_token__ether_is_sent__is_refused(create):
    s = create(currency=create().evm.deploy("SumToken", 0).address)
    s.refuses("WrongPayment", "open", 0, bytes(32), sender="organizer", value=1)
