"""Federations of federations: two floors, kept by their parties' programs, verified down to the rows."""

import numpy as np
import pytest

from orchestrator.bindings.federation import Phase
from orchestrator.errors import ChainError, DataError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.systems.federation import aggregating, cranking, creating, party, scoring, sharding
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import Descriptor, cid_of, parse_descriptor, secret_folder
from orchestrator.systems.federation.joining import join, withdraw
from orchestrator.systems.federation.rounds import current_model, finished, phase_of, revealed_in
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import later, lost, offer, rows

OPEN = {"policy": "trusted", "pay": "equal", "committee": 0, "rule": "mean", "max_weight": 100}
LONG = {"committing": "9d", "max_voids": 10}
NORTH, SOUTH = ("bob", "carol", "dave"), ("frank", "grace", "heidi")


def make(session, organizer, **changes):
    """A federation of `organizer`'s, nobody in it yet."""
    account = session.account(organizer)
    given = offer(**{"name": f"of {organizer}", "start": "1h"} | OPEN | changes)
    return creating.create(session, creating.plan(session, given, account), account)


def below(session, folder, upper, organizer, parties, **changes):
    """A federation of `organizer`'s below `upper`, with `parties`."""
    found = make(session, organizer, **{"upper": upper.address, "rounds": 6, "committing": "30d"} | changes)
    for name in parties:
        join(session, found, session.account(name), rows(folder, name))
    return found


@pytest.fixture
def floors(session, tmp_path):
    """An upper federation of alice's, with erin's north and ivan's south below it."""
    upper = make(session, "alice", sharded=True, seats=2, quorum=1, rounds=2, **LONG)
    north, south = (
        below(session, tmp_path, upper, name, parties) for name, parties in (("erin", NORTH), ("ivan", SOUTH))
    )
    for name in ("erin", "ivan"):
        join(session, upper, session.account(name), None)
    return upper, north, south


def crank(session, federation):
    return cranking.crank(session, federation, session.account("judy"))


def play(session, federation, names, lie=0):
    """A whole round of those named; the first of them claims, off by `lie`."""
    if phase_of(federation) is Phase.JOINING:
        crank(session, federation)
    for act, phase in ((party.commit, Phase.COMMITTING), (party.reveal, Phase.REVEALING)):
        for name in names:
            act(session, federation, session.account(name))
        if phase_of(federation) is phase:
            later(session, federation)
    made = aggregating.expected(session, federation)
    made = aggregating.altered(made, 1, lie) if lie else made
    aggregating.claim(session, federation, session.account(names[0]), result=made)
    later(session, federation)
    crank(session, federation)


def send(session, upper, name, update, weight):
    """What `name` says that its federation made."""
    assert party.commit(session, upper, session.account(name), update, weight)


def test_two_floors__two_rounds__each_joins_all_rows_and_verifies(session, floors):
    """The model above is that of all six; those below go on from it; all is paid where it was earned."""
    upper, north, south = floors
    for number in (1, 2):
        before = current_model(session, upper)
        for lower, names in ((north, NORTH), (south, SOUTH)):
            play(session, lower, names)
        play(session, upper, ("erin", "ivan"))
        sent = revealed_in(upper, number)
        assert [each.weight for each in sent] == [100, 100]  # of 120 rows, what the terms bear
        mean = (current_model(session, north) + current_model(session, south)) // 2
        assert np.abs(current_model(session, upper) - mean).max() <= 2 ** sent[0].shift + 1
        assert (current_model(session, upper) != before).any()
    found = list(verify(session, upper))
    assert [(each.federation, each.round, each.fault) for each in found] == [
        *((upper.address, number, "") for number in (1, 2)),
        *((lower.address, number, "") for lower in (north, south) for number in (1, 2)),
    ]
    assert north.party_of(session.account("carol").address).earned > 0
    assert withdraw(session, upper, session.account("erin")) > 0


def test_base__until_a_round_went_by_below__is_the_upper_model(session, floors):
    upper, north, _ = floors
    play(session, north, NORTH)
    party.commit(session, north, session.account("bob"))
    play(session, upper, ("erin",))
    # Who commits after him begins as he did; what comes of it is not of the new model.
    assert (sharding.base_model(session, north) == current_model(session, north)).all()
    play(session, north, NORTH)
    assert next(party.passed(session, upper, session.account("erin").address), None) is None
    with pytest.raises(ChainError, match="no federation of yours has finalized"):
        party.commit(session, upper, session.account("erin"))
    assert (sharding.base_model(session, north) == current_model(session, upper)).all()
    play(session, north, NORTH)
    [one] = party.passed(session, upper, session.account("erin").address)
    assert one.round == 3


def test_a_lie_upwards__is_named_with_its_party(session, floors):
    """The contract takes it, as any update of a party's; whoever recomputes it names who lied."""
    upper, north, south = floors
    for lower, names in ((north, NORTH), (south, SOUTH)):
        play(session, lower, names)
    crank(session, upper)
    ivan = session.account("ivan")
    right = next(party.passed(session, upper, ivan.address))
    send(session, upper, "ivan", right.update.__class__(right.update.raw[::-1], 1, right.update.shift), 100)
    play(session, upper, ("erin", "ivan"))
    [checked] = verify(session, upper)
    assert checked.fault == f"the update of {ivan.address} is not what a federation of its own finalized"


