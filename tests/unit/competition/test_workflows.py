"""Each step of a competition on the embedded chain, and what happens when it goes wrong."""

import hashlib
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.bindings.competition import Mode, Outcome, Phase, Status
from orchestrator.chain import Chain
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    DataError,
    IntegrityError,
    ModelError,
    NodeUnavailable,
    UsageError,
)
from orchestrator.kernel.finding import Directory
from orchestrator.models.integer import IntegerNetwork, Layer, encode_model
from orchestrator.provenance import Manifest
from orchestrator.systems.competition.candidates import quantized
from orchestrator.systems.competition.checking import check_claims, refute
from orchestrator.systems.competition.closing import finalize, withdraw
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.creating import create, finish, prepare
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.competition.evaluating import claim, encode_predictions, evaluate
from orchestrator.systems.competition.finding import competitions, find, secret_folder
from orchestrator.systems.competition.overview import overview
from orchestrator.systems.competition.publishing import publish
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.submitting import NotRevealed, require_entry, reveal, stakes, submit
from orchestrator.systems.competition.testing import open_test, opened_tests
from orchestrator.systems.competition.training import (
    DEEP,
    answer_all,
    blocks_until_final,
    challenge,
    draw,
    open_training,
    organizers_data,
    training_data,
    training_is_open,
    write_csv,
)
from orchestrator.text import coins
from orchestrator.types import Wei
from tests.unit.competition.stage import ETHER, Stage, offer_of, predicted_score, write_points


def line(weights: list[int], bias: int = 0) -> IntegerNetwork:
    """Predicts class 1 where the sum is above zero."""
    return IntegerNetwork((Layer(np.array([weights], np.int64), np.array([bias], np.int64), 0),))


GOOD = line([100, -100], 1)  # on or below the diagonal: always right
FAIR = line([100, -90])


def enter(stage: Stage, found: Competition, role: str, model: IntegerNetwork = GOOD) -> int:
    samples = training_data(stage.session, found).samples(found.terms)
    candidate = quantized(model, found.terms, samples)
    return submit(stage.session, found, candidate, stage.account(role)).submission.number


def played(stage: Stage, *, tests: bool = True, **changes: Any) -> Competition:
    """Anna has entered a good and Ben a fair model; both are revealed, and the test data open."""
    found = stage.create(**changes)
    enter(stage, found, "anna")
    enter(stage, found, "ben", FAIR)
    stage.pass_until(found.schedule().training)
    for role in ("anna", "ben"):
        reveal(stage.session, found, stage.account(role))
    stage.pass_until(found.schedule().reveal)
    if tests:
        open_test(stage.session, found, stage.account("organizer"))
    return found


def lie(stage: Stage, found: Competition, number: int, role: str) -> None:
    """Claim a perfect score, with the labels as predictions."""
    labels = Samples.of(opened_tests(found), found.terms).labels
    call = found.claim(number, encode_predictions(labels, found.terms))
    stage.session.send(call, stage.account(role), value=found.terms.claim_bond)


# create


@pytest.mark.parametrize(
    "step", ["chain.delivery.Delivery.complete", "systems.competition.creating.await_seed"]
)
def test_create__killed_after_sending__pays_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(f"orchestrator.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            create(stage.session, prepare(stage.session, offer, organizer), organizer)
    made = create(stage.session, prepare(stage.session, offer, organizer), organizer)
    assert [each.address for each in competitions(stage.session)] == [made.competition.address]
    finish(stage.session, made.draft)
    again = create(stage.session, prepare(stage.session, offer, organizer), organizer)
    assert again.competition.terms.root != made.competition.terms.root  # a second one, with salts of its own


def test_create__killed_before_its_result_is_printed__is_found_again(stage: Stage) -> None:
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))
    made = create(stage.session, prepare(stage.session, offer, organizer), organizer)
    before = stage.wealth("organizer")
    again = create(stage.session, prepare(stage.session, offer, organizer), organizer)
    assert again.competition.address == made.competition.address
    assert stage.wealth("organizer") == before


