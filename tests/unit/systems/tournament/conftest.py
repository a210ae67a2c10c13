"""A state folder whose chain has the factory, files of an organizer, and people by role."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from orchestrator.bindings.tournament import Scored, Tournament
from orchestrator.chain import Receipt
from orchestrator.cli.dispatch import run
from orchestrator.kernel.system import System
from orchestrator.systems.tournament import entering, finding, rounds
from orchestrator.systems.tournament.creating import Offer, Plan, create, finish, plan
from orchestrator.systems.tournament.duties import SYSTEM
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
        rows = [f"{name}-{row},{a:.3f},{b:.3f}" for row, (a, b) in enumerate(x)]
        if name == "train":
            labelled = [f"{row},{target}" for row, target in zip(rows, targets, strict=True)]
            write_csv(folder / "train.csv", "id,x,y,target", labelled)
            continue
        write_csv(folder / f"{name}.csv", "id,x,y", rows)
        told = [f"{name}-{row},{targets[row]},{value:.6f}" for row, value in enumerate(rng.random(ROWS))]
        write_csv(folder / f"targets-{name[-1]}.csv", "id,target,benchmark", told)


def write_csv(path: Path, header: str, lines: list[str]) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


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

    def plan(self, **changes: Any) -> Plan:
        return plan(self.session, replace(OFFER, **changes), self.folder, self.account("organizer"))

    def create(self, **changes: Any) -> Tournament:
        made = self.plan(**changes)
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

    def other_targets(self) -> Path:
        """Other targets of round 0."""
        header, *lines = self.targets().read_text().splitlines()
        return write_csv(
            self.folder / "other.csv", header, [each.replace(",0.25,", ",0.5,") for each in lines]
        )

    def predictions(self, skill: float, number: int = 0) -> Path:
        """Predictions that know the targets as well as `skill` says, in an order of their own."""
        rows = [line.split(",") for line in self.targets(number).read_text().splitlines()[1:]]
        noise = np.random.default_rng(int(100 * abs(skill))).random(len(rows))
        values = [
            f"{row[0]},{skill * float(row[1]) + 0.1 * n:.6f}" for row, n in zip(rows, noise, strict=True)
        ]
        return write_csv(self.folder / f"predictions{skill}.csv", "id,prediction", values[::-1])

    def prepare(self, found: Tournament, file: Path | None = None, number: int = 0) -> None:
        source, organizer = file or self.targets(number), self.account("organizer")
        rounds.prepare(self.session, found, number, source, organizer)

    def open(self, found: Tournament, number: int = 0, **options: Any) -> Receipt | None:
        given = {"source": self.targets(number)} | options
        return rounds.open_round(self.session, found, number, self.account("organizer"), **given)

    def enter(
        self, found: Tournament, role: str, stake: int | None = ETHER, **options: Any
    ) -> entering.Submitted:
        file = options.pop("file", None) or self.predictions(SKILLS[role])
        return entering.enter(self.session, found, 0, file, self.account(role), stake, **options)

    def reveal(self, found: Tournament, file: Path | None = None) -> Receipt | None:
        return rounds.reveal(self.session, found, 0, self.account("organizer"), file)

    def score(self, found: Tournament, role: str, file: Path | None = None) -> Scored:
        return entering.score(self.session, found, 0, self.account(role), file)

    def act(self, found: Tournament, name: str, *who: Address) -> Receipt:
        """What anybody may do in round 0."""
        call = getattr(found, name)(0, *who)
        return finding.act(self.session, call, self.account("stranger"), name, 0, *who)

    def fund(self, found: Tournament, role: str, amount: int) -> int:
        return finding.fund(self.session, found, self.account(role), amount)

    def withdraw(self, found: Tournament, role: str, amount: int | None = None) -> int:
        return finding.withdraw(self.session, found, self.account(role), amount)

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
        self.reveal(found)
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
