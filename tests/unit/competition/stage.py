"""What tests of competitions begin with: data on disk, roles, time that moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.chain import Account
from orchestrator.competition.contracts import Competition
from orchestrator.competition.creating import create, finish, prepare
from orchestrator.competition.offer import Offer
from orchestrator.competition.venue import Venue
from orchestrator.competition.watching import Role, Watch, keep
from orchestrator.config import Settings
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
    venue: Venue
    folder: Path

    @classmethod
    @contextmanager
    def open(cls, settings: Settings, folder: Path) -> Iterator["Stage"]:
        with Venue(settings) as venue:
            yield cls(venue, folder)

    def account(self, role: str) -> Account:
        return self.venue.account(ROLES[role])

    def create(self, file: Path | None = None, **changes: Any) -> Competition:
        offer = offer_of(file or write_points(self.folder / "points.csv"), **changes)
        organizer = self.account("organizer")
        draft = prepare(self.venue, offer, organizer)
        made = create(self.venue, draft, organizer)
        finish(self.venue, draft)
        return made.competition

    def keep(self, competition: Competition, role: str, duties: Role) -> list[str]:
        """What `role` does now, watching."""
        return list(keep(Watch(self.venue, competition, self.account(role), duties)))

    def pass_until(self, timestamp: int) -> None:
        # Blocks that are mined within one second are a second apart, so a chain may be ahead of its clock.
        while (ahead := timestamp - self.venue.chain.now()) > 0:
            self.venue.chain.advance(ahead)

    def balance(self, role: str) -> int:
        return self.venue.chain.balance(self.account(role).address)
