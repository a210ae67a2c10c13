"""What values in JSON look like: the words of which the results of commands are made (docs/json.md)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


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
