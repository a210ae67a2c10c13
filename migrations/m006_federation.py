"""Federations: what they are under each policy, and the factory. Nobody owns them.

Their models are published in the registry, so it comes along.
"""

from orchestrator.chain import Deploy


def migrate(deploy: Deploy) -> None:
    commons = deploy("FederationCommons")
    disputes = deploy("FederationDisputes")
    trusted = deploy("TrustedFederation", commons, disputes)
    quality = deploy("QualityFederation", commons, disputes)
    deploy("FederationFactory", trusted, quality, needs=["ModelRegistry"])
