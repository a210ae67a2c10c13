"""What the commands of federations print for machines."""

from typing import Any

from typing_extensions import TypedDict

from orchestrator.console.shapes import Bytes, File, ForPeople, Share


class Round(TypedDict):
    """The model's accuracy after a round, and what the honest parties alone would have reached."""

    round: int
    accuracy: Share
    honest_alone: Share


class Party(TypedDict):
    """In how many rounds a party sent something, was in and led, and its share of all merit."""

    party: int
    character: str
    sent: int
    accepted: int
    led: int
    merit: Share


class Simulation(TypedDict):
    """What became of a scenario."""

    scenario: str
    bytes_sent: Bytes
    rounds: list[Round]
    parties: list[Party]


class Listed(TypedDict):
    """An experiment, and what it repeats."""

    name: str
    title: str
    source: str


class Check(TypedDict):
    """What has to hold in an experiment, and the reason where it does not."""

    claim: ForPeople
    met: bool
    figures: ForPeople
    reason: ForPeople


class Experiment(TypedDict):
    """An experiment's table, whose columns are its own, and what had to hold."""

    experiment: str
    rows: list[dict[str, Any]]
    checks: list[Check]
    timing: dict[str, Any]
    files: list[File]


class Aligned(TypedDict):
    """What was written, and how many rows are common to all, once that is known."""

    party: str
    wrote: list[File]
    common: int | None
    next: ForPeople


RESULTS: dict[str, Any] = {
    "federation align": Aligned,
    "federation experiment": Experiment | list[Listed],
    "federation simulate": Simulation,
}
