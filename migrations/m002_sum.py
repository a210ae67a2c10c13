"""Collaborative training: the factory of shared models, and one implementation for each model and incentive."""

from typing import Protocol

MODELS = (
    "SparsePerceptron",
    "SparseLogistic",
    "SparseNearestCentroid",
    "NaiveBayes",
    "DensePerceptron",
    "NearestCentroid",
)
INCENTIVES = ("Stake", "Game")


class Deployer(Protocol):
    """What a migration is given: deploy a contract by name, return its address."""

    def __call__(self, name: str, *args: object) -> str: ...


def migrate(deploy: Deployer) -> None:
    """Deploy the factory and every composition; nothing owns them and nothing can change them."""
    deploy("SumFactory")
    for model in MODELS:
        for incentive in INCENTIVES:
            deploy(model + incentive)
