"""What the commands of chain, storage and accounts print for machines."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from orchestrator.cli.prove.results import Verification
from orchestrator.console.shapes import (
    Address,
    Amount,
    Bytes,
    ChainHash,
    Cid,
    File,
    ForPeople,
    Hash,
    Lines,
    Time,
    Transaction,
)


class Account(TypedDict):
    """A wallet."""

    name: str
    address: Address
    kind: Literal["development", "keystore", "signer"]
    balance: NotRequired[Amount | None]


class Deployment(TypedDict):
    """A contract that stands."""

    name: str
    address: Address
    block: int
    code_hash: ChainHash
    transaction: Transaction


class Chain(TypedDict):
    """The chain, and a block of it."""

    network: str
    chain_id: int
    block: int
    time: Time
    hash: ChainHash
    genesis: ChainHash


class Pending(TypedDict):
    """A transaction that was sent from here."""

    account: Address
    nonce: int
    block: int | None
    transaction: Transaction


class Sped(TypedDict):
    """A transaction with higher fees."""

    transaction: Transaction
    block: int
    fee: Amount


class Cancelled(TypedDict):
    """Whether a transaction was taken back; else which one was mined."""

    cancelled: bool
    transaction: Transaction | None


class Url(TypedDict):
    """Where something listens."""

    url: str


class Served(TypedDict):
    """Where a chain can be asked."""

    url: str
    network: str
    chain_id: int


class Finding(TypedDict):
    """One look at what a folder needs."""

    subject: str
    ok: bool
    message: ForPeople
    hint: ForPeople


class Completion(TypedDict):
    """A shell's script."""

    shell: str
    script: str


class Added(TypedDict):
    """A file or folder as blocks."""

    cid: Cid
    size: Bytes
    sha256: Hash | None
    profile: str


class Pin(TypedDict):
    """What is kept, and why a mirror does not have it."""

    cid: Cid
    size: Bytes
    created: Time
    queued: ForPeople


class Freed(TypedDict):
    """What unpinning has freed."""

    cid: Cid
    blocks: int
    bytes: Bytes


class Written(TypedDict):
    """Content in a file."""

    cid: Cid
    file: File


class Said(TypedDict):
    """What a keeper did, or (`failed`) why it could not."""

    system: str
    instance: str
    account: str
    duty: str
    text: ForPeople
    failed: bool


class SaidThen(Said):
    """The same with its time."""

    time: Time | None


class Due(TypedDict):
    """What will be due."""

    system: str
    instance: Address
    account: str
    duty: str
    at: Time


class Look(TypedDict):
    """What one look did, what is remarked on (losses, why nothing is done), and what comes next."""

    time: Time
    done: list[Said]
    remarks: list[Said]
    due: list[Due]


class SchemaName(TypedDict):
    """A command whose result has a schema."""

    command: str
    result: ForPeople


KEPT = Lines(SaidThen, Look)
RESULTS: dict[str, Any] = {
    "abi": Annotated[list[dict[str, Any]], Field(description="A contract's interface.")],
    "account import": Account,
    "account list": list[Account],
    "account new": Account,
    "chain advance": Chain,
    "chain cancel": Cancelled,
    "chain pending": list[Pending],
    "chain serve": Lines(Served),
    "chain show": Chain,
    "chain speed-up": Sped,
    "compile": Annotated[list[str], Field(description="The contracts that were compiled.")],
    "completion": Completion,
    "doctor": list[Finding],
    "keep": KEPT,
    "mcp": Annotated[None, Field(description="Nothing: it talks with a program.")],
    "migrate": list[Deployment],
    "node": Lines(Url),
    "page": Lines(Served | Verification),
    "pin add": Added,
    "pin export": Written,
    "pin get": Written,
    "pin import": Annotated[list[Cid], Field(description="What was taken in.")],
    "pin ls": list[Pin],
    "pin push": list[Pin],
    "pin rm": Freed,
    "schema": dict[str, Any] | list[SchemaName],
}
