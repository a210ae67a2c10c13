"""What web3 raises, as the errors of DILN."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from web3.exceptions import BadFunctionCallOutput, ContractLogicError, Web3Exception, Web3RPCError

from orchestrator.chain.artifact import Abi
from orchestrator.chain.reverts import explain_revert
from orchestrator.errors import OUT_OF_GAS, ChainError, ContractReverted, InsufficientFunds, NotDeployed

_FUNDS = ("insufficient funds", "insufficient balance", "sender doesn't have enough funds", "not have enough")
_GAS = ("out of gas", "outofgas", "intrinsic gas", "exceeds block gas limit")

_BUSY_WORDS = (
    "rate limit",  # publicnode, Ankr, dRPC
    "too many requests",
    "request rate",  # Infura
    "request limit",  # QuickNode
    "compute units per second",  # Alchemy
    "requests per",
    "calls per",
    "throttl",
)


@contextmanager
def as_diln_errors(abi: Abi = ()) -> Iterator[None]:
    """Raise ContractReverted, InsufficientFunds, NotDeployed or ChainError for what web3 raises within.

    `abi` is of the contract that is called.
    """
    try:
        yield
    except ContractLogicError as error:
        raise explain_revert(revert_data(error.data), abi) from error
    except BadFunctionCallOutput as error:
        raise NotDeployed(
            "there is no such contract at this address", "Look at `diln doctor`, or run `diln migrate`."
        ) from error
    except Web3RPCError as error:
        message = rpc_message(error)
        said = revert_data(_rpc_error(error).get("data"))
        if said or "revert" in message.lower():
            raise explain_revert(said, abi) from error
        if any(words in message.lower() for words in _FUNDS):
            raise InsufficientFunds(f"the sender cannot pay: {message}", FUNDS_HINT) from error
        if any(words in message.lower() for words in _GAS):
            raise ContractReverted(f"the node refused: {message}", error=OUT_OF_GAS) from error
        raise ChainError(f"the node refused: {message}") from error
    except Web3Exception as error:
        raise ChainError(f"the node's answer cannot be used: {error}") from error


FUNDS_HINT = "Send it ether first, or choose another account with --from (see `diln account list`)."


def rpc_message(error: Web3RPCError) -> str:
    """The node's own words."""
    return str(_rpc_error(error).get("message") or error.message)


def _rpc_error(error: Web3RPCError) -> dict[str, Any]:
    content: object = (error.rpc_response or {}).get("error")
    return content if isinstance(content, dict) else {}


def revert_data(data: object) -> bytes:
    """The bytes that a contract reverted with, from any node's way to put them."""
    if isinstance(data, dict):  # Ganache, Hardhat: somewhere inside
        candidates = [data.get(key) for key in ("result", "data", "return")]
        return next((revert_data(each) for each in candidates if each), b"")
    if isinstance(data, str):
        try:
            return bytes.fromhex(data.removeprefix("Reverted ").removeprefix("0x"))
        except ValueError:
            return b""
    return b""


def busy_words(message: str) -> bool:
    """Whether a node's refusal says that it is asked too often."""
    return any(words in message.lower() for words in _BUSY_WORDS)


def shown_url(url: str) -> str:
    """Scheme, host and port of `url`: what may be shown of it."""
    parts = urlsplit(url)
    host = parts.hostname or "?"
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"
