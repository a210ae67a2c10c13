"""Instances of a system: found by address, by name or as the last one used; what their organizers say."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar, cast, get_type_hints

from orchestrator.chain import Chain
from orchestrator.chain.bound import Bound, Event
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import ChainError, DataError, NodeUnavailable, NotDeployed
from orchestrator.kernel import secrets
from orchestrator.kernel.session import Session
from orchestrator.provenance.canonical import decode, encode
from orchestrator.storage.cid import RAW, Cid
from orchestrator.text import shown
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain import Account, Receipt
    from orchestrator.chain.bound import Call

ASK = "Ask whoever organizes it."
LONGEST_NAME = 100
_PLAIN: tuple[object, ...] = (str, int, bool)
MOST_KNOWN = 100
"""Instances that this folder used last, among which a name is looked for first."""


@dataclass(frozen=True)
class Descriptor:
    """What an organizer says of an instance: canonical JSON whose SHA-256 is in the terms.

    Each system's is a dataclass of texts, numbers, truths and tuples of texts, with FORMAT. Of fields in
    OPTIONAL, those that are empty are left out.
    """

    FORMAT: ClassVar[str]
    LONGEST: ClassVar[int] = 1 << 20
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    name: str

    def check(self) -> None:
        """Raise DataError for what no instance can be; what is read was checked."""

    def to_bytes(self) -> bytes:
        values = {key: list(each) if isinstance(each, tuple) else each for key, each in asdict(self).items()}
        kept = {key: each for key, each in values.items() if each or key not in self.OPTIONAL}
        return encode({"format": self.FORMAT, **kept})

    @property
    def digest(self) -> Digest:
        return Digest(hashlib.sha256(self.to_bytes()).digest())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote, of strangers. Raises DataError."""
        try:
            content = decode(data)
            names = {each.name for each in fields(cls)} - (cls.OPTIONAL - content.keys())
            kinds: dict[str, Any] = get_type_hints(cls)
            found = cls(**{each: _read(kinds[each], content[each]) for each in names})
            known = content["format"]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(f"the descriptor is malformed: {shown(str(error), 200)}", ASK) from error
        if known != cls.FORMAT:
            raise DataError(f"the descriptor is not a {cls.FORMAT}", ASK)
        found.check()
        return found


def _read(kind: Callable[[Iterable[object]], Any], value: Iterable[object]) -> Any:
    return kind(value) if kind in _PLAIN else tuple(map(str, list(value)))


class Instance(Protocol):
    """What a factory made."""

    address: Address


class _Terms(Protocol):
    @property
    def descriptor(self) -> Digest: ...


class Described(Instance, Protocol):
    """The same with a descriptor."""

    @property
    def terms(self) -> _Terms: ...


class _Created(Protocol):
    instance: Address
    block_number: int


I = TypeVar("I", bound=Instance)  # noqa: E741
N = TypeVar("N", bound=Described)
F = TypeVar("F", bound=Bound)
D = TypeVar("D", bound=Descriptor)


