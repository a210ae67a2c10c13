"""A scenario of a market: a TOML file with the data, the rules and who plays."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import SpecError
from orchestrator.kernel.scenarios import read_scenario
from orchestrator.systems.market.reference.rules import Rules

SHIPPED = Path(__file__).parents[1] / "scenarios"
UNIT = 10**9
COIN = 10**18


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
    """Rows of `length` of `words` words; `separation` is the spread of their log-odds between two labels.

    `binned`: rows of `length` numbers around one of two centres, which lie `separation` standard deviations
    apart in each column; there are `words` bins in all.

    The first model has learned `initial` rows, of whose labels a share of `wrong` is wrong.
    """

    kind: Literal["words", "binned"] = "words"
    words: int = Field(200, gt=1, le=4_000)
    length: int = Field(10, gt=0)
    separation: float = Field(1.2, ge=0)
    initial: int = Field(60, ge=0)
    wrong: float = Field(0.4, ge=0, le=1)


class Player(_Section):
    """Somebody, or a coalition: `accounts` share `samples` rows, in contributions of `lot` rows each.

    - honest: rows with their true labels, but for a share of `wrong`
    - noise: rows with labels by a coin
    - probe: rows of one word, `lot` times the same, with a label by a coin
    - parasite: the trial portion's rows, as they were shown
    - copycat: the honest players' rows
    - sleeper: honest rows, and a last contribution with all labels wrong
    - liar: rows with wrong labels (a whale, if they are many and one account's)
    - defaulter: the provider's other account, with noise; the provider then reveals nothing

    `places`: when they come, seen from the honest players.
    """

    name: str
    kind: Literal["honest", "noise", "probe", "parasite", "copycat", "sleeper", "liar", "defaulter"]
    samples: int = Field(gt=0)
    lot: int = Field(1, gt=0)
    accounts: int = Field(1, gt=0)
    wrong: float = Field(0.0, ge=0, le=1)
    places: tuple[Literal["alone", "before", "among", "after"], ...] = ("before",)


class MarketScenario(_Section):
    """`bounty` and `bond` are in coins, `rules` those that differ from the default ones."""

    title: str
    seed: int = 0
    seeds: int = Field(10, gt=0)
    model: Literal["bayes", "perceptron"] = "bayes"
    bounty: float = Field(1.0, gt=0)
    bond: float = Field(0.5, gt=0)
    rules: dict[str, int] = {}
    data: DataSection = Field(default_factory=lambda: DataSection.model_validate({}))
    player: tuple[Player, ...] = Field(min_length=1)

    @property
    def market_rules(self) -> Rules:
        return Rules(**self.rules)


def load_market(reference: str) -> MarketScenario:
    """A scenario by its file, or the name of one that ships with DILN. Raises SpecError."""
    scenario = read_scenario(MarketScenario, reference, SHIPPED, "docs/market.md")
    try:
        trap = scenario.market_rules.trap()
    except TypeError as error:
        raise SpecError(f"there is no such rule: {error}", "docs/market-rules.md has all.") from error
    if trap:
        raise SpecError(f"no market can have these rules: {trap}", "Choose others.")
    return scenario
