"""What somebody would try.

submission
├── a rank missing, twice or too large; too many or too few bytes: refused
├── another's commitment: cannot be opened
├── another round's, another tournament's commitment: cannot be opened
├── scored twice; scored after expiry, expired after the score
└── the last second of entering, revealing, scoring: inside; the next: outside
organizer
├── targets other than committed, after the close, before it
├── constant targets, unknown classes, wrong length, a benchmark that is no permutation: cannot be revealed
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


def sealed_entry(s, who, payload, number=0, stake=ETHER):
    """Commit to any bytes."""
    commitment = s.call("entryCommitment", number, s.evm.role(who), keccak(payload), SALT)
    s.send("enter", number, commitment, stake, sender=who)
    s.sealed[number, who] = payload
    s.book.enter(number, who, stake)


# ── submissions ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rows", [16, 35])
@pytest.mark.parametrize("fault", ["twice", "too large", "far too large", "all the same", "shifted"])
def test_score__no_permutation__is_refused(create, rows, fault):
    s = create(rows=rows).entered()
    ranks = np.random.default_rng(rows).permutation(rows)
    if fault == "all the same":
        ranks[:] = 0
    elif fault == "shifted":
        ranks = ranks + 1
    else:
        ranks[rows - 1] = {"twice": ranks[0], "too large": rows, "far too large": 65_535}[fault]
    sealed_entry(s, "alice", ranking.encode(ranks))
    s.reveal()
    with pytest.raises(Reverted, match="NotAPermutation"):
        s.send("score", 0, s.evm.role("alice"), s.sealed[0, "alice"], SALT)
    s.at("ends")
    s.expire("alice")
    s.check()


@pytest.mark.parametrize("length", [0, 31, 33, 30, 34])
def test_score__wrong_length__is_refused(create, length):
    s = create().entered()
    sealed_entry(s, "alice", ranking.encode(np.arange(40))[:length])
    s.reveal()
    with pytest.raises(Reverted, match="WrongLength") as refused:
        s.send("score", 0, s.evm.role("alice"), s.sealed[0, "alice"], SALT)
    assert refused.value.values == (length, 32)


def test_score__copied_commitment__opens_for_nobody_else(create):
    s = create().entered(alice=1)
    commitment = s.call("entryOf", 0, s.evm.role("alice"))[0]
    s.send("enter", 0, commitment, ETHER, sender="bob")
    s.reveal()
    s.score("alice")
    with pytest.raises(Reverted, match="WrongCommitment"):
        s.send("score", 0, s.evm.role("bob"), s.sealed[0, "alice"], SALT, sender="bob")


def test_score__commitment_of_another_round_or_tournament__does_not_open(create):
    s, other = create(period=HOUR), create(pot=11 * ETHER, bond=5 * ETHER)
    for number in (0, 1):
        s.open(number)
    s.at("begins", 1)
    sealed = ranking.encode(ranking.ranks_of(s.good(1)))
    of_round = s.call("entryCommitment", 0, s.evm.role("alice"), keccak(sealed), SALT)
    of_other = other.call("entryCommitment", 1, s.evm.role("bob"), keccak(sealed), SALT)
    s.send("enter", 1, of_round, ETHER, sender="alice")
    s.send("enter", 1, of_other, ETHER, sender="bob")
    s.reveal(1)
    for who in ("alice", "bob"):
        with pytest.raises(Reverted, match="WrongCommitment"):
            s.send("score", 1, s.evm.role(who), sealed, SALT)


def test_settling__twice_or_both_ways__is_refused(create):
    s = create().entered()
    for who in ("alice", "bob"):
        s.enter(who, s.good())
    s.reveal()
    s.score("alice")
    for name in ("score", "expire"):
        arguments = (s.sealed[0, "alice"], SALT) if name == "score" else ()
        with pytest.raises(Reverted, match="NoStake"):
            s.send(name, 0, s.evm.role("alice"), *arguments)
    s.at("ends")
    with pytest.raises(Reverted, match="TooLate"):
        s.send("score", 0, s.evm.role("bob"), s.sealed[0, "bob"], SALT)
    s.expire("bob")
    for who in ("bob", "carol"):
        with pytest.raises(Reverted, match="NoStake"):
            s.send("expire", 0, s.evm.role(who))
    s.close()
    with pytest.raises(Reverted, match="WrongState"):
        s.send("close", 0)
    s.check()


def test_times__last_second_is_inside__the_next_is_not(create):
    s = create()
    s.open()
    begins, closes, resolves, ends = s.call("timesOf", 0)
    to_last_second(s, begins)
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("enter", 0, bytes(32), ETHER, sender="bob")
    to_last_second(s, closes)
    s.enter("alice", s.good())
    with pytest.raises(Reverted, match="TooLate"):
        s.send("enter", 0, bytes(32), ETHER, sender="bob")
    s.evm.advance(resolves - 1 - s.evm.now)
    s.send("reveal", 0, s.targets[0].encode(), SALT)
    assert s.evm.now == resolves - 1
    s.book.rounds[0].targets = s.targets[0]
    to_last_second(s, ends)
    with pytest.raises(Reverted, match="TooEarly"):
        s.evm.call(s.contract.functions.expire(0, s.evm.role("alice")))
    s.score("alice")
    assert s.evm.now == ends - 1


def to_last_second(s, moment):
    """So that the next block is a second before `moment`."""
    s.evm.advance(moment - 1 - s.evm.now)


def test_enter__below_the_least_stake__is_refused(create):
    s = create().entered()
    for stake in (0, ETHER // 100 - 1):
        with pytest.raises(Reverted, match="StakeTooSmall"):
            s.send("enter", 0, bytes(32), stake, sender="alice")
    with pytest.raises(Reverted, match="Underfunded"):
        s.send("enter", 0, bytes(32), 1001 * ETHER, sender="alice")


# ── organizer ───────────────────────────────────────────────────────────────────────────────────────────────


def test_reveal__other_targets_salt_or_time__is_refused(create):
    s = create()
    s.open()
    targets = s.targets[0].encode()
    s.at("begins")
    with pytest.raises(Reverted, match="TooEarly"):
        s.send("reveal", 0, targets, SALT, sender="organizer")
    s.at("closes")
    for other, salt in ((targets[:-1] + bytes([targets[-1] ^ 1]), SALT), (targets, b"\1" * 32)):
        with pytest.raises(Reverted, match="WrongCommitment"):
            s.send("reveal", 0, other, salt, sender="organizer")
    s.send("reveal", 0, targets, SALT)
    with pytest.raises(Reverted, match="WrongState"):
        s.send("reveal", 0, targets, SALT)


def test_reveal__after_its_time__is_refused(create):
    s = create()
    s.open()
    s.at("resolves")
    with pytest.raises(Reverted, match="TooLate"):
        s.send("reveal", 0, s.targets[0].encode(), SALT)


class Forged(Targets):
    """Targets of any bytes."""

    payload = b""

    def encode(self):
        return self.payload


def forged(payload):
    targets = Forged((), np.zeros(16, dtype=np.int64))
    object.__setattr__(targets, "payload", payload)
    return targets


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
    ],
)
def test_reveal__targets_that_score_nothing__end_in_void(create, payload, error):
    s = create()
    s.open(targets=forged(payload))
    s.at("begins")
    s.enter("alice", np.arange(16))
    s.at("closes")
    with pytest.raises(Reverted, match=error):
        s.send("reveal", 0, payload, SALT)
    s.at("resolves")
    s.void()
    s.refund("alice")
    s.check()
    s.withdraw_all()


def test_reveal__benchmark_that_is_no_permutation__is_refused(create):
    s = create(contribution_multiplier=10**9)
    payload = HEAD + BYTES + ranking.encode(np.array([0, *range(15)]))
    s.open(targets=forged(payload))
    s.at("closes")
    with pytest.raises(Reverted, match="NotAPermutation"):
        s.send("reveal", 0, payload, SALT)


@pytest.mark.parametrize("low", [-(2**31), 2**31 - 2])
def test_reveal__extreme_values__every_entry_is_scored(create, low):
    """Whoever could make a score revert could make others expire."""
    s = create(contribution_multiplier=100 * 10**9, corr_multiplier=100 * 10**9)
    values = ((low, low), (2**31 - 1, -(2**31)), (-(2**31), 2**31 - 1), (0, 0), (0, 0))
    classes = np.array([0, 1, 2, 1] * 4)
    s.open(targets=Targets(values, classes, np.arange(16)))
    s.at("begins")
    s.enter("alice", classes)
    s.enter("bob", -classes)
    s.enter("carol", np.arange(16))
    s.reveal()
    for who in ("alice", "bob", "carol"):
        s.score(who)
    s.check()


def test_open__late_twice_or_by_another__is_refused(create):
    s = create()
    s.open()
    with pytest.raises(Reverted, match="WrongState"):
        s.send("open", 0, bytes(32), sender="organizer")
    with pytest.raises(Reverted, match="NotTheOrganizer"):
        s.send("open", 1, bytes(32), sender="alice")
    s.at("begins", 1)
    with pytest.raises(Reverted, match="TooLate"):
        s.send("open", 1, bytes(32), sender="organizer")
    with pytest.raises(Reverted, match="Underfunded"):
        create(pot=999 * ETHER, bond=100 * ETHER).open()


def test_void__organizer_has_all_the_accounts__half_of_the_bond_is_burnt(create):
    s = create().entered()
    for who in ("organizer", "alice", "bob"):
        s.enter(who, s.good())
    s.at("resolves")
    s.void()
    for who in ("organizer", "alice", "bob"):
        s.refund(who)
    s.check()
    assert sum(s.balance(who) for who in ("organizer", "alice", "bob")) == 3000 * ETHER - s.money.bond // 2


def test_organizer__knows_the_targets__wins_its_own_pot_only(create):
    s = create().entered()
    s.enter("organizer", s.good(), 500 * ETHER)
    s.enter("alice", -s.good(), 500 * ETHER)
    s.reveal()
    s.score("organizer")
    s.score("alice")
    s.at("ends")
    s.close()
    s.check()
    assert s.balance("organizer") == 1000 * ETHER


# ── money ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stakes", [(ETHER, 900 * ETHER), (333 * ETHER + 1, 777 * ETHER + 7)])
def test_whale__pot_is_too_small__gains_share_it_and_never_exceed_it(create, stakes):
    s = create(pot=ETHER, bond=ETHER).entered()
    for who, stake in zip(("alice", "bob"), stakes, strict=True):
        s.enter(who, s.good(), stake)
    s.reveal()
    for who in ("alice", "bob"):
        s.score(who)
    s.check()
    gains = [s.balance(who) - 1000 * ETHER for who in ("alice", "bob")]
    assert ETHER - 2 <= sum(gains) <= ETHER
    assert gains[0] == ETHER * stakes[0] // sum(stakes)


@pytest.mark.parametrize("drag", [0, 10_000_000])
def test_pair__bets_on_contraries__loses_with_drag(create, drag):
    s = create(drag=drag, corr_multiplier=10**8).entered()
    s.enter("alice", s.good() + np.linspace(0, 0.1, 16))
    s.enter("bob", -s.good() - np.linspace(0, 0.1, 16))
    s.reveal()
    for who in ("alice", "bob"):
        s.score(who)
    s.check()
    change = s.balance("alice") + s.balance("bob") - 2000 * ETHER
    gain = s.balance("alice") - 1000 * ETHER
    assert gain > ETHER // 100
    assert change == 0 if drag == 0 else -change > gain * drag // 10**9


def test_threshold__more_at_risk__scales_scores_before_the_clip(create):
    s = create(threshold=ETHER, corr_multiplier=10**9).entered()
    rng = np.random.default_rng(3)
    s.enter("alice", rng.normal(size=16), 10 * ETHER)
    s.enter("bob", rng.normal(size=16), 30 * ETHER)
    s.reveal()
    for who in ("alice", "bob"):
        s.score(who)
    s.check()


@pytest.mark.parametrize("drag", [0, 10**9])
def test_expire__oneself__is_never_better_than_the_worst_score(create, drag):
    s = create(
        clip=10**9 // 2, drag=drag, corr_multiplier=100 * 10**9, tip=0 if drag else ETHER // 200
    ).entered()
    s.enter("alice", -s.good(), ETHER // 100)
    s.enter("bob", -s.good(), ETHER // 100)
    s.reveal()
    s.score("alice")
    s.at("ends")
    s.expire("bob", sender="bob")
    s.check()
    assert s.balance("bob") <= s.balance("alice")


def test_token__ether_is_sent__is_refused(create):
    token = create().evm.deploy("SumToken", 0)
    s = create(currency=token.address)
    with pytest.raises(Reverted, match="WrongPayment"):
        s.send("open", 0, bytes(32), sender="organizer", value=1)
