"""Collaborative training: the factory, and an implementation for each composition of model and incentive."""

from orchestrator.chain import Deploy

MODELS = (
    "SparsePerceptron",
    "SparseLogistic",
    "SparseNearestCentroid",
    "NaiveBayes",
    "DensePerceptron",
    "NearestCentroid",
)
INCENTIVES = ("Stake", "Game")


def migrate(deploy: Deploy) -> None:
    deploy("SumFactory")
    for model in MODELS:
        for incentive in INCENTIVES:
            deploy(model + incentive, needs=["SumFactory"])
