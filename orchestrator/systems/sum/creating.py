"""Create a shared model: pin its test set and its descriptor, then let the factory clone."""

from dataclasses import dataclass
from typing import Literal, Protocol

from orchestrator.chain import Account, Receipt
from orchestrator.errors import DataError, IntegrityError, ModelError
from orchestrator.kernel.session import Session
from orchestrator.learning.onchain import OnChainModel
from orchestrator.systems.sum.conversion import Converted, convert
from orchestrator.systems.sum.descriptor import Descriptor, Quality, TestSet, descriptor_cid
from orchestrator.systems.sum.factory import factory_of
from orchestrator.systems.sum.opening import models
from orchestrator.systems.sum.records import GWEI, KIND, Terms
from orchestrator.systems.sum.training import Trained, accuracy
from orchestrator.types import ZERO_ADDRESS, Address

FLIPPED = 0.2
GIVEN = 400  # samples, at most, that are given to a model to see how robust it is
Incentive = Literal["Stake", "Game"]
"""Deposits alone, or points, levels and badges too (then the deposit may be nothing)."""


class Packed(Protocol):
    """The settings of an incentive mechanism, which are a word of the clone's code."""

    def pack(self) -> int: ...


@dataclass(frozen=True)
class Plan:
    """A model of integers that is ready to be created, and what it is worth on held-out samples."""

    converted: Converted
    test: TestSet
    quality: Quality
    skipped: int
    doubt: str = ""
    flipped: float | None = None  # its accuracy after many samples, the last fifth of them with wrong labels


@dataclass(frozen=True)
class CreatedModel:
    """`receipt` is None if the model had been created before; after a dry run it is what would be."""

    address: Address
    descriptor: Descriptor
    receipt: Receipt | None


def plan(trained: Trained, rate: float | None = None) -> Plan:
    """Quantize a pipeline and measure on its held-out samples what that costs.

    `skipped` counts the held-out samples that cannot be encoded, `doubt` says why they may not be held out
    at all. Raises ModelError, DataError.
    """
    converted = convert(trained.pipeline, trained.calibration.samples, rate)
    xs, labels, kept = [], [], []
    for index, row in enumerate(trained.held_out.rows()):
        try:
            x = converted.encoder.encode(row)
            converted.model.classify(x)
        except DataError:
            continue
        if trained.held_out.labels[index] in converted.labels:
            xs.append(x)
            labels.append(converted.labels.index(trained.held_out.labels[index]))
            kept.append(index)
    if not kept:
        raise DataError("no held-out sample can be encoded", "Give samples like those it was trained on.")
    own = [str(label) for label in trained.pipeline.predict(trained.held_out.samples)]
    truth = [trained.held_out.labels[index] for index in kept]
    quantized = [converted.labels[converted.model.classify(x)] for x in xs]
    quality = Quality(
        len(kept),
        accuracy([own[index] for index in kept], truth),
        accuracy(quantized, truth),
        not trained.doubt,
    )
    skipped = len(trained.held_out) - len(kept)
    test = TestSet(tuple(xs), tuple(labels))
    return Plan(converted, test, quality, skipped, trained.doubt, _flipped(converted, trained, test))


def _flipped(converted: Converted, trained: Trained, test: TestSet) -> float | None:
    """The accuracy of the model after its own training samples, the last fifth of them with wrong labels."""
    names = {label: number for number, label in enumerate(converted.labels)}
    model = type(converted.model)(**converted.model.get_params()).restore(converted.model.to_bytes())
    samples: list[tuple[bytes, int]] = []
    for row, label in zip(trained.calibration.rows(), trained.calibration.labels, strict=True):
        if len(samples) == GIVEN:
            break
        try:
            x = converted.encoder.encode(row)
            model.classify(x)
        except DataError:
            continue
        if label in names:
            samples.append((x, names[label]))
    wrong = len(samples) - round(FLIPPED * len(samples))
    for number, (x, y) in enumerate(samples):
        model.learn(x, (y + 1) % len(names) if number >= wrong else y)
    if not samples:
        return None
    return accuracy([model.classify(x) for x in test.xs], test.labels)


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


def publish(session: Session, descriptor: Descriptor) -> None:
    """Pin a descriptor where its digest says. Raises IntegrityError if the store puts it elsewhere."""
    stored = session.storage.put(descriptor.to_bytes())
    if stored.cid != descriptor_cid(descriptor.digest):
        raise IntegrityError("the store gave another CID than the digest names", "Run it again.")


def arguments_for(model: OnChainModel, terms: Packed, token: Address, unit: int) -> bytes:
    """What the factory puts into a clone's code, after its creator."""
    money = bytes.fromhex(token[2:]) + unit.to_bytes(12, "big")
    return money + terms.pack().to_bytes(32, "big") + model.arguments()


def check_name(session: Session, name: str, creator: Address) -> None:
    """Raise ModelError where `creator` has a model or market of that name."""
    for created, descriptor in models(session):
        if created.creator == creator and descriptor and descriptor.name == name:
            raise ModelError(
                f"you have a shared model `{name}` already, at {created.address}", "Choose another name."
            )
