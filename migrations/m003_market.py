"""Prediction markets: each brings, by its constructor, the contract that measures for it."""

from orchestrator.chain import Deploy

MODELS = ("SparsePerceptron", "NaiveBayes")


def migrate(deploy: Deploy) -> None:
    for model in MODELS:
        deploy(model + "Market", needs=["SumFactory"])
