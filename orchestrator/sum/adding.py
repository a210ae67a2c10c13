"""Give a shared model data, with the deposit that it asks for."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.chain import Account, Receipt, ether
from orchestrator.errors import ChainError, ContractReverted, DataError, InsufficientFunds
from orchestrator.learning.onchain.features import encode_dense, encode_sparse
from orchestrator.sum.connection import Connection
from orchestrator.sum.opening import Found, Opened
from orchestrator.sum.records import ETHER, Contribution
from orchestrator.sum.shared import SharedModel
from orchestrator.types import Address, Wei

Progress = Callable[[int, int], None]
Sample = tuple[bytes, int]

AT_ONCE = 25
"""Samples in a transaction: far below what a transaction may cost, for every model."""


@dataclass(frozen=True)
class Addition:
    """What was added, what had been before (and was not again), and the gas that it took.

    `estimate` is set by a dry run only.
    """

    added: tuple[Contribution, ...]
    known: tuple[Contribution, ...]
    gas_used: int
    estimate: Receipt | None = None


def encode_row(opened: Found, row: object) -> bytes:
    """One sample's bytes, within the number of features that the model takes. Raises DataError."""
    x = opened.descriptor.encoder.encode(row)
    limit = opened.shared.shape.limit
    if limit and len(x) > 2 * limit:
        raise DataError(
            f"this text has {len(x) // 2} known words; the model takes {limit} at most", "Shorten it."
        )
    return x


def encode_features(opened: Found, features: Sequence[int]) -> bytes:
    """Encoded features, given as numbers. Raises DataError where the contract would refuse them."""
    sparse = opened.shared.shape.limit > 0
    x = encode_sparse(features) if sparse else encode_dense(features)
    twin = opened.first_twin()
    twin.classify(x)
    return x


def add(
    connection: Connection,
    opened: Opened,
    samples: Sequence[Sample],
    sender: Account,
    *,
    maximum: Wei | None = None,
    again: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Addition:
    """Add samples, AT_ONCE to a transaction, each with its deposit.

    `maximum` is the most to deposit for a sample (by default what it costs now). A sample that `sender` has
    added before, and that is still open, is not added again unless `again`: so a command that was killed can
    be repeated. Raises InsufficientFunds, ChainError where the price is above the maximum; then nothing of
    that transaction is sent.
    """
    shared, asked = opened.shared, set(samples)
    told = [each for each in shared.contributions(sender.address) if _sample(each) in asked]
    given = Counter(map(_sample, told))
    known = [] if again else [each for each in told if shared.open_record(each)]
    skipped = set(map(_sample, known))
    wanted = list(samples) if again else [each for each in dict.fromkeys(samples) if each not in skipped]
    added, gas = [], 0
    for start in range(0, len(wanted), AT_ONCE):
        chunk = wanted[start : start + AT_ONCE]
        purpose = _purpose(shared, sender, chunk, given)
        receipt = _send(connection, shared, chunk, sender, maximum, purpose, dry_run)
        if dry_run:
            return Addition((), tuple(known), receipt.gas_used, receipt)
        added += shared.added(receipt)
        given.update(chunk)
        gas += receipt.gas_used
        if progress:
            progress(start + len(chunk), len(wanted))
    return Addition(tuple(added), tuple(known), gas)


def _send(
    connection: Connection,
    shared: SharedModel,
    chunk: Sequence[Sample],
    sender: Account,
    maximum: Wei | None,
    purpose: str,
    dry_run: bool,
) -> Receipt:
    n = len(chunk)
    price = shared.price(n)
    most = price if maximum is None else maximum
    if price > most:
        raise _dearer(price, most)
    xs, labels = [x for x, _ in chunk], [label for _, label in chunk]
    function = shared.add(xs[0], labels[0], most) if n == 1 else shared.add_batch(xs, labels, most)
    value = _value(shared, sender.address, most * n)
    try:
        return connection.journal.send(purpose, function, sender, value=value, dry_run=dry_run)
    except ContractReverted as error:
        raise _plain(error) from error


def _value(shared: SharedModel, sender: Address, needed: int) -> int:
    """The ether to send along: what the balance lacks. What turns out not to be needed is credited."""
    balance = shared.standing(sender).balance
    if shared.money[0] == ETHER:
        return max(0, needed - balance)
    if balance < needed:
        raise InsufficientFunds(
            f"the deposit is {needed} of token {shared.money[0]}; your balance with the model is {balance}",
            "Approve the model and call its `fund` with the token first.",
        )
    return 0


def _sample(contribution: Contribution) -> Sample:
    return contribution.x, contribution.facts.label


def _purpose(shared: SharedModel, sender: Account, chunk: Sequence[Sample], given: Counter[Sample]) -> str:
    """What the journal knows a transaction by. `given` counts how often each sample was given before."""
    content = hashlib.sha256(f"{shared.address} {sender.address}".encode())
    for x, label in chunk:
        times = given[x, label]
        content.update(len(x).to_bytes(4, "big") + x + bytes([label]) + times.to_bytes(4, "big"))
    return f"sum-add-{content.hexdigest()[:32]}"


def _plain(error: ContractReverted) -> Exception:
    if error.error == "PriceAboveMaximum":
        return _dearer(error.values["price"], error.values["maximum"])
    if error.error == "Underfunded":
        return InsufficientFunds(
            f"the deposit is {ether(error.values['needed'])} ether, and only "
            f"{ether(error.values['balance'])} came with it: the price rose before inclusion",
            "Run it again, with --maximum for what you are ready to pay.",
        )
    return error


def _dearer(price: int, maximum: int) -> ChainError:
    return ChainError(
        f"the deposit is {ether(price)} ether now, above the maximum of {ether(maximum)}; nothing was sent",
        "It falls with the time since the last contribution: wait, or raise --maximum.",
    )
