"""Collaborative training: the factory of shared models, an implementation for each model and incentive, and of the markets."""

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
MARKETS = ("SparsePerceptron", "NaiveBayes")


def migrate(deploy: Deployer) -> None:
    deploy("SumFactory")
    for model in MODELS:
        for incentive in INCENTIVES:
            deploy(model + incentive)
    for model in MARKETS:
        deploy(model + "Market")  # and, by its constructor, the contract that measures for it
