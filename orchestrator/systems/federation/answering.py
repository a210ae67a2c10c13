"""Serve a request that was answered before, from the chain and without a round (Lu et al. 2020).

A request is a descriptor: what is asked of which data by what training, with its name. It has been answered
where a finished federation has its digest in the terms. Nobody is believed for that: the answer has to hold
what the asker demands of its own federation, and every round of it is computed again from the updates.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields

from orchestrator.bindings.federation import Created, Federation, Terms
from orchestrator.errors import DilnError, NotDeployed
from orchestrator.kernel.session import Session
from orchestrator.provenance import Status, Version
from orchestrator.systems.federation.creating import Plan
from orchestrator.systems.federation.finding import cid_of, descriptor_of, factory_of, store
from orchestrator.systems.federation.publishing import model_file, project_of
from orchestrator.systems.federation.rounds import finished, updates_in
from orchestrator.systems.federation.verifying import verify
from orchestrator.types import Address, Digest

MOST = 8
"""So many federations are computed again, those with the highest deposits, and so many others are named."""

_DESCRIPTOR = slice(6 * 32, 7 * 32)  # in the arguments of a clone, see FederationTerms.pack
_FREE = frozenset(
    [
        "organizer",
        "currency",
        "inviter",
        "genesis_cid",
        "unit",
        "seats",
        "quorum",
        "difficulty",
        "rounds",
        "max_voids",
        "obliged",
        "reward",
        "fee",
        "tip",
        "deposit",
        "fine",
        "bond",
        "stake",
        "start",
        "committing",
        "revealing",
        "judging",
        "turn",
        "challenge",
        "supply",
    ]
)
"""Terms that may be others, for the result does not depend on them; some of them are held to a bound."""

_AT_LEAST = "rounds", "quorum", "difficulty"


@dataclass(frozen=True)
class Cached:
    """What a finished federation is worth to an asker.

    `missing` says what keeps it from being the answer, and is empty where nothing does. `parties` are those
    whose updates are in the last round, in the order of seats; `cid` is where the model is, and `version` the
    registry's of it.
    """

    federation: Federation
    missing: str
    rounds: int = 0
    record: Digest | None = None
    cid: str = ""
    parties: tuple[Address, ...] = ()
    version: Version | None = None


def answers(session: Session, made: Plan) -> Iterator[Cached]:
    """The federations that have this plan's descriptor and are over, up to the first that answers it.

    First come those whose terms and rounds are enough, the highest deposits before others, the older before
    the younger: to be among them takes whole rounds, with deposits. Then the others, and why.
    """
    unfit, fit = [], []
    for each in _asked(session, made.terms.descriptor):
        state, terms = each.state(), each.terms
        if not state.closed:
            continue
        missing = missing_in(terms, made.terms, state.done)
        unfit.append(Cached(each, missing, state.done)) if missing else fit.append(each)
    fit.sort(key=lambda each: -each.terms.deposit * each.terms.unit)
    for each in fit[:MOST]:
        cached = _cached(session, each)
        yield cached
        if not cached.missing:
            return
    yield from unfit[:MOST]


def _asked(session: Session, descriptor: Digest) -> list[Federation]:
    """All federations of this descriptor, oldest first."""
    return [
        Federation(session.chain, each.instance, each.block_number)
        for each in factory_of(session).events(Created)
        if each.args[_DESCRIPTOR] == descriptor
    ]


def _cached(session: Session, federation: Federation) -> Cached:
    """Its answer, if every round of it can be computed again."""
    ends = finished(federation)
    try:
        wrong = next((each for each in verify(session, federation) if not each.ok), None)
        if wrong:
            return Cached(federation, f"round {wrong.round}: {wrong.sentence}", len(ends))
        content = model_file(session, federation, descriptor_of(session, federation))
    except DilnError as error:
        return Cached(federation, error.message, len(ends))
    parties = tuple(each.party for each in updates_in(federation, ends[-1]))
    return Cached(
        federation,
        "",
        len(ends),
        ends[-1].finalized.record,
        cid_of(store(session, content), len(content)),
        parties,
        _version(session, federation, parties, Digest(hashlib.sha256(content).digest())),
    )


def missing_in(terms: Terms, wanted: Terms, done: int) -> str:
    """What terms with `done` finalized rounds are missing of what is `wanted`; empty if nothing.

    The result depends on the same things, no fewer parties and rounds made it, and nobody risked less. Where
    the asker would invite, only its own invitations count.
    """
    for name in (each.name for each in fields(Terms) if each.name not in _FREE):
        if getattr(terms, name) != getattr(wanted, name):
            return f"its {name} is another"
    for name in _AT_LEAST:
        if getattr(terms, name) < getattr(wanted, name):
            return f"its terms have {getattr(terms, name)} as {name}, not {getattr(wanted, name)}"
    if done < wanted.rounds:
        return f"it finalized {done} rounds of {wanted.rounds}"
    for name in ("deposit", "fine", "bond"):
        if getattr(terms, name) * terms.unit < getattr(wanted, name) * wanted.unit:
            return f"its {name} is smaller"
    if terms.currency != wanted.currency:
        return "its deposits are in another currency"
    return "" if terms.inviter == wanted.inviter else "others decided who joins"


def _version(
    session: Session, federation: Federation, parties: tuple[Address, ...], content: Digest
) -> Version | None:
    """The registry's version of the model, by the organizer or one of `parties`, if it may be used."""
    try:
        registry = session.registry
    except NotDeployed:
        return None
    for owner in (federation.terms.organizer, *parties):
        found = registry.version(registry.project_id(owner, project_of(federation)), content)
        if found and found.status > Status.DEPRECATED:
            return found
    return None
