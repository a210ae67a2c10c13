"""Federations: what they are under each policy, and the factory. Nobody owns them.

Their models are published in the registry, so it comes along.
"""

from orchestrator.chain import Deploy

POLICIES = "Trusted", "Quality", "Work", "Stake", "Delegates", "Learning"
"""In the order of the enum."""


def migrate(deploy: Deploy) -> None:
    commons = deploy("FederationCommons")
    disputes = deploy("FederationDisputes")
    policies = [deploy(f"{name}Federation", commons, disputes) for name in POLICIES]
    masked = deploy("MaskedFederation", commons, deploy("FederationMaskedDisputes"))
    deploy("FederationFactory", *policies, masked, needs=["ModelRegistry"])
