"""What values in JSON look like: the words of which the results of commands are made (docs/json.md)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, NotRequired, get_args, get_type_hints

from pydantic import Field
from typing_extensions import TypedDict

from orchestrator.types import Address as ChainAddress
from orchestrator.types import Digest


@dataclass(frozen=True)
class Lines:
    """Results that come with time, an object a line; `once` is what comes instead where one look is taken."""

    each: object
    once: object = None


Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$", description="An account or a contract.")]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="A SHA-256 or Keccak-256 hash.")]
ChainHash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", description="Of a block or of code.")]
Transaction = Annotated[
    str, Field(pattern="^(0x[0-9a-f]{64})?$", description="A transaction's hash; empty after a dry run.")
]
Cid = Annotated[str, Field(description="A content identifier, as IPFS has them.")]
Seconds = Annotated[int, Field(description="A duration.")]
Gas = Annotated[int, Field(ge=0)]
Bytes = Annotated[int, Field(ge=0, description="A size in bytes.")]
Share = Annotated[float, Field(ge=0, le=1, description="0.1 is a tenth.")]
File = Annotated[str, Field(description="A path.")]
ForPeople = Annotated[str, Field(description="A sentence, which may change at any time.")]
Status = Literal["none", "published", "deployable", "deprecated", "revoked"]


class Amount(TypedDict):
    """An amount of money."""

    value: Annotated[str, Field(pattern="^-?[0-9]+$", description="In smallest units (of ether: wei).")]
    currency: Annotated[Address, Field(description="The token's address; that of ether is zero.")]


class Currency(TypedDict):
    """Which money it is."""

    currency: Address
    symbol: str
    decimals: int


class Time(TypedDict):
    """A time, in UTC."""

    unix: Annotated[int, Field(description="Seconds since 1970.")]
    rfc3339: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]


class Error(TypedDict):
    """What any command prints instead of its result where it fails."""

    error: Annotated[str, Field(description="The exception's name, as in orchestrator/errors.py.")]
    message: ForPeople
    hint: ForPeople


_SHAPES: dict[object, Any] = {
    ChainAddress: Address,
    Digest: Hash,
    bytes: Annotated[str, Field(pattern="^([0-9a-f]{2})*$", description="Bytes.")],
}


def history_of(kinds: Iterable[type], **otherwise: object) -> Any:
    """The shape of all that happened: events, each with its own arguments, those in `otherwise` told so."""
    told: dict[str, Any] = {}
    for kind in kinds:
        told |= _arguments(kind)
    own = {name: NotRequired[otherwise.get(name, shape)] for name, shape in told.items()}
    place = {"block": int, "event": str, "transaction": Transaction}
    event = TypedDict("Event", {**place, **own})  # type: ignore[misc]
    event.__doc__ = "What happened, with the event's own arguments."
    return list[event]


def _arguments(kind: type) -> dict[str, Any]:
    """What an event or a struct is made of, structs in it by what they are made of."""
    told, hints = dict[str, Any](), get_type_hints(kind)
    for name in [each.name for each in fields(kind)]:
        if isinstance(hints[name], type) and is_dataclass(hints[name]):
            told |= _arguments(hints[name])
            continue
        [part, *more] = get_args(hints[name]) or [hints[name]]
        shape = _SHAPES.get(part, part)
        told[name] = list.__class_getitem__(shape) if more else shape
    return {
        name: shape for name, shape in told.items() if name not in ("block_number", "tx_hash", "log_index")
    }
