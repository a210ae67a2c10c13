"""test_checking: the refuter cannot be blinded, drowned, or made to settle what it did not check.

check_claims
├── many claims: best first, only those that could take a place, none below the criterion
├── checked before, by another process too: not run again
├── memory on disk damaged: checked again
├── Python cannot run a model
│   ├── the contract can: asked sample by sample, a lie is found and refuted, the others are checked
│   ├── asking takes longer than a round: goes on in the next, after a restart too
│   └── nor can the contract: a doubt of that claim only; never refuted, never settled
└── a model takes all memory: one claim is lost
settle
├── a wrong claim whose time is over: left unsettled
└── one's own: settled
watch
└── the same trouble in each round: said once
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.bindings.competition import Status
from orchestrator.config import load_settings
from orchestrator.errors import ModelError, UsageError
from orchestrator.models.integer import predict
from orchestrator.systems.competition import checking
from orchestrator.systems.competition.checking import check_claims, posted_claims, refute, settle
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.competition.evaluating import claim, encode_predictions, model_of
from orchestrator.systems.competition.finding import competitions, secret_folder
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.submitting import reveal
from orchestrator.systems.competition.testing import open_test, opened_tests
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_growth import asked
from tests.unit.competition.test_workflows import GOOD, enter, lie, line

MODELS = {"anna": GOOD, "ben": line([100, -75]), "cara": line([100, -60])}


@pytest.fixture(scope="module")
def played(deployed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna has a perfect model, Ben a fair and Cara a worse one; the test data are open."""
    folder = tmp_path_factory.mktemp("played")
    shutil.copytree(deployed / "home", folder / "home")
    with Stage.open(load_settings(home=folder / "home", environ={}), folder) as stage:
        made = stage.create(optimistic=True, criterion=0.6)
        for role, model in MODELS.items():
            enter(stage, made, role, model)
        stage.pass_until(made.schedule().training)
        for role in MODELS:
            reveal(stage.session, made, stage.account(role))
        stage.pass_until(made.schedule().reveal)
        open_test(stage.session, made, stage.account("organizer"))
    return folder / "home"


@pytest.fixture
def stage(played: Path, tmp_path: Path) -> Iterator[Stage]:
    shutil.copytree(played, tmp_path / "home")
    with Stage.open(load_settings(home=tmp_path / "home", environ={}), tmp_path) as stage:
        yield stage


@pytest.fixture
def found(stage: Stage) -> Competition:
    return competitions(stage.session)[0]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The submissions whose model Python ran, one entry a run."""
    seen: list[int] = []

    def counted(competition: Competition, number: int) -> Any:
        seen.append(number)
        return model_of(competition, number)

    monkeypatch.setattr(checking, "model_of", counted)
    return seen


def blind(monkeypatch: pytest.MonkeyPatch, *numbers: int, error: Exception | None = None) -> None:
    """Let Python fail on the models of these submissions."""

    def failing(competition: Competition, number: int) -> Any:
        if number in numbers:
            raise error or ModelError("an encoded model is cut short")
        return model_of(competition, number)

    monkeypatch.setattr(checking, "model_of", failing)


def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the contract not answer what a model predicts."""

    def failing(*_: Any) -> int:
        raise ModelError("the contract cannot run it")

    monkeypatch.setattr(Competition, "predict_with", failing)


def wrong(stage: Stage, found: Competition, number: int, role: str, flipped: int) -> None:
    """Claim what the model says, but for one sample."""
    samples = Samples.of(opened_tests(found), found.terms)
    said = predict(model_of(found, number), samples.features, found.terms.classes)
    said[flipped] = 1 - said[flipped]
    call = found.claim(number, encode_predictions(said, found.terms))
    stage.session.send(call, stage.account(role), value=found.terms.claim_bond)


def checked(stage: Stage, found: Competition) -> dict[int, Any]:
    return {each.submission: each for each in check_claims(stage.session, found)}


