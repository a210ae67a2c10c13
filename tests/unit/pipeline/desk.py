"""A working folder with a trained run on a migrated embedded chain, and people by role."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrator.chain import Account, migrate
from orchestrator.config import Settings, load_settings
from orchestrator.kernel.session import Session
from orchestrator.systems.prove.publishing import Published, publish
from orchestrator.systems.prove.runs import Run, find_run
from orchestrator.systems.prove.training import train

PROJECT = "flowers"
ROWS = 60

SPEC = """\
[project]
name = "{name}"

[data]
file = "flowers.csv"
target = "kind"

[model]
estimator = "{estimator}"

[split]
seed = {seed}

[gate]
{gate}
"""

Row = dict[str, float]


def flowers_csv(rows: int = ROWS) -> str:
    """Two kinds that a straight line separates; `spots` has a gap, so that it may be missing."""
    lines = ["length,width,spots,kind"]
    for number in range(rows):
        kind = number % 2
        spots = "" if number == 7 else str(number % 5)
        length, width = 1 + 2 * kind + number / 100, 5 - kind + number / 200
        lines.append(f"{length:.2f},{width:.3f},{spots},{'rose' if kind else 'lily'}")
    return "\n".join(lines) + "\n"


def write_spec(
    folder: Path,
    *,
    name: str = PROJECT,
    seed: int = 1,
    gate: str = "accuracy = 0.9",
    estimator: str = "logistic_regression",
) -> Path:
    spec = folder / "diln.toml"
    spec.write_text(SPEC.format(name=name, seed=seed, gate=gate, estimator=estimator))
    (folder / "flowers.csv").write_text(flowers_csv())
    return spec


@dataclass
class Desk:
    """One state folder, opened by whoever works at it."""

    folder: Path
    session: Session

    @property
    def settings(self) -> Settings:
        return self.session.settings

    @property
    def run(self) -> Run:
        return find_run(self.settings)

    @property
    def row(self) -> Row:
        return {"length": 1.0, "width": 5.0, "spots": 2.0}

    @property
    def blocks(self) -> int:
        """The height of the chain: one block for each transaction."""
        return self.session.chain.head().number

    def who(self, name: str) -> Account:
        return self.session.account(name)

    def train(self, **spec: object) -> Run:
        """Train once more; the fixture's run came first."""
        run, _ = train(self.settings, write_spec(self.folder, **spec))  # type: ignore[arg-type]
        return run

    def publish(self, run: Run | None = None, sender: str = "alice", **options: object) -> Published:
        published = publish(self.session, run or self.run, self.who(sender), **options)  # type: ignore[arg-type]
        assert isinstance(published, Published)
        return published

    def again(self) -> "Desk":
        """What another process sees: the same folder, opened again."""
        return open_desk(self.folder)


def open_desk(folder: Path) -> Desk:
    return Desk(folder, Session(load_settings(home=folder / ".diln", environ={})))


def set_up(folder: Path) -> None:
    """Train the smallest model and migrate; done once, then copied."""
    folder.mkdir()
    settings = load_settings(home=folder / ".diln", environ={})
    train(settings, write_spec(folder))
    with Session(settings) as session:
        migrate(settings, session.chain, session.account("alice"))


def copy(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder)
    return folder
