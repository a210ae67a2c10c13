"""Create a tournament: publish its data, keep its tables, make its contract."""

from dataclasses import dataclass, replace
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.bindings.tournament import Terms, Tournament
from orchestrator.chain import Account
from orchestrator.errors import DataError, UsageError
from orchestrator.kernel import offers
from orchestrator.kernel.money import Currency, parse_token, read_currency
from orchestrator.kernel.session import Session
from orchestrator.learning.reading import parse_table
from orchestrator.systems.tournament import tables
from orchestrator.systems.tournament.finding import (
    KIND,
    Descriptor,
    act,
    factory_of,
    open_tournament,
    secret_folder,
    tournaments,
)
from orchestrator.systems.tournament.rows import ids_of, read_file
from orchestrator.text import shown
from orchestrator.times import seconds, show_duration
from orchestrator.types import ZERO_ADDRESS, Digest

ONE = 10**9
LARGEST_PART = 100 * ONE
HOUR, YEAR = 3_600, 366 * 86_400
BOND_SHARE = 10
AMOUNTS = "pot", "bond", "least_stake", "threshold", "tip"
_PARTS = "clip", "drag", "corr_multiplier", "contribution_multiplier"
_WAITS = "period", "entering", "resolving", "scoring"


@dataclass(frozen=True)
class Offer:
    """What an organizer decides. Amounts are in coins, durations as `12h`, parts of 1.

    `train` and each of `live` (one a round) are CSV files with an `id` column and the features;
    `train` has the `target` column besides. The first round begins `start` from now, a next one every
    `period`. Without more, the bond is the pot, and the threshold what the pot can bear.
    """

    name: str
    target: str
    train: str
    live: tuple[str, ...]
    pot: str
    id: str = "id"
    source: str = ""
    baseline: str = ""
    bond: str = ""
    threshold: str = ""
    least_stake: str = "0.01"
    tip: str = "0.0001"
    clip: float = 0.05
    drag: float = 0.01
    corr_multiplier: float = 1.0
    contribution_multiplier: float = 0.0
    start: str = "1d"
    period: str = "1w"
    entering: str = "1d"
    resolving: str = "1d"
    scoring: str = "1d"
    token: str = ""


@dataclass(frozen=True)
class Plan:
    """All that a creation sends; `terms.start` is a time."""

    key: str
    terms: Terms
    descriptor: Descriptor
    money: Currency


def read_offer(file: Path) -> Offer:
    """An offer in a TOML file. Raises SpecError that names the key."""
    return offers.read_offer(Offer, file, "docs/tournament.md")


def plan(session: Session, offer: Offer, folder: Path, organizer: Account) -> Plan:
    """Read and publish the data (paths begin at `folder`), and work out the terms; nothing is sent.

    Raises DataError, UsageError for terms that no tournament can have.
    """
    money = read_currency(session.chain, parse_token(offer.token or None))
    files = [folder / each for each in (offer.train, *offer.live)]
    if not offer.live:
        raise DataError("no round has rows", "Name a file for each round in `live`.")
    if other := next((file for file in files if file.suffix.lower() != ".csv"), None):
        raise DataError(
            f"{other.name} is not CSV", "Entrants read CSV alone: what unpacks itself has no bounds."
        )
    contents = [read_file(file) for file in files]
    columns = [parse_table(file.name, data, ",").columns for file, data in zip(files, contents, strict=True)]
    features = tuple(name for name in columns[1].column_names if name != offer.id)
    for file, table in zip(files, columns, strict=True):
        wanted = {offer.id, *features} | ({offer.target} if file is files[0] else set())
        if set(table.column_names) != wanted or offer.target in features:
            listed = shown(", ".join(sorted(wanted - {offer.target})), 200)
            raise DataError(
                f"{file.name} has other columns than {listed}", f"Only {files[0].name} has targets."
            )
    rows = len(columns[1])
    for data in contents[1:]:
        ids_of(data, offer.id, rows)
    terms = _terms(session, offer, money, rows)
    _require_sound(terms)
    cids = [session.storage.put(data).cid for data in contents]
    baseline = session.storage.put(folder / offer.baseline).cid if offer.baseline else ""
    descriptor = Descriptor(
        offer.name, offer.id, offer.target, features, cids[0], tuple(cids[1:]), offer.source, baseline
    )
    session.storage.put(descriptor.to_bytes())
    key = keccak(
        repr((offer, organizer.address, session.chain.genesis_hash)).encode() + descriptor.digest
    ).hex()
    now, wait = int(session.chain.now()), int(seconds(offer.start))
    start = offers.drafted_start(secret_folder(session), key, now, wait)
    changed = vars(terms) | {"descriptor": descriptor.digest, "organizer": organizer.address, "start": start}
    return Plan(key, Terms(**changed), descriptor, money)


