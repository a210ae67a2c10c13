"""Contributions that somebody signs off-chain (EIP-712) and anybody sends: a file goes between them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from orchestrator.chain import Account, Chain
from orchestrator.chain.typeddata import Message, is_signed_by, message_digest, typed_message
from orchestrator.errors import (
    ChainError,
    DataError,
    InsufficientFunds,
    SignatureRefused,
    WrongChain,
)
from orchestrator.kernel.session import Session
from orchestrator.models.online.encoding import Sample
from orchestrator.models.online.funding import check_paid
from orchestrator.provenance import canonical, fields
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.systems.sum.adding import (
    AT_ONCE,
    Addition,
    given_before,
    most_for,
    provide,
    send_deposit,
)
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.shared import SharedModelContract
from orchestrator.types import Address, Seconds, Wei

MOST = (1 << 24) - 1
"""Contributions that a model can number."""
DOMAIN_NAME = "DILN Shared Model"
_KEYS = {
    "chainId",
    "contract",
    "contributor",
    "samples",
    "maximum",
    "nonce",
    "deadline",
    "signature",
}
_CONTRIBUTION = [
    ("contributor", "address"),
    ("samples", "bytes[]"),
    ("labels", "bytes"),
    ("maximum", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
]


@dataclass(frozen=True)
class SignedContribution:
    """Samples that `contributor` wants to be added by `deadline`, for `maximum` each at most.

    `nonce` numbers the contributor's relayed contributions to this model.
    """

    chain_id: int
    contract: Address
    contributor: Address
    samples: tuple[Sample, ...]
    maximum: Wei
    nonce: int
    deadline: Seconds
    signature: bytes = b""

    def message(self) -> Message:
        """What is signed, in the form that wallets take (`eth_signTypedData_v4`)."""
        values = {
            "contributor": self.contributor,
            "samples": ["0x" + x.hex() for x, _ in self.samples],
            "labels": "0x" + bytes(label for _, label in self.samples).hex(),
            "maximum": self.maximum,
            "nonce": self.nonce,
            "deadline": self.deadline,
        }
        return typed_message(DOMAIN_NAME, self.chain_id, self.contract, "Contribution", _CONTRIBUTION, values)

    def to_bytes(self) -> bytes:
        """The file that goes to whoever relays it."""
        content = {
            "chainId": self.chain_id,
            "contract": self.contract,
            "contributor": self.contributor,
            "samples": [{"x": "0x" + x.hex(), "label": label} for x, label in self.samples],
            "maximum": str(self.maximum),
            "nonce": self.nonce,
            "deadline": self.deadline,
            "signature": "0x" + self.signature.hex(),
        }
        return json.dumps(content, indent=2).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises SignatureRefused that names the field."""
        try:
            found = fields.object_in(canonical.parse(data), _KEYS, "contribution")
            return cls(
                chain_id=fields.count_in(found["chainId"], "chainId"),
                contract=fields.address_in(found["contract"], "contract"),
                contributor=fields.address_in(found["contributor"], "contributor"),
                samples=tuple(map(_sample_in, fields.list_in(found["samples"], "samples"))),
                maximum=Wei(int(fields.text_in(found["maximum"], "maximum"))),
                nonce=fields.count_in(found["nonce"], "nonce"),
                deadline=Seconds(fields.count_in(found["deadline"], "deadline")),
                signature=fields.bytes_in(found["signature"], "signature"),
            )
        except ValueError as error:
            raise SignatureRefused(
                f"this is not a signed contribution: {error}",
                "Have it signed again: diln sum sign MODEL --output FILE.",
            ) from error


def sign(
    opened: SharedModel,
    samples: tuple[Sample, ...],
    account: Account,
    *,
    maximum: Wei | None = None,
    lasts: int = DAY,
    ahead: int = 0,
    wallet: Address | None = None,
) -> SignedContribution:
    """Sign that these samples may be added by anybody, for `lasts` seconds. Nothing is sent.

    `maximum` is the most that a sample may cost, twice what it costs now unless told. `ahead` counts the
    contributions that were signed before and are not relayed yet. `wallet` is the contract wallet in whose
    name `account` signs. Raises WrongPassword, DataError for more samples than go into a transaction.
    """
    if not 0 < len(samples) <= AT_ONCE:
        raise DataError(
            f"{len(samples)} samples cannot be relayed at once; 1 to {AT_ONCE} can",
            "Sign them in several files, the second with --ahead 1, and so on.",
        )
    shared, who = opened.shared, wallet or account.address
    unsigned = SignedContribution(
        chain_id=shared.chain.chain_id,
        contract=shared.address,
        contributor=who,
        samples=samples,
        maximum=Wei(2 * shared.price(len(samples))) if maximum is None else maximum,
        nonce=shared.contract.account(who).nonce + ahead,
        deadline=Seconds(shared.chain.now() + lasts),
    )
    signature = account.sign_typed_data(unsigned.message())
    return SignedContribution(**{**vars(unsigned), "signature": signature})


