"""The contracts of the package that hold a model: a row for each model, and for each policy."""

from dataclasses import dataclass

from orchestrator.models.online.base import OnChainModel
from orchestrator.models.online.dense import DensePerceptron, NearestCentroid
from orchestrator.models.online.sparse_counts import NaiveBayes, SparseNearestCentroid
from orchestrator.models.online.sparse_linear import SparseLogistic, SparsePerceptron
from orchestrator.models.online.weights import ModelParams

MODELS: tuple[type[OnChainModel], ...] = (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)


@dataclass(frozen=True)
class Policy:
    """What pays for data. `name` ends its contracts' names; `commands` is the group that drives it."""

    name: str
    what: str
    commands: str
    models: tuple[type[OnChainModel], ...] = MODELS


STAKE = Policy("Stake", "shared model", "sum")
GAME = Policy("Game", "shared model", "sum")
MARKET = Policy("Market", "market", "market", (NaiveBayes, SparsePerceptron))
POLICIES = (STAKE, GAME, MARKET)


@dataclass(frozen=True)
class Composition:
    """A contract of the package: a model under a policy."""

    model: type[OnChainModel]
    policy: Policy

    @property
    def name(self) -> str:
        """Of its artifact."""
        return self.model.part + self.policy.name

    def reference(self, params: ModelParams, base: bytes) -> OnChainModel:
        """The model in Python, with these settings, in the state `base`."""
        return self.model.of_params(params).restore(base)


COMPOSITIONS = {
    each.name: each for policy in POLICIES for each in (Composition(model, policy) for model in policy.models)
}
