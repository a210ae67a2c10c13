"""A scenario: a TOML file with agents, terms, data and a model."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.kernel.scenarios import read_scenario
from orchestrator.systems.sum.records import DAY, Terms

SHIPPED = Path(__file__).parents[1] / "scenarios"
COIN = 1_000_000
"""Units of the contract in a coin, the scenario's money."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
    """`source` reviews: the prepared ones, or the folder aclImdb; made: drawn from two topics.

    numbers: rows of numbers around one of two centres, in bins (`words` is how many bins there are in all).
    The first `initial` training samples train the model, agents draw from the others.
    """

    source: Literal["reviews", "made", "numbers"] = "reviews"
    initial: int = Field(2000, gt=0)
    unused: int = Field(0, ge=0)  # features that no sample has
    words: int = Field(1000, gt=1, le=12_000)
    test: int = Field(1000, gt=0)


class ModelSection(_Section):
    """`rate`: how far an update moves a weight, in shares of the mean absolute weight at first.

    In a `game` there are points beside the deposits.
    """

    kind: Literal["perceptron", "logistic", "bayes"] = "perceptron"
    game: bool = False
    rate: float = Field(0.5, gt=0)


class TermsSection(_Section):
    """A deposit is cost_weight · 3600 / √seconds coins; waits are in days."""

    cost_weight: float = Field(1.0, ge=0)
    refund_wait: float = Field(7.0, gt=0)
    take_gap: float = Field(1.0, gt=0)
    creator_wait: float = Field(14.0, gt=0)
    any_wait: float = Field(28.0, gt=0)


class Agent(_Section):
    """Somebody who acts every so often, with what it is ready to deposit.

    `deposit` and `wait` are mean and standard deviation (coins, minutes) of normal distributions; `mistakes`
    is the share of wrong labels; a bad one gives wrong labels but for its mistakes. `strategy` says what it
    gives:

    - sample: one drawn sample after the other; from day `turns` on with wrong labels.
    - flip: where the model is against what it gave, that again, until the model agrees; else as sample.
    - thief: the contrary of what others gave, if that is nearly due and the model agrees; else as sample.
    - farm: `farm` made-up samples of features that nobody uses; then nothing.
    - copy: what others reveal, right before them.
    - deny: `farm` made-up samples first; then, when others' deposits are nearly due, the contrary of such a
      sample until the model is against it, at most `burst` times, a report, and the sample itself until the
      model agrees again: what was disputed earns its contributor no reputation.
    - whale: on day `turns`, `burst` samples, one a minute, at any price.
    - watch: nothing; it only claims.

    `team` is with whom it shares its gains. It gives every `pace` wakes, until day `until`, sealed first if
    told so, and looks every `look` minutes at what it could not claim.
    """

    name: str
    good: bool
    team: str = ""
    strategy: Literal["sample", "flip", "thief", "farm", "deny", "copy", "whale", "watch"] = "sample"
    sealed: bool = False
    pace: int = Field(1, gt=0)
    offset: int = Field(0, ge=0)  # the wake at which it begins
    until: float = Field(1e9, ge=0)
    turns: float = Field(0.0, ge=0)
    farm: int = Field(0, ge=0)
    burst: int = Field(0, ge=0)
    look: float = Field(1440.0, gt=0)
    start: float = Field(gt=0)
    deposit: tuple[float, float]
    wait: tuple[float, float]
    mistakes: float = Field(0.0001, ge=0, le=1)


class Scenario(_Section):
    title: str
    days: float = Field(gt=0)
    seed: int = 0
    measure: float = Field(0.5, gt=0)  # days between two measurements
    data: DataSection
    model: ModelSection
    terms: TermsSection
    agent: tuple[Agent, ...] = Field(min_length=1)

    @property
    def contract_terms(self) -> Terms:
        """The terms in the contract's units and seconds."""
        given = self.terms
        waits = (given.refund_wait, given.take_gap, given.creator_wait, given.any_wait)
        return Terms(round(given.cost_weight * COIN), *(round(wait * DAY) for wait in waits))


def load_scenario(reference: str) -> Scenario:
    """A scenario by its file, or the name of one that ships with DILN. Raises SpecError."""
    return read_scenario(Scenario, reference, SHIPPED, "docs/grow.md")
