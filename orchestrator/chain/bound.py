"""What generated bindings stand on: a contract at an address, read as values, called, and listened to."""

import copy
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast, get_args, get_origin, get_type_hints

from orchestrator.chain.artifact import joined, load_artifact
from orchestrator.errors import ChainError

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.contract.contract import ContractEvent
    from web3.contract.contract import ContractFunction as Call
    from web3.types import EventData, LogReceipt

    from orchestrator.chain.artifact import Abi
    from orchestrator.chain.connection import Chain
    from orchestrator.chain.receipts import Receipt
    from orchestrator.types import Address
else:
    Call = "ContractFunction"  # what builds a call; web3 is imported when one is built

__all__ = ["Bound", "Call", "ContractEnum", "Event", "plain", "snake", "value_of"]

_T = TypeVar("_T")
_E = TypeVar("_E", bound="Event")


class ContractEnum(IntEnum):
    """An enum of a contract."""

    @property
    def word(self) -> str:
        """The member as people read it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Event:
    """What a contract told, and where. A subclass adds the event's arguments, in their order."""

    signature: ClassVar[str]
    """The event's name in the ABI."""

    block_number: int
    tx_hash: str
    log_index: int

    @property
    def place(self) -> tuple[int, int]:
        """By which events of several kinds are put in order."""
        return self.block_number, self.log_index