def test_create__trivial_model_wins__warns(stage: Stage) -> None:
    offer = offer_of(write_points(stage.folder / "points.csv"), criterion=0.4)
    draft = prepare(stage.session, offer, stage.account("organizer"))
    assert any("always side =" in warning for warning in draft.warnings)


def test_create__terms_that_nobody_can_have__names_the_field(stage: Stage) -> None:
    with pytest.raises(UsageError, match="5 s are too short for answers to all challenges"):
        stage.create(answer=5)


def test_create__done__money_is_inside_and_training_is_open(stage: Stage) -> None:
    found = stage.create()
    assert found.phase() is Phase.TRAINING
    assert stage.session.chain.balance(found.address) == found.terms.prize + found.terms.bond
    seen = training_data(stage.session, found)
    assert len(seen.groups) == 5
    assert seen.missing == ()
    assert not set(seen.groups) & set(found.test_groups())
    assert overview(found).next_deadline == found.schedule().training


# data


def test_secrets__kept__for_their_owner_only(stage: Stage) -> None:
    found = stage.create()
    enter(stage, found, "anna")
    files = list((stage.session.settings.home / "competitions").rglob("*.json"))
    assert len(files) == 2
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_organizers_data__secrets_lost_or_damaged__are_derived_again(stage: Stage) -> None:
    found, organizer = stage.create(), stage.account("organizer")
    data = organizers_data(stage.session, found, organizer)
    folder = secret_folder(stage.session, found.address).folder
    shutil.rmtree(folder)
    assert organizers_data(stage.session, found, organizer) == data
    (folder / "organizer.json").write_text('{"master": "' + "00" * 32 + '"}')
    assert organizers_data(stage.session, found, organizer) == data


def test_organizers_data__somebody_else__is_refused(stage: Stage) -> None:
    with pytest.raises(AccountError, match="not the organizer"):
        organizers_data(stage.session, stage.create(), stage.account("anna"))


def test_training_data__salt_of_another_group__is_refused(stage: Stage) -> None:
    found = stage.create()
    data = organizers_data(stage.session, found, stage.account("organizer"))
    one, other = list(training_data(stage.session, found).groups)[:2]
    lie = stage.session.storage.put(json.dumps({"salts": {str(one): data.salts[other].hex()}}).encode())
    with pytest.raises(IntegrityError, match=f"group {one} does not match"):
        training_data(stage.session, found, lie.cid)
    nonsense = stage.session.storage.put(b"[]")
    with pytest.raises(DataError, match="does not hold salts"):
        training_data(stage.session, found, nonsense.cid)


def test_training_data__withheld__challenged_and_answered(stage: Stage) -> None:
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))
    found = create(stage.session, prepare(stage.session, offer, organizer), organizer, wait=False).competition
    with pytest.raises(ChainError, match="not drawn yet"):
        training_data(stage.session, found)
    stage.session.chain.mine(18)
    assert "drew the split" in stage.keep(found, "refuter", roles={Role.REFUTER})
    seen = training_data(stage.session, found)
    assert seen.groups == {}
    with pytest.raises(DataError, match="no training group is open"):
        seen.samples(found.terms)
    challenge(stage.session, found, seen.missing[0], stage.account("anna"))
    with pytest.raises(ContractReverted):
        challenge(stage.session, found, found.test_groups()[0], stage.account("anna"))
    assert answer_all(stage.session, found, organizer) == [seen.missing[0]]
    assert list(training_data(stage.session, found).groups) == [seen.missing[0]]
    open_training(stage.session, found, organizer)
    assert training_data(stage.session, found).missing == ()


def test_finalize__challenge_unanswered__slashes(stage: Stage) -> None:
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))
    found = create(stage.session, prepare(stage.session, offer, organizer), organizer, wait=False).competition
    stage.session.chain.mine(18)
    stage.keep(found, "anna", roles={Role.SUBMITTER})
    challenge(stage.session, found, training_data(stage.session, found).missing[0], stage.account("anna"))
    stage.pass_until(stage.session.chain.now() + found.terms.answer)
    assert finalize(stage.session, found, stage.account("anna")) is Outcome.WITHHELD
    (paid,) = withdraw(stage.session, found, stage.account("anna"))
    assert paid.amount == found.terms.bond // 2 + found.terms.stake


