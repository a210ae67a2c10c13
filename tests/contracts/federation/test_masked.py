"""Masked updates: what is told, what never is, and what becomes of a round in which somebody does not act.

revealed, enough
├── all are told of: claims begin, the sum without masks is refutable
│   └── an update falls afterwards: the round is lost, without fines for the others
├── hashes of a seed disagree: who disagrees is shown, and both tell what they share
│   └── one of them does not: void, and it pays
├── an update falls before: its party is one that is gone
└── somebody is silent: void, and who was not told of pays
"""

import itertools

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.learning.privacy.masks import keccak_mask, public_key
from tests.contracts.federation.masked import TERMS as MASKED
from tests.contracts.federation.masked import MaskedScenario, private
from tests.contracts.federation.scenario import HOUR, NO_SEAT, TERMS, Phase
from tests.evm import Reverted

SHARE = TERMS["reward"] - TERMS["fee"] - TERMS["tip"]
FINE, BOND, DEPOSIT = (TERMS[name] for name in ("fine", "bond", "deposit"))
FOUR = ("anna", "ben", "cleo", "dora")
SIZE = TERMS["size"]


@pytest.fixture
def masked(deployed):
    """Make a federation with masks, which parties join; everything is undone after the test."""
    evm, factory = deployed
    snapshot = evm.snapshot()

    def make(*parties, begun=True, **changes):
        made = MaskedScenario.create(evm, factory, *parties, **(MASKED | changes))
        if begun:
            made.begin()
        return made

    yield make
    evm.revert(snapshot)


def one_off(place, by=1):
    def lie(draft):
        draft.model[place] += by

    return lie


# -- rounds