class Bound:
    """A contract at `address`, which stands there since `block`: earlier ones are not searched for events.

    Reading raises ContractReverted, NotDeployed, NodeUnavailable, and ChainError for an answer that makes no
    sense. What returns a Call sends nothing: give it to `Chain.send`.
    """

    ARTIFACT: ClassVar[str] = ""
    """The package's contract whose ABI is used."""

    ALSO: ClassVar[tuple[str, ...]] = ()
    """Those whose code it runs besides, or may run."""

    ABI: "ClassVar[Abi]" = ()
    """The ABI itself, of contracts that are not the package's."""

    def __init__(self, chain: "Chain", address: "Address", block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.block = block
        self._at: int | None = None

    def at(self, block: int) -> Self:
        """The same contract as it was after `block`, so that all reads of one look agree."""
        seen = copy.copy(self)
        seen._at = block
        return seen

    @cached_property
    def contract(self) -> "Contract":
        if not self.ABI and not self.ALSO:
            return self.chain.contract(self.ARTIFACT, self.address)
        abi = self.ABI or joined(load_artifact(name).abi for name in (self.ARTIFACT, *self.ALSO))
        return self.chain.web3.eth.contract(address=self.address, abi=cast(Any, abi))

    def events(
        self, kind: type[_E], from_block: int | None = None, to_block: int | None = None, **filters: object
    ) -> Iterator[_E]:
        """The events of a kind, oldest first; what cannot be read is left out and told to the log.

        `filters` name arguments and the value, or the values, that they may have.
        """
        event, names = self._event(kind)
        found = self.chain.events(
            event,
            from_block=self.block if from_block is None else from_block,
            to_block=self._at if to_block is None else to_block,
            filters=_wanted(names, filters),
        )
        return (_told(kind, names, each) for each in found)

    def logs(self, kind: type[Event], **filters: object) -> "Iterator[LogReceipt]":
        """As `events`, not decoded, in a tenth of the time; `filters` name indexed arguments only."""
        event, names = self._event(kind)
        wanted = _wanted(names, filters)
        return self.chain.logs(event, from_block=self.block, to_block=self._at, filters=wanted)

    def topics(self, kind: type[Event], **filters: object) -> list[tuple[bytes, ...]]:
        """The topics of what `logs` reads, of which many are remembered; the event's own comes first."""
        event, names = self._event(kind)
        wanted = _wanted(names, filters)
        return self.chain.topics(event, from_block=self.block, to_block=self._at, filters=wanted)

    def emitted(self, kind: type[_E], receipt: "Receipt") -> list[_E]:
        """The events of a kind that this contract told in a transaction."""
        event, names = self._event(kind)
        own = (each for each in receipt.logs if each["address"] == self.address and each["topics"])
        return [
            _told(kind, names, event.process_log(each))
            for each in own
            if each["topics"][0].to_0x_hex() == event.topic
        ]

    def _read(self, kind: type[_T], function: str, *args: object) -> _T:
        def ask() -> Any:
            return self.chain.call(self._call(function, *args), at=self._at)

        return value_of(kind, self.chain.once((self.address, self._at, function, repr(args)), ask))

    def read_each(self, kind: type[_T], function: str, numbers: Iterable[int]) -> list[_T]:
        """What `function` returns for each number, many in a request."""
        calls = [self._call(function, number) for number in numbers]
        return [value_of(kind, each) for each in self.chain.call_many(calls, at=self._at)]

    def _call(self, function: str, *args: object) -> "Call":
        """Raises ChainError for a number that its type has no room for."""
        from web3.exceptions import MismatchedABI

        values = [plain(each) for each in args]
        try:
            built: Call = self.contract.functions[function](*values)
        except MismatchedABI as error:
            entries = cast("list[dict[str, Any]]", self.contract.abi)
            inputs = next(each["inputs"] for each in entries if each.get("name") == function)
            if found := _beyond(inputs, values):
                raise ChainError(found, "Give a smaller one.") from error
            raise
        return built

    def _event(self, kind: type[Event]) -> tuple["ContractEvent", list[str]]:
        """An event, and its arguments' names in their order (web3 puts the indexed ones first)."""
        event = self.contract.events[kind.signature]()
        return event, [each["name"] for each in event._get_event_abi()["inputs"]]


def _beyond(inputs: Iterable[Any], values: Iterable[Any]) -> str:
    """What is said of the first number, of `values` or within a struct, that its type has no room for."""
    for each, value in zip(inputs, values, strict=True):
        if each["type"] == "tuple" and (found := _beyond(each["components"], value)):
            return found
        number = re.fullmatch(r"(u?)int(\d+)", each["type"])
        if number and isinstance(value, int):
            least, bits = (
                (0, int(number[2])) if number[1] else (-(2 ** (int(number[2]) - 1)), int(number[2]) - 1)
            )
            if not least <= value < 2**bits:
                return f"{snake(each['name'])}: {value} is beyond what the contract holds"
    return ""


def snake(name: str) -> str:
    """A name of Solidity as Python writes it: `modelHash_` is `model_hash`, `from` is `from_`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip("_")).lower()
    return words + "_" if keyword.iskeyword(words) else words


def plain(value: object) -> object:
    """A value as web3 encodes it: a dataclass is the tuple of its fields."""
    if is_dataclass(value):
        return tuple(plain(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def value_of(kind: type[_T], found: object) -> _T:
    """What web3 decoded, as a value of `kind`. Raises ChainError for what is none."""
    try:
        return cast(_T, _reader(cast(Any, kind))(found))
    except (TypeError, ValueError) as error:
        raise ChainError(f"the node's answer cannot be used: {error}", "Ask another node.") from error


def _wanted(names: Sequence[str], filters: Mapping[str, Any]) -> dict[str, Any]:
    known = {snake(name): name for name in names}
    return {known[name]: value for name, value in filters.items()}


def _told(kind: type[_E], names: Sequence[str], found: "EventData") -> _E:
    place = int(found["blockNumber"]), found["transactionHash"].to_0x_hex(), int(found["logIndex"])
    return value_of(kind, (*place, *(found["args"][name] for name in names)))


@cache
def _reader(kind: object) -> Callable[[Any], Any]:
    """How a value of `kind` is made of what web3 decoded."""
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    origin = get_origin(kind)
    if origin in (list, tuple):
        each = _reader(get_args(kind)[0])
        return lambda found: origin(map(each, found))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return _struct(kind, [_reader(hints[each.name]) for each in fields(kind)])
    return cast(Callable[[Any], Any], (lambda found: found) if kind is str else kind)


def _struct(kind: Any, readers: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def read(found: Any) -> Any:
        values = found.values() if isinstance(found, Mapping) else found  # structs in events have names
        return kind(*(each(value) for each, value in zip(readers, values, strict=True)))

    return read