def test_write_csv__training_data__are_bytes_and_classes(stage: Stage) -> None:
    found, file = stage.create(), stage.folder / "training.csv"
    assert write_csv(training_data(stage.session, found), found.terms, file) == 125
    header, first, *_ = file.read_text().splitlines()
    assert header == "x,y,side"
    assert all(cell.isdigit() for cell in first.split(","))


# submit and reveal


def test_submit__twice__is_one_submission(stage: Stage) -> None:
    found = stage.create()
    assert enter(stage, found, "anna") == enter(stage, found, "anna") == 0
    assert enter(stage, found, "ben") == 1
    assert found.progress().committed == 2


def test_submit__killed_after_sending__pays_one_deposit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.create()
    send = Chain.send

    def send_and_die(*args: Any, **kwargs: Any) -> Any:
        send(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Chain, "send", send_and_die)
        with pytest.raises(KeyboardInterrupt):
            enter(stage, found, "anna")
    assert enter(stage, found, "anna") == 0
    assert found.progress().committed == 1


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (line([1, 2, 3]), "takes 3 inputs, the competition's samples have 2"),
        (IntegerNetwork((Layer(np.ones((3, 2), np.int64), np.zeros(3, np.int64), 0),)), "3 outputs"),
        (IntegerNetwork((Layer(np.ones((400, 2), np.int64), np.zeros(400, np.int64), 0),)), "400 outputs"),
    ],
)
def test_submit__model_of_another_shape__is_refused(stage: Stage, model: IntegerNetwork, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        enter(stage, stage.create(), "anna", model)


def test_submit__model_too_large__is_refused(stage: Stage) -> None:
    with pytest.raises(ModelError, match="this competition takes 12"):
        enter(stage, stage.create(max_model_bytes=12), "anna")


def test_submit__the_organizer__is_excluded(stage: Stage) -> None:
    with pytest.raises(ChainError, match="the organizer is excluded"):
        enter(stage, stage.create(), "organizer")


def test_require_entry__late__is_only_for_those_who_are_in(stage: Stage) -> None:
    found = stage.create()
    require_entry(found, stage.account("ben"))
    enter(stage, found, "anna")
    stage.pass_until(found.schedule().training)
    require_entry(found, stage.account("anna"))
    with pytest.raises(ChainError, match=r"submitting closed at 20\d\d-"):
        require_entry(found, stage.account("ben"))


def test_submit__late__says_when_it_closed(stage: Stage) -> None:
    found = stage.create()
    stage.pass_until(found.schedule().training)
    with pytest.raises(ChainError, match=r"submitting closed at 20\d\d-"):
        enter(stage, found, "anna")


def test_reveal__early__says_when_it_opens(stage: Stage) -> None:
    found = stage.create()
    enter(stage, found, "anna")
    with pytest.raises(ChainError, match=r"revealing is not open yet: it opens at .* \(in 9 h 59 m\)"):
        reveal(stage.session, found, stage.account("anna"))
    with pytest.raises(ChainError, match="opening the test data is not open yet"):
        open_test(stage.session, found, stage.account("organizer"))


def test_reveal__secrets_lost__come_back_from_model_and_key(stage: Stage) -> None:
    found, anna = stage.create(), stage.account("anna")
    enter(stage, found, "anna")
    stage.pass_until(found.schedule().training)
    shutil.rmtree(secret_folder(stage.session, found.address).folder)
    with pytest.raises(NotRevealed, match="are not in") as caught:
        reveal(stage.session, found, anna)
    assert "--model FILE" in caught.value.hint
    file = stage.folder / "model.bin"
    file.write_bytes(encode_model(GOOD))
    assert reveal(stage.session, found, anna, file=file) == [0]
    assert reveal(stage.session, found, anna) == []


def test_reveal__one_secret_is_missing__the_others_are_revealed(stage: Stage) -> None:
    """It used to stop at the first, and the deposits of all later ones were lost."""
    found, anna = stage.create(), stage.account("anna")
    for model in (GOOD, FAIR, line([90, -100])):
        enter(stage, found, "anna", model)
    folder = secret_folder(stage.session, found.address).folder
    word = found.submission(0).word
    (folder / f"submission-{word.hex()[:16]}.json").unlink()
    stage.pass_until(found.schedule().training)
    with pytest.raises(NotRevealed, match=r"submission 0 are not in .* \(revealed: 1, 2\)") as caught:
        reveal(stage.session, found, anna)
    assert caught.value.revealed == (1, 2)
    statuses = [each.status for each in found.submissions()]
    assert statuses == [Status.COMMITTED, Status.REVEALED, Status.REVEALED]
    (said,) = stage.keep(found, "anna", roles={Role.SUBMITTER})
    assert said.startswith("could not reveal: model and salt of submission 0 are not in")


def test_reveal__wrong_salt__is_told_before_anything_is_sent(stage: Stage) -> None:
    found, anna = stage.create(), stage.account("anna")
    enter(stage, found, "anna")
    (file,) = secret_folder(stage.session, found.address).folder.glob("submission-*.json")
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"salt": "00" * 32}))
    stage.pass_until(found.schedule().training)
    with pytest.raises(AccountError, match="the salt or the model kept for submission 0"):
        reveal(stage.session, found, anna)
    file.write_text("{")
    with pytest.raises(AccountError, match="is damaged"):
        reveal(stage.session, found, anna)


