"""Shared models: the factory, and one contract for each composition that it clones."""

from orchestrator.chain import Deployer

COMPOSITIONS = (
    "SparsePerceptronStake",
    "SparseLogisticStake",
    "SparseNearestCentroidStake",
    "NaiveBayesStake",
    "DensePerceptronStake",
    "NearestCentroidStake",
)


def migrate(deploy: Deployer) -> None:
    deploy("SumFactory")
    for composition in COMPOSITIONS:
        deploy(composition)
