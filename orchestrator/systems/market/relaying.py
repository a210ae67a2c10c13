"""Contributions that somebody signs and somebody else sends (EIP-712): a file goes between them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.chain import Account, Receipt
from orchestrator.chain.typeddata import Message, is_signed_by, typed_message
from orchestrator.errors import ChainError, ContractReverted, DataError, InsufficientFunds, SignatureRefused
from orchestrator.files import replace_file
from orchestrator.kernel.money import approve, require_held
from orchestrator.kernel.session import Session
from orchestrator.models.online.funding import check_paid
from orchestrator.provenance import canonical, fields
from orchestrator.systems.market.contract import MarketContract
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.participating import Submission, check_open, check_room, transactions_of
from orchestrator.types import Address, Wei

FORMAT = "diln-market-signed/1"
_KEYS = {"format", "chain", "market", "signed"}
DOMAIN_NAME = "DILN Prediction Market"
_TOO_MUCH = "Nothing was paid for it. Raise --maximum, or let its signers pay in with `diln market fund`."
_FIELDS = (
    ("contributor", "address"),
    ("runs", "bytes[]"),
    ("maximum", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)


@dataclass(frozen=True)
class Signed:
    """Contributions that `contributor` signed; `maximum` is the most that they cost."""

    contributor: Address
    batches: tuple[bytes, ...]
    maximum: int
    nonce: int
    deadline: int
    signature: bytes


def sign(
    opened: PredictionMarket, submission: Submission, contributor: Account, deadline: int, file: Path
) -> list[Signed]:
    """Sign a submission, to be relayed until `deadline`, into `file`. Raises WrongPassword, StorageError."""
    market = opened.shared
    first, found = market.contract.nonce_of(contributor.address), []
    for number, batches in enumerate(transactions_of(submission.batches)):
        unsigned = Signed(
            contributor.address, tuple(batches), market.price_of(batches), first + number, deadline, b""
        )
        signature = contributor.sign_typed_data(_message(market, unsigned))
        found.append(Signed(**{**vars(unsigned), "signature": signature}))
    content = {
        "format": FORMAT,
        "chain": market.chain.chain_id,
        "market": market.address,
        "signed": [_to_json(each) for each in found],
    }
    replace_file(file, json.dumps(content, indent=1).encode() + b"\n")
    return found


def relay(
    session: Session,
    opened: PredictionMarket,
    file: Path,
    sender: Account,
    *,
    pay: bool = False,
    maximum: int | None = None,
) -> Iterator[Receipt]:
    """Send what is in `file` and was not sent before; it costs the contributor, from its balance there.

    With `pay`, the sender pays what is missing, in the same transaction: no money moves unless the
    contributions do; `maximum` bounds what it pays in all. Raises DataError for a file that is none,
    SignatureRefused for a signature that does not hold, ChainError for another market's, where nothing more
    is taken or it costs more than the maximum, InsufficientFunds where money is missing.
    """
    market, left = opened.shared, maximum
    for each in _read(market, file):
        if each.nonce < market.contract.nonce_of(each.contributor):
            continue
        missing = max(0, market.price_of(each.batches) - market.balance(each.contributor))
        if pay and left is not None:
            check_paid(market.money, missing, left, _TOO_MUCH)
            left -= missing
        yield _relay(session, opened, each, sender, missing, pay)


def shortfall(opened: PredictionMarket, file: Path, maximum: int | None = None) -> int:
    """What `relay` with `pay` would pay for all that is in `file` and still to be sent.

    Raises ChainError where that is more than `maximum`, as `relay` does of each.
    """
    market, total = opened.shared, 0
    needed: dict[Address, int] = {}
    for each in _read(market, file):
        if each.nonce >= market.contract.nonce_of(each.contributor):
            needed[each.contributor] = needed.get(each.contributor, 0) + market.price_of(each.batches)
    for who, price in needed.items():
        total += max(0, price - market.balance(who))
    check_paid(market.money, total, maximum, _TOO_MUCH)
    return total


def _relay(
    session: Session, opened: PredictionMarket, signed: Signed, sender: Account, missing: int, pay: bool
) -> Receipt:
    market = opened.shared
    _check(session, opened, signed)
    if missing and not pay:
        raise InsufficientFunds(
            f"{signed.contributor} is {market.money.show(missing)} short here",
            f"Let it pay in with `diln market fund {opened.name} COINS`, or pay for it with --pay.",
        )
    value = gift = Wei(0)
    if missing:
        require_held(session.chain, market.money.of(missing), sender)
        if market.money.is_ether:
            value = Wei(missing)
        else:
            gift = Wei(missing)
            approve(session.chain, market.money.of(gift), market.address, sender)
    function = market.contract.contribute_for(
        signed.contributor, signed.batches, signed.maximum, signed.deadline, signed.signature, gift
    )
    try:
        return session.send(function, sender, value=value)
    except ContractReverted as error:
        if error.error not in ("BadSignature", "SignatureExpired"):
            raise
        raise _refused(signed, error.message) from error


def _check(session: Session, opened: PredictionMarket, signed: Signed) -> None:
    """All that the contract would look at, before anything is approved or paid."""
    market, money = opened.shared, opened.shared.money
    check_open(opened)
    check_room(opened, len(signed.batches))
    if (price := market.price_of(signed.batches)) > signed.maximum:
        raise _refused(signed, f"it allows {money.show(signed.maximum)}, and it takes {money.show(price)}")
    if signed.nonce != market.contract.nonce_of(signed.contributor):
        raise _refused(signed, "others of its signatures come first")
    if session.chain.now() > signed.deadline:
        raise _refused(signed, "its time is over")
    if not is_signed_by(market.chain, signed.contributor, _message(market, signed), signed.signature):
        raise _refused(signed, "it is somebody else's, or of something else")


def _refused(signed: Signed, why: str) -> SignatureRefused:
    return SignatureRefused(
        f"the signature of {signed.contributor} does not hold: {why}",
        "Ask for a new one: `diln market contribute MARKET --sign FILE`.",
    )


def _message(market: MarketContract, signed: Signed) -> Message:
    values = {name: getattr(signed, name) for name, _ in _FIELDS if name != "runs"}
    values["runs"] = list(signed.batches)
    chain_id = market.chain.chain_id
    return typed_message(DOMAIN_NAME, chain_id, market.address, "Contribution", _FIELDS, values)


def _to_json(signed: Signed) -> dict[str, Any]:
    return vars(signed) | {
        "batches": ["0x" + batch.hex() for batch in signed.batches],
        "maximum": str(signed.maximum),
        "signature": "0x" + signed.signature.hex(),
    }


def _read(market: MarketContract, file: Path) -> Sequence[Signed]:
    try:
        content = fields.object_in(canonical.parse(file.read_bytes()), _KEYS, "file")
        place = fields.count_in(content["chain"], "chain"), fields.address_in(content["market"], "market")
        found = [_signed(each) for each in fields.list_in(content["signed"], "signed")]
    except (OSError, ValueError) as error:
        raise DataError(f"{file} holds no signed contributions: {error}", "Ask for it again.") from error
    if content["format"] != FORMAT:
        raise DataError(f"{file} holds no signed contributions", "Ask for it again.")
    if place != (market.chain.chain_id, market.address):
        raise ChainError(f"{file} is for the market at {place[1]} on chain {place[0]}", "Name that one.")
    return found


def _signed(value: object) -> Signed:
    found = fields.object_in(value, set(Signed.__dataclass_fields__), "contribution")
    return Signed(
        contributor=fields.address_in(found["contributor"], "contributor"),
        batches=tuple(
            fields.bytes_in(batch, "batch") for batch in fields.list_in(found["batches"], "batches")
        ),
        maximum=int(fields.text_in(found["maximum"], "maximum")),
        nonce=fields.count_in(found["nonce"], "nonce"),
        deadline=fields.count_in(found["deadline"], "deadline"),
        signature=fields.bytes_in(found["signature"], "signature"),
    )