def test_a_false_weight__is_named(session, floors):
    upper, north, _ = floors
    play(session, north, NORTH)
    crank(session, upper)
    right = next(party.passed(session, upper, session.account("erin").address))
    send(session, upper, "erin", right.update, 99)
    play(session, upper, ("erin",))
    [checked] = verify(session, upper)
    assert "is not what a federation of its own finalized" in checked.fault


def test_an_update__of_a_federation_whose_descriptor_nobody_gives__cannot_be_told(session, floors):
    """An honest party's looks the same to whoever does not have what its federation is."""
    upper, north, _ = floors
    play(session, north, NORTH)
    crank(session, upper)
    right = next(party.passed(session, upper, session.account("erin").address))
    send(session, upper, "erin", right.update, right.weight)
    play(session, upper, ("erin",))
    lost(session, cid_of(north.terms.descriptor))
    [checked] = verify(session, upper)
    assert ("nobody provides" in checked.doubt, checked.fault) == (True, "")


def test_an_old_round__is_not_sent_twice(session, floors):
    """What the upper model has already would count twice."""
    upper, north, _ = floors
    play(session, north, NORTH)
    crank(session, upper)
    right = next(party.passed(session, upper, session.account("erin").address))
    play(session, upper, ("erin",))
    send(session, upper, "erin", right.update, right.weight)
    play(session, upper, ("erin",))
    assert [each.ok for each in verify(session, upper)] == [True, False]


def test_a_lie_below__that_nobody_refuted__is_named_from_above(session, floors):
    upper, north, south = floors
    play(session, north, NORTH)
    play(session, south, SOUTH, lie=1)
    play(session, upper, ("erin", "ivan"))
    found = list(verify(session, upper))
    assert [(each.federation, each.fault) for each in found] == [
        (upper.address, ""),
        (north.address, ""),
        (south.address, "its model does not follow from the updates"),
    ]


def test_silent_below__the_upper_one_goes_on(session, floors):
    upper, north, south = floors
    play(session, north, NORTH)
    crank(session, south)
    play(session, upper, ("erin",))
    assert finished(upper)[0].finalized.accepted == 1 << upper.party_of(session.account("erin").address).seat
    assert all(each.ok for each in verify(session, upper))


def test_silent_above__those_below_go_on(session, floors):
    upper, north, _ = floors
    for _ in range(2):
        play(session, north, NORTH)
    assert [each.ok for each in verify(session, north)] == [True] * 2
    assert len(finished(upper)) == 0


@pytest.mark.parametrize("lie", [1, 2**31 - 2**20])
def test_hostile_above__model_nobody_has_or_too_far_away__those_below_go_on(session, floors, lie):
    """Nobody refuted what does not follow, and its file is gone; or it is there, too far for any update."""
    upper, north, _ = floors
    play(session, north, NORTH)
    play(session, upper, ("erin",), lie=lie)
    if lie == 1:
        lost(session, cid_of(finished(upper)[0].claim.cid))
    own = current_model(session, north)
    assert (sharding.base_model(session, north) == own).all()
    play(session, north, NORTH)
    assert [each.ok for each in verify(session, north)] == [True] * 2


def test_lie_below__that_was_not_sent_upwards__leaves_the_model_above_as_it_is(session, floors):
    """Else whoever stands for a federation could spoil all models above, and long after they were made."""
    upper, north, _ = floors
    play(session, north, NORTH)
    play(session, upper, ("erin",))
    play(session, north, NORTH, lie=1)
    found = [(each.federation, each.round, each.fault) for each in verify(session, upper)]
    assert found == [(upper.address, 1, ""), (north.address, 1, "")]
    assert [each.ok for each in verify(session, north)] == [True, False]


def test_many_rounds_below__only_the_newest_are_computed(session, floors, monkeypatch):
    """Who judges has little time, and a stranger's rounds may be a thousand."""
    upper, north, _ = floors
    for _ in range(3):
        play(session, north, NORTH)
    monkeypatch.setattr(sharding, "MOST_ROUNDS", 2)
    found = list(party.passed(session, upper, session.account("erin").address))
    assert [each.round for each in found] == [3, 2]


def test_late__below_another__is_trained_anew(session, floors, tmp_path):
    """What it holds leads to the upper model, and would do so twice."""
    upper, north, _ = floors
    play(session, north, NORTH)
    play(session, upper, ("erin",))
    third, carol = below(session, tmp_path, upper, "judy", NORTH, quorum=2), session.account("carol")
    crank(session, third)
    held = party._made(session, third, carol, 1, None, None)
    party._keep(session, third, carol.address, 1, held)
    play(session, third, ("bob", "dave"))
    assert party.commit(session, third, carol)
    sent = party.kept(session, third, carol.address, 2)
    assert sent.update.root != held.update.root


