"""What a wallet does in every other system: from the first deposit to the last payment, on one chain.

In each step carol acts in a new browser; between the steps time passes and organizers act. So what she
committed to is revealed from the file that her first browser saved.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.kernel.money import Currency
from orchestrator.kernel.session import Session
from orchestrator.models.integer import encode_model
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.finding import find
from orchestrator.systems.competition.submitting import reveal as reveal_models
from orchestrator.systems.competition.testing import open_test
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.market.provider import reveal as reveal_portions
from orchestrator.systems.tournament.finding import open_tournament
from orchestrator.systems.tournament.rounds import reveal as reveal_targets
from orchestrator.types import Address
from tests.integration.page.conftest import Run
from tests.integration.page.world import World
from tests.unit.competition.test_workflows import GOOD
from tests.unit.systems.tournament.conftest import Stage as TournamentStage

pytestmark = [pytest.mark.integration, pytest.mark.early]

SAMPLES_AT_ONCE = 64
COUNTDOWN = 2
"""Seconds by which a countdown may differ from the chain's time."""

Play = Callable[[str], dict[str, Any]]


@pytest.fixture
def play(browse: Run, url: str, world: World, tmp_path: Path) -> Play:
    """Play one step in the browser; what the page said. Nothing may be wrong with it."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    encoded = tmp_path / "good.bin"
    encoded.write_bytes(encode_model(GOOD))
    with Session(world.settings) as session:
        tests = find(session, world.competition).terms.test_samples
        predictions = TournamentStage(session, world.folder).predictions(1.0)
    told = {
        "market": world.market, "competition": world.competition, "optimistic": world.optimistic,
        "tournament": world.tournament, "federation": world.federation,
        "encoded": str(encoded), "predictions": str(predictions), "evaluations": -(-tests // SAMPLES_AT_ONCE),
    }  # fmt: skip
    file = tmp_path / "world.json"
    file.write_text(json.dumps(told))

    def run(step: str) -> dict[str, Any]:
        found = browse("systems.mjs", url, step, folder, file)
        assert found["wrong"] == []
        said: dict[str, Any] = found["told"]
        return said

    return run


@contextmanager
def after(world: World, moment: Callable[[Session], int]) -> Iterator[Session]:
    """Let time pass until a moment, and act then."""
    with Session(world.settings) as session:
        while (ahead := moment(session) - session.chain.now()) >= 0:
            session.chain.advance(ahead + 1)
        yield session


def competition_of(session: Session, world: World) -> Competition:
    return find(session, world.competition)


def test_systems__from_the_first_deposit__to_the_last_payment(
    play: Play, world: World, tmp_path: Path
) -> None:
    told = play("enter")
    done = ("joined", "begun", "contributed", "sealed", "entered", "submitted")
    assert all("done in block" in told[each] for each in done), told
    assert "its accuracy is 1.0000" in told["score"]
    calendar = (tmp_path / "secrets" / "deadlines.ics").read_bytes()
    assert calendar.startswith(b"BEGIN:VCALENDAR\r\n")
    assert calendar.count(b"BEGIN:VEVENT") == 5

    def closes(session: Session) -> int:
        return int(open_tournament(session, Address(world.tournament)).times_of(0).closes)

    with after(world, closes) as session:
        found = open_tournament(session, Address(world.tournament))
        reveal_targets(session, found, 0, session.account("alice"))
    assert_done(play("score"), "scored", "withdrawn")

    with after(
        world, lambda session: max(_training_ends(session, world), _market_closes(session, world))
    ) as session:
        for name in ("bob", "carol"):
            reveal_models(session, find(session, world.optimistic), session.account(name))
    told = play("reveal")
    assert_done(told, "revealed", "opened")
    shown, chain = told["countdown"]
    assert abs(shown - chain) <= COUNTDOWN

    with after(world, lambda session: competition_of(session, world).schedule().reveal) as session:
        open_test(session, competition_of(session, world), session.account("alice"))
        reveal_portions(session, open_market(session, world.market), session.account("alice"))
        found = find(session, world.optimistic)
        open_test(session, found, session.account("alice"))
        wrong = bytes(found.terms.test_samples)  # `above` everywhere
        session.pay(found.claim(0, wrong), session.account("bob"), Currency().of(found.terms.claim_bond))
    assert_done(play("refute"), "claimed", "refuted", "rewarded")
    assert_done(play("judge"), "evaluated", "measured", "credited", "paid")

    with after(world, lambda session: competition_of(session, world).schedule().final):
        pass
    assert_done(play("finish"), "finalized", "kept", "won")


def assert_done(told: dict[str, Any], *acts: str) -> None:
    assert all("done in block" in told[each] for each in acts), told


def _training_ends(session: Session, world: World) -> int:
    return int(competition_of(session, world).schedule().training)


def _market_closes(session: Session, world: World) -> int:
    market: Any = open_market(session, world.market).shared
    return int(market.state().closes_at)
