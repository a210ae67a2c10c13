"""Staked tournaments: what a tournament is, and the factory. Nobody owns them."""

from orchestrator.chain import Deploy


def migrate(deploy: Deploy) -> None:
    tournament = deploy("Tournament")
    deploy("TournamentFactory", tournament)
