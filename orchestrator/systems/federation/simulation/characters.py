"""What parties do with their rows, and what they say of others.

A character sees the model and its own rows through a `View`; it returns the model it wants, as floats, or
None where it sends nothing. As a scorer or voter it sees what it measured.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from orchestrator.systems.federation.simulation.judging import SCALE
from orchestrator.systems.federation.simulation.networks import Floats, Labels, Network, Training, train


@dataclass(frozen=True)
class View:
    """What a party has: its rows, the model now (`weights`) and one round ago (`before`), and chance."""

    network: Network
    training: Training
    features: Floats
    labels: Labels
    weights: Floats
    before: Floats
    rng: np.random.Generator

    def trained(self) -> Floats:
        return train(self.network, self.weights, self.features, self.labels, self.rng, self.training)


class Character(Protocol):
    """Agents with the same `team` are in league with each other."""

    @property
    def team(self) -> str: ...

    def labels(self, labels: Labels, classes: int) -> Labels:
        """What it believes to be true of its rows."""
        ...

    def update(self, view: View) -> Floats | None:
        """The difference it wants the model to make."""
        ...

    def scores(self, measured: list[int], friends: list[bool]) -> list[int]:
        """What it says of each update (lower is better), with what it measured."""
        ...

    def votes(self, found: list[bool], friends: list[bool]) -> list[bool]:
        """Which updates it votes in."""
        ...


@dataclass(frozen=True)
class Honest:
    """Trains on its rows and says what it measures."""

    team: str = ""

    def labels(self, labels: Labels, classes: int) -> Labels:
        return labels

    def update(self, view: View) -> Floats | None:
        return view.trained() - view.weights

    def scores(self, measured: list[int], friends: list[bool]) -> list[int]:
        return measured

    def votes(self, found: list[bool], friends: list[bool]) -> list[bool]:
        return found


class _Colluding(Honest):
    """Says the best of its friends and the worst of all others."""

    def scores(self, measured: list[int], friends: list[bool]) -> list[int]:
        return [0 if friend else SCALE // 2 for friend in friends]

    def votes(self, found: list[bool], friends: list[bool]) -> list[bool]:
        return friends


@dataclass(frozen=True)
class Poisoner(_Colluding):
    """Sends a random direction of length `norm`."""

    team: str = "poisoners"
    norm: float = 12.0

    def update(self, view: View) -> Floats | None:
        drawn = view.rng.normal(size=len(view.weights))
        return np.asarray(drawn * self.norm / np.linalg.norm(drawn))


@dataclass(frozen=True)
class Flipper(_Colluding):
    """Trains on mirrored labels, times `strength`."""

    team: str = "flippers"
    strength: float = 1.0

    def labels(self, labels: Labels, classes: int) -> Labels:
        return classes - 1 - labels

    def update(self, view: View) -> Floats | None:
        return self.strength * (view.trained() - view.weights)


@dataclass(frozen=True)
class FreeRider(Honest):
    """Has no rows to train on: sends what the model moved by in the last round."""

    def update(self, view: View) -> Floats | None:
        return view.weights - view.before


@dataclass(frozen=True)
class Liar(_Colluding):
    """Trains well, and runs down all others."""

    team: str = "liars"


@dataclass(frozen=True)
class Absent(Honest):
    """Is away in a share of the rounds."""

    chance: float = 0.5

    def update(self, view: View) -> Floats | None:
        return None if view.rng.random() < self.chance else super().update(view)


@dataclass(frozen=True)
class Slow(Honest):
    """Is done a round late: its update stands on the model before."""

    def update(self, view: View) -> Floats | None:
        return replace(view, weights=view.before).trained() - view.before


CHARACTERS: dict[str, type[Honest]] = {
    "honest": Honest,
    "poisoner": Poisoner,
    "flipper": Flipper,
    "free rider": FreeRider,
    "liar": Liar,
    "absent": Absent,
    "slow": Slow,
}
