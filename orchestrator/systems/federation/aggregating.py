"""Join the updates that are in, as the contract's rule says, and claim the result with a bond."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from eth_abi.abi import encode as abi_encode

from orchestrator.bindings.federation import Claim, Federation, Finalized, Mode, Pay, Phase, Policy
from orchestrator.chain import Account
from orchestrator.errors import ChainError, DataError, DilnError, IntegrityError, StorageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.learning.aggregation import aggregate, apply
from orchestrator.learning.aggregation.chunks import CHUNK, Integers, chunk_count, decode, encode, model_root
from orchestrator.learning.aggregation.direct import sums_hash
from orchestrator.learning.aggregation.gram import Gram, trace, trace_leaf
from orchestrator.merkle import root_of
from orchestrator.systems.federation.finding import act, alone, cid_of, secret_folder, store
from orchestrator.systems.federation.joining import amount, money_of, pay, require_seat
from orchestrator.systems.federation.masking import is_masked, mean
from orchestrator.systems.federation.mining import NoNonce, mine
from orchestrator.systems.federation.rounds import (
    NOTHING,
    Finished,
    Opened,
    current_model,
    finished,
    first_model,
    needs_trace,
    opened,
    opened_in,
    phase_of,
    read_model,
    seats_of,
    settings_of,
    stacked,
)
from orchestrator.types import Digest, Wei

WORKED_OUT = "model"
MOST_AT_ONCE = 64
"""Rounds whose events are asked for by their numbers; of more, all are."""


@dataclass(frozen=True)
class Result:
    """What follows from the updates of a round: the next model (padding included) and what is claimed of it.

    `root` is the model's; in the mode Direct, the hash of the sums.
    `products` are the inner products after each chunk, where the terms need them.
    """

    model: Integers
    root: Digest
    accepted: int
    selected: int
    factors: int
    merits: int
    products: tuple[Gram, ...] = ()

    @property
    def leaves(self) -> list[bytes]:
        """Of the trace, which is the products."""
        return [trace_leaf(number, each) for number, each in enumerate(self.products)]

    @property
    def gram_root(self) -> Digest:
        return Digest(root_of(self.leaves)) if self.products else NOTHING


def compute(federation: Federation, model: Integers, updates: list[Opened], merits: int) -> Result:
    """The aggregate of `updates` (by seat) on `model`; `merits` are those of the policy."""
    seats = [each.seat for each in updates]
    if is_masked(federation):
        after, mask = apply(model, mean(federation, updates)), sum(1 << seat for seat in seats)
        return Result(after, model_root(after), mask, mask, 0, merits)
    values = stacked(updates)
    found = aggregate(settings_of(federation), values, [each.weight for each in updates])
    after = apply(model, found.delta)
    if federation.terms.pay is Pay.ALIGNMENT:
        merits = _word(seats, found.merits(values))
    direct = federation.terms.mode is Mode.DIRECT
    return Result(
        model=after,
        root=sums_hash([each.update for each in updates]) if direct else model_root(after),
        accepted=sum(1 << seat for seat in seats),
        selected=sum(1 << seats[place] for place in found.selected),
        factors=_word(seats, found.factors),
        merits=merits,
        products=tuple(trace(values)) if needs_trace(federation) else (),
    )


def worked_out(session: Session, federation: Federation) -> Integers:
    """The model after the last finished round: from the last that somebody gives, or was worked out here.

    Raises StorageError for an update that is not available, IntegrityError for a model that does not follow.
    """
    kept = _kept(session, federation)
    first, last = kept[0] + 1 if kept else 1, federation.state().round
    few = range(first, last + 1) if last - first < MOST_AT_ONCE else ()
    ends = [each for each in finished(federation, few) if each.finalized.round >= first]
    model, missing = _from(session, federation, ends, kept[1] if kept else None)
    if missing:
        _keep(session, federation, missing[0], model)
    return model


def model_after(session: Session, federation: Federation, ends: Sequence[Finished]) -> Integers:
    """The model after the finished rounds `ends`, which are all up to the last of them. As above."""
    return _from(session, federation, ends, None)[0]


def _from(
    session: Session, federation: Federation, ends: Sequence[Finished], first: Integers | None
) -> tuple[Integers, list[Finished]]:
    """The model after `ends`, from the last that is provided, or `first`; and those that nobody provides."""
    missing = list[Finished]()
    for each in reversed(ends):
        if federation.terms.mode is not Mode.DIRECT:  # where nobody publishes models
            with suppress(DataError, StorageError):
                model = read_model(session, federation, each.claim.model_root, each.claim.cid)
                break
        missing.append(each)
    else:
        model = first_model(session, federation) if first is None else first
    for each in reversed(missing):
        model = _again(session, federation, each, model)
    return model, missing


def _again(session: Session, federation: Federation, each: Finished, model: Integers) -> Integers:
    """The model of a finished round, from the one before."""
    number, claim = each.finalized.round, each.claim
    made = compute(federation, model, opened_in(session, federation, each), claim.merits)
    if made.root != claim.model_root:
        raise IntegrityError(
            f"the model of round {number} does not follow from its updates, and nobody provides it",
            "`diln federation verify` says what is wrong; leave.",
        )
    return made.model


def _keep(session: Session, federation: Federation, each: Finished, model: Integers) -> None:
    """Note a model that was worked out, with the record that tells of which rounds it is."""
    content = {"round": str(each.finalized.round), "record": each.finalized.record.hex()}
    with suppress(OSError, StorageError):  # a disk that cannot be written
        cid = store(session, encode(model, 4)).hex()
        secret_folder(session, federation.address).write(WORKED_OUT, {**content, "model": cid})


def _kept(session: Session, federation: Federation) -> tuple[int, Integers] | None:
    """The round and the model that were noted, if the chain still has that record."""
    try:
        noted = secret_folder(session, federation.address).read(WORKED_OUT) or {}
        number, record, digest = int(noted["round"]), str(noted["record"]), bytes.fromhex(noted["model"])
        if record not in [each.record.hex() for each in federation.events(Finalized, round=number)]:
            return None
        length = chunk_count(federation.terms.size) * CHUNK * 4
        data = session.storage.read(cid_of(digest, length), limit=length)
        return number, decode(data, 4, federation.terms.size)
    except (DilnError, KeyError, TypeError, ValueError):
        return None


def expected(session: Session, federation: Federation, claim: Claim | None = None) -> Result:
    """What an honest claim of this round says; of the updates that `claim` has, if one is given.

    Raises StorageError for an update that is not available, IntegrityError.
    """
    judged = None if claim else federation.judgement()
    accepted = claim.accepted if claim else judged.accepted if judged else 0
    merits = claim.merits if claim else judged.merits if judged else 0
    updates = opened(session, federation, federation.state().round, accepted, seats_of(federation))
    if len(updates) != accepted.bit_count() or not updates:
        raise ChainError("no update is in, or one of them has no party any longer", "`skip` ends the round.")
    return compute(federation, current_model(session, federation), updates, merits)


def claim(
    session: Session,
    federation: Federation,
    aggregator: Account,
    consent: Consent | None = None,
    result: Result | None = None,
    goes: float = math.inf,
) -> Result:
    """Compute the aggregate, unless a `result` is given, publish it and post it with the bond.

    Under the policy Work, it looks for a nonce first: NoNonce is raised after so many `goes`, of some seconds
    each. Raises ChainError where somebody else found one,
    ContractReverted where it is another's turn or other updates are in by now, InsufficientFunds,
    StorageError.
    """
    with alone(session, federation, aggregator):
        require_seat(federation, aggregator)
        state = federation.state()
        made = result or expected(session, federation)
        bond, terms = amount(federation, federation.terms.bond), federation.terms
        if consent:
            money, fee = money_of(federation), amount(federation, terms.fee)
            said = (
                f"{money.show(bond)} are bonded for the aggregate of round {state.round}; they "
                f"return with {money.show(fee)} unless somebody shows that it is wrong."
            )
            consent(Wei(bond), [said])
        cid, nonce = store(session, encode(made.model, 4)), None
        if terms.policy is Policy.WORK:
            while (nonce := mine(federation, aggregator.address, made.root)) is None:
                goes -= 1
                if goes < 1:
                    raise NoNonce("no nonce was found yet", "Try again: each try has the same chance.")
                if phase_of(federation) is not Phase.CLAIMING:
                    raise ChainError("somebody else found a nonce first", "Try in the next round.")
        extra = b""
        if made.products:
            values = [made.gram_root, made.selected, made.factors, made.merits]
            extra = abi_encode(["bytes32", "uint256", "uint256", "uint256"], values)
        about = state.round, made.accepted, made.root, cid, extra
        call = federation.claim(*about) if nonce is None else federation.mine(*about, nonce)
        pay(session, federation, call, aggregator, bond, "claim", state.round, state.tried, state.revealed)
        return made


def add_up(session: Session, federation: Federation, aggregator: Account) -> Result:
    """Let the contract add all updates up, in the mode Direct; that ends the round.

    Raises ContractReverted where it is another's turn, StorageError for an update that is not available.
    """
    with alone(session, federation, aggregator):
        require_seat(federation, aggregator)
        state = federation.state()
        accepted = federation.judgement().accepted
        updates = opened(session, federation, state.round, accepted, seats_of(federation))
        made = compute(federation, current_model(session, federation), updates, 0)
        entries = b"".join(bytes.fromhex(one.revealed.party[2:]) + one.update.data for one in updates)
        act(session, federation.sum(entries), aggregator, "sum", state.round, accepted)
        return made


def altered(result: Result, coordinate: int, by: int = 1) -> Result:
    """A false result: one coordinate is off."""
    model = result.model.copy()
    model[coordinate] += by
    return replace(result, model=model, root=model_root(model))


def _word(seats: list[int], numbers: "tuple[int, ...] | list[int]") -> int:
    return sum(number << 16 * seat for seat, number in zip(seats, numbers, strict=False))
