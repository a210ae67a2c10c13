"""Create a competition: seal and pin the data, escrow prize and bond, draw the split, open training data."""

import time
from dataclasses import dataclass

from orchestrator.chain import Account
from orchestrator.errors import ChainError, ContractReverted, UsageError
from orchestrator.kernel.money import currency_of
from orchestrator.kernel.secrets import Master, salts_from
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.archive import Archive
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.encoding import Table
from orchestrator.systems.competition.finding import competitions, factory_of, secret_folder
from orchestrator.systems.competition.offer import (
    Offer,
    Shape,
    draft_key,
    encode_groups,
    read_offer,
    shape_of,
    terms_of,
)
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.secrets import derive
from orchestrator.systems.competition.training import DATA, DEEP, blocks_until_final, draw, open_training
from orchestrator.systems.competition.trivial import Trivial, trivial_models
from orchestrator.types import Report

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


def prepare(session: Session, offer: Offer, organizer: Account) -> Draft:
    """Encode, seal and pin the data; nothing is sent.

    Raises DataError, UsageError, and ContractReverted for terms that no competition can have.
    """
    table = read_offer(offer)
    shape = shape_of(offer, table)
    key = draft_key(offer, organizer.address, session.chain.genesis_hash)
    nonce = secret_folder(session).nonce(session, key)
    master = derive(organizer, session.chain.chain_id, DATA, nonce, factory_of(session).address)
    data = encode_groups(table, shape, salts_from(master, shape.groups), master)
    archive = Archive.seal(offer.title, table.encoding, nonce, data)
    stored = session.storage.put(archive.to_bytes())
    terms = terms_of(offer, table, shape, data.root, stored)
    trivial = trivial_models(offer, table)
    warnings = _warnings(offer, table, shape, trivial)
    return Draft(key, terms, master, nonce, shape, table, trivial, warnings)


def create(
    session: Session,
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
    with session.alone(f"competition {draft.terms.root.hex()}"):
        competition, gas_used = _escrowed(session, draft, organizer)
        session.known.remember(competition.address, "competition")
        secret_folder(session, competition.address).keep("organizer", Master(draft.master))
        if wait:
            await_seed(session, competition, progress)
            draw(session, competition, organizer)
            await_final(session, competition, progress)
            open_training(session, competition, organizer)
    return Created(competition, draft, wait, gas_used)


def finish(session: Session, draft: Draft) -> None:
    """Forget a draft, so that the same offer, made again, is another competition.

    Call it only once the result is printed: until then, `create` finds what it has paid for.
    """
    secret_folder(session).remove(draft.key)


def _escrowed(session: Session, draft: Draft, organizer: Account) -> tuple[Competition, int]:
    """The competition of this draft, made unless it is on the chain; no other has its root."""
    terms, known = draft.terms, _of(session, draft, organizer)
    if known:
        return known, 0
    try:
        receipt = session.pay(
            factory_of(session).create(terms),
            organizer,
            currency_of(session.chain, terms.token).of(terms.prize + terms.bond),
            once=f"create-{terms.root.hex()[:24]}",
        )
    except ContractReverted as error:
        raise _in_words(error) from error
    competition = _of(session, draft, organizer)
    if competition is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the node does not show the competition",
            "The node may lag: run this again, it looks before it sends.",
        )
    return competition, receipt.gas_used


def _of(session: Session, draft: Draft, organizer: Account) -> Competition | None:
    made = competitions(session, creator=organizer.address)
    return next((each for each in made if each.terms.root == draft.terms.root), None)


def await_seed(session: Session, competition: Competition, progress: Report | None = None) -> None:
    """Until the block exists whose hash draws the split. On a development chain, it is mined."""
    needed = competition.terms.drawable
    first = competition.terms.seed_block - SEED_DELAY
    while (number := session.chain.head().number) < needed:
        if progress:
            progress(number - first, needed - first)
        if session.chain.development:
            session.chain.mine()
        else:
            time.sleep(2)


def stakes(session: Session, draft: Draft, organizer: Account) -> list[str]:
    """What a creation pays, to whom, and when it is lost, in sentences."""
    terms, money = draft.terms, currency_of(session.chain, draft.terms.token)
    half = money.show(terms.bond - terms.bond // 2)
    return [
        f"A prize of {money.show(terms.prize)} and a bond of {money.show(terms.bond)} go from "
        f"{organizer.name} to a new competition.",
        f"If you withhold training data, or leave test data closed, you lose both: {half} are burnt, the "
        "rest goes to others. If you leave the split undrawn, you lose the bond. If nobody reveals, a tenth "
        "of it is burnt.",
    ]


def await_final(session: Session, competition: Competition, progress: Report | None = None) -> None:
    """Until no reorganization can draw the split again. On a development chain, at once."""
    while missing := blocks_until_final(session, competition):
        if progress:
            progress(max(0, DEEP - missing), DEEP)
        time.sleep(12)


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
