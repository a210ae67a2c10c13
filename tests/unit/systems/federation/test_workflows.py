"""A federation as its parties live it: joined, trained, judged, claimed, verified, paid."""

import json
import re
from dataclasses import MISSING, fields, replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.bindings.federation import Phase
from orchestrator.errors import (
    AccountError,
    ChainError,
    DataError,
    DilnError,
    IntegrityError,
    NotDeployed,
    SignatureRefused,
    SpecError,
    StorageError,
    UsageError,
)
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.publishing import publish_model
from orchestrator.learning.aggregation.chunks import encode
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.provenance import Manifest
from orchestrator.systems.federation import aggregating, cranking, creating, party, refuting, scoring
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.finding import (
    MOST_CLASSES,
    MOST_HIDDEN,
    MOST_INPUTS,
    Descriptor,
    cid_of,
    descriptor_of,
    find,
    open_federation,
    parse_descriptor,
    secret_folder,
    store,
)
from orchestrator.systems.federation.joining import join, leave, withdraw
from orchestrator.systems.federation.offer import BOUNDS, Offer, read_offer
from orchestrator.systems.federation.overview import history, view
from orchestrator.systems.federation.publishing import checkpoint, publish, sign, signature_file
from orchestrator.systems.federation.rounds import (
    NO_SEAT,
    ballot_of,
    current_model,
    finished,
    phase_of,
    revealed_in,
)
from orchestrator.systems.federation.rows import Rows, cautions
from orchestrator.systems.federation.verifying import verify
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.predicting import anchor_log, predict, prove
from orchestrator.types import Digest
from tests.unit.systems.federation.stage import begin, later, lost, offer, rows
from tests.world import ETHER, World

PARTIES = ("alice", "bob", "carol")


def judged(session, federation):
    """A round up to its claim: the name of who claims first."""
    if phase_of(federation) is Phase.JOINING:
        cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal, scoring.commit_scores, scoring.reveal_scores):
        for name in PARTIES:
            act(session, federation, session.account(name))
    seat = (federation.judgement().order & 255) - 1
    return next(name for name in PARTIES if federation.party_of(session.account(name).address).seat == seat)


def claimed_falsely(session, federation):
    """A round up to a claim that is wrong at coordinate 3; whose it is."""
    leader = session.account(judged(session, federation))
    false = aggregating.altered(aggregating.expected(session, federation), 3)
    aggregating.claim(session, federation, leader, result=false)
    return leader


