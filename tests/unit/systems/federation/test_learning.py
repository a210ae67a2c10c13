"""Tasks with a hidden test set, as supplier, trainers and validators live them."""

from dataclasses import replace

import pytest

from orchestrator.bindings.federation import Claimed, Joined, Phase
from orchestrator.errors import AccountError, DataError, StorageError, UsageError
from orchestrator.kernel.keeper import Keeper
from orchestrator.systems.federation import cranking, party, releasing, scoring
from orchestrator.systems.federation import rows as federation_rows
from orchestrator.systems.federation.creating import create, plan
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import cid_of, descriptor_of, parse_descriptor
from orchestrator.systems.federation.joining import withdraw
from orchestrator.systems.federation.rounds import ballot_of, phase_of, revealed_in
from orchestrator.systems.federation.simulation.networks import Network
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import TASK, begin_task, done, offer, rows

SUPPLIER, TRAINERS, VALIDATORS = "alice", ("bob", "carol"), ("dave", "erin", "frank")
EVERYBODY = (SUPPLIER, *TRAINERS, *VALIDATORS)


def supply(session, folder, **changes):
    tests = (str(rows(folder, "hidden", 60)),)
    supplier = session.account(SUPPLIER)
    return create(session, plan(session, offer(**TASK | {"tests": tests} | changes), supplier), supplier)


@pytest.fixture
def task(session, tmp_path):
    """A task that two trainers and three validators have joined; carol's rows say the opposite."""
    made = begin_task(session, tmp_path, TRAINERS, VALIDATORS)
    bad = tmp_path / "carol.csv"
    bad.write_text("\n".join(_opposite(line) for line in bad.read_text().splitlines()))
    return made


def _opposite(line):
    return line[:-4] + ",no" if line.endswith("yes") else line.replace(",no", ",yes")


def kept(session, federation, names=EVERYBODY, limit=40):
    """What the keepers of `names` do until it is closed, in sentences."""
    keeper = Keeper(session, [(SYSTEM, federation)], [session.account(name) for name in names], others=True)
    said = []
    for _ in range(limit):
        said += map(str, done(keeper))
        if phase_of(federation) is Phase.CLOSED:
            return said
        wait = federation.clock().ends_at - int(session.chain.now())
        quarter = federation.terms.judging // 4
        session.chain.advance(max(min(wait, quarter), 60))
    raise AssertionError(f"it stops in {phase_of(federation)}")


def test_task__kept_by_all__best_model_wins_and_all_are_paid(session, task):
    digest = descriptor_of(session, task).tests[0]
    assert not session.storage.has(cid_of(bytes.fromhex(digest)))  # hidden
    said = kept(session, task)
    assert sum("released the test set" in each for each in said) == 1
    assert task.state().done == 1
    (claim,) = [each.claim for each in task.events(Claimed)]
    bob = session.account("bob").address
    assert claim.accepted == 1 << _seat(task, bob)
    assert [each.ok for each in verify(session, task)] == [True]
    for name in EVERYBODY:
        withdraw(session, task, session.account(name))
    assert session.chain.balance(task.address) == 0


def _seat(federation, who):
    return next(each.seat for each in federation.events(Joined) if each.party == who)


def test_task__test_set_lost__all_models_are_in(session, task, tmp_path):
    (tmp_path / "hidden.csv").unlink()
    said = kept(session, task, (*TRAINERS, *VALIDATORS))
    assert not any("released" in each for each in said)
    (claim,) = [each.claim for each in task.events(Claimed)]
    assert claim.accepted.bit_count() == 2
    assert task.state().done == 1
    assert task.balance_of(session.account(SUPPLIER).address) == 0  # the reward is spent


def revealed(session, task):
    cranking.crank(session, task, session.account("grace"))
    for name in TRAINERS:
        party.commit(session, task, session.account(name))
    session.chain.advance_to(task.clock().ends_at)
    for name in TRAINERS:
        party.reveal(session, task, session.account(name))


def test_scores__released_and_not__differ_and_the_worst_is_for_what_is_missing(session, task):
    revealed(session, task)
    dave = session.account("dave")
    seats = [_seat(task, session.account(name).address) for name in TRAINERS]
    assert [scoring.scores(session, task, dave) >> 16 * seat & 0xFFFF for seat in seats] == [65_535] * 2
    assert releasing.release(session, task)
    assert not releasing.release(session, task)
    good, bad = (scoring.scores(session, task, dave) >> 16 * seat & 0xFFFF for seat in seats)
    assert good < bad < 65_535
    assert len(revealed_in(task, 1)) == 2
    assert scoring.commit_scores(session, task, dave) or ballot_of(task).committee


