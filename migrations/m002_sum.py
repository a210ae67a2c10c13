"""Collaborative training: the factory, and an implementation for each composition of model and incentive."""

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
