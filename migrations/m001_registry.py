"""The registry of models. It has no owner and no parameters, so one serves everybody on a chain."""

from orchestrator.chain import Deployer


def migrate(deploy: Deployer) -> None:
    deploy("ModelRegistry")
