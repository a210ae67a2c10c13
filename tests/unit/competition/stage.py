"""What tests of competitions begin with: data on disk, roles, time that moves."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from orchestrator.kernel.system import System
from orchestrator.systems.competition.candidates import exact_score
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.creating import create, finish, prepare
from orchestrator.systems.competition.duties import SYSTEM
from orchestrator.systems.competition.evaluating import model_of
from orchestrator.systems.competition.offer import Offer
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.testing import opened_tests
from orchestrator.types import Seconds, Wei
from tests.world import ETHER, World

HOUR = Seconds(3600)


def write_points(path: Path, rows: int = 200, seed: int = 0, **columns: Any) -> Path:
    """Points in a square, labelled by the side of the diagonal on which they lie."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 256, (rows, 2))
    lines = ["x,y,side", *(f"{x},{y},{'above' if y > x else 'below'}" for x, y in points)]
    path.write_text("\n".join(lines) + "\n")
    return path


def offer_of(file: Path, **changes: Any) -> Offer:
    defaults: dict[str, Any] = {
        "file": file,
        "target": "side",
        "prize": Wei(ETHER),
        "criterion": 0.8,
        "groups": 8,
        "test_groups": 3,
        "training": Seconds(10 * HOUR),
        "reveal": HOUR,
        "opening": HOUR,
        "evaluation": HOUR,
        "refute": HOUR,
        "answer": HOUR,
    }
    return Offer(**defaults | changes)


def predicted_score(competition: Competition, number: int) -> int:
    """What the contract computes for a revealed submission on the open test data."""
    samples = Samples.of(opened_tests(competition), competition.terms)
    return exact_score(model_of(competition, number), competition.terms, samples)


class Stage(World):
    ROLES: ClassVar[dict[str, str]] = {
        "organizer": "alice",
        "anna": "bob",
        "ben": "carol",
        "cara": "dave",
        "refuter": "erin",
        "stranger": "frank",
    }
    SYSTEM: ClassVar[System[Competition]] = SYSTEM

    def create(self, file: Path | None = None, **changes: Any) -> Competition:
        offer = offer_of(file or write_points(self.folder / "points.csv"), **changes)
        organizer = self.account("organizer")
        draft = prepare(self.session, offer, organizer)
        made = create(self.session, draft, organizer)
        finish(self.session, draft)
        return made.competition
