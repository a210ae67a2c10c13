"""A scenario: a TOML file with parties, what they do, and by which rules they train together."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import SpecError
from orchestrator.kernel.scenarios import read_scenario
from orchestrator.learning.aggregation import Rule, Settings
from orchestrator.systems.federation.simulation.characters import CHARACTERS, Character
from orchestrator.systems.federation.simulation.networks import Training
from orchestrator.systems.federation.simulation.playing import Policy

SHIPPED = Path(__file__).parents[1] / "scenarios"
SEATS = 16


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleSection(_Section):
    """`name` is one of the contract's rules; the numbers are those that it asks for."""

    name: Rule = Rule.MEAN
    keep: int = Field(1, ge=1, le=SEATS)
    faulty: int = Field(0, ge=0, le=SEATS)
    trim: int = Field(0, ge=0, le=SEATS)

    @property
    def settings(self) -> Settings:
        return Settings(self.name, self.keep, self.faulty, self.trim)


class Party(_Section):
    """`count` parties of one character; the other numbers are for those characters that have them."""

    character: Literal["honest", "poisoner", "flipper", "free rider", "liar", "absent", "slow"]
    count: Annotated[int, Field(ge=1, le=SEATS)] = 1
    norm: float | None = Field(None, gt=0)
    strength: float | None = None
    chance: float | None = Field(None, ge=0, le=1)

    @property
    def cast(self) -> Character:
        """Raises SpecError for a number that the character does not have."""
        given = {
            name: value
            for name in ("norm", "strength", "chance")
            if (value := getattr(self, name)) is not None
        }
        try:
            return CHARACTERS[self.character](**given)
        except TypeError as error:
            raise SpecError(f"a party that is {self.character} has no {' or '.join(given)}") from error


class Scenario(_Section):
    """`skew` is Dirichlet's α, 0: rows are shared evenly; `clip` the length of updates, 0: any."""

    title: str = Field(max_length=100)
    data: Literal["digits", "cancer"] = "digits"
    hidden: int = Field(32, ge=0, le=256)
    rounds: int = Field(8, ge=1, le=100)
    epochs: int = Field(5, ge=1, le=50)
    rate: float = Field(0.3, gt=0, le=10)
    skew: float = Field(0.0, ge=0)
    clip: float = Field(0.0, ge=0)
    bytes: Literal[1, 2, 4] = 1
    policy: Policy = Policy.COMMITTEE
    committee: int = Field(9, ge=1, le=SEATS)
    tolerance: float = Field(0.1, ge=0, le=1)
    rule: RuleSection = Field(default_factory=lambda: RuleSection.model_validate({}))
    seed: int = Field(0, ge=0)
    party: tuple[Party, ...] = Field(min_length=1)

    @property
    def cast(self) -> list[tuple[str, Character]]:
        """Each party's character, by name and as it acts. Raises SpecError."""
        found: list[tuple[str, Character]] = [
            (each.character, each.cast) for each in self.party for _ in range(each.count)
        ]
        if len(found) > SEATS:
            raise SpecError(f"{len(found)} parties do not fit the {SEATS} seats of a federation")
        return found

    @property
    def training(self) -> Training:
        return Training(self.epochs, self.rate)


def load_scenario(reference: str) -> Scenario:
    """A scenario by its file, or the name of one that ships with DILN. Raises SpecError."""
    found = read_scenario(Scenario, reference, SHIPPED, "docs/federate.md")
    if len(found.cast) < 2:
        raise SpecError(f"{reference} has one party only", "A federation needs two at least.")
    return found