# scores


def test_evaluate__in_chunks__gives_the_predicted_score(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.systems.competition.evaluating.COMFORT", 40_000)
    found = played(stage)
    seen: list[tuple[int, int]] = []
    for number in (0, 1):
        evaluate(stage.session, found, number, stage.account("stranger"), lambda *at: seen.append(at))
        assert found.result_of(number).score == predicted_score(found, number)
    assert len(seen) > 2
    assert seen[-1] == (75, 75)
    assert evaluate(stage.session, found, 0, stage.account("anna")) == 0
    with pytest.raises(UsageError, match="the contract computes scores"):
        claim(stage.session, found, 0, stage.account("anna"))


def test_open_test__interrupted__goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.systems.competition.testing.LARGEST_CODE", 80)  # one group a call
    found, organizer = played(stage, tests=False), stage.account("organizer")
    data = organizers_data(stage.session, found, organizer)
    stage.session.send(found.open_test(0, [data.opened(found.test_groups()[0])]), organizer)
    with pytest.raises(ChainError, match="1 of 3 test groups are open"):
        opened_tests(found)
    assert open_test(stage.session, found, organizer) == 2
    assert open_test(stage.session, found, organizer) == 0
    assert [group.data for group in opened_tests(found)] == [data.groups[n] for n in found.test_groups()]


def test_claim__wrong_prediction__is_found_and_refuted(stage: Stage) -> None:
    found = played(stage, optimistic=True, shares=(0.6, 0.4))
    claim(stage.session, found, 0, stage.account("anna"))
    lie(stage, found, 1, "ben")
    honest, cheating = check_claims(stage.session, found)
    assert honest.holds
    with pytest.raises(UsageError, match="holds"):
        refute(stage.session, found, honest, stage.account("refuter"))
    refute(stage.session, found, cheating, stage.account("refuter"))
    assert found.submission(1).status is Status.REFUTED
    assert [each.submission for each in check_claims(stage.session, found)] == [0]
    with pytest.raises(ChainError, match="1 of 2 submissions have no final score"):
        finalize(stage.session, found, stage.account("stranger"))
    with pytest.raises(UsageError, match="scores are claimed"):
        evaluate(stage.session, found, 0, stage.account("anna"))


def test_claim__numbers_as_labels__the_same_path(stage: Stage) -> None:
    file = stage.folder / "sums.csv"
    rng = np.random.default_rng(1)
    rows = [f"{x},{y},{x + 2 * y}" for x, y in rng.integers(0, 256, (80, 2))]
    file.write_text("\n".join(["x,y,side", *rows]) + "\n")
    found = stage.create(file, metric="mae", criterion=30.0, optimistic=True)
    assert found.terms.classes == 0
    enter(stage, found, "anna", line([1, 2], 3))
    enter(stage, found, "ben", line([1, 1]))
    stage.pass_until(found.schedule().training)
    for role in ("anna", "ben"):
        reveal(stage.session, found, stage.account(role))
    stage.pass_until(found.schedule().reveal)
    open_test(stage.session, found, stage.account("organizer"))
    assert claim(stage.session, found, 0, stage.account("anna")) == 2**64 - 1 - 3 * 10**6
    lie(stage, found, 1, "ben")
    cheating, _ = check_claims(stage.session, found)
    refute(stage.session, found, cheating, stage.account("refuter"))
    assert found.submission(1).status is Status.REFUTED


# the end


def test_watch__all_roles__end_with_everybody_paid(stage: Stage) -> None:
    found = played(stage, tests=False)
    before = {role: stage.wealth(role) for role in ("anna", "refuter")}
    assert stage.keep(found, "organizer", roles={Role.ORGANIZER}) == ["opened 3 test groups"]
    said = stage.keep(found, "refuter", roles={Role.REFUTER})
    tip = coins(2 * found.terms.tip)
    assert said == [
        "evaluated submission 0",
        "evaluated submission 1",
        "closed the competition: decided",
        f"withdrew {tip} ether (credit)",
    ]
    won = found.terms.prize + found.terms.deposit - found.terms.tip
    assert stage.keep(found, "anna", roles={Role.SUBMITTER}) == [
        f"withdrew {coins(won)} ether (submission 0)"
    ]
    assert stage.wealth("anna") - before["anna"] > won - 10**16
    for role in ("ben", "organizer"):
        stage.keep(found, role, roles={Role.SUBMITTER})
    assert stage.session.chain.balance(found.address) == 0
    assert found.predict(bytes([200, 100])) == 1
    assert overview(found).leaderboard[0].rank == 1
    assert withdraw(stage.session, found, stage.account("anna")) == []


@pytest.mark.parametrize("by_score", [False, True])
def test_competition__several_prizes__are_shared(stage: Stage, by_score: bool) -> None:
    found = played(stage, shares=(0.6, 0.3, 0.1), by_score=by_score, criterion=0.75)
    stage.keep(found, "stranger", roles={Role.REFUTER})
    scores = [found.result_of(number).score for number in (0, 1)]
    assert found.ranking() == [0, 1]
    prizes = [found.payout_of(number) + found.terms.tip - found.terms.deposit for number in (0, 1)]
    margins = [score - found.terms.criterion for score in scores]
    expected = [margin * found.terms.prize // sum(margins) for margin in margins]
    if not by_score:
        expected = [found.terms.prize * 6 // 10, found.terms.prize * 3 // 10]
    assert prizes == pytest.approx(expected, rel=1e-6)
    for role in ("anna", "ben", "organizer"):
        assert not any(
            said.startswith("could not") for said in stage.keep(found, role, roles={Role.ORGANIZER})
        )
    assert stage.session.chain.balance(found.address) == 0


def test_watch__one_submission_cannot_be_evaluated__the_others_are(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = played(stage)

    def heavy(session: Any, competition: Competition, number: int, *rest: Any) -> int:
        if number == 0:
            raise ChainError("submission 0 takes more gas for one sample than a transaction has")
        return evaluate(session, competition, number, *rest)

    monkeypatch.setattr("orchestrator.systems.competition.duties.evaluate", heavy)
    said = stage.keep(found, "refuter", roles={Role.REFUTER})
    assert said[0].startswith("could not evaluate submission 0: submission 0 takes more gas")
    assert said[1] == "evaluated submission 1"


def test_watch__the_node_is_away_for_a_while__is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = played(stage)
    away = iter([True, False])
    progress = Competition.progress

    def sometimes(self: Competition) -> Any:
        if next(away, False):
            raise NodeUnavailable("the node does not answer")
        return progress(self)

    monkeypatch.setattr(Competition, "progress", sometimes)
    keeper = stage.keeper(found, "refuter", roles={Role.REFUTER})
    said = [str(each) for each in keeper.run(0, until_over=True)]
    assert said[0] == "could not look: the node does not answer"
    assert "closed the competition: decided" in said


def test_publish__winner__is_deployable_and_hashed(stage: Stage) -> None:
    found = played(stage)
    with pytest.raises(ChainError, match="is not decided"):
        publish(stage.session, found, 0, stage.account("anna"), "MIT")
    stage.keep(found, "refuter", roles={Role.REFUTER})
    with pytest.raises(ChainError, match="not a revealed one of bob"):
        publish(stage.session, found, 1, stage.account("anna"))
    done = publish(stage.session, found, 0, stage.account("anna"), "MIT")
    assert done.version.artifact_hash == hashlib.sha256(encode_model(GOOD)).digest()
    assert done.version.status.word == "deployable"
    assert done.manifest.predicate.licence == "MIT"
    assert stage.session.storage.read(done.manifest.artifact_cid) == encode_model(GOOD)
    assert Manifest.parse(stage.session.storage.read(done.version.manifest_cid)) == done.manifest
    assert publish(stage.session, found, 0, stage.account("anna"), "MIT").gas_used == 0


def test_finalize__tests_stay_closed__slashes_the_organizer(stage: Stage) -> None:
    found = played(stage, tests=False)
    with pytest.raises(ChainError, match="3 test groups are closed; the organizer has until"):
        finalize(stage.session, found, stage.account("ben"))
    stage.pass_until(found.schedule().opening)
    assert finalize(stage.session, found, stage.account("ben")) is Outcome.UNOPENED
    assert finalize(stage.session, found, stage.account("ben")) is Outcome.UNOPENED
    (paid,) = withdraw(stage.session, found, stage.account("ben"))
    spoils = found.terms.prize + found.terms.bond // 2  # the other half is burnt
    assert paid.amount == spoils // 2 + found.terms.deposit


def test_finalize__early__says_until_when(stage: Stage) -> None:
    with pytest.raises(ChainError, match="nothing can be decided before reveals end at"):
        finalize(stage.session, stage.create(), stage.account("ben"))


def test_find__by_start_or_latest__or_says_what_exists(stage: Stage) -> None:
    with pytest.raises(ChainError, match="no competition was created or entered from this folder"):
        find(stage.session)
    found = stage.create()
    assert found.terms.mode is Mode.DIRECT
    assert (
        find(stage.session).address == find(stage.session, found.address[:8].lower()).address == found.address
    )
    assert find(stage.session, found.address.lower()).address == found.address
    for nonsense in ("0x", "0x" + "00" * 20, found.address[:8] + "zz"):
        with pytest.raises(ChainError, match=r"no competition is found by|is not a competition of"):
            find(stage.session, nonsense)


def strangers(stage: Stage, **changes: Any) -> Competition:
    """A competition that somebody made from another folder."""
    home = stage.session.settings.home
    stage.create(write_points(stage.folder / "strange.csv", seed=9), **changes)
    shutil.rmtree(home / "known")
    return competitions(stage.session)[-1]


def test_find__a_stranger_made_the_last__latest_is_ones_own(stage: Stage) -> None:
    """Whoever created the last competition used to be paid by everybody's next command."""
    strange = strangers(stage, deposit=Wei(5 * 10**17))
    with pytest.raises(ChainError, match="from this folder"):
        find(stage.session)
    mine = stage.create()
    with Stage.open(stage.session.settings, stage.folder) as again:
        stage.session.known.remember(mine.address, "competition")
        assert find(again.session).address == mine.address
    assert strange.address != mine.address


def test_find__several_begin_alike__the_known_one_is_meant(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = strangers(stage)
    mine = stage.create()
    alike = [Competition(stage.session.chain, f"0x1234{number:036x}") for number in (1, 2)]  # type: ignore[arg-type]

    def all_of(*_: Any, instance: Any = None) -> list[Competition]:
        return [each for each in (*alike, strange, mine) if not instance or each.address in instance]

    monkeypatch.setattr(Directory, "all", all_of)
    with pytest.raises(ChainError, match="several competitions are found by `0x1234`"):
        find(stage.session, "0x1234")
    stage.session.known.remember(alike[1].address, "competition")
    assert find(stage.session, "0x1234").address == alike[1].address


# nothing leaves unasked


def test_submit__somebody_does_not_agree__nothing_is_sent(stage: Stage) -> None:
    found, before = stage.create(deposit=Wei(5 * 10**17)), stage.wealth("anna")
    candidate = quantized(GOOD, found.terms, training_data(stage.session, found).samples(found.terms))
    seen: list[Any] = []

    def refuse(amount: int, sentences: Any) -> None:
        seen.append((amount, list(sentences)))
        raise UsageError("no")

    with pytest.raises(UsageError):
        submit(stage.session, found, candidate, stage.account("anna"), refuse)
    ((amount, sentences),) = seen
    assert amount == 5 * 10**17
    assert "0.5 ether go from bob" in sentences[0]
    assert found.address in sentences[0]
    assert found.terms.organizer in sentences[0]
    assert any("more than a twentieth of the prize" in each for each in sentences)
    assert stage.wealth("anna") == before
    assert found.progress().committed == 0


def test_submit__late__is_refused_before_anybody_is_asked(stage: Stage) -> None:
    found = stage.create()
    candidate = quantized(GOOD, found.terms, training_data(stage.session, found).samples(found.terms))
    stage.pass_until(found.schedule().training)
    asked: list[int] = []
    with pytest.raises(ChainError, match="submitting closed"):
        submit(stage.session, found, candidate, stage.account("anna"), lambda *_: asked.append(1))
    assert asked == []


def test_claim__somebody_does_not_agree__nothing_is_sent(stage: Stage) -> None:
    found = played(stage, optimistic=True)

    def refuse(amount: int, sentences: Any) -> None:
        assert amount == found.terms.claim_bond
        assert "lost if somebody refutes" in " ".join(sentences)
        raise UsageError("no")

    before = stage.wealth("anna")
    with pytest.raises(UsageError):
        claim(stage.session, found, 0, stage.account("anna"), refuse)
    with pytest.raises(ChainError, match="submission 1 is not bob's"):
        claim(stage.session, found, 1, stage.account("anna"))
    assert stage.wealth("anna") == before


# a draw that can be undone


def test_open_training__draw_not_final__waits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reorganization of two blocks used to make test groups of groups whose salts were public."""
    organizer, offer = stage.account("organizer"), offer_of(write_points(stage.folder / "points.csv"))
    found = create(stage.session, prepare(stage.session, offer, organizer), organizer, wait=False).competition
    stage.session.chain.mine(18)
    draw(stage.session, found, organizer)
    with monkeypatch.context() as public:
        public.setattr("orchestrator.systems.competition.training._finalized", lambda _: -1)
        public.setitem(vars(stage.session.chain), "development", False)
        missing = found.terms.seed_block + DEEP - stage.session.chain.head().number
        assert 0 < blocks_until_final(stage.session, found) == missing < DEEP
        with pytest.raises(ChainError, match=f"must lie {missing} blocks deeper"):
            open_training(stage.session, found, organizer)
        assert stage.keep(found, "organizer", roles={Role.ORGANIZER}) == []
        public.setattr("orchestrator.systems.competition.training._finalized", lambda _: 10**6)
        assert blocks_until_final(stage.session, found) == 0
    assert not training_is_open(stage.session, found)
    stage.session.chain.mine(DEEP)
    with monkeypatch.context() as public:
        public.setattr("orchestrator.systems.competition.training._finalized", lambda _: -1)
        public.setitem(vars(stage.session.chain), "development", False)
        assert blocks_until_final(stage.session, found) == 0
    assert stage.keep(found, "organizer", roles={Role.ORGANIZER})[0].startswith("opened the training data")


def test_write_points__same_seed__same_file(tmp_path: Path) -> None:
    assert write_points(tmp_path / "a").read_text() == write_points(tmp_path / "b").read_text()


def test_stakes__bond_below_twice_the_prize__submitters_are_warned(stage: Stage) -> None:
    anna = stage.account("anna")
    told = " ".join(stakes(stage.session, stage.create(), anna))
    assert "less than twice the prize" not in told
    cheap = stage.create(write_points(stage.folder / "others.csv", seed=1), bond=Wei(ETHER // 2))
    told = " ".join(stakes(stage.session, cheap, anna))
    assert "The bond of 0.5 ether is less than twice the prize" in told
