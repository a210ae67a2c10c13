"""Contributions that somebody signs and somebody else sends (EIP-712): a file goes between them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, ContractReverted, DataError, InsufficientFunds, SignatureRefused
from orchestrator.provenance import canonical, fields
from orchestrator.provenance.disk import replace_file
from orchestrator.sum.connection import Connection
from orchestrator.sum.market.contract import MarketContract
from orchestrator.sum.market.participating import Lot, batches
from orchestrator.sum.money import fill_up
from orchestrator.sum.opening import OpenedMarket
from orchestrator.types import Address, Wei

FORMAT = "diln-market-signed/1"
_KEYS = {"format", "chain", "market", "signed"}
_DOMAIN = ("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")
_FIELDS = (
    ("contributor", "address"),
    ("runs", "bytes[]"),
    ("maximum", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)


@dataclass(frozen=True)
class Signed:
    """Contributions that `contributor` signed; `maximum` is the most that they stake."""

    contributor: Address
    runs: tuple[bytes, ...]
    maximum: int
    nonce: int
    deadline: int
    signature: bytes


def sign(opened: OpenedMarket, lot: Lot, contributor: Account, deadline: int, file: Path) -> list[Signed]:
    """Sign a lot, to be relayed until `deadline`, into `file`. Raises WrongPassword, StorageError."""
    market = opened.shared
    first, found = market.nonce(contributor.address), []
    for number, runs in enumerate(batches(lot.runs)):
        unsigned = Signed(
            contributor.address, tuple(runs), market.stake_of(runs), first + number, deadline, b""
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
    connection: Connection, opened: OpenedMarket, file: Path, sender: Account, *, pay: bool = False
) -> Iterator[Receipt]:
    """Send what is in `file` and was not sent before. The stake is the contributor's, from its balance there.

    With `pay`, the sender pays what that lacks. Raises DataError for a file that is none, SignatureRefused
    for a signature that does not hold, ChainError for another market's, InsufficientFunds for a stake that
    is lacking.
    """
    market = opened.shared
    for each in _read(market, file):
        if each.nonce < market.nonce(each.contributor):
            continue
        stake = market.stake_of(each.runs)
        if pay:
            fill_up(connection, market, each.contributor, Wei(stake), sender)
        elif (balance := market.balance(each.contributor)) < stake:
            money = market.money
            raise InsufficientFunds(
                f"{each.contributor} has {money.show(balance)} here; the stake is {money.show(stake)}",
                "Let it pay in with `diln sum fund`, or pay for it with --pay.",
            )
        function = market.contribute_for(
            each.contributor, each.runs, each.maximum, each.deadline, each.signature
        )
        try:
            yield connection.chain.send(function, sender)
        except ContractReverted as error:
            if error.error not in ("BadSignature", "Expired"):
                raise
            raise SignatureRefused(
                f"the signature of {each.contributor} does not hold: {error.message}",
                "Ask for a new one: `diln sum market contribute --sign FILE`.",
            ) from error


def _message(market: MarketContract, signed: Signed) -> dict[str, Any]:
    """What a wallet signs, in the form that wallets take (`eth_signTypedData_v4`)."""
    named = [{"name": name, "type": kind} for name, kind in _FIELDS]
    values = {name: getattr(signed, name) for name, _ in _FIELDS}
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
            "Contribution": named,
        },
        "domain": {
            "name": "DILN Prediction Market",
            "version": "1",
            "chainId": market.chain.chain_id,
            "verifyingContract": market.address,
        },
        "primaryType": "Contribution",
        "message": values | {"runs": list(signed.runs)},
    }


def _to_json(signed: Signed) -> dict[str, Any]:
    return vars(signed) | {
        "runs": ["0x" + run.hex() for run in signed.runs],
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


def _signed(value: Any) -> Signed:
    found = fields.object_in(value, {name for name, _ in _FIELDS} | {"signature"}, "contribution")
    return Signed(
        contributor=fields.address_in(found["contributor"], "contributor"),
        runs=tuple(fields.bytes_in(run, "run") for run in fields.list_in(found["runs"], "runs")),
        maximum=int(fields.text_in(found["maximum"], "maximum")),
        nonce=fields.count_in(found["nonce"], "nonce"),
        deadline=fields.count_in(found["deadline"], "deadline"),
        signature=fields.bytes_in(found["signature"], "signature"),
    )
