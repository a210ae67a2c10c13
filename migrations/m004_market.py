"""Prediction markets: an implementation for each model that they take. The factory is that of shared models."""

from orchestrator.chain import Deployer

MODELS = ("SparsePerceptron", "NaiveBayes")


def migrate(deploy: Deployer) -> None:
    for model in MODELS:
        deploy(model + "Market")
