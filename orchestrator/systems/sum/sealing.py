"""Commit first, reveal later: a sample's deposit is paid while nobody can see or copy the sample.

What was committed to is kept in the state folder, in a file for its owner's eyes, from before the commitment
is sent until it is closed. Whoever loses that file loses nothing but the sample: the deposit can be released
once it was locked as long as a sure contribution's.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from orchestrator.chain import Account, Receipt
from orchestrator.errors import AccountError, ContractReverted, InsufficientFunds
from orchestrator.kernel.commitments import SALT_BYTES, commitment_of
from orchestrator.kernel.secrets import secret_folder
from orchestrator.kernel.session import Session
from orchestrator.models.online.encoding import Sample
from orchestrator.systems.sum.adding import most_for, provide, send_deposit
from orchestrator.systems.sum.claiming import ClaimResult
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.types import Address, Digest, Report, Seconds, Wei

DOMAIN = "DILN sum contribution"


@dataclass(frozen=True)
class Secret:
    """What `contributor` committed to."""

    contributor: Address
    x: bytes
    label: int
    salt: bytes

    def commitment(self, chain_id: int, contract: Address) -> Digest:
        """What the contract's `commitmentOf` returns."""
        payload = keccak(encode(["bytes32", "uint256"], [keccak(self.x), self.label]))
        return commitment_of(DOMAIN, chain_id, contract, self.contributor, payload, self.salt)


@dataclass(frozen=True)
class SealedSample:
    """An open commitment: `deposit` in units, `secret` where this state folder has it.

    `release_at` is when its deposit may be returned instead.
    """

    contributor: Address
    commitment: Digest
    deposit: int
    time: Seconds
    release_at: Seconds
    secret: Secret | None

    @property
    def sample(self) -> Sample | None:
        return (self.secret.x, self.secret.label) if self.secret else None


@dataclass(frozen=True)
class Sealing:
    """Commitments that were made, and those that were open before; the gas that it took."""

    made: tuple[SealedSample, ...]
    known: tuple[SealedSample, ...]
    gas_used: int
    estimate: Receipt | None = None


def seal(
    session: Session,
    opened: SharedModel,
    samples: Sequence[Sample],
    sender: Account,
    *,
    maximum: Wei | None = None,
    dry_run: bool = False,
    progress: Report | None = None,
) -> Sealing:
    """Commit to each sample, with its deposit. One that is sealed already is not sealed again.

    Raises as `adding.add` does.
    """
    with session.alone(f"seal {opened.shared.address} {sender.address}"):
        folder = _Folder(session, opened)
        wanted = list(dict.fromkeys(samples))
        earlier = {each.sample: each for each in sealed_samples(session, opened, sender.address)}
        known = tuple(earlier[each] for each in wanted if each in earlier)
        unsent = _unsent(opened, folder, sender.address)
        made, gas, todo = [], 0, [each for each in wanted if each not in earlier]
        for number, (x, label) in enumerate(todo, 1):
            secret = unsent.get((x, label)) or Secret(
                sender.address, x, label, secrets.token_bytes(SALT_BYTES)
            )
            if not dry_run:
                folder.keep(secret)
            receipts = _commit(session, opened, folder.commitment(secret), sender, maximum, dry_run)
            gas += sum(receipt.gas_used for receipt in receipts)
            if dry_run:
                return Sealing((), known, gas, receipts[-1])
            made.append(folder.commitment(secret))
            if progress:
                progress(number, len(todo))
        now = {each.commitment: each for each in sealed_samples(session, opened, sender.address)}
        return Sealing(tuple(now[each] for each in made if each in now), known, gas)


def sealed_samples(
    session: Session, opened: SharedModel, contributor: Address | None = None
) -> list[SealedSample]:
    """The commitments that are open, all or one contributor's, in the order in which they were made."""
    return opened.shared.chain.look(lambda: _sealed_samples(session, opened, contributor))


def _sealed_samples(session: Session, opened: SharedModel, contributor: Address | None) -> list[SealedSample]:
    shared, folder = opened.shared, _Folder(session, opened)
    found = []
    for (who, commitment), (deposit, block) in opened.ledger.refresh().sealed(contributor).items():
        time = shared.chain.time_of(block)
        release_at = Seconds(time + shared.terms.refund_wait)
        secret = folder.find(commitment)
        found.append(SealedSample(who, commitment, deposit, time, release_at, secret))
    return found


def _sealed_by_now(
    session: Session, opened: SharedModel, contributor: Address | None
) -> list[tuple[SealedSample, Seconds]]:
    """The same, each with the time at which they are looked at."""
    chain = opened.shared.chain
    return chain.look(lambda: [(each, chain.now()) for each in _sealed_samples(session, opened, contributor)])


