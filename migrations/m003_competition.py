"""Competitions: the model runner, the competition that all are clones of, and the factory that makes them."""

from orchestrator.chain import Deployer


def migrate(deploy: Deployer) -> None:
    runner = deploy("ModelRunner")
    deploy("CompetitionFactory", deploy("Competition", runner))
