"""Create a competition: seal and pin the data, escrow prize and bond, draw the split, open training data."""

import secrets as randomness
import time
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.competition.archive import Archive
from orchestrator.competition.contracts import Competition
from orchestrator.competition.encoding import Table
from orchestrator.competition.offer import (
    Offer,
    Shape,
    draft_key,
    encode_groups,
    read_offer,
    shape_of,
    terms_of,
)
from orchestrator.competition.records import Terms
from orchestrator.competition.secrets import derive, group_salts
from orchestrator.competition.training import DATA, draw, open_training
from orchestrator.competition.trivial import Trivial, trivial_models
from orchestrator.competition.venue import Report, Venue
from orchestrator.errors import ChainError, ContractReverted, UsageError

SEED_DELAY = 4


@dataclass(frozen=True)
class Draft:
    """Everything that a creation sends, and what the organizer should know before."""

    key: str
    terms: Terms
    master: bytes
    nonce: bytes
    shape: Shape
    table: Table
    trivial: tuple[Trivial, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Created:
    """A new competition. `drawn` is whether its split is drawn and its training data are open."""

    competition: Competition
    draft: Draft
    drawn: bool
    gas_used: int


def prepare(venue: Venue, offer: Offer, organizer: Account) -> Draft:
    """Encode, seal and pin the data; nothing is sent.

    Raises DataError, UsageError, and ContractReverted for terms that no competition can have.
    """
    table = read_offer(offer)
    shape = shape_of(offer, table)
    key = draft_key(offer, organizer.address, venue.chain.genesis_hash)
    nonce = _nonce(venue, key)
    master = derive(organizer, venue.chain.chain_id, DATA, nonce, venue.factory.address)
    data = encode_groups(table, shape, group_salts(master, shape.groups), master)
    archive = Archive.seal(offer.title, table.encoding, nonce, data)
    stored = venue.storage.put(archive.to_bytes())
    terms = terms_of(offer, table, shape, data.root, stored)
    trivial = trivial_models(offer, table)
    warnings = _warnings(offer, table, shape, trivial)
    return Draft(key, terms, master, nonce, shape, table, trivial, warnings)


def create(
    venue: Venue,
    draft: Draft,
    organizer: Account,
    *,
    wait: bool = True,
    progress: Report | None = None,
) -> Created:
    """Escrow prize and bond and, with `wait`, draw the split and open the training data.

    Killed at any point, it goes on where it was when `prepare` and this are run again. Raises
    ContractReverted, InsufficientFunds.
    """
    terms = draft.terms
    try:
        receipt = venue.pay(
            venue.factory.create(terms),
            organizer,
            terms.token,
            terms.prize + terms.bond,
            purpose=f"create-{terms.root.hex()[:24]}",
        )
    except ContractReverted as error:
        raise _in_words(error) from error
    made = (each for each in venue.factory.competitions(organizer.address) if each.terms.root == terms.root)
    competition = next(made, None)
    if competition is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the node does not show the competition",
            "The node may lag: run this again, it looks before it sends.",
        )
    venue.secrets(competition.address).write("organizer", {"master": draft.master.hex()})
    if wait:
        await_seed(venue, competition, progress)
        draw(venue, competition, organizer)
        open_training(venue, competition, organizer)
    venue.secrets().remove(draft.key)
    return Created(competition, draft, wait, receipt.gas_used)


def await_seed(venue: Venue, competition: Competition, progress: Report | None = None) -> None:
    """Until the block exists whose hash draws the split. On a development chain, it is mined."""
    needed = competition.terms.seed_block + 1
    first = needed - SEED_DELAY - 1
    while (number := venue.chain.head().number) < needed:
        if progress:
            progress(number - first, needed - first)
        if venue.chain.development:
            venue.chain.mine()
        else:
            time.sleep(2)


def _nonce(venue: Venue, key: str) -> bytes:
    """Random, but the same when an interrupted creation is run again."""
    folder = venue.secrets()
    known = folder.read(key)
    if known is None:
        known = {"nonce": randomness.token_hex(32)}
        folder.write(key, known)
    return bytes.fromhex(known["nonce"])


def _warnings(offer: Offer, table: Table, shape: Shape, trivial: tuple[Trivial, ...]) -> tuple[str, ...]:
    said = [
        f"a trivial model passes your criterion of {offer.criterion:g} ({each}): choose a stricter one"
        for each in trivial
        if each.passes
    ]
    if table.removed:
        said.append(f"{table.removed} rows were left out: duplicates, or rows with missing values")
    if shape.unused:
        said.append(f"{shape.unused} rows are left over: they fill no group")
    return tuple(said)


def _in_words(error: ContractReverted) -> ContractReverted | UsageError:
    if error.error != "InvalidTerms":
        return error
    field = bytes(error.values["field"]).rstrip(b"\0").decode("ascii", "replace")
    return UsageError(
        f"no competition can have these terms: `{field}` is out of bounds",
        "docs/compete.md lists what each may be.",
    )
