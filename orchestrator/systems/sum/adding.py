"""Give a shared model data, with the deposit that it asks for."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.chain import Account, Receipt
from orchestrator.chain.bound import Call
from orchestrator.chain.budget import current
from orchestrator.errors import ChainError, ContractReverted, InsufficientFunds
from orchestrator.kernel.money import Currency, approve, require_held
from orchestrator.kernel.session import Session
from orchestrator.models.online.encoding import Sample
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.systems.sum.records import Contribution
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address, Report, Wei

AT_ONCE = 25
"""Samples in a transaction: far below what a transaction may cost, for every model."""


@dataclass(frozen=True)
class Addition:
    """What was added, what had been before (and was not again; the newest of each), and the gas it took.

    `estimate` is set by a dry run only.
    """

    added: tuple[Contribution, ...]
    known: tuple[Contribution, ...]
    gas_used: int
    estimate: Receipt | None = None


@dataclass(frozen=True)
class Earlier:
    """What somebody gave a model before, of some samples: how often, and of each the newest that is open."""

    times: Counter[Sample]
    open: tuple[Contribution, ...]

    def missing(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those that are not open, each once."""
        known = set(map(sample_of, self.open))
        return [each for each in dict.fromkeys(samples) if each not in known]


def given_before(opened: SharedModel, contributor: Address, samples: Iterable[Sample]) -> Earlier:
    """Which of these samples `contributor` gave before."""
    times, standing = opened.ledger.refresh().given(contributor, samples)
    return Earlier(times, tuple(standing))


def add(
    session: Session,
    opened: SharedModel,
    samples: Sequence[Sample],
    sender: Account,
    *,
    maximum: Wei | None = None,
    again: bool = False,
    dry_run: bool = False,
    progress: Report | None = None,
) -> Addition:
    """Add samples, AT_ONCE to a transaction, each with its deposit.

    `maximum` is the most to deposit for a sample (by default what it costs now). A sample that `sender` has
    added before, and that is still open, is not added again unless `again`: so a command that was killed can
    be repeated. Where the model takes a token, what is missing from the balance is approved before; it is
    paid with the samples, and no more than the deposit. Raises InsufficientFunds, ChainError where the price
    is above the maximum; then nothing of that transaction is sent.
    """
    with session.alone(f"add {opened.shared.address} {sender.address}"):
        shared, before = opened.shared, given_before(opened, sender.address, samples)
        known = () if again else before.open
        wanted = list(samples) if again else before.missing(samples)
        added, gas = [], 0
        for start in range(0, len(wanted), AT_ONCE):
            chunk = wanted[start : start + AT_ONCE]
            purpose = _purpose(shared, sender, chunk, before.times)
            receipts = _send(session, shared, chunk, sender, maximum, purpose, dry_run)
            gas += sum(receipt.gas_used for receipt in receipts)
            if dry_run:
                return Addition((), known, gas, receipts[-1])
            added += shared.added(receipts[-1])
            before.times.update(chunk)
            if progress:
                progress(start + len(chunk), len(wanted))
        return Addition(tuple(added), known, gas)


def _send(
    session: Session,
    shared: SharedModelContract,
    chunk: Sequence[Sample],
    sender: Account,
    maximum: Wei | None,
    purpose: str,
    dry_run: bool,
) -> list[Receipt]:
    n = len(chunk)
    most = most_for(shared, n, maximum)
    xs, labels = [x for x, _ in chunk], [label for _, label in chunk]
    contract = shared.contract
    one = n == 1
    function = contract.add(xs[0], labels[0], most) if one else contract.add_batch(xs, bytes(labels), most)
    value, before = provide(session, shared, sender, Wei(most * n), dry_run)
    receipt = send_deposit(session, shared, function, sender, value=value, once=purpose, dry_run=dry_run)
    return [*before, receipt]


def send_deposit(
    session: Session, shared: SharedModelContract, call: Call, sender: Account, **options: Any
) -> Receipt:
    """Send what takes a deposit, as `Session.send` does; a refusal is told in the money's own numbers."""
    try:
        return session.send(call, sender, at_any_price=True, **options)
    except ContractReverted as error:
        raise plain(error, shared.money) from error


def most_for(shared: SharedModelContract, n: int, maximum: Wei | None) -> Wei:
    """The most that each of `n` samples may cost: `maximum`, or the price now. Raises ChainError above it."""
    price = shared.price(n)
    if maximum is not None and price > maximum:
        raise _dearer(price, maximum, shared.money)
    return price if maximum is None else maximum


def provide(
    session: Session,
    shared: SharedModelContract,
    payer: Account,
    needed: Wei,
    dry_run: bool = False,
    beneficiary: Address | None = None,
) -> tuple[int, list[Receipt]]:
    """Let `payer` pay, with the act, what of `needed` is not in the balance (its own, or another's).

    The ether to send along, or the receipts of a token's approval of exactly that: the model takes no more
    than the deposit out of it. Nothing moves before the act does.
    """
    missing = Wei(max(0, needed - shared.balance(beneficiary or payer.address)))
    if shared.money.is_ether:
        return int(missing), []
    if not missing:  # a price that rises meanwhile is not taken out of what was approved once
        holds = current() and not dry_run
        return 0, approve(session.chain, shared.money.of(missing), shared.address, payer) if holds else []
    require_held(session.chain, shared.money.of(missing), payer)
    if dry_run:
        raise InsufficientFunds(
            f"a dry run cannot tell: {shared.money.show(missing)} must be approved first",
            f"Pay it in with `diln sum fund {shared.address} COINS`, then try again.",
        )
    return 0, approve(session.chain, shared.money.of(missing), shared.address, payer)


def sample_of(contribution: Contribution) -> Sample:
    """What was given."""
    return contribution.x, contribution.facts.label


def _purpose(
    shared: SharedModelContract, sender: Account, chunk: Sequence[Sample], given: Counter[Sample]
) -> str:
    """What the journal knows a transaction by. `given` counts how often each sample was given before."""
    content = hashlib.sha256(f"{shared.address} {sender.address}".encode())
    for x, label in chunk:
        times = given[x, label]
        content.update(len(x).to_bytes(4, "big") + x + bytes([label]) + times.to_bytes(4, "big"))
    return f"sum-add-{content.hexdigest()[:32]}"


def plain(error: ContractReverted, money: Currency) -> Exception:
    """A refusal to take a deposit, in the money's own numbers."""
    if error.error == "PriceAboveMaximum":
        return _dearer(error.values["price"], error.values["maximum"], money)
    if error.error == "Underfunded":
        why = "the price rose before inclusion" if money.is_ether else "or a token keeps a part"
        return InsufficientFunds(
            f"the deposit is {money.show(error.values['needed'])}, and only "
            f"{money.show(error.values['balance'])} came with it: {why}",
            "Run it again, with --max-price for what you are ready to pay, or fill up the balance before: "
            "diln sum fund NAME COINS.",
        )
    return error


def _dearer(price: int, maximum: int, money: Currency) -> ChainError:
    return ChainError(
        f"the deposit is {money.show(price)} now, above the maximum of {money.show(maximum)}; "
        "nothing was sent",
        "It falls with the time since the last contribution: wait, or raise --max-price.",
    )
