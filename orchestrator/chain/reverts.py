"""What a contract said when it refused, as a plain sentence with its values."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address

from orchestrator.chain.artifact import Abi
from orchestrator.errors import ContractReverted

Definition = Mapping[str, Any]
ERRORS = Path(__file__).parent / "errors.json"
"""Every custom error of the package's contracts, with its `notice` (see `binding`)."""

_STRING = bytes.fromhex("08c379a0")  # Error(string), of require(condition, "reason")
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256), of the compiler's own checks
_PANICS = {
    0x01: "an assertion does not hold",
    0x11: "a number became too large or too small (overflow)",
    0x12: "a division by zero",
    0x21: "a value that its enum does not have",
    0x22: "a damaged byte array in storage",
    0x31: "taking from an empty array",
    0x32: "an index beyond the end of an array",
    0x41: "an array that is too large for memory",
    0x51: "a call of a function that was never set",
}
_SENTENCES = {  # of errors, most of them of OpenZeppelin's libraries, whose names alone say too little
    "AccessControlUnauthorizedAccount": "{account} does not have the role that this needs",
    "ECDSAInvalidSignature": "the signature is not valid",
    "ECDSAInvalidSignatureLength": "the signature has {length} bytes, not 65",
    "EnforcedPause": "the contract is paused",
    "ERC20InsufficientAllowance": "{spender} may spend {allowance}, but needs {needed}",
    "ERC20InsufficientBalance": "{sender} has {balance}, but needs {needed}",
    "ExpectedPause": "the contract is not paused",
    "FailedCall": "a call to another contract failed",
    "InsufficientBalance": "the contract has {balance} wei, but needs {needed}",
    "NotOwner": "{caller} does not own project {projectId}",
    "NotPublisher": "{caller} may not publish in project {projectId}",
    "OwnableInvalidOwner": "{owner} cannot be an owner",
    "OwnableUnauthorizedAccount": "{account} is not the owner",
    "ReentrancyGuardReentrantCall": "the contract was called again in the middle of a call",
    "SafeERC20FailedOperation": "the token {token} refused a transfer",
    "DeploymentFailed": "the contract could not be made: it may be there already",
    "ETHTransferFailed": "the receiver does not take ether",
    "TransferFailed": "the token refused a transfer",
    "TransferFromFailed": "the token refused to be taken: the sender has too little, or allowed too little",
}

_UNLISTED = ("DeploymentFailed", "ETHTransferFailed", "TransferFailed", "TransferFromFailed")
"""Errors of Solady's libraries, which revert with them in assembly: no ABI has them."""

_HINTS = {
    "NotOwner": "`diln project show NAME` tells who owns it: send as that account, with --from.",
    "NotPublisher": "Its owner may let you: `diln project members NAME --add-publisher ACCOUNT`.",
}


def explain_revert(data: bytes, abi: Abi = (), hint: str = "") -> ContractReverted:
    """Turn what a contract reverted with into an exception.

    The error is looked for in `abi` first, then in all contracts of the package, because errors bubble up
    from the libraries and contracts that were called. The hint, unless one is given, is what the source says
    of the error.
    """
    selector, arguments = data[:4], data[4:]
    try:
        if selector == _STRING:
            reason = decode(["string"], arguments)[0]
            return ContractReverted(f"the contract refused: {reason}", hint, values={"reason": reason})
        if selector == _PANIC:
            code = decode(["uint256"], arguments)[0]
            reason = _PANICS.get(code, f"panic {code:#x}")
            return ContractReverted(
                f"the contract refused: {reason}", hint, error="Panic", values={"code": code}
            )
        definition = {**_shipped_errors(), **_errors([abi])}.get(bytes(selector))
        if definition:
            return _custom(definition, arguments, hint)
    except DecodingError:
        pass
    if data:
        return ContractReverted(f"the contract refused, for a reason unknown here: 0x{data.hex()}", hint)
    return ContractReverted("the contract refused and gave no reason", hint)


def words(name: str) -> str:
    """CamelCase as words: `DeadlinePassed` is `deadline passed`, `NotNFTOwner` is `not NFT owner`."""
    parts = re.findall(r"[A-Z][A-Z0-9]*(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)
    return " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)


def _custom(definition: Definition, arguments: bytes, hint: str) -> ContractReverted:
    inputs = definition["inputs"]
    decoded = decode([collapse_if_tuple(each) for each in inputs], arguments)
    values = {
        each["name"] or str(index): to_checksum_address(value) if each["type"] == "address" else value
        for index, (each, value) in enumerate(zip(inputs, decoded, strict=True))
    }
    name = definition["name"]
    told = f"the contract refused: {_sentence(name, values)}"
    hint = hint or _HINTS.get(name, "") or _notice(definition)
    return ContractReverted(told, hint, error=name, values=values)


def _sentence(name: str, values: Mapping[str, Any]) -> str:
    shown = {key: _show(value) for key, value in values.items()}
    if name in _SENTENCES:
        try:
            return _SENTENCES[name].format(**shown)
        except KeyError:  # another contract's error of the same name
            pass
    listed = ", ".join(f"{words(key)} {value}" for key, value in shown.items())
    return f"{words(name)} ({listed})" if listed else words(name)


def _show(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_show(each) for each in value) + "]"
    return str(value)


@cache
def _shipped() -> list[Definition]:
    found: list[Definition] = json.loads(ERRORS.read_text(encoding="utf-8"))
    return found


@cache
def _shipped_errors() -> dict[bytes, Definition]:
    unlisted = [{"type": "error", "name": name, "inputs": []} for name in _UNLISTED]
    return _errors([unlisted, _shipped()])


def _notice(definition: Definition) -> str:
    """What the source says of an error, as far as it is one of the package's."""
    inputs = [each["name"] for each in definition["inputs"]]
    return next(
        (
            str(each["notice"])
            for each in _shipped()
            if each["name"] == definition["name"] and [one["name"] for one in each["inputs"]] == inputs
        ),
        "",
    )


def error_selector(entry: Definition) -> bytes:
    """The four bytes with which a custom error begins: those of a function of its name and inputs."""
    as_function: Any = {**entry, "type": "function"}
    return function_abi_to_4byte_selector(as_function)


def _errors(abis: Iterable[Abi]) -> dict[bytes, Definition]:
    found = {}
    for abi in abis:
        for entry in abi:
            if entry["type"] == "error":
                found[error_selector(entry)] = entry
    return found
