"""Competitions: what runs models, what a competition is, and the factory. Nobody owns them.

Salts and winners are published in the registry, so it comes along.
"""

from orchestrator.chain import Deploy


def migrate(deploy: Deploy) -> None:
    runner = deploy("ModelRunner")
    competition = deploy("Competition", runner)
    deploy("CompetitionFactory", competition, needs=["ModelRegistry"])
