"""Where contracts with a model are created, listed and told from other contracts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.bindings.sum import Created as CreatedEvent
from orchestrator.bindings.sum import SumFactory
from orchestrator.chain import Chain, load_artifact
from orchestrator.chain.indexes import EventIndex, IndexTable
from orchestrator.errors import ChainError, NodeUnavailable, NotDeployed
from orchestrator.kernel.session import Session
from orchestrator.models.online.base import OnChainModel
from orchestrator.models.online.compositions import COMPOSITIONS, Composition
from orchestrator.types import Address, Digest

_BEFORE = bytes.fromhex("363d3d373d3d3d363d73")  # ERC-1167 around the implementation's address
_AFTER = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
_CLONE = len(_BEFORE) + 20 + len(_AFTER)
_CREATOR = 20  # bytes, between a clone's code and its arguments
_CREATE = keccak(text="create(address,bytes32,bytes)")[:4]
_SALT = slice(36, 68)
_CREATED = IndexTable(
    "created",
    (
        *("instance TEXT", "implementation TEXT", "creator TEXT"),
        *("arguments BLOB", "salt BLOB", "tx TEXT"),
    ),
    ("(instance)", "(creator)"),
)


@dataclass(frozen=True)
class Created:
    """A contract's birth, as the factory told it; `salt` is None where no plain call made it."""

    address: Address
    implementation: Address
    creator: Address
    arguments: bytes
    salt: Digest | None
    block: int
    transaction: str


def factory_of(session: Session) -> "Factory":
    """The factory on this chain. Raises NotDeployed before `diln migrate`."""
    return session.deployed(Factory, "SumFactory")


class Factory(SumFactory):
    """Makes contracts with a model, and knows those that it made."""

    def created(self, address: Address | None = None) -> Iterator[Created]:
        """All that this factory created, or the one at `address`; oldest first."""
        if address:
            yield from (born for born, _ in self._told(None, None, instance=address))
            return
        yield from self._kept("SELECT * FROM created ORDER BY rowid")

    def created_among(self, addresses: Sequence[Address]) -> list[Created]:
        """Those of these contracts that this factory created, oldest first."""
        return self._of("instance", addresses)

    def created_by(self, creators: Sequence[Address]) -> list[Created]:
        """What any of these created, oldest first."""
        return self._of("creator", creators)

    def _of(self, column: str, addresses: Sequence[Address]) -> list[Created]:
        marks = ", ".join("?" * len(addresses))
        query = f"SELECT * FROM created WHERE {column} IN ({marks}) ORDER BY rowid"  # noqa: S608 - our own words
        return list(self._kept(query, *addresses))

    def _kept(self, query: str, *values: str) -> Iterator[Created]:
        self._index.refresh()
        for row in self._index.rows(query, *values):
            block, instance, implementation, creator, arguments, salt, transaction = row
            who = Address(creator)
            if salt is None:  # the node did not know the transaction then
                salt = self._salt(transaction, who)
            found = Digest(salt) if salt else None
            told = Address(instance), Address(implementation), who, arguments, found, block, transaction
            yield Created(*told)

    @cached_property
    def _index(self) -> EventIndex[list[tuple[Created, bytes | None]]]:
        return self.chain.index(self, (_CREATED,), lambda *blocks: list(self._told(*blocks)), self._write)

    def _told(
        self, first: int | None, last: int | None, **filters: Address
    ) -> Iterator[tuple[Created, bytes | None]]:
        """What events tell, and the salt as `_salt` has it."""
        for event in self.events(CreatedEvent, first, last, **filters):
            salt = self._salt(event.tx_hash, event.creator)
            yield (
                Created(
                    address=event.instance,
                    implementation=event.implementation,
                    creator=event.creator,
                    arguments=event.args,
                    salt=Digest(salt) if salt else None,
                    block=event.block_number,
                    transaction=event.tx_hash,
                ),
                salt,
            )

    def _write(self, told: list[tuple[Created, bytes | None]]) -> None:
        for each, salt in told:
            row = (each.address, each.implementation, each.creator, each.arguments, salt, each.transaction)
            self._index.insert(_CREATED, each.block, *row)

    def _salt(self, transaction: str, creator: Address) -> bytes | None:
        """What the creator called `create` with; empty if another contract made the call.

        None where the node does not know the transaction. It stands at a fixed place, where the contract
        reads it: whatever else strangers put into a call is not looked at.
        """
        try:
            found = self.chain.transaction(transaction)
        except NodeUnavailable:
            raise
        except ChainError:
            return None
        data = bytes(found["input"])
        if found.get("to") != self.address or found["from"] != creator or len(data) < _SALT.stop:
            return b""
        return data[_SALT] if data[:4] == _CREATE else b""


class Packed(Protocol):
    """The settings of an incentive mechanism, which are a word of the clone's code."""

    def pack(self) -> int: ...


def arguments_for(model: OnChainModel, terms: Packed, token: Address, unit: int) -> bytes:
    """What the factory puts into a clone's code, after its creator."""
    money = bytes.fromhex(token[2:]) + unit.to_bytes(12, "big")
    return money + terms.pack().to_bytes(32, "big") + model.arguments()


def recognize(chain: Chain, address: Address) -> Composition:
    """Which of the package's compositions the contract at `address` is a clone of, told by its code.

    Raises NotDeployed where there is no contract, ChainError for one that is no clone, or of unknown code.
    """
    code = chain.code(address)
    hint = "Look at `diln sum list`, and at --network."
    if not code:
        raise NotDeployed(f"there is no contract at {address} on network `{chain.network.name}`", hint)
    if not code.startswith(_BEFORE) or code[_CLONE - len(_AFTER) : _CLONE] != _AFTER:
        raise ChainError(f"the contract at {address} is not a shared model", hint)
    behind = chain.code(implementation_of(code))
    for composition in COMPOSITIONS.values():
        if load_artifact(composition.name).matches(behind):
            return composition
    raise unknown(address, code)


def unknown(address: Address, code: bytes) -> ChainError:
    """What to raise for a clone that does not run the package's code, or not all of it."""
    return ChainError(
        f"the contract at {address} runs code that is not of this package (at {implementation_of(code)})",
        "Do not trust it with a deposit, or use the version of DILN that it was made with.",
    )


def implementation_of(code: bytes) -> Address:
    """Where the code is that a clone runs."""
    return to_checksum_address(code[len(_BEFORE) : len(_BEFORE) + 20])


def arguments_of(code: bytes) -> tuple[Address, bytes]:
    """A clone's creator, and the arguments it was created with."""
    end = _CLONE + _CREATOR
    return to_checksum_address(code[_CLONE:end]), code[end:]
