"""The registry of models. It has no owner and no parameters, so one serves everybody on a chain."""

from orchestrator.chain import Deploy


def migrate(deploy: Deploy) -> None:
    deploy("ModelRegistry")