def test_join__in_a_token__brings_in_what_is_missing_and_all_comes_back(session, tmp_path):
    token = World(session, tmp_path).deploy("CompetitionToken", 0)
    alice, bob = session.account("alice"), session.account("bob")
    for each in (alice, bob):
        session.chain.send(token.functions.mint(each.address, ETHER), session.account("judy"))
    federation = begin(session, tmp_path, token=token.address, reward="0.5")
    session.chain.send(token.functions.approve(federation.address, ETHER // 5), bob)
    session.send(federation.fund(bob.address, ETHER // 5), bob)
    for _ in range(2):
        join(session, federation, bob, rows(tmp_path, "bob"))
    assert (
        token.functions.balanceOf(bob.address).call()
        == federation.party_of(bob.address).deposit
        == ETHER // 2
    )
    assert federation.balance_of(bob.address) == 0
    leave(session, federation, bob)
    assert withdraw(session, federation, bob) == ETHER // 2
    assert token.functions.balanceOf(bob.address).call() == ETHER


def test_promises__bond__is_told_before_a_seat_is_paid(session, tmp_path):
    """A keeper posts it without asking again, and who cannot is fined each time that it is first."""
    made = begin(session, tmp_path, bond="900", fee="0.25")
    told = []
    join(session, made, session.account("bob"), rows(tmp_path, "bob"), lambda _, said: told.extend(said))
    assert any("posts a bond of 900 ether" in each and "returns with 0.25 ether" in each for each in told)


def test_cautions__training_that_takes_days__is_told():
    count = 1_000_000
    said = Descriptor("clinics", "ill", ("height", "weight"), ("no", "yes"), epochs=1000)
    quick = Rows(said, np.full((count, 2), 0.5), np.arange(count) % 2)
    assert cautions(quick) == []
    [told] = cautions(replace(quick, descriptor=replace(said, hidden=1024)))
    assert "trains for long: 1,000 times over 1,000,000 rows" in told


def test_round__everybody_honest__verifies_and_pays(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    leader = session.account(judged(session, federation))
    before = current_model(session, federation)
    aggregating.claim(session, federation, leader)
    assert refuting.check(session, federation) is None
    later(session, federation)
    assert cranking.crank(session, federation, session.account("dave")) == "finalized round 1"
    assert (current_model(session, federation) != before).any()
    assert [each.ok for each in verify(session, federation)] == [True]
    assert view(session, federation).phase is Phase.CLOSED
    assert {"Joined", "Drawn", "Finalized", "Closed"} <= {each.signature for each in history(federation)}
    done = publish(session, federation, session.account("alice"))
    assert publish(session, federation, session.account("alice")).gas_used == 0
    assert done.version.number == 1
    for name in (*PARTIES, "dave"):
        account = session.account(name)
        assert withdraw(session, federation, account) > 0
        assert withdraw(session, federation, account) == 0
    left = {each.party: (each.left, each.deposit, each.free) for each in view(session, federation).seats}
    assert left == {session.account(name).address: (True, 0, 0) for name in PARTIES}
    assert session.chain.balance(federation.address) == 0


def test_due__nobody_votes_or_everybody_does__is_told_of_votes_only_there(session, tmp_path):
    """Before the reveals, too, when what comes next is listed."""
    for changes in ({}, {"policy": "stake", "committee": 0, "pay": "equal"}):
        federation = begin(session, tmp_path, *PARTIES, **changes)
        cranking.crank(session, federation, session.account("dave"))
        for name in PARTIES:
            party.commit(session, federation, session.account(name))
        if changes:
            later(session, federation)
        keeper = Keeper(session, [(SYSTEM, federation)], [session.account("bob")])
        assert ("vote" in {each.duty for each in keeper.due()}) == bool(changes)


def test_publish__after_each_of_two_rounds__is_a_line_of_checkpoints(session, tmp_path):
    federation, alice = begin(session, tmp_path, *PARTIES, rounds=2), session.account("alice")
    done = []
    for _ in range(2):
        aggregating.claim(session, federation, session.account(judged(session, federation)))
        later(session, federation)
        cranking.crank(session, federation, session.account("dave"))
        done.append(publish(session, federation, alice))
        assert publish(session, federation, alice).manifest == done[-1].manifest
    first, second = done
    assert (first.version.parents, second.version.parents) == ((), (first.version.id,))
    [parent] = second.manifest.predicate.parents
    assert parent.artifact == first.manifest.artifact_hash.hex()
    assert parent.manifest == first.manifest.digest.hex()


def test_publish__signed_by_those_who_are_in__shows_who(session, tmp_path):
    """Each comes to the same manifest by itself; who is silent stops nobody."""
    federation, owner = begin(session, tmp_path, *PARTIES), session.account("dave")
    aggregating.claim(session, federation, session.account(judged(session, federation)))
    later(session, federation)
    cranking.crank(session, federation, owner)
    files = []
    for name in PARTIES[:2]:
        files.append(tmp_path / f"{name}.json")
        sign(session, federation, owner.address, session.account(name), files[-1])
    with pytest.raises(ChainError, match="dave has no update"):
        sign(session, federation, owner.address, owner, tmp_path / "dave.json")
    with pytest.raises(SignatureRefused, match="3 of 4 have signed"):
        publish(session, federation, owner, files, needed=4)
    for_another = tmp_path / "another.json"
    sign(session, federation, session.account("erin").address, session.account("carol"), for_another)
    with pytest.raises(SignatureRefused, match="another project"):
        publish(session, federation, owner, [*files, for_another], needed=2)
    stranger = tmp_path / "stranger.json"
    stranger.write_text(for_another.read_text().replace(session.account("carol").address, owner.address))
    with pytest.raises(SignatureRefused, match="no update in the last round"):
        publish(session, federation, owner, [stranger])
    forged = tmp_path / "forged.json"
    forged.write_text(
        files[0].read_text().replace(session.account("alice").address, session.account("carol").address)
    )
    with pytest.raises(SignatureRefused, match="not theirs"):
        publish(session, federation, owner, [forged])
    done = publish(session, federation, owner, files, needed=3)
    signers = session.registry.anchor_of(done.version).signers
    assert set(signers) == {session.account(name).address for name in ("alice", "bob", "dave")}
    assert session.registry.project(done.version.project_id).threshold == 3


@pytest.mark.parametrize("silent", [False, True])
def test_keeper__checkpoint__parties_sign_and_the_organizer_publishes(session, tmp_path, silent):
    """Every second round; for who does not sign, it waits half the time for commitments."""
    federation = begin(session, tmp_path, *PARTIES, rounds=3, checkpoint=2)
    names = PARTIES[:2] if silent else PARTIES
    keepers = {name: Keeper(session, [(SYSTEM, federation)], [session.account(name)]) for name in names}

    def acts(*names):
        said = [each for name in names for each in keepers[name].turn() if "checkpoint" in each.duty]
        return [each.text for each in said]

    for number in (1, 2):
        aggregating.claim(session, federation, session.account(judged(session, federation)))
        later(session, federation)
        cranking.crank(session, federation, session.account("dave"))
        if number == 1:
            assert acts(*names) == []
    told = acts(*reversed(names), "alice")
    assert told[: len(names)] == ["signed the model of round 2"] * len(names)
    if silent:
        assert told[len(names) :] == []
        session.chain.advance(federation.terms.committing // 2)
        told += acts("alice")
    assert told[len(names) :] == ["published the model as version 1"]
    project = session.registry.project_id(federation.terms.organizer, f"federation-{federation.address}")
    [version] = session.registry.versions(project)
    signers = set(session.registry.anchor_of(version).signers)
    assert signers == {session.account(name).address for name in names}
    assert acts(*names) == []


def checkpointed(session, tmp_path, *names):
    """The first round is over, and its model is to go to the registry; keepers of `names`."""
    federation = begin(session, tmp_path, *PARTIES, rounds=3, checkpoint=1)
    aggregating.claim(session, federation, session.account(judged(session, federation)))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    return federation, {
        name: Keeper(session, [(SYSTEM, federation)], [session.account(name)]) for name in names
    }


def test_keeper__another_version_came_before__signs_the_checkpoint_as_it_is_now(session, tmp_path):
    """Its parent is another one, and so are its manifest and what counts as a signature."""
    federation, keepers = checkpointed(session, tmp_path, "bob")
    alice, bob = session.account("alice"), session.account("bob")

    def signs():
        return [each.text for each in keepers["bob"].turn() if each.duty == "sign the checkpoint"]

    assert signs() == ["signed the model of round 1"]
    assert signs() == []
    kept = signature_file(session, federation, 1, bob.address, alice.address)
    old = kept.read_bytes()
    manifest = checkpoint(session, federation).manifest
    other = Manifest.parse(manifest.to_bytes().replace(manifest.artifact_hash.hex().encode(), b"ab" * 32))
    name, source = f"federation-{federation.address}", federation.address
    publish_model(session, other, name, source, alice, deployable=True)
    assert signs() == ["signed the model of round 1"]
    assert signs() == []
    assert kept.read_bytes() != old
    done = publish(session, federation, alice, needed=2)
    assert set(session.registry.anchor_of(done.version).signers) == {alice.address, bob.address}


def test_keeper__signature_that_is_damaged__is_made_anew(session, tmp_path):
    federation, keepers = checkpointed(session, tmp_path, "bob")
    alice, bob = session.account("alice").address, session.account("bob").address
    kept = signature_file(session, federation, 1, bob, alice)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("[{")
    assert "signed the model of round 1" in [each.text for each in keepers["bob"].turn()]
    assert publish(session, federation, session.account("alice"), needed=2).version.number == 1


def test_keeper__looks_at_a_checkpoint__pins_it_once_it_signs(session, tmp_path):
    federation, keepers = checkpointed(session, tmp_path, "bob")
    cid = checkpoint(session, federation).manifest.artifact_cid
    assert session.storage.pinned(cid) is None
    list(keepers["bob"].turn())
    assert session.storage.pinned(cid)
    session.storage.unpin(cid)
    list(keepers["bob"].turn())
    assert session.storage.pinned(cid) is None
    publish(session, federation, session.account("alice"))
    assert session.storage.pinned(cid)


def test_sign__a_model_that_does_not_follow__is_refused(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    leader = claimed_falsely(session, federation)
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    with pytest.raises(IntegrityError, match="round 1: its model does not follow"):
        sign(session, federation, leader.address, session.account("bob"), tmp_path / "bob.json")
    assert not (tmp_path / "bob.json").exists()


@pytest.mark.parametrize("hidden", [0, 4])
def test_publish__model_of_a_table__is_predicted_with_and_proven_like_any_other(session, tmp_path, hidden):
    federation, alice = begin(session, tmp_path, *PARTIES, hidden=hidden), session.account("alice")
    aggregating.claim(session, federation, session.account(judged(session, federation)))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    made = publish(session, federation, alice)
    found = load_published(session, f"{alice.address}/federation-{federation.address}")
    assert found.manifest == made.manifest
    features = np.random.default_rng(0).normal(size=(20, 2)).round(3)
    rows = [{"height": height, "weight": weight} for height, weight in features.tolist()]
    answers = predict(session, found, rows)
    network = descriptor_of(session, federation).network
    weights = current_model(session, federation)[: network.size] / UNIT
    expected = network.probabilities(weights, features)
    shares = [list(each.output["probabilities"].values()) for each in answers]
    assert np.allclose(shares, expected, atol=1e-5)
    assert [each.output["label"] for each in answers] == [("no", "yes")[k] for k in expected.argmax(axis=1)]
    project = made.version.project_id
    assert anchor_log(session, project, alice) is not None
    proof = prove(session, project, 3, tmp_path / "proof.json", rows[3])
    assert proof.entry.model.artifact == made.manifest.artifact_hash


def test_refute__false_claim__names_the_coordinate_and_pays(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    claimed_falsely(session, federation)
    fault = refuting.check(session, federation)
    assert "coordinate 3 is" in fault.sentence
    assert refuting.refute(session, federation, session.account("dave"), fault) == 25 * 10**16
    assert phase_of(federation) is Phase.CLAIMING


def test_verify__false_model_that_nobody_refuted__is_named(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    claimed_falsely(session, federation)
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    [checked] = verify(session, federation)
    assert checked.fault == "its model does not follow from the updates"


def test_verify__update_that_nobody_gives__could_not_be_checked_and_is_no_lie(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    aggregating.claim(session, federation, session.account(judged(session, federation)))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    lost(session, cid_of(revealed_in(federation, 1)[0].cid))
    [checked] = verify(session, federation)
    assert (checked.fault, checked.ok) == ("", False)
    assert checked.sentence.startswith("could not be checked: nobody provides")


def test_current_model__that_stood_and_that_nobody_gives__is_worked_out(session, tmp_path, monkeypatch):
    """Its claimer alone could train and claim in the rounds after it."""
    federation = begin(session, tmp_path, *PARTIES, rounds=3)
    for _ in range(2):
        made = aggregating.claim(session, federation, session.account(judged(session, federation)))
        later(session, federation)
        cranking.crank(session, federation, session.account("dave"))
    gone = {cid_of(each.claim.cid) for each in finished(federation)}
    read = session.storage.read

    def reading(cid, *args, **options):
        if cid in gone:
            raise StorageError(f"{cid} is nowhere")
        return read(cid, *args, **options)

    monkeypatch.setattr(session.storage, "read", reading)
    assert len(gone) == 2
    assert (current_model(session, federation) == made.model).all()


def test_check__model_that_nobody_gives__says_so(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    leader = session.account(judged(session, federation))
    right = aggregating.expected(session, federation)
    aggregating.claim(session, federation, leader, result=replace(right, root=right.root[::-1]))
    fault = refuting.check(session, federation)
    assert fault.call is None
    assert "not the one that was claimed" in fault.sentence
    with pytest.raises(DataError):
        refuting.refute(session, federation, session.account("dave"), fault)


def test_party__does_it_again__does_nothing(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    cranking.crank(session, federation, session.account("dave"))
    alice = session.account("alice")
    assert party.commit(session, federation, alice)
    assert not party.commit(session, federation, alice)
    for name in PARTIES[1:]:
        party.commit(session, federation, session.account(name))
    assert party.reveal(session, federation, alice)
    assert not party.reveal(session, federation, alice)
    assert len(revealed_in(federation, 1)) == 1


def test_commit__training_that_takes_longer_than_the_round__comes_with_the_next(
    session, tmp_path, monkeypatch
):
    """Nobody waits for the slow one, and its work is not lost: it weighs a half, the next time."""
    terms = {"policy": "trusted", "pay": "equal", "committee": 0, "quorum": 2, "rounds": 2, "max_weight": 99}
    federation = begin(session, tmp_path, *PARTIES, **terms)
    cranking.crank(session, federation, session.account("dave"))
    carol, first = session.account("carol"), current_model(session, federation)
    real = party.trained

    def slow(*args):
        found = real(*args)
        later(session, federation)
        return found

    for name in ("alice", "bob"):
        party.commit(session, federation, session.account(name))
    monkeypatch.setattr(party, "trained", slow)
    with pytest.raises(ChainError, match="longer than round 1 waits"):
        party.commit(session, federation, carol)
    monkeypatch.setattr(party, "trained", real)
    made = real(session, federation, carol)
    for name in ("alice", "bob"):
        party.reveal(session, federation, session.account(name))
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, carol)
    assert (current_model(session, federation) != first).any()
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    sent = {each.party: each for each in revealed_in(federation, 2)}
    assert (sent[carol.address].root, sent[carol.address].weight) == (made.root, 20)  # of 40 rows
    assert sent[session.account("bob").address].weight == 40
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, carol)
    assert [each.ok for each in verify(session, federation)] == [True, True]


def test_commit__update_that_was_sent__is_not_sent_again(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, rounds=2)
    aggregating.claim(session, federation, session.account(judged(session, federation)))
    later(session, federation)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    one, two = ({each.root for each in revealed_in(federation, number)} for number in (1, 2))
    assert not one & two


def test_commit__update_that_was_sent_from_another_seat__is_not_sent_again(session, tmp_path):
    terms = {"policy": "trusted", "pay": "equal", "committee": 0, "quorum": 2, "rounds": 2}
    federation, bob = begin(session, tmp_path, *PARTIES, **terms), session.account("bob")
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in ("bob", "carol"):
            act(session, federation, session.account(name))
        if act is party.commit:
            later(session, federation)
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, bob)
    for name in ("alice", "bob"):
        leave(session, federation, session.account(name))
    join(session, federation, bob, rows(tmp_path, "bob"))
    assert federation.party_of(bob.address).seat == 0  # from which nobody sent anything in round 1
    party.commit(session, federation, bob)
    one, two = (party.kept(session, federation, bob.address, number) for number in (1, 2))
    assert one.update.root != two.update.root


def test_reveal__file_lost__comes_out_of_the_wallet_and_the_rows_again(session, tmp_path):
    """Secrets are derived from the wallet, and the same rows give the same update and scores."""
    federation = begin(session, tmp_path, *PARTIES)
    cranking.crank(session, federation, session.account("dave"))
    accounts = [session.account(name) for name in PARTIES]
    folder = secret_folder(session, federation.address)

    def forget(kind):
        for each in [name for name in folder.names() if name.startswith(kind)]:
            folder.remove(each)

    for account in accounts:
        party.commit(session, federation, account)
    forget("update")
    for account in accounts:
        assert party.reveal(session, federation, account)
    for account in accounts:
        scoring.commit_scores(session, federation, account)
    forget("scores")
    for account in accounts:
        assert scoring.reveal_scores(session, federation, account)
    assert phase_of(federation) is Phase.CLAIMING


def test_draw__comes_with_the_first_scores__and_by_itself_only_where_all_keep_silent(session, tmp_path):
    federation, dave = begin(session, tmp_path, *PARTIES), session.account("dave")
    cranking.crank(session, federation, dave)
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    assert federation.ballot().committee == 0
    expected = ballot_of(federation).committee
    assert expected.bit_count() == federation.terms.committee
    assert cranking.crank(session, federation, dave) == ""
    state, terms = federation.state(), federation.terms
    session.chain.advance_to(state.since + terms.committing + terms.revealing + terms.judging // 2)
    assert cranking.crank(session, federation, dave) == "drew the committee"
    assert federation.ballot().committee == expected
    assert cranking.crank(session, federation, dave) == ""


def test_scores__nobody_drew__the_first_do(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    before, expected = session.chain.head().number, ballot_of(federation)
    assert scoring.commit_scores(session, federation, session.account("alice"))
    assert session.chain.head().number == before + 1
    assert federation.ballot().committee == expected.committee


def test_keeper__reveal_that_was_missed__its_fine_is_told_before_and_after(session, tmp_path):
    """Of four, one vanishes after its commitment; the others go on."""
    quality = {"seats": 4, "policy": "trusted", "pay": "equal", "committee": 0, "rounds": 2}
    federation, dave = begin(session, tmp_path, *PARTIES, "dave", **quality), session.account("dave")
    keeper = Keeper(session, [(SYSTEM, federation)], [dave])
    cranking.crank(session, federation, dave)
    assert list(keeper.remarks()) == []
    for name in (*PARTIES, "dave"):
        party.commit(session, federation, session.account(name))
    for name in PARTIES:
        party.reveal(session, federation, session.account(name))
    later(session, federation)
    [before] = map(str, keeper.remarks())
    assert "The update of round 1 was not revealed in time: it is out, and costs 0.1 ether" in before
    aggregating.claim(session, federation, session.account("alice"))
    later(session, federation)
    cranking.crank(session, federation, dave)
    [after] = map(str, keeper.remarks())
    assert after == (
        "Round 1 took 0.1 ether of the deposit, for an update that was committed to and not revealed in "
        "time; it is 0.4 ether now."
    )
    assert list(Keeper(session, [(SYSTEM, federation)], [session.account("bob")]).remarks()) == []


def test_step__commits__tells_how_good_the_model_is_on_the_own_rows(session, tmp_path):
    federation, bob = begin(session, tmp_path, *PARTIES), session.account("bob")
    cranking.crank(session, federation, bob)
    [said] = Keeper(session, [(SYSTEM, federation)], [bob]).turn()
    labels = party.rows_of(session, federation, bob.address).labels
    share = (labels == 0).mean()  # a model of zeros says the first class
    assert str(said).endswith(f"; the model before it is right on {share:.1%} of your rows")
    assert party.accuracy(session, federation, session.account("dave").address) is None


def test_keeper__folder_lost__the_way_out_is_told_with_what_failed(session, tmp_path):
    federation, bob = begin(session, tmp_path, *PARTIES), session.account("bob")
    cranking.crank(session, federation, bob)
    secret_folder(session, federation.address).remove(f"data-{bob.address}")
    [said] = Keeper(session, [(SYSTEM, federation)], [bob]).turn()
    assert said.failed
    assert f"`diln federation join --federation {federation.address} --data FILE` says it again" in str(said)


def test_reveal__file_and_rows_lost__is_refused_with_the_reason(session, tmp_path):
    federation, bob = begin(session, tmp_path, *PARTIES), session.account("bob")
    cranking.crank(session, federation, session.account("dave"))
    for name in PARTIES:
        party.commit(session, federation, session.account(name))
    folder = secret_folder(session, federation.address)
    for each in [name for name in folder.names() if name.startswith(f"update-{bob.address}")]:
        folder.remove(each)
    rows(tmp_path, "bob").write_text("height,weight,ill\n1,2,no\n3,4,yes\n", encoding="utf-8")
    with pytest.raises(AccountError, match="training gives another one"):
        party.reveal(session, federation, bob)


def test_step__too_few__void_and_closed(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, max_voids=1)
    cranking.crank(session, federation, session.account("dave"))
    later(session, federation)
    assert cranking.crank(session, federation, session.account("dave")) == "skipped round 1: it is void"
    assert view(session, federation).phase is Phase.CLOSED
    assert cranking.crank(session, federation, session.account("dave")) == ""


HEADER = "height,weight,ill\n"


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        ("length,weight,ill\n1,2,yes\n", "has no column height", "height, weight, ill, in any order"),
        (HEADER, "has no rows", "nothing to train on"),
        (HEADER + "1,2,yes\n1,2,perhaps\n", "row 2: ill is `perhaps`", "classes are no, yes"),
        (HEADER + "1,2,yes\n,2,no\n,3,no\n", "row 2: height is empty; so are 1 more", "complete rows"),
        (HEADER + "1,x,yes\n1,2,no\n", "row 1: weight is `x`, not a finite number", "drop their rows"),
        (HEADER + "1e999,0,yes\n1,2,no\n", "row 1: height is `1e999`", "complete rows"),
        (HEADER + "2025-12-20,0,yes\n2025-12-21,2,no\n", "row 1: height is `2025", "No cell of the column"),
        (HEADER + "1,2,yes\n1,2\n", "2 fields instead of 3", "Fix"),
        (HEADER.replace(",", ";") + "1;2;yes\n", "separated by ';'", "write it with ','"),
    ],
)
def test_join__rows_that_do_not_fit__are_refused_with_row_column_and_what_helps(
    session, tmp_path, content, told, hint
):
    federation, file = begin(session, tmp_path), tmp_path / "bad.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        join(session, federation, session.account("dave"), file)
    assert told in refused.value.message
    assert hint in refused.value.hint
    assert federation.party_of(session.account("dave").address).seat == NO_SEAT


def test_join__class_with_a_point__the_hint_says_how_it_is_written(session, tmp_path):
    federation, file = begin(session, tmp_path, classes=("0", "1")), tmp_path / "point.csv"
    file.write_text(HEADER + "1,2,0\n1,2,1.0\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 2: ill is `1\.0`, which is not a class") as refused:
        join(session, federation, session.account("dave"), file)
    assert "Write `1`" in refused.value.hint


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("1,2,yes\n", "So few rows (1)"),
        ("1,2,yes\n" * 40, "All rows are of the class yes"),
        ("1,2,yes\n1e30,2,no\n" * 20, "height has values as large as 1e+30"),
    ],
)
def test_join__rows_that_speak_against_it__are_told_before_it_pays(session, tmp_path, content, told):
    federation, file, heard = begin(session, tmp_path), tmp_path / "odd.csv", []
    file.write_text(HEADER + content, encoding="utf-8")
    join(session, federation, session.account("dave"), file, lambda _, said: heard.extend(said))
    assert told in " ".join(heard)


def test_join__twice__says_what_it_did(session, tmp_path):
    federation, heard = begin(session, tmp_path, "bob"), []
    with_rows = rows(tmp_path, "others")
    join(session, federation, session.account("bob"), with_rows, tell=heard.append)
    assert heard == [
        "bob has seat 0 already: nothing was paid again.",
        f"It trains on the rows of {with_rows} from now on.",
    ]
    assert join(session, federation, session.account("bob"), None).seat == 0  # its rows are known


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features": ("ill", "height")}, "the target `ill` is among the features"),
        ({"features": ("height", "height")}, "`height` is among the features twice"),
        ({"classes": ("no", "no")}, "`no` is among the classes twice"),
        ({"classes": ("no",)}, "one class"),
    ],
)
def test_plan__offer_that_makes_no_sense__is_refused(session, changes, told):
    with pytest.raises(UsageError, match=told):
        creating.plan(session, offer(**changes), session.account("alice"))


def test_plan__own_rows_that_do_not_fit__are_refused_before_anything_is_paid(session, tmp_path):
    file, organizer = tmp_path / "own.csv", session.account("alice")
    file.write_text("height,weight,ill\n1,tall,yes\n2,small,no\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 1: weight is `tall`"):
        creating.plan(session, offer(), organizer, file)
    assert creating.plan(session, offer(), organizer, rows(tmp_path, "own"))


@pytest.mark.parametrize("hidden", [0, 3])
def test_commit__rows_beyond_all_numbers__refused_with_the_reason(session, tmp_path, hidden):
    federation, bob = begin(session, tmp_path, "alice", "carol", hidden=hidden), session.account("bob")
    file = rows(tmp_path, "bob")
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([lines[0], "1e300,-1e300,yes", *lines[1:]]), encoding="utf-8")
    join(session, federation, bob, file)
    cranking.crank(session, federation, bob)
    with pytest.raises(DataError, match="leads beyond the numbers that a model has"):
        party.commit(session, federation, bob)
    assert party.commit(session, federation, session.account("alice"))


@pytest.mark.parametrize("tested", [True, False])
def test_score__rows_beyond_all_numbers__are_measured_without_a_word(session, tmp_path, tested):
    """A party's own, or those of a test set that a stranger released."""
    descriptor = descriptor_of(session, begin(session, tmp_path))
    large = Rows(descriptor, np.full((2, 2), 1e308), np.array([0, 1]))
    found = scoring._measured(large, np.full(descriptor.network.size, 30_000.0), tested=tested)
    assert found == (0x8000 if tested else 0xFFFF)


@pytest.mark.parametrize(("seats", "committee"), [(3, 3), (4, 3), (8, 7), (9, 9), (10, 9), (16, 9)])
def test_plan__committee_not_given__is_the_largest_odd_up_to_nine(session, seats, committee):
    made = creating.plan(session, offer(seats=seats, committee=0), session.account("alice"))
    assert made.terms.committee == committee


@pytest.mark.parametrize(
    ("changes", "field", "bound"),
    [
        ({"committee": 4, "seats": 5}, "committee", "odd"),
        ({"policy": "trusted", "committee": 0}, "pay", "quality with the policy quality alone"),
        ({"rule": "multi-krum", "keep": 1}, "faulty", "2 \\* faulty"),
        ({"max_weight": 70_000}, "max_weight", "65535"),
        ({"supply": "3h"}, "challenge", "four times"),
    ],
)
def test_create__terms_that_no_federation_can_have__are_named_with_their_bounds(
    session, changes, field, bound
):
    with pytest.raises(UsageError, match=f"`{field}` is out of bounds") as refused:
        creating.plan(session, offer(**changes), session.account("alice"))
    assert re.search(bound, refused.value.hint)


@pytest.mark.parametrize(
    "value", [-3, 0, 10**30, 1e400, -1.5, float("nan"), "", "x", "-1", ("",), ("a", "a")]
)
def test_plan__whatever_an_offer_says__is_made_or_refused_in_a_sentence(session, tmp_path, value):
    """Before anything is told or paid, and without a traceback, which a script cannot read."""
    alice, file = session.account("alice"), tmp_path / "offer.toml"
    sound = {name: each for name, each in vars(offer()).items() if name != "arrays"}
    for name in vars(offer()):
        file.write_text("\n".join(f"{key} = {_toml(each)}" for key, each in (sound | {name: value}).items()))
        try:
            made = creating.plan(session, read_offer(file), alice)
        except DilnError:
            continue
        call = creating.factory_of(session).create(made.terms, Digest(b"\1" * 32))
        assert session.send(call, alice, value=made.budget, dry_run=True).gas_used


def _toml(value):
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rounds": -3}, "`rounds` is -3"),
        ({"epochs": 10**20}, "`epochs` is 1"),
        ({"name": " "}, "`name` is empty"),
        ({"features": ("height", "")}, "one of the features is empty"),
        ({"start": "9999w"}, "`start` is further away"),
        ({"deposit": "1000000"}, "`deposit` is out of bounds"),
    ],
)
def test_plan__number_or_word_that_makes_no_sense__is_refused(session, changes, said):
    with pytest.raises(UsageError, match=said):
        creating.plan(session, offer(**changes), session.account("alice"))


def test_bounds__every_term_that_the_contract_refuses__has_its_own():
    text = (Path(__file__).parents[4] / "contracts/federation/FederationTerms.sol").read_text("utf-8")
    fields = {*re.findall(r'InvalidTerms\("(\w+)"\)', text)} - {"genesis", "unit"}
    words = {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", each) for each in fields}
    assert words == set(BOUNDS)


def test_docs__table_of_the_offer__has_every_key_with_its_default_and_bounds():
    """In the order of the code, which is what `create` reads and the contract refuses by."""
    page = (Path(__file__).parents[4] / "docs/federate.md").read_text("utf-8")
    page = page.partition("\n## The offer\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.*?) ?\|$", page, re.MULTILINE)
    keys = {name: (default, bounds) for name, _, default, bounds in table}
    assert list(keys) == [each.name for each in fields(Offer)]
    for each in fields(Offer):
        default, bounds = keys[each.name]
        assert BOUNDS.get(each.name, bounds) == bounds, each.name
        if each.default is MISSING:
            assert default == "–", each.name
        elif each.default or isinstance(each.default, bool):
            assert default == f"{each.default}".lower().replace("1e-05", "1e-5"), each.name
        assert default, each.name
    assert f"{MOST_HIDDEN:,}" in keys["hidden"][1]
    assert f"{MOST_INPUTS:,}" in keys["features"][1]
    assert str(MOST_CLASSES) in keys["classes"][1]


@pytest.mark.parametrize("name", ["hidden", "epochs", "rate", "batch", "checkpoint"])
def test_docs__bounds_of_what_is_learned__are_those_of_descriptors(name):
    page = (Path(__file__).parents[4] / "docs/federate.md").read_text("utf-8")
    [(low, high)] = re.findall(rf"^\| `{name}` \|.*\| ([\d,]+) to ([\d,]+) \|$", page, re.MULTILINE)
    about = Descriptor(name="x", target="t", features=("a",), classes=("0", "1"))
    for value, sound in (int(low.replace(",", "")), 0), (int(high.replace(",", "")), 1):
        replace(about, **{name: value}).check()
        with pytest.raises(DataError):
            replace(about, **{name: value + (1 if sound else -1)}).check()


def test_join__model_that_nobody_gives_or_that_is_another__refused(session, tmp_path, monkeypatch):
    """Whoever is obliged to train what only the organizer's friends have pays them fines."""
    organizer, data = session.account("alice"), rows(tmp_path, "dave")
    made = creating.plan(session, offer(obliged=True), organizer)
    other = replace(made, key="ab" * 32, terms=replace(made.terms, size=made.terms.size + 1))
    with pytest.raises(DataError, match="of 6 parameters, and the terms have 7"):
        join(session, creating.create(session, other, organizer), session.account("dave"), data)
    federation = creating.create(session, made, organizer)
    read, gone = session.storage.read, cid_of(federation.terms.genesis_cid)

    def reading(cid, *args, **options):
        if cid == gone:
            raise StorageError(f"{cid} is nowhere")
        return read(cid, *args, **options)

    monkeypatch.setattr(session.storage, "read", reading)
    with pytest.raises(StorageError, match="nowhere"):
        join(session, federation, session.account("dave"), data)
    assert federation.state().taken == 0


def test_find__by_address_name_and_latest(session, tmp_path):
    federation = begin(session, tmp_path)
    for reference in ("latest", "clinics", federation.address):
        assert find(session, reference).address == federation.address
    assert descriptor_of(session, federation).classes == ("no", "yes")
    with pytest.raises(NotDeployed):
        open_federation(session, session.account("dave").address)


def test_create__again__is_the_same(session, tmp_path):
    organizer = session.account("alice")
    first, again = (
        creating.create(session, creating.plan(session, offer(), organizer), organizer) for _ in range(2)
    )
    assert first.address == again.address
    creating.finish(session, creating.plan(session, offer(), organizer))


def test_plan__words_that_are_none__refused(session):
    with pytest.raises(UsageError, match="not one of"):
        creating.plan(session, offer(rule="best"), session.account("alice"))


def test_plan__amount_finer_than_the_unit__refused_instead_of_rounded(session):
    with pytest.raises(UsageError, match=r"deposit = '0\.0000000001' is finer"):
        creating.plan(session, offer(deposit="0.0000000001"), session.account("alice"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = 1", "Add it|missing|required"),
        ("colour = 'red'", "no key"),
        ("rounds = 'x'", "type"),
        ("[", "read"),
    ],
)
def test_read_offer__malformed__says_what(tmp_path, text, told):
    file = tmp_path / "offer.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=told):
        read_offer(file)


def test_descriptor__strangers_bytes__refused():
    good = Descriptor("n", "t", ("a",), ("b", "c"))
    assert parse_descriptor(good.to_bytes()) == good
    for bad in (b"{}", b"\xff", replace(good, hidden=10**9).to_bytes(), replace(good, epochs=0).to_bytes()):
        with pytest.raises(DataError):
            parse_descriptor(bad)


def test_store__what_is_read_back__is_the_model(session):
    model = np.arange(64)
    assert session.storage.read(cid_of(store(session, encode(model, 4)))) == encode(model, 4)


def test_keeper__between_two_phases__tells_what_comes_next(session, tmp_path):
    federation = begin(session, tmp_path, *PARTIES, policy="trusted", pay="equal", committee=0)
    bob = session.account("bob")
    keeper = Keeper(session, [(SYSTEM, federation)], [bob])

    def coming():
        assert federation.clock().ends_at > session.chain.now()
        return {each.duty for each in keeper.due() if each.at == federation.clock().ends_at}

    cranking.crank(session, federation, bob)
    party.commit(session, federation, bob)
    assert "reveal the update" in coming()
    for name in PARTIES:
        party.commit(session, federation, session.account(name))
    assert "claim the aggregate" not in coming()  # who does not reveal has nothing to claim
    party.reveal(session, federation, bob)
    assert "claim the aggregate" in coming()
