"""Find a contract with a model by name or address, and what was published with it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orchestrator.chain import Chain
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import IntegrityError, ModelError, StorageError
from orchestrator.kernel.finding import unread
from orchestrator.kernel.session import Session
from orchestrator.models.online.base import OnChainModel
from orchestrator.models.online.clone import Clone
from orchestrator.models.online.compositions import Composition, Policy
from orchestrator.models.online.descriptor import (
    LONGEST,
    Descriptor,
    TestSet,
    descriptor_cid,
    parse_descriptor,
    parse_test_set,
)
from orchestrator.models.online.factory import Created, arguments_of, factory_of, implementation_of, recognize
from orchestrator.types import Address, Digest

LARGEST_TEST = 8 << 20  # bytes: a few seconds of decoding
MOST_KNOWN = 100  # that were used last, among which a name is looked for first
MOST_NAMED = 5  # addresses in a hint, of those with the same name
BEFORE_BASE = 96  # bytes of the arguments: money, terms, shape

C = TypeVar("C", bound=Clone)
Bind = Callable[[Composition, Chain, Address, int], C]
"""Makes a system's class of a contract: composition, chain, address, the block of its creation."""


@dataclass(frozen=True)
class Instance:
    """What the factory created, with its descriptor, which is the one that its address commits to."""

    shared: Clone
    descriptor: Descriptor
    created: Created | None

    @property
    def name(self) -> str:
        return self.descriptor.name

    def first_reference(self) -> OnChainModel:
        """The reference of the model as it was created."""
        _, arguments = arguments_of(self.shared.chain.code(self.shared.address))
        return self.shared.composition.reference(self.shared.params, arguments[BEFORE_BASE:])

    def reference(self) -> OnChainModel:
        """The reference of the model as it is now: what it predicts, the contract predicts."""
        words = b"".join(word.to_bytes(32, "big") for word in self.shared.words())
        return self.shared.composition.reference(self.shared.params, words)


def find(
    session: Session,
    reference: str,
    policies: tuple[Policy, ...],
    bind: Bind[C],
    encoder: Path | None = None,
) -> tuple[C, Descriptor, Created | None]:
    """The contract, under one of `policies`, that `reference` names: an address, or the name of its creator.

    Of several with a name, one that an account of this machine created comes first, then one that this
    folder has used: anybody may give theirs the same name. `encoder` is a descriptor's file, for those whose
    descriptor is not available from storage.

    Raises NotDeployed, ChainError for another contract, ModelError where there is none of that name, it has
    another policy, or the encoder is missing, IntegrityError for the encoder of another.
    """
    address = locate(session, reference, policies[0])
    composition = recognize(session.chain, address)
    created = next(factory_of(session).created(address), None)
    if composition.policy not in policies:
        raise ModelError(
            f"{reference} is a {composition.policy.what}, not a {policies[0].what}",
            f"`diln {composition.policy.commands} --help` shows what it does, "
            f"`diln {policies[0].commands} list` what there is.",
        )
    shared = bind(composition, session.chain, address, created.block if created else 0)
    descriptor = _descriptor(session, address, created, encoder)
    if descriptor.model != composition.model.part:
        raise ModelError(f"the descriptor is of a {descriptor.model}, not of a {composition.model.part}")
    descriptor.check_params(shared.params)
    return shared, descriptor, created


def locate(session: Session, reference: str, sought: Policy | None = None) -> Address:
    """The address of what `reference` names, which may be anything. Raises ModelError as `find` does.

    Where nothing has that name, the error speaks of what is `sought`, if that is known.
    """
    if is_address_like(reference):
        return checked_address(reference)
    return _by_name(session, reference, sought).address


def models(session: Session) -> Iterator[tuple[Created, Descriptor | None]]:
    """All that this chain's factory created, with the descriptors that storage has at hand."""
    yield from _at_hand(session, factory_of(session).created())


def check_name(session: Session, name: str, creator: Address) -> None:
    """Raise ModelError where `creator` has a model or market of that name."""
    for created, descriptor in models(session):
        if created.creator == creator and descriptor and descriptor.name == name:
            raise ModelError(
                f"you have a shared model `{name}` already, at {created.address}", "Choose another name."
            )