def worst(session, task):
    """What dave commits to: the worst for all, instead of nothing, which costs the fine."""
    word = scoring.scores(session, task, session.account("dave"))
    seats = [_seat(task, session.account(name).address) for name in TRAINERS]
    return [word >> 16 * seat & 0xFFFF for seat in seats] == [65_535] * 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b'"' + b"x" * 200_000 + b'",height,weight,ill\n1,1,1,yes\n',
        b"height,weight,ill\n",
        b"height,height,weight,ill\n1,1,1,yes\n",
        b"height,weight,ill\n1e999,1,yes\n",
        b"height,weight,ill\n1,1,perhaps\n",
        b"height,weight,ill\n" + b"1,1" * 300_000,
        b"PAR1" + bytes(100),
    ],
    ids=range(9),
)
def test_scores__hostile_test_set__is_none_and_no_validator_fails(session, task, monkeypatch, content):
    """A supplier with trainers of its own would live on the fines of validators that fail."""
    revealed(session, task)
    digest = cid_of(bytes.fromhex(descriptor_of(session, task).tests[0]))
    real = session.storage.read
    monkeypatch.setattr(
        session.storage, "read", lambda cid, **how: content if cid == digest else real(cid, **how)
    )
    assert worst(session, task)


@pytest.mark.parametrize("lost", ["descriptor", "genesis"])
def test_scores__descriptor_or_first_model_that_nobody_gives__are_the_worst(session, task, monkeypatch, lost):
    revealed(session, task)
    assert releasing.release(session, task)

    def nobody(*_):
        raise StorageError("nobody provides it")

    if lost == "descriptor":
        monkeypatch.setattr(releasing, "descriptor_of", nobody)
        assert not releasing.is_released(session, task)
    else:
        monkeypatch.setattr(scoring, "current_model", nobody)
    assert worst(session, task)


def test_scores__descriptor_of_another_model_than_the_terms__are_the_worst(session, task, monkeypatch):
    """Trainers who look do not join; the supplier's own do."""
    revealed(session, task)
    assert releasing.release(session, task)
    other = replace(descriptor_of(session, task), hidden=3)
    monkeypatch.setattr(federation_rows, "descriptor_of", lambda *_: other)
    assert worst(session, task)


def test_scores__long_test_set__is_asked_in_batches(session, task, monkeypatch):
    """All rows at once would take gigabytes for hidden units."""
    revealed(session, task)
    assert releasing.release(session, task)
    dave = session.account("dave")
    whole, seen, real = scoring.scores(session, task, dave), [], Network.probabilities

    def asked(network, weights, features):
        seen.append(len(features))
        return real(network, weights, features)

    monkeypatch.setattr(Network, "probabilities", asked)
    monkeypatch.setattr(scoring, "BATCH", 7)
    assert scoring.scores(session, task, dave) == whole
    assert max(seen) == 7
    assert sum(seen) == 60 * len(TRAINERS)


def test_release__other_file__is_refused(session, task, tmp_path):
    revealed(session, task)
    (tmp_path / "hidden.csv").write_text("height,weight,ill\n1,1,yes\n")
    with pytest.raises(DataError, match="not the test set that was promised"):
        releasing.release(session, task)


def test_release__file_not_known__says_what_it_costs(session, task):
    revealed(session, task)
    releasing.keep_tests(session, task, ())
    with pytest.raises(AccountError, match="does not know"):
        releasing.release(session, task)


def test_plan__too_few_test_sets__is_refused(session, tmp_path):
    with pytest.raises(UsageError, match="needs 2"):
        supply(session, tmp_path, rounds=2)
    with pytest.raises(UsageError, match="needs 0"):
        supply(session, tmp_path, policy="trusted", committee=0)


def test_plan__test_set_of_another_shape__is_refused(session, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no column"):
        supply(session, tmp_path, tests=(str(other),))
    other.write_bytes(b"x" * (releasing.LONGEST + 1))
    with pytest.raises(DataError, match="bytes"):
        supply(session, tmp_path, tests=(str(other),))


def test_descriptor__digest_that_is_none__is_malformed(session, task):
    said = descriptor_of(session, task)
    assert parse_descriptor(said.to_bytes()) == said
    broken = said.to_bytes().replace(said.tests[0].encode(), b"xyz")
    with pytest.raises(DataError):
        parse_descriptor(broken)
