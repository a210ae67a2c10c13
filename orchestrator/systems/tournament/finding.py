"""Where tournaments are found, what their organizers say of them, and where their secrets are kept."""

import hashlib
from dataclasses import asdict, dataclass

from orchestrator.bindings.tournament import Created, Tournament, TournamentFactory
from orchestrator.errors import DataError
from orchestrator.kernel import secrets
from orchestrator.kernel.finding import Directory
from orchestrator.kernel.session import Session
from orchestrator.provenance.canonical import decode, encode
from orchestrator.storage.cid import RAW, Cid
from orchestrator.text import shown
from orchestrator.types import Address, Digest

KIND = "tournament"
FORMAT = "diln-tournament/1"
LONGEST = 1 << 20
LARGEST_DATA = 64 << 20
_TEXTS = ("name", "id", "target", "source", "train", "baseline")


@dataclass(frozen=True)
class Descriptor:
    """What an organizer says of a tournament: canonical JSON whose SHA-256 is in the terms.

    `id` and `target` name columns, `source` says where targets come from; `train` is the CID of the data to
    train on, `live` those of each round's rows (ids and features), `baseline` that of a public model or "".
    """

    name: str
    id: str
    target: str
    features: tuple[str, ...]
    train: str
    live: tuple[str, ...]
    source: str = ""
    baseline: str = ""

    def to_bytes(self) -> bytes:
        lists = {"features": list(self.features), "live": list(self.live)}
        return encode({"format": FORMAT, **asdict(self), **lists})

    @property
    def digest(self) -> Digest:
        return Digest(hashlib.sha256(self.to_bytes()).digest())


def parse_descriptor(data: bytes) -> Descriptor:
    """Read what `to_bytes` wrote, of strangers. Raises DataError."""
    try:
        content = decode(data)
        texts = {name: str(content[name]) for name in _TEXTS}
        features, live = (tuple(map(str, list(content[name]))) for name in ("features", "live"))
        known = content["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"the descriptor is malformed: {shown(str(error), 200)}", _ASK) from error
    if not known:
        raise DataError(f"the descriptor is not a {FORMAT}", _ASK)
    return Descriptor(**texts, features=features, live=live)


def secret_folder(session: Session, tournament: Address | None = None) -> secrets.SecretFolder:
    """Where a tournament's secrets are kept; without one, what is to be created again after a kill."""
    return secrets.secret_folder(session, "tournaments", tournament)


def cid_of(digest: Digest) -> str:
    """Where the descriptor of this digest is to be found."""
    return str(Cid(1, RAW, digest))


_TOURNAMENTS = Directory(
    KIND, "created or entered", Tournament, TournamentFactory, Created, parse_descriptor, LONGEST
)
factory_of, tournaments, open_tournament = _TOURNAMENTS.factory_of, _TOURNAMENTS.all, _TOURNAMENTS.open
find, descriptor_of, name_of = _TOURNAMENTS.find, _TOURNAMENTS.descriptor_of, _TOURNAMENTS.name_of

_ASK = "Ask the tournament's organizer."