def reveal(
    session: Session, opened: SharedModel, sender: Account, *, maximum: Wei | None = None
) -> Iterator[ClaimResult]:
    """Reveal what `sender` has sealed, as far as its secrets are here; a commitment must be a block old.

    Where the price is above a deposit by now, the difference is added to it, up to `maximum`; by default the
    sample stays sealed until the price has fallen again.
    """
    folder = _Folder(session, opened)
    for each, now in _sealed_by_now(session, opened, sender.address):
        if each.secret and now > each.time:
            yield _reveal(session, opened, each, each.secret, sender, maximum)
    for secret in _closed(opened, folder, sender.address):
        folder.remove(secret)


def release(
    session: Session, opened: SharedModel, sender: Account, *, everyone: bool = False
) -> Iterator[ClaimResult]:
    """Return the deposits of commitments that were locked long enough and whose secret is not here."""
    whose = None if everyone else sender.address
    for each, now in _sealed_by_now(session, opened, whose):
        if now >= each.release_at and not each.secret:
            yield _release(session, opened, each, sender)


def _reveal(
    session: Session,
    opened: SharedModel,
    each: SealedSample,
    secret: Secret,
    sender: Account,
    maximum: Wei | None,
) -> ClaimResult:
    shared = opened.shared
    deposit, price = Wei(each.deposit * shared.unit), shared.price()
    most = max(deposit, deposit if maximum is None else maximum)
    if price > most:
        why = (
            f"the deposit would be {shared.money.show(price)} now, of which {shared.money.show(deposit)} is "
            "paid: wait, or raise --max-price"
        )
        return ClaimResult("reveal", None, Wei(0), None, why, each.commitment)
    try:
        value, _ = provide(session, shared, sender, Wei(max(0, price - deposit)))
        function = shared.contract.reveal(secret.x, secret.label, secret.salt, most)
        receipt = session.send(function, sender, value=value)
    except (ContractReverted, InsufficientFunds) as error:
        return ClaimResult("reveal", None, Wei(0), None, error.message, each.commitment)
    return ClaimResult("reveal", shared.added(receipt)[0], Wei(0), receipt, "", each.commitment)


def _release(session: Session, opened: SharedModel, each: SealedSample, sender: Account) -> ClaimResult:
    shared = opened.shared
    try:
        receipt = session.send(shared.contract.release(each.contributor, each.commitment), sender)
    except ContractReverted as error:
        return ClaimResult("release", None, Wei(0), None, error.message, each.commitment)
    return ClaimResult("release", None, Wei(each.deposit * shared.unit), receipt, "", each.commitment)


def _commit(
    session: Session,
    opened: SharedModel,
    commitment: Digest,
    sender: Account,
    maximum: Wei | None,
    dry_run: bool,
) -> list[Receipt]:
    shared = opened.shared
    most = most_for(shared, 1, maximum)
    value, before = provide(session, shared, sender, most, dry_run)
    purpose, function = f"sum-seal-{commitment.hex()[:32]}", shared.contract.commit(commitment, most)
    receipt = send_deposit(session, shared, function, sender, value=value, once=purpose, dry_run=dry_run)
    return [*before, receipt]


def _unsent(opened: SharedModel, folder: "_Folder", who: Address) -> dict[Sample, Secret]:
    """Secrets that were kept by a command that ended before their commitment arrived."""
    ledger = opened.ledger.refresh()
    kept = (each for each in folder.secrets() if each.contributor == who)
    return {(each.x, each.label): each for each in kept if not ledger.committed(who, folder.commitment(each))}


def _closed(opened: SharedModel, folder: "_Folder", who: Address) -> list[Secret]:
    """Secrets that nobody needs any more."""
    ledger = opened.ledger.refresh()
    sealed = {commitment for _, commitment in ledger.sealed(who)}
    kept = ((each, folder.commitment(each)) for each in folder.secrets())
    return [each for each, digest in kept if digest not in sealed and ledger.committed(who, digest)]


class _Folder:
    """The secrets of one model's commitments, a file each."""

    def __init__(self, session: Session, opened: SharedModel) -> None:
        chain = session.chain
        self._chain_id, self._contract = chain.chain_id, opened.shared.address
        room = f"sealed/{chain.chain_id}-{chain.genesis_hash[2:10]}"
        self._folder = secret_folder(session, room, self._contract)

    def commitment(self, secret: Secret) -> Digest:
        return secret.commitment(self._chain_id, self._contract)

    def keep(self, secret: Secret) -> None:
        self._folder.keep(self.commitment(secret).hex(), secret)

    def find(self, commitment: Digest) -> Secret | None:
        """None where it is not here, or is not what was committed to."""
        secret = self._read(commitment.hex())
        return secret if secret and self.commitment(secret) == commitment else None

    def secrets(self) -> list[Secret]:
        return [secret for secret in map(self._read, self._folder.names()) if secret]

    def remove(self, secret: Secret) -> None:
        self._folder.remove(self.commitment(secret).hex())

    def _read(self, name: str) -> Secret | None:
        try:
            return self._folder.kept(name, Secret)
        except AccountError:
            return None
