"""Collaborative training: the factory of shared models, an implementation for each model and incentive."""

from orchestrator.chain import Deployer

MODELS = (
    "SparsePerceptron",
    "SparseLogistic",
    "SparseNearestCentroid",
    "NaiveBayes",
    "DensePerceptron",
    "NearestCentroid",
)
INCENTIVES = ("Stake", "Game")


def migrate(deploy: Deployer) -> None:
    deploy("SumFactory")
    for model in MODELS:
        for incentive in INCENTIVES:
            deploy(model + incentive)
