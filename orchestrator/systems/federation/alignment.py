"""Who is known to all of several parties, without anybody showing whom it knows (Meadows, 1986; DH-PSI).

Each party has a secret number. An identifier becomes a point of secp256k1, and each party in turn
multiplies it by its own; points that all have multiplied are equal where identifiers are. A list keeps its
owner's order, which is random, so that the owner, and nobody else, knows whose points they are.

This holds against parties who do as they should, and look. Each learns, besides, how long the others' lists
are and whom it shares with each single one of them. A party that lies about its list, say by guessing
identifiers, learns whether they are in the others': let only those take part who are bound by contract or
deposit.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey, PublicKey

from orchestrator.errors import DataError
from orchestrator.files import replace_file
from orchestrator.nesting import is_nested_deeper

LARGEST = 1_000_000
"""Identifiers in a list."""

_TAG = b"DILN alignment"
_POINT, _LONGEST_FILE = 33, 100_000_000  # bytes
_FINGERPRINT = re.compile(r"[0-9a-f]{16}", re.ASCII)


def point_of(identifier: str) -> PublicKey:
    """The point of an identifier: the first of its hashes that is a coordinate (try and increment)."""
    for counter in range(256):
        try:
            return PublicKey(b"\x02" + hashlib.sha256(_TAG + bytes([counter]) + identifier.encode()).digest())
        except ValueError:  # half of all hashes are not
            continue
    raise DataError("an identifier has no point")  # one in 2**256


@dataclass(frozen=True)
class Blinded:
    """The list of `owner`, in its order, multiplied by all in `parties` (fingerprints of their secrets)."""

    owner: str
    parties: tuple[str, ...]
    points: tuple[bytes, ...]

    def to_json(self) -> str:
        body = {
            "owner": self.owner,
            "parties": self.parties,
            "points": [point.hex() for point in self.points],
        }
        return json.dumps({"alignment": 1, **body}) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Blinded":
        """A file that another party wrote. Raises DataError."""
        strange = DataError(
            f"{path} is not a list of blinded identifiers",
            "Ask for the file that `diln federation align IDS` wrote.",
        )
        try:
            if path.stat().st_size > _LONGEST_FILE:
                raise strange
            text = path.read_text(encoding="utf-8")
            if is_nested_deeper(text, 3):
                raise strange
            body = json.loads(text)
            parties = tuple(str(party) for party in body["parties"])
            found = cls(str(body["owner"]), parties, tuple(bytes.fromhex(point) for point in body["points"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise strange from error
        if found.owner not in parties or len(set(parties)) != len(parties) or len(found.points) > LARGEST:
            raise strange
        if not all(map(_FINGERPRINT.fullmatch, parties)):  # files are named after them
            raise strange
        return found


class Party:
    """Whoever knows `secret`, 32 bytes of chance, kept for one alignment only."""

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self.fingerprint = hashlib.sha256(_TAG + self._key.public_key.format()).hexdigest()[:16]

    def blind(self, identifiers: Sequence[str]) -> Blinded:
        """The own list. Raises DataError if somebody is in it twice, or nobody."""
        if not identifiers or len(identifiers) > LARGEST or len(set(identifiers)) != len(identifiers):
            raise DataError(f"a list has 1 to {LARGEST:,} identifiers, each once")
        points = (point_of(each).multiply(self._key.secret).format() for each in self.order(identifiers))
        return Blinded(self.fingerprint, (self.fingerprint,), tuple(points))

    def order(self, identifiers: Sequence[str]) -> list[str]:
        """The order of the own list: it says nothing to others, and this party finds it again."""
        return sorted(identifiers, key=lambda each: hmac.digest(self._key.secret, each.encode(), "sha256"))

    def again(self, other: Blinded) -> Blinded:
        """Another's list, multiplied by this party's secret, too. Raises DataError for what is not a list."""
        if self.fingerprint in other.parties:
            raise DataError("this list was multiplied by this party already")
        return Blinded(
            other.owner, (*other.parties, self.fingerprint), tuple(map(self._multiplied, other.points))
        )

    def _multiplied(self, point: bytes) -> bytes:
        if len(point) != _POINT:
            raise DataError("a list has something in it that is not a compressed point")
        try:
            return PublicKey(point).multiply(self._key.secret).format()
        except ValueError as error:
            raise DataError("a list has something in it that is not a point of the curve") from error


def common(own: Blinded, others: Iterable[Blinded]) -> list[int]:
    """The places in `own` of what is in all lists, in an order that is the same for all parties.

    Raises DataError unless all lists went through the hands of the same parties.
    """
    others = list(others)
    if any(set(each.parties) != set(own.parties) for each in others):
        raise DataError(
            "not every list was multiplied by every party",
            "Let each run `diln federation align IDS FILES` with all of them.",
        )
    if {own.owner, *(each.owner for each in others)} != set(own.parties):
        raise DataError("there is not one list of each party")
    places = {point: place for place, point in enumerate(own.points)}
    shared = set(places).intersection(*(each.points for each in others))
    return [places[point] for point in sorted(shared)]


def key_of(path: Path) -> bytes:
    """The secret of one alignment, made when it is first asked for."""
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_bytes(32)
    replace_file(path, secret, 0o600)
    return secret
