"""A state folder whose chain has the factory, files of an organizer, and people by role."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from orchestrator.bindings.tournament import Tournament
from orchestrator.cli.dispatch import run
from orchestrator.kernel.system import System
from orchestrator.systems.tournament.creating import Offer, create, finish, plan
from orchestrator.systems.tournament.duties import SYSTEM
from orchestrator.systems.tournament.entering import Submitted, enter
from orchestrator.systems.tournament.rounds import open_round, prepare, reveal
from orchestrator.types import Address
from tests import world
from tests.world import ETHER, World

ROWS = 32
SKILLS = {"anna": 1.0, "ben": 0.3, "cara": -1.0}
OFFER = Offer(
    name="stations",
    target="target",
    train="train.csv",
    live=("live-0.csv", "live-1.csv"),
    pot="2",
    bond="1",
    contribution_multiplier=0.5,
    start="2h",
    period="4h",
    entering="2h",
    resolving="1h",
    scoring="2h",
)


def write_files(folder: Path) -> None:
    """Rows whose target follows from their features; of live rows the targets are in files of their own."""
    rng = np.random.default_rng(0)
    for name in ("train", "live-0", "live-1"):
        x = rng.normal(size=(ROWS, 2))
        order = np.argsort(np.argsort(x @ [1.0, 0.5]))
        targets = np.array([0, 0.25, 0.5, 0.75, 1])[order * 5 // ROWS]
        ids = [f"{name}-{row}" for row in range(ROWS)]
        rows = [[i, *map(str, each.round(3)), str(t)] for i, each, t in zip(ids, x, targets, strict=True)]
        live = name != "train"
        lines = [",".join(row[:3] if live else row) for row in rows]
        header = "id,x,y" if live else "id,x,y,target"
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")
        if live:
            lines = [
                f"{row[0]},{row[3]},{value:.6f}" for row, value in zip(rows, rng.random(ROWS), strict=True)
            ]
            (folder / f"targets-{name[-1]}.csv").write_text("id,target,benchmark\n" + "\n".join(lines) + "\n")


class Stage(World):
    """People and their files around one chain."""

    ROLES: ClassVar[dict[str, str]] = {
        "organizer": "alice",
        "anna": "bob",
        "ben": "carol",
        "cara": "dave",
        "stranger": "erin",
    }
    SYSTEM: ClassVar[System[Tournament]] = SYSTEM

    def diln(self, *words: str) -> int:
        """The exit code of a command of `diln tournament`."""
        return run(["tournament", *words, "--home", str(self.session.settings.home)])

    def create(self, **changes: Any) -> Tournament:
        made = plan(self.session, replace(OFFER, **changes), self.folder, self.account("organizer"))
        found = create(self.session, made, self.account("organizer"))
        finish(self.session, made)
        return found

    def token(self) -> Address:
        """A token of which organizer, anna and ben have 100 units each."""
        token = self.deploy("CompetitionToken", 0)
        for role in ("organizer", "anna", "ben"):
            mint = token.functions.mint(self.account(role).address, 100 * ETHER)
            self.session.chain.send(mint, self.account("stranger"))
        return Address(token.address)

    def targets(self, number: int = 0) -> Path:
        return self.folder / f"targets-{number}.csv"

    def predictions(self, skill: float, number: int = 0) -> Path:
        """Predictions that know the targets as well as `skill` says, in an order of their own."""
        rows = [line.split(",") for line in self.targets(number).read_text().splitlines()[1:]]
        noise = np.random.default_rng(int(100 * abs(skill))).random(len(rows))
        path = self.folder / f"predictions{skill}.csv"
        values = [
            f"{row[0]},{skill * float(row[1]) + 0.1 * n:.6f}" for row, n in zip(rows, noise, strict=True)
        ]
        path.write_text("\n".join(["id,prediction", *reversed(values)]) + "\n")
        return path

    def open(self, found: Tournament, number: int = 0) -> None:
        prepare(self.session, found, number, self.targets(number), self.account("organizer"))
        open_round(self.session, found, number, self.account("organizer"))

    def enter(self, found: Tournament, role: str, stake: int | None = ETHER, **options: Any) -> Submitted:
        file = options.pop("file", None) or self.predictions(SKILLS[role])
        return enter(self.session, found, 0, file, self.account(role), stake, **options)

    def entered(self, *roles: str, **changes: Any) -> Tournament:
        """A tournament whose round 0 is open, and entered by roles."""
        found = self.create(**changes)
        self.open(found)
        self.at(found, "begins")
        for role in roles:
            self.enter(found, role)
        return found

    def revealed(self, *roles: str, **changes: Any) -> Tournament:
        found = self.entered(*roles, **changes)
        self.at(found, "closes")
        reveal(self.session, found, 0, self.account("stranger"))
        return found

    def at(self, found: Tournament, moment: str, number: int = 0) -> None:
        """Let time pass until the round begins, closes, resolves or ends."""
        self.pass_until(getattr(found.times_of(number), moment))

    def free(self, found: Tournament, role: str) -> int:
        return found.balance_of(self.account(role).address)


template = world.template("tournament", begin=lambda _, folder: write_files(folder))


@pytest.fixture
def stage(template: Path, tmp_path: Path) -> Iterator[Stage]:
    with world.copied(template, tmp_path / "stage") as session:
        yield Stage(session, tmp_path / "stage")
