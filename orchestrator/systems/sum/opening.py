"""Find a shared model by name or address, and what was published with it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eth_utils.address import to_checksum_address

from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import IntegrityError, ModelError, StorageError
from orchestrator.kernel.session import Session
from orchestrator.learning.onchain import OnChainModel
from orchestrator.systems.sum.clone import Clone
from orchestrator.systems.sum.descriptor import (
    LONGEST,
    Descriptor,
    TestSet,
    descriptor_cid,
    parse_descriptor,
    parse_test_set,
)
from orchestrator.systems.sum.factory import arguments_of, bind, factory_of, recognize
from orchestrator.systems.sum.ledger import Ledger
from orchestrator.systems.sum.market.contract import MarketContract
from orchestrator.systems.sum.records import Created
from orchestrator.systems.sum.shared import SharedModel
from orchestrator.systems.sum.twins import part_of, twin_of
from orchestrator.types import Address, Digest

LARGEST_TEST = 8 << 20  # bytes: a few seconds of decoding
MOST_NAMED = 5  # addresses in a hint, of those with the same name
BEFORE_BASE = 96  # bytes of the arguments: money, terms, shape


@dataclass(frozen=True)
class Found:
    """What the factory created, with its descriptor, which is the one that its address commits to."""

    shared: Clone
    descriptor: Descriptor
    created: Created | None

    @property
    def name(self) -> str:
        return self.descriptor.name

    def first_twin(self) -> OnChainModel:
        """The twin of the model as it was created."""
        _, arguments = arguments_of(self.shared.chain.code(self.shared.address))
        return twin_of(self.shared.composition, self.shared.shape, arguments[BEFORE_BASE:])

    def twin(self) -> OnChainModel:
        """The twin of the model as it is now: what it predicts, the contract predicts."""
        words = b"".join(word.to_bytes(32, "big") for word in self.shared.words())
        return twin_of(self.shared.composition, self.shared.shape, words)


@dataclass(frozen=True)
class Opened(Found):
    """A shared model."""

    shared: SharedModel

    @cached_property
    def ledger(self) -> Ledger:
        """All contributions and what became of them. Refresh it before a look."""
        return Ledger(self.shared)


@dataclass(frozen=True)
class OpenedMarket(Found):
    """A prediction market."""

    shared: MarketContract


def open_any(session: Session, reference: str, encoder: Path | None = None) -> Opened | OpenedMarket:
    """The model or market that `reference` names: an address, or the name that its creator gave it.

    Of several with a name, one that an account of this machine created comes first, then one that this
    folder has used: anybody may give theirs the same name. `encoder` is a descriptor's file, for those whose
    descriptor is not to be had from storage.

    Raises NotDeployed, ChainError for a contract that is neither, ModelError where there is none of that name
    or the encoder is missing, IntegrityError for the encoder of another.
    """
    address = _address(session, reference)
    recognize(session.chain, address)
    created = next(factory_of(session).created(address), None)
    shared = bind(session.chain, address, created.block if created else 0)
    descriptor = _descriptor(session, address, created, encoder)
    if descriptor.model != part_of(shared.composition):
        raise ModelError(f"the descriptor is of a {descriptor.model}, not of a {part_of(shared.composition)}")
    descriptor.check_shape(shared.shape)
    if isinstance(shared, MarketContract):
        return OpenedMarket(shared, descriptor, created)
    return Opened(shared, descriptor, created)


def open_model(session: Session, reference: str, encoder: Path | None = None) -> Opened:
    """The shared model that `reference` names. Raises as `open_any` does, and ModelError for a market."""
    found = open_any(session, reference, encoder)
    if isinstance(found, OpenedMarket):
        raise ModelError(
            f"{found.name} is a prediction market: it takes no deposits and makes no claims",
            "`diln sum market --help` shows what it does.",
        )
    return found


def open_market(session: Session, reference: str, encoder: Path | None = None) -> OpenedMarket:
    """The market that `reference` names. Raises as `open_any` does, and ModelError for a shared model."""
    found = open_any(session, reference, encoder)
    if isinstance(found, Opened):
        raise ModelError(
            f"{found.name} is a shared model, not a prediction market",
            "`diln sum market list` shows the markets.",
        )
    return found


def contract_of(session: Session, reference: str) -> SharedModel | MarketContract:
    """The contract alone of what `reference` names: by its address, it needs no file that could be lost.

    Raises NotDeployed, ChainError, ModelError as `open_any` does.
    """
    return bind(session.chain, _address(session, reference))


def models(session: Session) -> Iterator[tuple[Created, Descriptor | None]]:
    """All models of this chain's factory, with the descriptors that storage has at hand."""
    for created in factory_of(session).created():
        yield created, _at_hand(session, created)


def read_test_set(session: Session, descriptor: Descriptor) -> TestSet | None:
    """The test set that was published with a model, if there is one. Raises StorageError, ModelError."""
    if not descriptor.test:
        return None
    return parse_test_set(session.storage.read(descriptor.test, limit=LARGEST_TEST))


def _address(session: Session, reference: str) -> Address:
    if is_address_like(reference):
        return checked_address(reference)
    return _by_name(session, reference).address


def _by_name(session: Session, name: str) -> Created:
    found = [each for each, descriptor in models(session) if descriptor and descriptor.name == name]
    if not found:
        raise ModelError(
            f"there is no shared model `{name}` here",
            "`diln sum list` shows those of this chain; one without a name is opened by its address.",
        )
    found = [each for each in found if each.creator in session.names] or found
    if len(found) > 1:
        found = [each for each in found if session.known.knows(each.address)] or found
    if len(found) > 1:
        whose = [f"{each.address} of {session.name_of(each.creator)}" for each in found[:MOST_NAMED]]
        hint = f"Give an address: {', '.join(whose)}."
        raise ModelError(f"several shared models are called `{name}`", hint)
    return found[0]


def _at_hand(session: Session, created: Created) -> Descriptor | None:
    if created.salt is None or not session.storage.has(descriptor_cid(created.salt)):
        return None
    try:
        return parse_descriptor(session.storage.read(descriptor_cid(created.salt), limit=LONGEST))
    except (ModelError, StorageError):
        return None


def _descriptor(session: Session, address: Address, created: Created | None, file: Path | None) -> Descriptor:
    data = _file(file) if file else _stored(session, address, created)
    digest = Digest(hashlib.sha256(data).digest())
    code = session.chain.code(address)
    creator, arguments = arguments_of(code)
    implementation = to_checksum_address(code[10:30])
    if factory_of(session).address_of(implementation, creator, digest, arguments) != address:
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
            f"Whoever has it writes it with `diln pin export {cid}`; take it in with `diln pin import FILE`. "
            "Or read through Kubo (`--storage kubo`) or a gateway (DILN_GATEWAYS), or give --encoder FILE.",
        ) from error
