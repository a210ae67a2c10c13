"""The data as they are pinned: a public description, then every group sealed under its own salt.

Whoever opens a group publishes its salt, 32 bytes; that is the key to the sealed bytes and, with them, what
the group's leaf in the tree binds. So nothing is uploaded twice, and what was opened is checked at once.

File: one line of JSON (the description, with the leaves of all groups, which are hashes under those salts),
then the groups, each as long as `group_bytes`. A group is sealed by XOR with SHAKE-256 of a domain tag and
its salt; a salt is used for one group only, and the tree, not the seal, tells changed bytes.
"""

import json
from dataclasses import dataclass
from typing import Self

from orchestrator.bindings.competition import Group
from orchestrator.errors import DataError, IntegrityError
from orchestrator.kernel.secrets import masked
from orchestrator.merkle import proof_of, root_of
from orchestrator.provenance import canonical
from orchestrator.systems.competition.encoding import Encoding
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.tree import Data, is_group
from orchestrator.types import Digest

FORMAT = "diln-competition-data/2"
KEY_TAG = b"DILN competition group seal"
LONGEST = 64 << 20
_HINT = "Ask the organizer for the file that the competition's CID names."


@dataclass(frozen=True)
class Archive:
    """Sealed data. `nonce` is what the organizer's salts are derived from, together with its wallet key.

    `leaves` are those of the groups; their root is the competition's.
    """

    name: str
    encoding: Encoding
    nonce: bytes
    leaves: tuple[bytes, ...]
    sealed: tuple[bytes, ...]

    @classmethod
    def seal(cls, name: str, encoding: Encoding, nonce: bytes, data: Data) -> Self:
        pairs = zip(data.groups, data.salts, strict=True)
        sealed = tuple(masked(group, salt, KEY_TAG) for group, salt in pairs)
        return cls(name, encoding, nonce, tuple(data.leaves), sealed)

    def to_bytes(self) -> bytes:
        description = {
            "format": FORMAT,
            "name": self.name,
            "nonce": self.nonce.hex(),
            "leaves": [leaf.hex() for leaf in self.leaves],
            **self.encoding.to_json(),
        }
        return json.dumps(description, sort_keys=True).encode() + b"\n" + b"".join(self.sealed)

    @classmethod
    def parse(cls, content: bytes, terms: Terms) -> Self:
        """Raises DataError, or IntegrityError, for what is not the data of a competition with these terms."""
        line, _, body = content.partition(b"\n")
        try:
            found = canonical.parse(line)
            encoding = Encoding.from_json(found)
            leaves = tuple(bytes.fromhex(leaf) for leaf in found["leaves"])
            known = found["format"] == FORMAT and len(leaves) == terms.groups
            name, nonce = str(found["name"]), bytes.fromhex(found["nonce"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"the competition's data have no description: {error}", _HINT) from error
        if not known or len(body) != terms.groups * terms.group_bytes:
            raise DataError("the competition's data are not what its terms say", _HINT)
        if (len(encoding.features), len(encoding.classes)) != (terms.features, terms.classes):
            raise DataError("the description names other columns or classes than the terms", _HINT)
        if root_of(leaves) != terms.root:
            raise IntegrityError("the data's leaves do not lead to the root of the competition", _HINT)
        size = terms.group_bytes
        sealed = tuple(body[i : i + size] for i in range(0, len(body), size))
        return cls(name, encoding, nonce, leaves, sealed)

    def open(self, terms: Terms, number: int, salt: bytes) -> Group:
        """A group, by its salt. Raises IntegrityError if that is not the salt that the root binds."""
        data = masked(self.sealed[number], salt, KEY_TAG)
        group = Group(Digest(salt), data, proof_of(self.leaves, number))
        return check_group(terms, number, group)

    def data(self, terms: Terms, salts: tuple[bytes, ...]) -> Data:
        """All groups. Raises IntegrityError unless `salts` are those that the root binds."""
        groups = tuple(masked(sealed, salt, KEY_TAG) for sealed, salt in zip(self.sealed, salts, strict=True))
        data = Data(groups, salts, terms.features, terms.classes, terms.group_size)
        if data.root != terms.root:
            raise IntegrityError(
                "these salts are not those of the data that the competition committed to",
                "Use the account that created it; its key restores them.",
            )
        return data


def check_group(terms: Terms, number: int, group: Group) -> Group:
    """Return the group. Raises IntegrityError unless it is group `number` under the root."""
    if not is_group(terms, number, group):
        raise IntegrityError(
            f"group {number} does not match the root that the competition committed to",
            "It was opened with changed data or a changed salt: get it elsewhere, or challenge the group.",
        )
    return group