def publish(session: Session, descriptor: Descriptor) -> None:
    """Pin a descriptor where its digest says. Raises IntegrityError if the store puts it elsewhere."""
    stored = session.storage.put(descriptor.to_bytes())
    if stored.cid != descriptor_cid(descriptor.digest):
        raise IntegrityError("the store gave another CID than the digest names", "Run it again.")


def read_test_set(session: Session, descriptor: Descriptor) -> TestSet | None:
    """The test set that was published with a model, if there is one. Raises StorageError, ModelError."""
    if not descriptor.test:
        return None
    return parse_test_set(session.storage.read(descriptor.test, limit=LARGEST_TEST))


def _by_name(session: Session, name: str, sought: Policy | None) -> Created:
    """All are looked at only where neither this folder nor this machine's accounts know one of that name."""
    factory = factory_of(session)

    def named(those: Iterable[tuple[Created, Descriptor | None]]) -> list[Created]:
        return [each for each, descriptor in those if descriptor and descriptor.name == name]

    known = named(_at_hand(session, factory.created_among(session.known.all()[-MOST_KNOWN:])))
    mine = [each for each in known if each.creator in session.names]
    if len(mine) == 1:
        return mine[0]
    found = named(_at_hand(session, factory.created_by(list(session.names))))
    if not found and len(known) == 1:
        found = known
    if not found:
        every = list(models(session))
        found = named(every)
        if not found:
            without = sum(descriptor is None for _, descriptor in every)
            what = sought.what if sought else "shared model or market"
            lists = (
                f"`diln {sought.commands} list` shows"
                if sought
                else "`diln sum list` and `diln market list` show"
            )
            raise ModelError(
                f"there is no {what} `{name}` here{unread(without)}",
                f"{lists} those of this chain; one without a name is opened by its address.",
            )
    if len(found) > 1:
        found = [each for each in found if session.known.knows(each.address)] or found
    if len(found) > 1:
        whose = [f"{each.address} of {session.name_of(each.creator)}" for each in found[:MOST_NAMED]]
        hint = f"Give an address: {', '.join(whose)}."
        raise ModelError(f"several shared models are called `{name}`", hint)
    return found[0]


def _at_hand(session: Session, those: Iterable[Created]) -> Iterator[tuple[Created, Descriptor | None]]:
    """Each with the descriptor that is here or comes in a moment; the newest first are sought."""
    those = list(those)
    cids = {each.address: descriptor_cid(each.salt) for each in reversed(those) if each.salt is not None}
    here = session.storage.at_hand(list(cids.values()))
    for each in those:
        yield each, _parsed(here.get(cids.get(each.address, "")))


def _parsed(data: bytes | None) -> Descriptor | None:
    """A stranger's descriptor; None for what is none."""
    try:
        return parse_descriptor(data) if data and len(data) <= LONGEST else None
    except (ModelError, StorageError):
        return None


def _descriptor(session: Session, address: Address, created: Created | None, file: Path | None) -> Descriptor:
    data = _file(file) if file else _stored(session, address, created)
    digest = Digest(hashlib.sha256(data).digest())
    code = session.chain.code(address)
    creator, arguments = arguments_of(code)
    if factory_of(session).address_of(implementation_of(code), creator, digest, arguments) != address:
        raise IntegrityError(
            f"this encoder (SHA-256 {digest.hex()[:12]}…) is not the one that {address} was created with",
            "Ask the model's creator for the descriptor that was published with it.",
        )
    return parse_descriptor(data)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}", "Give the descriptor's file.") from error


def _stored(session: Session, address: Address, created: Created | None) -> bytes:
    if created is None or created.salt is None:
        raise ModelError(
            f"nothing on the chain tells where the encoder of {address} is",
            "Get its descriptor from its creator, and give it with --encoder FILE.",
        )
    cid = descriptor_cid(created.salt)
    try:
        return session.storage.read(cid, limit=LONGEST)
    except IntegrityError:
        raise
    except StorageError as error:
        raise ModelError(
            f"the encoder of {address} is missing: {error.message}",
            f"Anyone who has it writes it with `diln pin export {cid}`; import it with `diln pin import "
            "FILE`. Or read through Kubo (`--storage kubo`) or a gateway (DILN_GATEWAYS), or give --encoder "
            "FILE.",
        ) from error
