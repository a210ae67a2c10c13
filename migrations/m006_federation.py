"""Federations: what they are under each policy, and the factory. Nobody owns them.

Their models are published in the registry, so it comes along.
"""

from orchestrator.chain import Deploy


def migrate(deploy: Deploy) -> None:
    commons = deploy("FederationCommons")
    trusted = deploy("TrustedFederation", commons)
    quality = deploy("QualityFederation", commons)
    deploy("FederationFactory", trusted, quality, needs=["ModelRegistry"])
