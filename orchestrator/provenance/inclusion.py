"""A proof that one prediction was logged and anchored: a small file that holds all that checking it needs."""

from dataclasses import dataclass, replace
from typing import Any, Self

from orchestrator.errors import VerificationFailed
from orchestrator.provenance import canonical, fields
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.provenance.entries import Entry, input_hash
from orchestrator.provenance.merkle import verify_proof
from orchestrator.provenance.records import Anchor
from orchestrator.types import Address, Digest

PROOF_TYPE = "urn:diln:inclusion:v1"
LARGEST_PROOF = 16 << 20
"""In bytes: what is read as a proof at most."""
MOST_RECORDS = 2**32 - 1
"""What a batch has at most: the contract counts in 32 bits."""

_KEYS = {"_type", "entry", "position", "count", "siblings", "root", "anchor", "revealed"}
_HINT = "Ask for the proof again: diln prove."


@dataclass(frozen=True)
class AnchorReference:
    """Where a root is to be found: `transaction` is 0x-hex, `project_id` 32 bytes."""

    chain_id: int
    registry: Address
    project_id: Digest
    block_number: int
    transaction: str

    @classmethod
    def of(cls, anchor: Anchor) -> Self:
        return cls(
            anchor.chain_id, anchor.registry, anchor.project_id, anchor.block_number, anchor.transaction
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "chainId": self.chain_id,
            "registry": self.registry,
            "project": self.project_id.hex(),
            "block": self.block_number,
            "transaction": self.transaction,
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        keys = {"chainId", "registry", "project", "block", "transaction"}
        found = fields.object_in(value, keys, "anchor")
        return cls(
            chain_id=fields.count_in(found["chainId"], "anchor.chainId"),
            registry=fields.address_in(found["registry"], "anchor.registry"),
            project_id=fields.digest_in(found["project"], "anchor.project"),
            block_number=fields.count_in(found["block"], "anchor.block"),
            transaction=fields.text_in(found["transaction"], "anchor.transaction"),
        )


@dataclass(frozen=True)
class Revealed:
    """What was asked, with the salt that ties it to the entry's input hash."""

    value: object
    salt: bytes


@dataclass(frozen=True)
class InclusionProof:
    """`siblings` lead from the entry's hash to `root`, which `anchor` says where to find.

    `position` is the entry's in the batch under that root, from 0; the batch has `count` entries.
    """

    entry: Entry
    position: int
    count: int
    siblings: tuple[bytes, ...]
    root: Digest
    anchor: AnchorReference
    revealed: Revealed | None = None

    @property
    def holds(self) -> bool:
        """Whether the entry belongs to the root. That the root is on the chain is another question."""
        return verify_proof(self.entry.hash, self.position, self.count, self.siblings, self.root)

    @property
    def input_fits(self) -> bool:
        """Whether the revealed input is what the entry was made for; False if none is revealed."""
        shown = self.revealed
        return shown is not None and input_hash(shown.salt, shown.value) == self.entry.input

    def reveal(self, value: object, salt: bytes) -> Self:
        """The same proof that also shows the input. Raises VerificationFailed if it was another one."""
        shown = replace(self, revealed=Revealed(value, salt))
        if not shown.input_fits:
            raise VerificationFailed(
                f"prediction {self.entry.index} was not made for this input",
                "Give the input exactly as it was asked, with the same names and numbers.",
            )
        return shown

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        shown = self.revealed
        return canonical.encode(
            {
                "_type": PROOF_TYPE,
                "entry": self.entry.to_json(),
                "position": self.position,
                "count": self.count,
                "siblings": ["0x" + sibling.hex() for sibling in self.siblings],
                "root": self.root.hex(),
                "anchor": self.anchor.to_json(),
                "revealed": shown and {"value": shown.value, "salt": "0x" + shown.salt.hex()},
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises VerificationFailed that names the field."""
        if len(data) > LARGEST_PROOF:
            raise VerificationFailed(f"{len(data)} bytes are too many for a proof", _HINT)
        try:
            return cls._from_json(canonical.decode(data))
        except NotCanonical as error:
            raise VerificationFailed(f"the proof cannot be read: {error}", _HINT) from error

    @classmethod
    def _from_json(cls, value: object) -> Self:
        found = fields.object_in(value, _KEYS, "proof")
        if found["_type"] != PROOF_TYPE:
            raise NotCanonical(f"not {PROOF_TYPE}", "_type")
        count = _below(found["count"], MOST_RECORDS + 1, "count")
        siblings = fields.list_in(found["siblings"], "siblings")
        return cls(
            entry=Entry.from_json(found["entry"]),
            position=_below(found["position"], count, "position"),
            count=count,
            siblings=tuple(_sibling(sibling, index) for index, sibling in enumerate(siblings)),
            root=fields.digest_in(found["root"], "root"),
            anchor=AnchorReference.from_json(found["anchor"]),
            revealed=None if found["revealed"] is None else _revealed(found["revealed"]),
        )


def _below(value: object, bound: int, at: str) -> int:
    number = fields.count_in(value, at)
    if number >= bound:
        raise NotCanonical(f"not below {bound}", at)
    return number


def _sibling(value: object, index: int) -> bytes:
    sibling = fields.bytes_in(value, f"siblings[{index}]")
    if len(sibling) != 32:
        raise NotCanonical("not 32 bytes", f"siblings[{index}]")
    return sibling


def _revealed(value: object) -> Revealed:
    found = fields.object_in(value, {"value", "salt"}, "revealed")
    salt = fields.bytes_in(found["salt"], "revealed.salt")
    if len(salt) != 32:
        raise NotCanonical("not 32 bytes", "revealed.salt")
    return Revealed(found["value"], salt)
