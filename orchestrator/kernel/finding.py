"""Instances of a system: found by address, by name or as the last one used; what their organizers say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from orchestrator.chain import Chain
from orchestrator.chain.bound import Bound, Event
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import ChainError, NodeUnavailable, NotDeployed
from orchestrator.kernel.session import Session
from orchestrator.storage.cid import RAW, Cid
from orchestrator.text import shown
from orchestrator.types import Address, Digest

LONGEST_NAME = 100
MOST_KNOWN = 100
"""Instances that this folder used last, among which a name is looked for first."""


class Descriptor(Protocol):
    """What an organizer says of an instance: a file whose SHA-256 is in the terms."""

    @property
    def name(self) -> str: ...


class _Terms(Protocol):
    @property
    def descriptor(self) -> Digest: ...


class Instance(Protocol):
    """What a factory made."""

    address: Address

    @property
    def terms(self) -> _Terms: ...


class _Created(Protocol):
    instance: Address
    block_number: int


I = TypeVar("I", bound=Instance)  # noqa: E741
F = TypeVar("F", bound=Bound)
D = TypeVar("D", bound=Descriptor)


@dataclass(frozen=True)
class Directory(Generic[I, F, D]):
    """The instances of a system, all of which one `factory` made and told of by the event `created`.

    `kind` is the system's name, which its commands begin with, `used` what this folder does with an instance
    so that it is the `latest`. `parse` reads a descriptor of at most `longest` bytes and raises DataError.
    """

    kind: str
    used: str
    instance: Callable[[Chain, Address, int], I]
    factory: type[F]
    created: type[Event]
    parse: Callable[[bytes], D]
    longest: int

    def factory_of(self, session: Session) -> F:
        """The factory on this chain. Raises NotDeployed before `diln migrate`."""
        return session.deployed(self.factory, self.factory.ARTIFACT)

    def all(self, session: Session, **filters: Address | list[Address]) -> list[I]:
        """All instances on this chain, oldest first; `filters` as of the event."""
        made = cast("list[_Created]", self.factory_of(session).events(self.created, None, None, **filters))
        return [self.instance(session.chain, each.instance, each.block_number) for each in made]

    def open(self, session: Session, address: Address) -> I:
        """The instance at `address`. Raises NotDeployed for one that this factory did not make."""
        found = next(iter(self.all(session, instance=address)), None)
        if found is None:
            raise NotDeployed(f"{address} is not a {self.kind} of this chain's factory", self._list)
        return found

    def find(self, session: Session, reference: str = "latest") -> I:
        """The instance that `reference` names: an address, its name, or `latest`.

        The latest is the last that this folder created or took part in, never a stranger's. Of several with a
        name, those that this folder knows come first. Raises ChainError for none, or for several.
        """
        if reference == "latest":
            last = session.known.last(self.kind)
            if last is None:
                self.factory_of(session)  # where there is none, nothing can be listed either
                raise ChainError(f"no {self.kind} was {self.used} from this folder", self._list)
            return self.open(session, last)
        if is_address_like(reference):
            return self.open(session, checked_address(reference))
        known = session.known.all(self.kind)[-MOST_KNOWN:]
        chosen = self._named(session, reference, instance=known) if known else []
        chosen = chosen or self._named(session, reference)
        if len(chosen) != 1:
            what = f"several {self.kind}s are" if chosen else f"no {self.kind} is"
            raise ChainError(f"{what} called `{shown(reference, LONGEST_NAME)}` here", self._list)
        return chosen[0]

    def _named(self, session: Session, name: str, **filters: list[Address]) -> list[I]:
        return [each for each in self.all(session, **filters) if self.name_of(session, each) == name]

    def descriptor_of(self, session: Session, instance: I) -> D:
        """What its organizer published. Raises StorageError where it is not to be had, DataError."""
        return self.parse(session.storage.read(_cid_of(instance), limit=self.longest))

    def name_of(self, session: Session, instance: I) -> str:
        """The name in a descriptor that storage has at hand, as it may be shown; else empty."""
        try:
            at_hand = session.storage.has(_cid_of(instance))
            return shown(self.descriptor_of(session, instance).name, LONGEST_NAME) if at_hand else ""
        except NodeUnavailable:
            raise
        except Exception:  # a stranger wrote it: whatever is wrong with it ends nobody's search for another
            return ""

    @property
    def _list(self) -> str:
        return (
            f"`diln {self.kind} list` shows all of them; name one with --{self.kind} and its name or address."
        )


def _cid_of(instance: Instance) -> str:
    return str(Cid(1, RAW, instance.terms.descriptor))
