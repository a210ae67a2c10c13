"""Create a competition: seal and pin the data, escrow prize and bond, draw the split, open training data."""

import secrets as randomness
import time
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.competition.archive import Archive
from orchestrator.competition.contracts import Competition
from orchestrator.competition.encoding import Table
from orchestrator.competition.money import money_of
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
from orchestrator.competition.training import DATA, DEEP, blocks_until_final, draw, open_training
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
    with venue.journal.alone(f"competition {draft.terms.root.hex()}"):
        competition, gas_used = _escrowed(venue, draft, organizer)
        venue.known.remember(competition.address, "competition")
        venue.secrets(competition.address).write("organizer", {"master": draft.master.hex()})
        if wait:
            await_seed(venue, competition, progress)
            draw(venue, competition, organizer)
            await_final(venue, competition, progress)
            open_training(venue, competition, organizer)
    return Created(competition, draft, wait, gas_used)


def finish(venue: Venue, draft: Draft) -> None:
    """Forget a draft, so that the same offer, made again, is another competition.

    Call it only once the result is printed: until then, `create` finds what it has paid for.
    """
    venue.secrets().remove(draft.key)


def _escrowed(venue: Venue, draft: Draft, organizer: Account) -> tuple[Competition, int]:
    """The competition of this draft, made unless it is on the chain; its root is no other's."""
    terms, known = draft.terms, _of(venue, draft, organizer)
    if known:
        return known, 0
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
    competition = _of(venue, draft, organizer)
    if competition is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the node does not show the competition",
            "The node may lag: run this again, it looks before it sends.",
        )
    return competition, receipt.gas_used


def _of(venue: Venue, draft: Draft, organizer: Account) -> Competition | None:
    made = venue.factory.competitions(organizer.address)
    return next((each for each in made if each.terms.root == draft.terms.root), None)


def await_seed(venue: Venue, competition: Competition, progress: Report | None = None) -> None:
    """Until the block exists whose hash draws the split. On a development chain, it is mined."""
    needed = competition.terms.drawable
    first = competition.terms.seed_block - SEED_DELAY
    while (number := venue.chain.head().number) < needed:
        if progress:
            progress(number - first, needed - first)
        if venue.chain.development:
            venue.chain.mine()
        else:
            time.sleep(2)


def stakes(venue: Venue, draft: Draft, organizer: Account) -> list[str]:
    """What a creation pays, to whom, and when it is lost, in sentences."""
    terms, money = draft.terms, money_of(venue.chain, draft.terms.token)
    half = money.show(terms.bond - terms.bond // 2)
    return [
        f"{money.show(terms.prize)} of prize and {money.show(terms.bond)} of bond go from {organizer.name} "
        "to a new competition.",
        f"Who withholds training data, or leaves test data closed, loses both: {half} are burnt, the rest is "
        "others'. Who leaves the split undrawn loses the bond. If nobody reveals, a tenth of it is burnt.",
    ]


def await_final(venue: Venue, competition: Competition, progress: Report | None = None) -> None:
    """Until no reorganization can draw the split anew. On a development chain, at once."""
    while missing := blocks_until_final(venue, competition):
        if progress:
            progress(max(0, DEEP - missing), DEEP)
        time.sleep(12)


def _nonce(venue: Venue, key: str) -> bytes:
    """Random, but the same when an interrupted creation is run again."""
    folder = venue.secrets()
    with venue.journal.alone(f"draft {key}"):
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
