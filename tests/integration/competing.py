"""A competition with an organizer and three submitters, from the data to the last wei, on any chain."""

from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

from orchestrator.bindings.competition import Mode, Outcome, Status
from orchestrator.chain import Accounts, connect, migrate
from orchestrator.config import Settings
from orchestrator.models.integer import predict
from orchestrator.systems.competition.baseline import train_baseline
from orchestrator.systems.competition.candidates import exact_score
from orchestrator.systems.competition.checking import check_claims
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.competition.evaluating import (
    claim,
    encode_predictions,
    model_of,
)
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.submitting import propose, submit
from orchestrator.systems.competition.testing import opened_tests
from orchestrator.systems.competition.training import training_data
from tests.unit.competition.stage import Stage, predicted_score

SUBMITTERS = ("anna", "ben", "cara")


def write_digits(path: Path) -> Path:
    frame: Any = load_digits(as_frame=True).frame
    frame.to_csv(path, index=False)
    return path


def play_until_tests_are_open(stage: Stage, **changes: Any) -> Competition:
    """Anna submits a 64-16-10 network, Ben a linear model, Cara a 64-4-10 network."""
    session, folder = stage.session, stage.folder
    found = stage.create(
        write_digits(folder / "digits.csv"), target="target", groups=20, test_groups=2, **changes
    )
    seen = training_data(session, found)
    assert not seen.missing
    for role, kind, hidden in (("anna", "mlp", 16), ("ben", "linear", 0), ("cara", "mlp", 4)):
        file = folder / f"{role}.skops"
        train_baseline(seen, found.terms, file, kind=kind, hidden=hidden)
        submit(session, found, propose(session, found, file), stage.account(role))
    stage.pass_until(found.schedule().training)
    for role in SUBMITTERS:
        assert any(said.startswith("revealed") for said in duties(stage, found, role, Role.SUBMITTER))
    stage.pass_until(found.schedule().reveal)
    assert duties(stage, found, "organizer", Role.ORGANIZER) == ["opened 2 test groups"]
    return found


def duties(stage: Stage, competition: Competition, role: str, watching: Role) -> list[str]:
    said = stage.keep(competition, role, roles={watching})
    assert not any(sentence.startswith("could not") for sentence in said), said
    return said


def withdraw_everything(stage: Stage, competition: Competition) -> None:
    for role in SUBMITTERS:
        duties(stage, competition, role, Role.SUBMITTER)
    duties(stage, competition, "organizer", Role.ORGANIZER)
    duties(stage, competition, "refuter", Role.REFUTER)
    assert stage.session.chain.balance(competition.address) == 0


class CompetitionScenarios:
    """Needs the fixture `node`: settings of a chain."""

    @pytest.fixture
    def stage(self, node: Settings, tmp_path: Path) -> Any:
        with connect(node) as chain:
            migrate(node, chain, Accounts(node).get("judy"))
        with Stage.open(node, tmp_path) as stage:
            yield stage

    def test_competition__direct__the_best_model_is_paid(self, stage: Stage) -> None:
        found = play_until_tests_are_open(stage)
        for role in SUBMITTERS:
            duties(stage, found, role, Role.SUBMITTER)
        scores = [found.result_of(number).score for number in range(3)]
        assert scores == [predicted_score(found, number) for number in range(3)]
        assert found.progress().outcome is Outcome.DECIDED  # whoever scored last closed it, too
        winner = scores.index(max(scores))
        assert found.ranking() == [winner]
        withdraw_everything(stage, found)
        assert predictions_agree(found, winner)

    def test_competition__optimistic_and_a_cheat__the_cheat_is_refuted(self, stage: Stage) -> None:
        found = play_until_tests_are_open(stage, optimistic=True)
        assert found.terms.mode is Mode.OPTIMISTIC
        samples = Samples.of(opened_tests(found), found.terms)
        for number, role in ((0, "anna"), (1, "ben")):
            assert claim(stage.session, found, number, stage.account(role)) == predicted_score(found, number)
        cheat = found.claim(2, encode_predictions(samples.labels, found.terms))
        stage.session.send(cheat, stage.account("cara"), value=found.terms.claim_bond)
        assert found.result_of(2).score == 10**9
        first, second = check_claims(stage.session, found)
        assert (first.submission, first.holds, second.holds) == (2, False, True)

        (said,) = duties(stage, found, "refuter", Role.REFUTER)
        assert said.startswith("refuted submission 2 by test sample")
        assert found.submission(2).status is Status.REFUTED
        stage.pass_until(max(found.result_of(number).done for number in (0, 1)) + found.terms.refute)
        said = "; ".join(duties(stage, found, "stranger", Role.REFUTER))
        assert {"settled submission 0", "settled submission 1"} < set(said.split("; "))
        assert "closed the competition: decided" in said
        assert len(found.ranking()) == 1
        withdraw_everything(stage, found)


def predictions_agree(competition: Competition, winner: int) -> bool:
    """Whether the winner can be called on-chain, and says what Python says."""
    terms = competition.terms
    samples = Samples.of(opened_tests(competition), terms)
    model = model_of(competition, winner)
    assert exact_score(model, terms, samples) == competition.result_of(winner).score
    expected = predict(model, samples.features[:5], terms.classes).tolist()
    return [competition.predict(bytes(row.tolist())) for row in samples.features[:5]] == expected
