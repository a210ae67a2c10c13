"""What tests of competitions begin with: data on disk, roles, time that moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.chain import Account
from orchestrator.config import Settings
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.creating import create, finish, prepare
from orchestrator.systems.competition.duties import SYSTEM, Role
from orchestrator.systems.competition.offer import Offer
from orchestrator.types import Seconds, Wei

ETHER = 10**18
HOUR = Seconds(3600)
ROLES = {
    "organizer": "alice",
    "anna": "bob",
    "ben": "carol",
    "cara": "dave",
    "refuter": "erin",
    "stranger": "frank",
}


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


@dataclass
class Stage:
    session: Session
    folder: Path

    @classmethod
    @contextmanager
    def open(cls, settings: Settings, folder: Path) -> Iterator["Stage"]:
        with Session(settings) as session:
            yield cls(session, folder)

    def account(self, role: str) -> Account:
        return self.session.account(ROLES[role])

    def create(self, file: Path | None = None, **changes: Any) -> Competition:
        offer = offer_of(file or write_points(self.folder / "points.csv"), **changes)
        organizer = self.account("organizer")
        draft = prepare(self.session, offer, organizer)
        made = create(self.session, draft, organizer)
        finish(self.session, draft)
        return made.competition

    def keep(self, competition: Competition, role: str, duties: Role) -> list[str]:
        """What `role` does now, and says."""
        return [each.text for each in self.keeper(competition, role, duties).turn()]

    def keeper(self, competition: Competition, role: str, duties: Role) -> Keeper:
        return Keeper(self.session, [(SYSTEM, competition)], [self.account(role)], roles={duties})

    def pass_until(self, timestamp: int) -> None:
        # Blocks that are mined within one second are a second apart, so a chain may be ahead of its clock.
        while (ahead := timestamp - self.session.chain.now()) > 0:
            self.session.chain.advance(ahead)

    def balance(self, role: str) -> int:
        return self.session.chain.balance(self.account(role).address)