def read_signed(path: Path) -> SignedContribution:
    """A signed contribution's file. Raises SignatureRefused."""
    try:
        return SignedContribution.from_bytes(path.read_bytes())
    except OSError as error:
        raise SignatureRefused(f"{path} cannot be read: {error.strerror}", "Give the file.") from error


def relay(
    session: Session,
    opened: SharedModel,
    signed: SignedContribution,
    sender: Account,
    *,
    pay: bool = False,
    maximum: Wei | None = None,
    dry_run: bool = False,
) -> Addition:
    """Send what somebody signed. The deposit is the contributor's; with `pay`, `sender` adds what is missing.

    It is paid with the samples, in one transaction, after everything was checked; `maximum` is the most that
    `sender` gives. Relayed twice, nothing happens twice. Raises WrongChain, SignatureRefused, ChainError
    where it is too late or too dear, or the model is full, InsufficientFunds.
    """
    _check_target(signed, opened.shared)
    with session.alone(f"relay {opened.shared.address} {signed.contributor}"):
        shared, n = opened.shared, len(signed.samples)
        standing = shared.contract.account(signed.contributor)
        if standing.nonce > signed.nonce:
            return _relayed(opened, signed)
        _check(signed, shared, standing.nonce)
        most = most_for(shared, n, signed.maximum)
        needed = shared.price(n) * n
        missing = max(0, needed - standing.balance)
        if missing and not pay:
            raise InsufficientFunds(
                f"the deposit is {shared.money.show(needed)}; {signed.contributor} has "
                f"{shared.money.show(standing.balance)} with the model",
                "Let it pay in with `diln sum fund NAME COINS`, or pay for it with --pay.",
            )
        hint = "Nothing was sent. Raise --max-price, or let it pay in with `diln sum fund`."
        check_paid(shared.money, missing, maximum, hint)
        value, paid = provide(session, shared, sender, Wei(needed), dry_run, signed.contributor)
        xs, labels = [x for x, _ in signed.samples], [label for _, label in signed.samples]
        terms = most, signed.deadline, signed.signature, pay and missing > 0
        function = shared.contract.add_for(signed.contributor, xs, bytes(labels), *terms)
        purpose = f"sum-relay-{message_digest(signed.message()).hex()[:32]}"
        receipt = send_deposit(session, shared, function, sender, value=value, once=purpose, dry_run=dry_run)
        added = () if dry_run else tuple(shared.added(receipt))
        gas = sum(each.gas_used for each in (*paid, receipt))
        return Addition(added, (), gas, receipt if dry_run else None)


def _relayed(opened: SharedModel, signed: SignedContribution) -> Addition:
    before = given_before(opened, signed.contributor, signed.samples)
    if not before.times:
        raise SignatureRefused(
            f"{signed.contributor} has used the number {signed.nonce} for another contribution",
            "Have it signed again: diln sum sign MODEL --output FILE.",
        )
    return Addition((), before.open, 0)


def check_chain(signed: SignedContribution, chain: Chain) -> None:
    """Raise WrongChain where it was signed for another one."""
    if signed.chain_id != chain.chain_id:
        raise WrongChain(
            f"this was signed for chain {signed.chain_id}, not for chain {chain.chain_id}",
            "Choose that network with --network.",
        )


def _check_target(signed: SignedContribution, shared: SharedModelContract) -> None:
    check_chain(signed, shared.chain)
    if signed.contract != shared.address:
        raise SignatureRefused(
            f"this was signed for the model at {signed.contract}, not for {shared.address}",
            "Relay it to that one.",
        )


def _check(signed: SignedContribution, shared: SharedModelContract, nonce: int) -> None:
    if not signed.samples:
        raise SignatureRefused(
            "there is no sample in it", "Have it signed again: diln sum sign MODEL --output FILE."
        )
    if signed.nonce > nonce:
        raise ChainError(
            f"{signed.nonce - nonce} contributions that {signed.contributor} signed before are not relayed",
            "Relay those first.",
        )
    if shared.chain.now() > signed.deadline:
        raise ChainError(
            "it could be relayed only until its deadline, which is past", "Have it signed again."
        )
    if shared.count() + len(signed.samples) > MOST:
        raise ChainError("the model is full: it numbers no more contributions", "Choose another one.")
    shared.predict_many([x for x, _ in signed.samples])  # refused where the contract refuses a sample
    unknown = [label for _, label in signed.samples if label >= shared.params.classes]
    if unknown:
        raise SignatureRefused(
            f"the model has no label {unknown[0]}", "Have it signed again: diln sum sign MODEL --output FILE."
        )
    if not is_signed_by(shared.chain, signed.contributor, signed.message(), signed.signature):
        raise SignatureRefused(
            f"the signature is not that of {signed.contributor}, or not over exactly this",
            "Have it signed again: diln sum sign MODEL --output FILE.",
        )


def _sample_in(value: object) -> Sample:
    found = fields.object_in(value, {"x", "label"}, "sample")
    label = fields.count_in(found["label"], "label")
    if label > 0xFF:
        raise NotCanonical("not a label", "label")
    return fields.bytes_in(found["x"], "x"), label
