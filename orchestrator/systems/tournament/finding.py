"""Where tournaments are found, what their organizers say of them, and where their secrets are kept."""

import hashlib
from dataclasses import asdict, dataclass

from orchestrator.bindings.tournament import Created, Tournament, TournamentFactory
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.errors import ChainError, DataError, NotDeployed, StorageError
from orchestrator.kernel import secrets
from orchestrator.kernel.session import Session
from orchestrator.provenance.canonical import decode, encode
from orchestrator.storage.cid import RAW, Cid
from orchestrator.text import shown
from orchestrator.types import Address, Digest

KIND = "tournament"
FORMAT = "diln-tournament/1"
LONGEST = 1 << 20
LARGEST_DATA = 64 << 20
LONGEST_NAME = 100
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


def factory_of(session: Session) -> TournamentFactory:
    """The factory on this chain. Raises NotDeployed before `diln migrate`."""
    return session.deployed(TournamentFactory, "TournamentFactory")


def secret_folder(session: Session, tournament: Address | None = None) -> secrets.SecretFolder:
    """Where a tournament's secrets are kept; without one, what is to be created again after a kill."""
    return secrets.secret_folder(session, "tournaments", tournament)


def tournaments(session: Session, **filters: Address) -> list[Tournament]:
    """All tournaments of this chain's factory, oldest first; `filters` as of Created."""
    made = factory_of(session).events(Created, None, None, **filters)
    return [Tournament(session.chain, each.instance, each.block_number) for each in made]


def open_tournament(session: Session, address: Address) -> Tournament:
    """The tournament at `address`. Raises NotDeployed for one that this factory did not make."""
    found = next(iter(tournaments(session, instance=address)), None)
    if found is None:
        raise NotDeployed(f"{address} is not a tournament of this chain's factory", _LIST)
    return found


def find(session: Session, reference: str = "latest") -> Tournament:
    """The tournament that `reference` names: an address, its name, or `latest`.

    The latest is the last that was created or entered from this folder, never a stranger's. Of several with
    a name, those that this folder knows come first. Raises ChainError for none, or for several.
    """
    if reference == "latest":
        last = session.known.last(KIND)
        if last is None:
            factory_of(session)  # where there is none, nothing can be listed either
            raise ChainError("no tournament was created or entered from this folder", _LIST)
        return open_tournament(session, last)
    if is_address_like(reference):
        return open_tournament(session, checked_address(reference))
    named = [each for each in tournaments(session) if name_of(session, each) == reference]
    known = [each for each in named if session.known.knows(each.address)]
    chosen = known or named
    if len(chosen) != 1:
        what = "several tournaments are" if chosen else "no tournament is"
        raise ChainError(f"{what} called `{shown(reference, LONGEST_NAME)}` here", _LIST)
    return chosen[0]


def descriptor_of(session: Session, tournament: Tournament) -> Descriptor:
    """What its organizer published. Raises StorageError where it is not to be had, DataError."""
    return parse_descriptor(session.storage.read(cid_of(tournament.terms.descriptor), limit=LONGEST))


def name_of(session: Session, tournament: Tournament) -> str:
    """The name in a descriptor that storage has at hand, as it may be shown; else empty."""
    try:
        at_hand = session.storage.has(cid_of(tournament.terms.descriptor))
        return shown(descriptor_of(session, tournament).name, LONGEST_NAME) if at_hand else ""
    except (DataError, StorageError):
        return ""


def cid_of(digest: Digest) -> str:
    """Where the descriptor of this digest is to be found."""
    return str(Cid(1, RAW, digest))


_ASK = "Ask the tournament's organizer."
_LIST = "`diln tournament list` shows all of them; name one by its address."