def test_round__all_act__sums_what_nobody_sees_and_pays(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    assert s.phase is Phase.JUDGING
    receipt = s.unmask("anna", "ben", "dora")
    assert [each["seat"] for each in s.events("Unmasked", receipt)] == [0, 1, 3]
    assert s.phase is Phase.JUDGING
    s.unmask("cleo")
    assert s.phase is Phase.CLAIMING
    assert s.call("masks") == [1, 15, 15, 15, 0, False]
    before = s.model
    posted = s.claim("ben")
    assert (posted.model == before + sum(s.hidden.values()) // 4).all()
    s.finalize(posted)
    assert s.earned("anna") == SHARE // 4
    assert s.state["done"] == 1


def test_rounds__all_done__closes_and_everything_leaves(masked):
    s = masked("organizer", *FOUR)
    for gone in ((), ("anna",), ("dora",)):
        s.play("organizer", *(who for who in FOUR if who not in gone), gone=gone)
    assert s.phase is Phase.CLOSED
    s.settle("organizer", *FOUR)


@pytest.mark.parametrize("gone", [("anna",), ("dora",), ("ben", "emil"), ("anna", "cleo"), ("cleo", "dora")])
def test_drop_outs__recovered__a_wrong_unit_anywhere_is_refuted_and_no_right_one(masked, gone):
    five = (*FOUR, "emil")
    there = [who for who in five if who not in gone]
    s = masked(*five, size=70)  # three chunks, the last padded
    s.unmasked(*there, gone=gone)
    for who, place in zip(five, (0, 31, 32, 69, 95), strict=True):  # the last is in the padding
        posted = s.claim(who, one_off(place, by=1 - 2 * (place % 2)))
        for index in range(3):
            if index != place // 32:
                with pytest.raises(Reverted, match="NotRefuted"):
                    s.refute("refuteMasked", *s.shown(posted, index))
        s.refute("refuteMasked", *s.shown(posted, place // 32))
        assert s.phase is Phase.CLAIMING


def test_right_sum__with_drop_outs__is_never_refuted(masked):
    s = masked(*FOUR)
    s.unmasked("anna", "ben", "dora", gone=("cleo",))
    posted = s.claim("anna")
    for index in range(3):
        with pytest.raises(Reverted, match="NotRefuted"):
            s.refute("refuteMasked", *s.shown(posted, index))
    s.finalize(posted)


def test_extremes__sums_at_the_ends_of_int32(masked):
    s = masked("anna", "ben", "cleo", model=np.full(SIZE, 2**31 - 1))
    s.commit("anna", "ben", raw=np.full(SIZE, 2**30 - 1))
    s.commit("cleo", raw=np.array([1, -(2**31) + 1, *[-(2**30)] * (SIZE - 2)]))
    s.reveal("anna", "ben", "cleo")
    s.unmask("anna", "ben", "cleo")
    posted = s.claim("anna", one_off(0, by=-1))
    s.refute("refuteMasked", *s.shown(posted, 0))
    posted = s.claim("ben")
    assert posted.model[0] == 2**31 - 1  # kept within int32
    with pytest.raises(Reverted, match="NotRefuted"):
        s.refute("refuteMasked", *s.shown(posted, 0))
    s.finalize(posted)


def test_leave__while_commitments_are_taken__is_one_that_is_gone(masked):
    s = masked(*FOUR)
    s.commit("anna")
    s.send("leave", sender="dora")
    s.commit("ben", "cleo")
    s.reveal("anna", "ben", "cleo")
    assert s.call("masks")[1] == 15
    s.unmask("anna", "ben", "cleo")
    s.finalize(s.claim("anna"))
    assert s.call("masks")[1] == 7
    s.play("anna", "ben", "cleo")


# -- what is told


def test_unmask__anybody__tells_for_whoever(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    s.unmask(*FOUR, sender="stranger")
    assert s.phase is Phase.CLAIMING


def test_unmask__one_after_another__leaves_the_end_where_it_was(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    end = s.call("clock")[1]
    s.evm.advance(TERMS["committing"] + TERMS["revealing"])  # they could have taken so long
    for who in FOUR[:3]:
        s.evm.advance(HOUR // 8)
        s.unmask(who)
        assert s.call("clock") == [Phase.JUDGING, end]


def test_claim__masked_and_the_organizer_takes_part__is_its_turn_first(masked):
    s = masked("organizer", *FOUR[:3])
    s.unmasked("organizer", *FOUR[:3])
    with pytest.raises(Reverted, match="NotYourTurn"):
        s.claim("anna")
    s.until(-s.terms["turn"])
    s.finalize(s.claim("anna"))
    assert s.deposit("organizer") == s.terms["deposit"] - s.terms["fine"]


def test_unmask__who_came_too_late__is_never_told_of(masked):
    s = masked(*FOUR)
    s.revealed_without(("dora",), "anna", "ben", "cleo")
    late = s.entry("dora", s.told("dora", [0, 1, 2, 3]))
    alone = s.entry("dora", s.told("dora", [3]))
    for entry in (late, alone):
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("unmask", entry)
    s.unmask("anna", "ben", "cleo")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("unmask", late)


def test_unmask__personal_and_shared_seeds_of_one__refused(masked):
    """Of who is in only hashes of what it shares with others who are in fit."""
    s = masked(*FOUR)
    s.revealed_without(("dora",), "anna", "ben", "cleo")
    number, peer = s.state["round"], s.peer("anna")
    right = s.told("anna")
    both = right[:96] + peer.seed(number, 1) + right[128:]
    neither = right[:64] + s.sheets["anna"][64:96] + right[96:]
    unpaired = right[:160] + s.sheets["anna"][160:192]
    for sheet in (both, neither, unpaired, s.sheets["anna"]):
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("unmask", s.entry("anna", sheet))
    s.send("unmask", s.entry("anna", right))


def test_unmask__false_seeds_and_others_sheets__refused(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    right = s.entry("anna")
    for at in (5, 25, 60, 100, 120, 150, len(right) - 1):
        false = right[:at] + bytes([right[at] ^ 1]) + right[at + 1 :]
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("unmask", false)
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("unmask", right[:20] + s.entry("ben")[20:])
    with pytest.raises(Reverted, match="NotEntries"):
        s.send("unmask", right[:-1])
    s.send("unmask", right + right + s.entry("ben"))
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("unmask", right)
    assert s.call("masks")[3] == 3


def test_unmask__of_another_round_or_contract__fits_nothing(masked):
    s = masked(*FOUR, rounds=3)
    s.revealed_without((), *FOUR)
    old = s.entry("anna")
    s.unmask(*FOUR)
    s.finalize(s.claim("anna"))
    s.revealed_without((), *FOUR)
    with pytest.raises(Reverted, match="NothingDone"):
        s.send("unmask", old)
    new = s.entry("anna")
    other = masked(*FOUR, descriptor=b"\x09" * 32)
    other.revealed_without((), *FOUR)
    for entry in (old, new):
        with pytest.raises(Reverted, match="NothingDone"):
            other.send("unmask", entry)
    assert new != old


def test_unmask__before_reveals_end_or_with_too_few__refused(masked):
    s = masked(*FOUR)
    s.commit(*FOUR)
    s.reveal("anna", "ben")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.unmask("anna")
    s.until()
    with pytest.raises(Reverted, match="NotEnough"):
        s.unmask("anna")
    s.send("skip")
    assert s.deposit("cleo") == s.deposit("dora") == DEPOSIT - FINE
    assert s.earned("anna") == s.earned("ben") == FINE


def test_share__shown_by_parties_while_seeds_are_waited_for(masked):
    s = masked(*FOUR)
    s.commit(*FOUR)
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("share", b"x", sender="anna")
    s.reveal("anna", "ben", "cleo")
    s.until()
    receipt = s.send("share", b"keys", sender="dora")
    assert s.events("Shared", receipt)[0]["shares"] == b"keys"
    s.send("share", bytes(16_384), sender="anna")  # as much as there may be
    with pytest.raises(Reverted, match="NotAParty"):
        s.send("share", b"keys", sender="stranger")
    with pytest.raises(Reverted, match="WrongLength"):
        s.send("share", b"\1" * 16_385, sender="anna")


# -- ways out


def test_silent_survivor__void_fined_and_redone_with_new_seeds(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    s.unmask("anna", "ben", "dora")
    old = s.peer("anna").hashes(1)
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.unmask("cleo")
    receipt = s.send("skip")
    [fined] = s.events("Fined", receipt)
    assert (fined["mask"], fined["amount"], fined["acted"]) == (0b0100, FINE, 0b1011)
    assert s.deposit("cleo") == DEPOSIT - FINE
    assert s.earned("ben") == FINE // 3
    assert s.state["voids"] == 1
    assert not set(old) & set(s.peer("anna").hashes(2))
    s.play(*FOUR)


def test_nobody_tells__void_and_the_fines_are_burnt(masked):
    s = masked(*FOUR, rounds=1, maxVoids=1)
    s.revealed_without((), *FOUR)
    s.until()
    s.send("skip")
    assert [s.deposit(who) for who in FOUR] == [DEPOSIT - FINE] * 4
    s.settle(*FOUR)


# -- two who disagree on the seed that they share


OTHER = keccak(b"another seed")


def told_by(s, false, *parties):
    """All of `parties` reveal and tell; `false` has, by liar, the seeds that it commits to."""
    for who in parties:
        s.commit(who, false=false.get(who, {}))
    s.reveal(*parties)
    s.unmask(*parties)


@pytest.mark.parametrize(
    ("false", "pairs"),
    [
        ({"anna": {1: OTHER}}, {(0, 1)}),
        ({"dora": {0: OTHER}}, {(0, 3)}),
        ({"anna": {1: OTHER}, "ben": {0: keccak(OTHER)}}, {(0, 1)}),
        ({"anna": {1: OTHER}, "cleo": {1: OTHER, 3: OTHER}}, {(0, 1), (1, 2), (2, 3)}),
        ({"anna": {1: OTHER, 2: OTHER, 3: OTHER}, "ben": {2: OTHER, 3: OTHER}, "cleo": {3: OTHER}}, None),
    ],
)
def test_disagree__all_tell_again__the_round_goes_on_as_if_they_were_gone_to_each_other(masked, false, pairs):
    s = masked(*FOUR, "emil", size=70)
    parties = (*FOUR, "emil")
    pairs = set(itertools.combinations(range(4), 2)) if pairs is None else pairs
    told_by(s, false, *parties)
    assert s.phase is Phase.JUDGING
    assert s.call("masks")[3:] == [31, 0, False]
    assert s.call("judgement") == [0, 0, 0]
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("skip")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.send("claim", 1, 31, b"\1" * 32, b"\1" * 32, b"", sender="anna", value=BOND * 10**9)
    receipt = s.compare(*parties, sender="stranger")
    rows = {seat for pair in pairs for seat in pair}
    matrix = sum(1 << 16 * a + b | 1 << 16 * b + a for a, b in pairs)
    assert s.events("Disagreed", receipt)[0]["disagreed"] == s.call("masks")[4] == matrix
    assert seats(s.call("masks")[3]) == {*range(5)} - rows
    s.unmask(*(who for seat, who in enumerate(parties) if seat in rows))
    assert s.phase is Phase.CLAIMING
    for who, place in zip(("anna", "ben", "cleo"), (0, 32, 95), strict=True):
        posted = s.claim(who, one_off(place))
        with pytest.raises(Reverted, match="NotRefuted"):
            s.refute("refuteMasked", *s.shown(posted, 1 if place != 32 else 0))
        s.refute("refuteMasked", *s.shown(posted, place // 32))
    posted = s.claim("dora")
    for index in range(3):
        with pytest.raises(Reverted, match="NotRefuted"):
            s.refute("refuteMasked", *s.shown(posted, index))
    s.finalize(posted)
    assert [s.deposit(who) for who in parties] == [DEPOSIT] * 5
    assert s.call("masks")[4] == 0
    s.play(*parties)


def seats(mask):
    return {seat for seat in range(16) if mask >> seat & 1}


def test_disagree__liar_tells_another_seed_than_it_masked_with__has_added_nonsense(masked):
    """As much as anybody may add to its own update; the others' are in the sum as they are."""
    s = masked(*FOUR)
    told_by(s, {"anna": {1: OTHER}}, *FOUR)
    s.compare(*FOUR)
    s.unmask("anna", "ben")
    model, peer = s.model, s.peer("anna")
    nonsense = keccak_mask(peer.seed(1, 1), len(model)) - keccak_mask(OTHER, len(model))
    total = sum(s.hidden.values()).astype(np.uint32) + nonsense
    moved = total.view(np.int32).astype(np.int64) // 4
    assert (s.claim("ben").model == np.clip(model + moved, -(2**31), 2**31 - 1)).all()


@pytest.mark.parametrize("keeps", ["its seed", "a hash of nothing"])
def test_disagree__liar_tells_nothing_again__is_silent_and_the_only_one_who_pays(masked, keeps):
    """A void round has a price: whoever lies to have the sum alone pays what silence costs."""
    s = masked(*FOUR)
    for who in FOUR:
        lie = {"false": {1: OTHER}} if keeps == "its seed" else {"hashes": lambda h: h.__setitem__(1, OTHER)}
        s.commit(who, **(lie if who == "anna" else {}))
    s.reveal(*FOUR)
    s.unmask(*FOUR)
    s.compare(*FOUR)
    if keeps == "a hash of nothing":
        with pytest.raises(Reverted, match="NothingDone"):
            s.unmask("anna")
    s.unmask("ben")
    s.until()
    receipt = s.send("skip")
    assert s.events("Fined", receipt)[0]["mask"] == 1
    assert s.deposit("anna") == DEPOSIT - FINE
    assert [s.earned(who) for who in FOUR[1:]] == [FINE // 3 + FINE % 3, FINE // 3, FINE // 3]
    s.play(*FOUR)


def test_disagree__two_liars_who_both_keep_silent__both_pay(masked):
    s = masked(*FOUR)
    told_by(s, {"anna": {1: OTHER}, "ben": {0: keccak(OTHER)}}, *FOUR)
    s.compare(*FOUR)
    s.until()
    s.send("skip")
    assert [s.deposit(who) for who in FOUR] == [DEPOSIT - FINE] * 2 + [DEPOSIT] * 2


def test_disagree__told_in_the_last_second__the_others_have_as_much_time_again(masked):
    """Once to compare, once to tell again; and no more than that."""
    s = masked(*FOUR)
    for who in FOUR:
        s.commit(who, false={1: OTHER} if who == "anna" else {})
    s.reveal(*FOUR)
    s.unmask("ben", "cleo", "dora")
    for act in (lambda: s.unmask("anna"), lambda: s.compare(*FOUR)):
        s.until(-1)
        act()
        assert s.phase is Phase.JUDGING
        assert s.call("clock")[1] == s.evm.now + HOUR
        with pytest.raises(Reverted, match="WrongPhase"):
            s.send("skip")
        with pytest.raises(Reverted, match="WrongPhase"):
            s.reveal("anna")
    s.until(-1)
    ends = s.call("clock")[1]
    s.unmask("anna")
    assert s.call("clock")[1] == ends
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.unmask("ben")
    s.send("skip")
    assert [s.deposit(who) for who in FOUR] == [DEPOSIT, DEPOSIT - FINE, DEPOSIT, DEPOSIT]


def test_disagree__told_long_before_the_end__the_end_does_not_come_sooner(masked):
    """Who relies on the time that there was is not cut off by others who were quick and disagree."""
    s = masked(*FOUR)
    for who in FOUR:
        s.commit(who, false={1: OTHER} if who == "anna" else {})
    s.reveal(*FOUR)
    ends = s.call("clock")[1]
    assert ends > s.evm.now + HOUR  # all were quick
    s.unmask(*FOUR)
    assert s.call("clock") == [Phase.JUDGING, ends]
    s.compare(*FOUR)
    assert s.call("clock") == [Phase.JUDGING, ends]
    s.until(-1)
    s.unmask("anna", "ben")
    assert s.phase is Phase.CLAIMING


def test_disagree__nobody_compares__void_without_fines(masked):
    s = masked(*FOUR)
    told_by(s, {"anna": {1: OTHER}}, *FOUR)
    s.until()
    with pytest.raises(Reverted, match="WrongPhase"):
        s.compare(*FOUR)
    with pytest.raises(Reverted, match="NotEnough"):
        s.send("claim", 1, 15, b"\1" * 32, b"\1" * 32, b"", sender="anna", value=BOND * 10**9)
    s.send("skip")
    assert [s.deposit(who) for who in FOUR] == [DEPOSIT] * 4
    s.play(*FOUR)


def test_compare__before_all_have_told__each_of_them_tells_once(masked):
    """Who has the sheets from elsewhere need not wait."""
    s = masked(*FOUR)
    for who in FOUR:
        s.commit(who, false={1: OTHER} if who == "anna" else {})
    s.reveal(*FOUR)
    s.unmask("cleo", "ben")
    s.compare(*FOUR)
    assert s.call("masks")[3] == 0b0100
    s.unmask("anna", "ben", "dora")
    assert s.phase is Phase.CLAIMING
    s.finalize(s.claim("cleo"))


def test_compare__all_agree__refused(masked):
    s = masked(*FOUR)
    s.revealed_without(("dora",), "anna", "ben", "cleo")
    with pytest.raises(Reverted, match="NothingDone"):
        s.compare("anna", "ben", "cleo")
    s.unmask("anna", "ben", "cleo")
    with pytest.raises(Reverted, match="WrongPhase"):
        s.compare("anna", "ben", "cleo")


def test_compare__others_sheets_twice_or_none__refused(masked):
    s = masked(*FOUR, "emil")
    for who in (*FOUR, "emil"):
        s.commit(who, false={1: OTHER, 3: OTHER} if who == "anna" else {})
    s.reveal(*FOUR)
    s.until()
    made = [s.entry(who, s.sheets[who]) for who in FOUR]
    false = made[1][:150] + bytes([made[1][150] ^ 1]) + made[1][151:]
    for wrong, error in [
        (made[:3], "WrongLength"),
        ([*made, s.entry("emil", s.sheets["emil"])], "WrongLength"),
        ([*made[:3], s.entry("emil", s.sheets["emil"])], "NotTheUpdate"),
        ([made[1], made[0], *made[2:]], "NotTheUpdate"),
        ([made[0], made[0], *made[2:]], "NotTheUpdate"),
        ([made[0], false, *made[2:]], "NotTheUpdate"),
        ([made[0], s.entry("ben"), *made[2:]], "NotTheUpdate"),
    ]:
        with pytest.raises(Reverted, match=error):
            s.send("compare", b"".join(wrong))
    s.compare(*FOUR)
    with pytest.raises(Reverted, match="NothingDone"):
        s.compare(*FOUR)


def test_compared__what_was_told_before__no_longer_fits(masked):
    """Nor do seeds of pairs that agree, or of the other one of two who disagree."""
    s = masked(*FOUR)
    told_by(s, {"anna": {1: OTHER}}, *FOUR)
    before = [s.entry(who, s.told(who)) for who in FOUR]
    s.compare(*FOUR)
    after = s.told("ben")
    others = after[:64] + OTHER + after[96:]
    more = after[:128] + s.peer("ben").seed(1, 2) + after[160:]
    for entry in (before[1], s.entry("ben", others), s.entry("ben", more), before[2]):
        with pytest.raises(Reverted, match="NothingDone"):
            s.send("unmask", entry)
    s.unmask("ben", "anna")
    assert s.phase is Phase.CLAIMING


def test_disagree__with_one_that_is_gone__nothing_to_compare(masked):
    s = masked(*FOUR)
    s.commit(*FOUR[:3])
    s.commit("dora", false={0: OTHER})
    s.reveal("anna", "ben", "cleo")
    s.until()
    s.unmask("anna", "ben", "cleo")
    assert s.phase is Phase.CLAIMING
    s.finalize(s.claim("anna"))


def test_update_that_falls__after_who_disagrees_is_known__the_round_is_lost(masked):
    s = masked(*FOUR)
    told_by(s, {"anna": {1: OTHER}}, *FOUR)
    none = demanded(s, "dora")
    s.compare(*FOUR)
    s.send("forfeit", 0, s.evm.role("dora"), 0, none)
    assert s.call("masks")[5]
    s.send("skip")
    assert [s.deposit(who) for who in FOUR] == [DEPOSIT] * 3 + [DEPOSIT - FINE]
    s.play("anna", "ben", "cleo")


def test_hash_of_a_seed_with_one_that_is_gone__that_nobody_knows__costs_its_party(masked):
    s = masked(*FOUR)
    s.commit("anna", hashes=lambda hashes: hashes.__setitem__(3, keccak(b"none")))
    s.commit("ben", "cleo", "dora")
    s.reveal("anna", "ben", "cleo")
    s.until()
    s.unmask("ben", "cleo")
    with pytest.raises(Reverted, match="NothingDone"):
        s.unmask("anna")
    s.until()
    s.send("skip")
    assert s.deposit("anna") == DEPOSIT - FINE
    assert s.deposit("ben") == DEPOSIT


def demanded(s, who, sender="stranger"):
    """Ask for a part of an update, and let the time for it pass."""
    none = (s.evm.role(who), 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    value = s.terms["stake"] * s.terms["unit"]
    s.send("demand", 0, s.evm.role(who), 0, none, sender=sender, value=value)
    s.evm.advance(s.terms["supply"])
    return none


def test_silent_with_shares_that_restore_nothing__voids_for_a_fine_a_round(masked):
    """The price of it: each time a fine, which the others share, until all is closed and they leave whole.

    What they lose is gas and time: until the end of `judging`, however quick they were.
    """
    s = masked("organizer", *FOUR, maxVoids=3)
    there = ["organizer", *FOUR[1:]]
    began = s.evm.now
    for number in (1, 2, 3):
        s.revealed_without((), *there, "anna")
        s.unmask(*there)
        assert s.phase is Phase.JUDGING
        s.until()
        s.send("skip")
        assert s.deposit("anna") == DEPOSIT - number * FINE
    assert s.phase is Phase.CLOSED
    assert s.evm.now - began >= 3 * sum(TERMS[name] for name in ("committing", "revealing")) + 3 * HOUR
    assert sum(s.earned(who) for who in there) == 3 * FINE
    assert [s.deposit(who) for who in there] == [DEPOSIT] * 4
    assert s.earned("anna") == 0
    s.settle("organizer", *FOUR)


def test_update_that_falls__before_anything_is_told__is_gone_and_the_rest_go_on(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    none = demanded(s, "dora")
    s.send("forfeit", 0, s.evm.role("dora"), 0, none)
    assert s.deposit("dora") == DEPOSIT - FINE
    s.unmask("anna", "ben", "cleo")
    posted = s.claim("anna")
    assert posted.claim[4] == 7
    with pytest.raises(Reverted, match="NotRefuted"):
        s.refute("refuteMasked", *s.shown(posted, 0))
    s.finalize(posted)


def test_update_that_falls__after_shares_were_shown__the_round_is_lost(masked):
    """Shares of its personal seed are out: the seeds shared with it must not be, too."""
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    s.send("share", b"of a seed of dora's", sender="anna")
    assert s.call("masks")[2:] == [15, 0, 0, False]
    none = demanded(s, "dora")
    s.send("forfeit", 0, s.evm.role("dora"), 0, none)
    assert s.call("masks")[5]
    with pytest.raises(Reverted, match="WrongPhase"):
        s.unmask("anna")
    s.send("skip")
    assert [s.deposit(who) for who in FOUR[:3]] == [DEPOSIT] * 3


@pytest.mark.parametrize("claimed", [True, False])
def test_update_that_falls__after_seeds_were_told__the_round_is_lost_and_only_it_pays(masked, claimed):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    s.unmask("anna", "dora")
    if claimed:
        s.unmask("ben", "cleo")
    none = demanded(s, "dora")
    s.send("forfeit", 0, s.evm.role("dora"), 0, none)
    assert s.call("masks")[5]
    assert s.phase is Phase.CLAIMING
    s.send("skip")
    assert s.deposit("dora") == DEPOSIT - FINE
    assert [s.deposit(who) for who in FOUR[:3]] == [DEPOSIT] * 3
    s.play("anna", "ben", "cleo")


def test_update_that_falls__under_a_claim__returns_the_bond(masked):
    s = masked(*FOUR)
    s.unmasked(*FOUR)
    posted = s.claim("anna")
    value = s.terms["stake"] * s.terms["unit"]
    s.send("demand", 0, s.evm.role("dora"), 0, posted.claim, value=value)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", 0, s.evm.role("dora"), 0, posted.claim)
    assert s.balance("anna") >= BOND
    assert s.call("masks")[5]
    s.send("skip")


def test_demand__masked_update__is_supplied(masked):
    s = masked(*FOUR)
    s.revealed_without((), *FOUR)
    none = (s.evm.role("dora"), 0, b"\0" * 32, b"\0" * 32, 0, 0, 0, 0, b"\0" * 32, 0)
    s.send("demand", 0, s.evm.role("dora"), 0, none, value=s.terms["stake"] * s.terms["unit"])
    own = s.updates["dora"]
    head = (own.party, own.update.root, 1, 0, own.cid, own.update.data, [])
    receipt = s.send("supply", 0, 0, none, head)
    assert s.events("Supplied", receipt)[0]["data"] == own.update.data
    s.unmask(*FOUR)
    s.finalize(s.claim("anna"))


# -- evidence


def test_evidence__of_others_or_without_seeds__refused(masked):
    s = masked(*FOUR)
    s.unmasked("anna", "ben", "cleo", gone=("dora",))
    posted = s.claim("anna", one_off(3))
    claim, link, parties, pair = s.shown(posted, 0)
    sheets = [sheet for _, sheet in parties]
    chunks = [chunk for chunk, _ in parties]
    hashed = s.sheets["ben"]
    for wrong, error in [
        ([(chunks[0], sheets[0]), (chunks[1], sheets[0]), (chunks[2], sheets[2])], "NotTheUpdate"),
        ([(chunks[0], sheets[0]), (chunks[1], hashed), (chunks[2], sheets[2])], "NotTheUpdate"),
        ([(chunks[0], sheets[0]), (chunks[1], sheets[1][:-32]), (chunks[2], sheets[2])], "WrongLength"),
        (parties[:2], "WrongParties"),
        ([parties[0], parties[0], parties[1], parties[2]], "NotTheUpdate"),
        ([parties[1], parties[0], parties[2]], "NotTheUpdate"),
    ]:
        with pytest.raises(Reverted, match=error):
            s.refute("refuteMasked", claim, link, wrong, pair)
    with pytest.raises(Reverted, match="NotTheRecord"):
        s.refute("refuteMasked", claim, (b"\1" * 32, *link[1:]), parties, pair)
    with pytest.raises(Reverted, match="WrongMode"):
        s.refute("refuteChunk", claim, link, chunks, pair)
    receipt = s.refute("refuteMasked", claim, link, parties, pair)
    assert s.events("Refuted", receipt)[0]["reward"] == BOND // 2 * s.terms["unit"]
    with pytest.raises(Reverted, match="NotTheClaim"):
        s.refute("refuteMasked", claim, link, parties, pair)


def test_sum__in_the_mode_of_claims__refused(masked):
    s = masked(*FOUR)
    s.unmasked(*FOUR)
    with pytest.raises(Reverted, match="WrongMode"):
        s.send("sum", b"", sender="anna")


# -- joining


def test_join__without_a_point_of_the_curve__refused(masked):
    s = masked(begun=False)
    key = public_key(private("anna"))
    prime = 2**256 - 2**32 - 977
    y = int.from_bytes(key[32:], "big")
    for wrong in (
        b"",
        key[:63],
        key[:63] + bytes([key[63] ^ 1]),
        b"\0" * 64,
        b"\xff" * 64,
        key[:32] + (y + prime).to_bytes(33, "big")[1:],
    ):
        with pytest.raises(Reverted, match="NotAMaskKey"):
            super(MaskedScenario, s).join("anna", wrong)
    receipt = super(MaskedScenario, s).join("anna", key)
    assert s.events("MaskKey", receipt)[0]["key"] == key


def test_join__once_it_has_begun__refused(masked):
    s = masked(*FOUR[:3])
    with pytest.raises(Reverted, match="NotTheTime"):
        s.join("dora")
    assert s.seat("dora") == NO_SEAT


def test_join__invited__key_before_the_signature(masked, evm):
    s = masked(begun=False, inviter=evm.role("organizer"))
    deadline = evm.now + 100
    word = deadline.to_bytes(32, "big")
    with pytest.raises(Reverted):
        s.join("anna")
    signed = s.sign("organizer", "Admission", evm.role("anna"), deadline)
    r, vs = signed[:32], int.from_bytes(signed[32:], "big")
    signature = r + (vs & 2**255 - 1).to_bytes(32, "big") + bytes([27 + (vs >> 255)])
    s.join("anna", word + signature)
    assert s.seat("anna") == 0


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("mode", {"mode": 1, "width": 1}),
        ("policy", {"policy": 2}),
        ("rule", {"rule": 2}),
        ("pay", {"pay": 2}),
        ("width", {"width": 2}),
        ("maxWeight", {"maxWeight": 2}),
        ("quorum", {"quorum": 2}),
        ("judging", {"judging": 0}),
        ("judging", {"judging": 2 * TERMS["supply"] - 1}),
    ],
)
def test_create__terms_that_masks_cannot_bear__refused(deployed, field, changes):
    evm, factory = deployed
    with pytest.raises(Reverted, match="InvalidTerms") as refused:
        MaskedScenario.create(evm, factory, **(MASKED | changes))
    assert refused.value.values[0].rstrip(b"\0").decode() == field


def test_every_pair_of_seats__one_gone__is_recovered_with_its_sign(masked):
    """Whoever of three is gone: the higher seat had subtracted what the lower added."""
    three = FOUR[:3]
    s = masked(*FOUR, rounds=3, maxVoids=3)
    for gone in itertools.islice(itertools.combinations(FOUR, 1), 3):
        posted = s.play(*(who for who in FOUR if who not in gone), gone=gone)
        assert posted.claim[4].bit_count() == len(three)