@dataclass(frozen=True)
class Directory(Generic[I, F]):
    """The instances of a system, all of which one `factory` made and told of by the event `created`.

    `kind` is the system's name, which its commands begin with, `used` what this folder does with an instance
    so that it is the `latest`.
    """

    BY: ClassVar[str] = "found by"

    kind: str
    used: str
    instance: Callable[[Chain, Address, int], I]
    factory: type[F]
    created: type[Event]

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
        """The instance that `reference` names: an address, the start of one, or `latest`.

        The latest is the last that this folder created or took part in, never a stranger's; of several, those
        that this folder knows come first. Raises ChainError for none, or for several.
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
        chosen, more = self._meant(session, reference, instance=known) if known else ([], "")
        if not chosen:
            chosen, more = self._meant(session, reference)
        if len(chosen) != 1:
            what = f"several {self.kind}s are" if chosen else f"no {self.kind} is"
            raise ChainError(f"{what} {self.BY} `{shown(reference, LONGEST_NAME)}` here{more}", self._list)
        return chosen[0]

    def _meant(self, session: Session, reference: str, **filters: list[Address]) -> tuple[list[I], str]:
        """Those whose address begins so, and what keeps that from being all."""
        found, begins = self.all(session, **filters), len(reference) > len("0x")
        return [each for each in found if begins and each.address.lower().startswith(reference.lower())], ""

    def secret_folder(self, session: Session, instance: Address | None = None) -> secrets.SecretFolder:
        """Where secrets of an instance are kept; without one, what is to be created again after a kill."""
        return secrets.secret_folder(session, f"{self.kind}s", instance)

    def act(
        self, session: Session, call: "Call", account: "Account", *what: object, value: int = 0
    ) -> "Receipt":
        """Send what an account can do only once: `what` names it within its instance."""
        return session.send(call, account, value=value, once=self.once(call, account, *what))

    def once(self, call: "Call", account: "Account", *what: object) -> str:
        """The name of what an account can do only once."""
        return "-".join(map(str, (self.kind, call.address, account.address, *what)))

    @property
    def _list(self) -> str:
        return f"`diln {self.kind} list` shows all of them."


@dataclass(frozen=True)
class Named(Directory[N, F], Generic[N, F, D]):
    """The same of instances whose terms have a descriptor: they are found by their names, too."""

    BY: ClassVar[str] = "called"

    descriptor: type[D]

    def _meant(self, session: Session, reference: str, **filters: list[Address]) -> tuple[list[N], str]:
        found = self.all(session, **filters)
        names = self.names(session, found)
        chosen = [each for each in found if names[each.address] == reference]
        return chosen, "" if chosen else unread(sum(not name for name in names.values()))

    def descriptor_of(self, session: Session, instance: N) -> D:
        """What its organizer published. Raises StorageError where it is not available, DataError."""
        cid = cid_of(instance.terms.descriptor)
        return self.descriptor.parse(session.storage.read(cid, limit=self.descriptor.LONGEST))

    def described(self, session: Session, instance: N) -> D | None:
        """A descriptor that is here or comes in a moment, and that can be read; else None."""
        cid = _descriptor_cid(instance)
        return self._parsed(session.storage.at_hand([cid]).get(cid) if cid else None)

    def names(self, session: Session, instances: Sequence[N]) -> dict[Address, str]:
        """The names, as they may be shown, in descriptors that are here or come in a moment; else empty."""
        cids = {each.address: cid for each in reversed(instances) if (cid := _descriptor_cid(each))}
        here = session.storage.at_hand(list(cids.values()))  # the newest first, should there be many
        found = {each.address: self._parsed(here.get(cids.get(each.address, ""))) for each in instances}
        return {place: shown(each.name, LONGEST_NAME) if each else "" for place, each in found.items()}

    def name_of(self, session: Session, instance: N) -> str:
        """The same of one."""
        return self.names(session, [instance])[instance.address]

    def _parsed(self, data: bytes | None) -> D | None:
        try:
            fits = data is not None and len(data) <= self.descriptor.LONGEST
            return self.descriptor.parse(data) if data and fits else None
        except Exception:  # a stranger wrote it: whatever is wrong with it ends nobody's search for another
            return None

    @property
    def _list(self) -> str:
        return (
            f"`diln {self.kind} list` shows all of them; name one with --{self.kind} and its name or address."
        )


def history(instance: Bound, kinds: Iterable[type[Event]]) -> list[Event]:
    """All events of these kinds, the oldest first."""
    found = (each for kind in kinds for each in instance.events(kind))
    return sorted(found, key=lambda each: each.place)


def unread(count: int) -> str:
    """What is said, behind the others, of so many whose names nobody tells."""
    return f"; names not read: {count}, whose descriptors nobody provides" if count else ""


def _descriptor_cid(instance: Described) -> str:
    """Empty where the contract does not tell it."""
    try:
        return cid_of(instance.terms.descriptor)
    except NodeUnavailable:
        raise
    except Exception:  # a stranger's contract
        return ""


def cid_of(digest: Digest) -> str:
    """Where the descriptor of this digest is to be found."""
    return str(Cid(1, RAW, digest))