def create(session: Session, made: Plan, organizer: Account) -> Tournament:
    """Keep the tables that are not on the chain, and make the tournament.

    Killed at any point, it goes on where it was when `plan` and this are run again. `finish` ends that.
    """
    factory, terms, salt = factory_of(session), made.terms, made.descriptor.digest
    with session.alone(f"tournament {made.key}"):
        for table in [tables.powers, tables.normals][: 1 + bool(terms.contribution_multiplier)]:
            data = tables.encode(table(terms.rows))
            if not session.chain.code(factory.table_of(data)):
                act(session, factory.keep_table(data), organizer, "table", keccak(data).hex()[:16])
        address = factory.address_of(terms, organizer.address, salt)
        if not factory.is_tournament(address):
            act(session, factory.create(terms, salt), organizer, "create", address)
        session.known.remember(address, KIND)
    return open_tournament(session, address)


def require_new(session: Session, made: Plan) -> None:
    """Raise UsageError where the organizer has made a tournament of the same offer, and was told of it."""
    wanted = _offered(made.terms)
    for each in tournaments(session, creator=made.terms.organizer):
        if each.terms.start != made.terms.start and _offered(each.terms) == wanted:
            raise UsageError(
                f"{each.address} is a tournament of this very offer",
                "Go on with it (--tournament ADDRESS), or say --again for another one.",
            )


def _offered(terms: Terms) -> Terms:
    """What an offer says of them: without the time of its creation, and what the factory adds."""
    return replace(terms, start=0, power_squares=0, normal_squares=0)


def finish(session: Session, made: Plan) -> None:
    """Forget a draft, so that the same offer, made again, is another tournament."""
    secret_folder(session).remove(made.key)


def promises(made: Plan) -> list[str]:
    """What a tournament will cost its organizer, and what it may lose, in sentences."""
    terms, money = made.terms, made.money
    return [
        f"Each round locks a pot of {money.show(terms.pot)} and a bond of {money.show(terms.bond)}; nothing "
        "is paid before you open one.",
        f"Entrants win out of the pot. If you do not reveal within {show_duration(terms.resolving)} "
        "after entries close, you lose the bond.",
        "No term can be changed, and no round can be cancelled.",
    ]


def _terms(session: Session, offer: Offer, money: Currency, rows: int) -> Terms:
    """The terms without what is known only later: descriptor, organizer, start."""
    factory = factory_of(session)
    parts = {name: _part(name, getattr(offer, name)) for name in _PARTS}
    amounts = {name: int(money.parse(getattr(offer, name) or "0")) for name in AMOUNTS}
    amounts["bond"] = amounts["bond"] or amounts["pot"]
    amounts["threshold"] = amounts["threshold"] or amounts["pot"] * ONE // max(parts["clip"], 1)
    benchmarked = bool(parts["contribution_multiplier"])
    return Terms(
        organizer=ZERO_ADDRESS,
        currency=money.address,
        descriptor=Digest(bytes(32)),
        rows=rows,
        powers=factory.table_of(tables.encode(tables.powers(rows))),
        normals=factory.table_of(tables.encode(tables.normals(rows))) if benchmarked else ZERO_ADDRESS,
        power_squares=0,
        normal_squares=0,
        start=0,
        **amounts,
        **parts,
        **{name: int(seconds(getattr(offer, name))) for name in _WAITS},
    )


def _part(name: str, value: float) -> int:
    if not 0 <= value * ONE <= LARGEST_PART:
        raise UsageError(f"`{name}` cannot be {value:g}", "Give a part of 1, such as 0.05.")
    return round(value * ONE)


def _require_sound(terms: Terms) -> None:
    """Raise UsageError for what the factory would refuse, once the tables were paid for."""
    most = terms.clip * (ONE + terms.drag)
    sound = {
        "pot": 0 < terms.pot < 2**96,
        "bond": max(1, terms.pot // BOND_SHARE - 1) < terms.bond < 2**96,
        "threshold": 0 < terms.threshold < 2**96,
        "clip": 0 < terms.clip <= ONE,
        "drag": terms.drag <= ONE and most <= ONE**2,
        "corr_multiplier": terms.corr_multiplier | terms.contribution_multiplier != 0,
        "least_stake": 0 < terms.least_stake < 2**96,
        "tip": terms.tip <= terms.least_stake - terms.least_stake * most // ONE**2 - 2,
        **{name: HOUR <= getattr(terms, name) <= YEAR for name in _WAITS},
    }
    for name, right in sound.items():
        if not right:
            raise UsageError(
                f"no tournament can have this `{name}`", "docs/tournament.md lists what it may be."
            )
