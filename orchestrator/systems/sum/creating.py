"""Create a shared model: pin its test set and its descriptor, then let the factory clone."""

from dataclasses import dataclass
from typing import Literal

from orchestrator.chain import Account, Receipt
from orchestrator.kernel.session import Session
from orchestrator.models.online.clone import GWEI
from orchestrator.models.online.descriptor import Descriptor
from orchestrator.models.online.factory import arguments_for, factory_of
from orchestrator.models.online.finding import check_name, publish
from orchestrator.models.online.planning import Plan
from orchestrator.systems.sum.records import KIND, Terms
from orchestrator.types import ZERO_ADDRESS, Address

Incentive = Literal["Stake", "Game"]
"""Deposits alone, or points, levels and badges too (then the deposit may be nothing)."""


@dataclass(frozen=True)
class CreatedModel:
    """`receipt` is None if the model had been created before; after a dry run it is what would be."""

    address: Address
    descriptor: Descriptor
    receipt: Receipt | None


def create(
    session: Session,
    name: str,
    plan: Plan,
    sender: Account,
    terms: Terms,
    *,
    incentive: Incentive = "Stake",
    token: Address = ZERO_ADDRESS,
    unit: int = GWEI,
    dry_run: bool = False,
) -> CreatedModel:
    """Create `plan`'s model, named `name`; done twice, nothing happens twice.

    The address follows from the descriptor's digest and the arguments, so the chain tells whether it was done
    before. Raises ModelError where `sender` has another model of that name, ContractReverted.
    """
    converted = plan.converted
    test = session.storage.put(plan.test.to_bytes(), pin=not dry_run)
    part = converted.model.part
    descriptor = Descriptor(name, part, converted.labels, converted.encoder, test.cid, plan.quality)
    descriptor.check_names()
    implementation = session.deployments.get(part + incentive)
    arguments = arguments_for(converted.model, terms, token, unit)
    salt = descriptor.digest
    address = factory_of(session).address_of(implementation, sender.address, salt, arguments)
    if not dry_run:
        publish(session, descriptor)
    if session.chain.code(address):
        session.known.remember(address, KIND)
        return CreatedModel(address, descriptor, None)
    check_name(session, name, sender.address)
    function = factory_of(session).create(implementation, salt, arguments)
    receipt = session.send(function, sender, dry_run=dry_run, once=f"sum-create-{address}")
    if not dry_run:
        session.known.remember(address, KIND)
    return CreatedModel(address, descriptor, receipt)