def test_posted_claims__three__asked_for_in_as_many_requests_as_two(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(stage.session, found, 0, stage.account("anna"))
    claim(stage.session, found, 1, stage.account("ben"))
    with monkeypatch.context() as remote:
        remote.setattr(type(stage.session.chain.network), "embedded", False)
        two = asked(stage.session, lambda: posted_claims(found))
    assert two["batch"] == 2
    lie(stage, found, 2, "cara")
    monkeypatch.setattr(type(stage.session.chain.network), "embedded", False)
    assert asked(stage.session, lambda: posted_claims(found)) == two


def test_check_claims__one_place__best_first_and_no_more_than_needed(
    stage: Stage, found: Competition, runs: list[int]
) -> None:
    for number, role in enumerate(("anna", "ben")):
        claim(stage.session, found, number, stage.account(role))
    lie(stage, found, 2, "cara")

    assert [each.submission for each in posted_claims(found)] == [0, 2, 1]
    (first,) = check_claims(stage.session, found)
    assert (first.submission, first.holds) == (0, True)
    assert runs == [0]


def test_check_claims__the_better_claim_is_a_lie__the_next_is_checked_too(
    stage: Stage, found: Competition
) -> None:
    claim(stage.session, found, 1, stage.account("ben"))
    lie(stage, found, 2, "cara")

    best, second = check_claims(stage.session, found)
    assert (best.submission, best.holds) == (2, False)
    assert (second.submission, second.holds) == (1, True)


def test_check_claims__below_the_criterion__not_checked(
    stage: Stage, found: Competition, runs: list[int]
) -> None:
    labels = Samples.of(opened_tests(found), found.terms).labels
    nothing = found.claim(2, encode_predictions(1 - labels, found.terms))
    stage.session.send(nothing, stage.account("cara"), value=found.terms.claim_bond)

    assert list(check_claims(stage.session, found)) == []
    assert runs == []


def test_check_claims__checked_before__not_run_again_after_a_restart(
    stage: Stage, found: Competition, runs: list[int]
) -> None:
    claim(stage.session, found, 1, stage.account("ben"))
    lie(stage, found, 2, "cara")
    before = list(check_claims(stage.session, found))
    with Stage.open(stage.session.settings, stage.folder) as again:
        assert list(check_claims(again.session, found)) == before

    assert sorted(runs) == [1, 2]


@pytest.mark.parametrize("damage", ["{", "[]", '{"x": 7}'])
def test_check_claims__memory_is_damaged__checked_again(
    stage: Stage, found: Competition, runs: list[int], damage: str
) -> None:
    claim(stage.session, found, 0, stage.account("anna"))
    before = list(check_claims(stage.session, found))
    (secret_folder(stage.session, found.address).folder / "checked.json").write_text(damage)

    assert list(check_claims(stage.session, found)) == before
    assert runs == [0, 0]


def test_check_claims__python_cannot_decode__the_contract_is_asked(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that Python refuses used to end the check of every claim."""
    wrong(stage, found, 0, "anna", flipped=17)
    lie(stage, found, 2, "cara")
    blind(monkeypatch, 0)

    seen = checked(stage, found)
    assert seen[0].wrong_at == 17
    assert seen[2].wrong_at is not None
    for each in seen.values():
        refute(stage.session, found, each, stage.account("refuter"))
    assert found.submission(0).status is found.submission(2).status is Status.REFUTED


def test_check_claims__python_cannot_decode_a_true_claim__holds_by_the_contract(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(stage.session, found, 0, stage.account("anna"))
    blind(monkeypatch, 0, error=MemoryError())

    assert checked(stage, found)[0].holds


def test_check_claims__asking_takes_longer_than_a_round__goes_on_in_the_next(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(stage, found, 0, "anna", flipped=3)
    blind(monkeypatch, 0)
    clock: Iterator[float] = iter(range(0, 10**6, 40))  # seconds: four samples a round
    monkeypatch.setattr(
        "orchestrator.systems.competition.checking.time", SimpleNamespace(monotonic=lambda: next(clock))
    )

    asked, rounds = [], 0
    while (seen := checked(stage, found)[0]).doubt:
        asked.append(int(seen.doubt.split(": ")[1].split(" of ")[0]))
        rounds += 1
        assert rounds < 20
    assert asked == [4 * (number + 1) for number in range(rounds)]
    assert seen.wrong_at == 3


def test_check_claims__neither_can_run_it__a_doubt_of_that_claim_only(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refuter's own bot used to settle such a lie."""
    lie(stage, found, 1, "ben")
    lie(stage, found, 2, "cara")
    blind(monkeypatch, 1)
    deaf(monkeypatch)

    said = stage.keep(found, "refuter", roles={Role.REFUTER})
    assert said[0] == "could not check the claim of submission 1: the contract cannot run it"
    assert said[1].startswith("refuted submission 2 by test sample")
    with pytest.raises(UsageError, match="could not be checked"):
        refute(stage.session, found, checked(stage, found)[1], stage.account("refuter"))

    stage.pass_until(found.result_of(1).done + found.terms.refute)
    said = stage.keep(found, "refuter", roles={Role.REFUTER})
    assert "left submission 1 unsettled: the contract cannot run it" in said
    assert found.ranking() == []


def test_check_claims__a_model_takes_all_memory__one_claim_is_lost(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(stage, found, 1, "ben")
    lie(stage, found, 2, "cara")
    blind(monkeypatch, 1, error=MemoryError("2 GiB"))
    deaf(monkeypatch)

    assert stage.keep(found, "refuter", roles={Role.REFUTER})[1].startswith("refuted submission 2")


def test_settle__wrong_and_too_late_to_refute__left_unsettled(stage: Stage, found: Competition) -> None:
    claim(stage.session, found, 0, stage.account("anna"))
    lie(stage, found, 2, "cara")
    stage.pass_until(found.result_of(2).done + found.terms.refute)

    honest, cheating = settle(stage.session, found, stage.account("stranger"))
    assert (honest.submission, honest.holds, cheating.holds) == (0, True, False)
    assert found.ranking() == [0]


def test_settle__time_of_a_round_is_up__goes_on_in_the_next(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, role in ((0, "anna"), (1, "ben")):
        claim(stage.session, found, number, stage.account(role))
    stage.pass_until(found.result_of(1).done + found.terms.refute)
    clock: Iterator[float] = iter(range(0, 10**6, 100))
    passing = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr(
        "orchestrator.systems.competition.checking.time", passing
    )  # others look at the clock, too

    assert [each.submission for each in settle(stage.session, found, stage.account("stranger"))] == [0]
    assert [each.submission for each in settle(stage.session, found, stage.account("stranger"))] == [1]


def test_watch__the_same_trouble_in_each_round__said_once(
    stage: Stage, found: Competition, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(stage, found, 1, "ben")
    blind(monkeypatch, 1)
    deaf(monkeypatch)
    moments = iter([None, found.result_of(1).done + found.terms.refute, None, found.schedule().final, None])

    def passing(_: float) -> None:
        if (moment := next(moments)) is not None:
            stage.pass_until(moment)

    keeper = stage.keeper(found, "refuter", roles={Role.REFUTER})
    said = [str(each) for each in keeper.run(0, until_over=True, sleep=passing)]
    assert said.count("could not check the claim of submission 1: the contract cannot run it") == 1
    assert any(each.startswith("left submission 1 unsettled") for each in said)
    assert found.ranking() == []