def test_judges_above__leave_a_lie_out(session, tmp_path):
    """Under a policy with judges, a lie is not only named but out."""
    terms = {"policy": "quality", "committee": 3, "quorum": 3, "seats": 3, "max_weight": 1}
    upper = make(session, "alice", sharded=True, **LONG | terms)
    shards = {"erin": ("bob", "carol"), "ivan": ("frank", "grace"), "judy": ("dave", "heidi")}
    for name, parties in shards.items():
        lower = below(session, tmp_path, upper, name, parties, quorum=2, seats=2)
        play(session, lower, parties)
        with pytest.raises(UsageError, match="learned from a table"):
            join(session, upper, session.account(name), None)
        join(session, upper, session.account(name), rows(tmp_path, name))
    crank(session, upper)
    right = next(party.passed(session, upper, session.account("judy").address)).update
    other = right.raw.copy()
    other[0] += 1 if other[0] < 0 else -1  # off by one unit: no measure tells it
    send(session, upper, "judy", right.__class__(other, 1, right.shift), 1)
    for act in (party.commit, party.reveal, scoring.commit_scores, scoring.reveal_scores):
        for name in shards:
            act(session, upper, session.account(name))
    accepted = upper.judgement().accepted
    seats = {name: upper.party_of(session.account(name).address).seat for name in shards}
    assert {name for name, seat in seats.items() if accepted >> seat & 1} == {"erin", "ivan"}


def test_keep__all_by_themselves__two_floors_run_to_their_end(session, floors):
    """Nobody types a command: nine programs look in turn, and time passes when nothing is due."""
    upper, north, south = floors
    keepers = [
        Keeper(session, [(SYSTEM, each) for each in found], [session.account(name)])
        for found, names in (
            ([north], NORTH),
            ([south], SOUTH),
            ([upper], ("erin", "ivan")),
        )
        for name in names
    ]
    for _ in range(60):
        if phase_of(upper) is Phase.CLOSED:
            break
        said = [each for keeper in keepers for each in keeper.turn()]
        assert not any(each.failed for each in said), said
        if not said:
            due = [each.at for keeper in keepers for each in keeper.due()]
            session.chain.advance(max(min(due) - int(session.chain.now()), 1))
    assert upper.state().done == 2
    assert all(each.ok for each in verify(session, upper))


def test_reveal__file_lost__comes_out_of_the_lower_federation_again(session, floors):
    upper, north, _ = floors
    play(session, north, NORTH)
    crank(session, upper)
    erin = session.account("erin")
    party.commit(session, upper, erin)
    play(session, north, NORTH)  # a newer one is there by now
    later(session, upper)
    folder = secret_folder(session, upper.address)
    for name in [each for each in folder.names() if each.startswith("update")]:
        folder.remove(name)
    assert party.reveal(session, upper, erin)
    [sent] = revealed_in(upper, 1)
    seat = upper.party_of(erin.address).seat
    assert sharding.source_of(session, upper, sent, seat, current_model(session, upper)).round == 1


def test_join__who_stands_for_nobody__is_refused(session, tmp_path):
    upper = make(session, "alice", sharded=True)
    with pytest.raises(UsageError, match="stands for a federation of its own"):
        join(session, upper, session.account("bob"), rows(tmp_path, "bob"))


def test_create__what_does_not_fit__is_refused(session):
    upper, plain = make(session, "alice", sharded=True), make(session, "bob")
    for changes, told in (
        ({"upper": upper.address, "classes": ("no", "perhaps")}, "another classes"),
        ({"upper": upper.address, "hidden": 3}, "another hidden"),
        ({"upper": plain.address}, "stand for nobody"),
        ({"sharded": True, "privacy": "masked", "policy": "trusted"}, "no federation can join"),
        ({"sharded": True, "arrays": "x.npz"}, "learn from tables"),
        ({"sharded": True, "policy": "learning", "tests": ()}, "files as `tests`"),
    ):
        with pytest.raises(UsageError, match=told):
            creating.plan(session, offer(**OPEN | changes), session.account("carol"))


def test_verify__descriptor_that_nobody_gives__says_so(session, floors):
    """Without it nobody can tell whether parties stand for federations."""
    upper, *_ = floors
    lost(session, cid_of(upper.terms.descriptor))
    [checked] = verify(session, upper)
    assert ("nobody provides" in checked.doubt, checked.fault, checked.ok) == (True, "", False)


def test_upper__made_up_by_a_stranger__is_refused(session, tmp_path):
    """A descriptor is its organizer's word."""
    good = Descriptor("n", "t", ("a",), ("b", "c"), upper="0x" + "ab" * 20)
    assert parse_descriptor(good.to_bytes()) == good
    for upper in ("0x12", "nobody", "0x" + "g" * 40):
        with pytest.raises(DataError):
            parse_descriptor(Descriptor("n", "t", ("a",), ("b", "c"), upper=upper).to_bytes())
