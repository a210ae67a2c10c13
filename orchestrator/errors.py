"""Everything that DILN raises on purpose.

DilnError
├── UsageError               wrong command line (exit code 2)
├── ConfigError              brownie-config.yaml, environment or flags
├── SpecError                diln.toml: names the line and the key
├── DataError                a data set that cannot be learned from
├── ModelError               an estimator or model file that cannot be used
│   └── UntrustedModel       it holds types that are not trusted, or is a pickle
├── EngineError              a training engine that is not installed or does not answer
├── StorageError
│   ├── CidError             a malformed or unsupported content identifier
│   ├── IntegrityError       bytes that do not match their hash
│   ├── BlockNotFound        nobody here has this block
│   └── StorageUnavailable   the daemon is down, slow or refuses
├── ChainError
│   ├── NodeUnavailable      the node is down or slow
│   ├── WrongChain           the node serves another chain than expected
│   ├── ContractReverted     a contract refused; carries its error's name and values
│   ├── SentBefore           another act for the same purpose arrived first
│   ├── InsufficientFunds    the sender cannot pay
│   └── NotDeployed          the contract is not on this chain
├── OverBudget               more would leave than may be spent
├── AccountError             unknown account, damaged keystore
│   └── WrongPassword
├── ManifestError            a manifest that is malformed or not canonical
├── SignatureRefused         a signature by a stranger, twice, or for something else
├── GateError                a model that does not reach what its spec demands
└── VerificationFailed       a check against the chain came out false
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar


class DilnError(Exception):
    """One sentence that says what is wrong, and a hint that says what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)  # below a traceback, as a notebook shows it

    def reword(self, words: Callable[[str], str]) -> None:
        """Put message and hint in other words."""
        message, hint = words(self.message), words(self.hint)
        if (message, hint) != (self.message, self.hint):
            others = [each for each in getattr(self, "__notes__", ()) if each != self.hint]
            self.args, self.message, self.hint = (message,), message, hint
            self.__notes__ = [hint, *others] if hint else others


class Unsent(Exception):
    """A transaction that was made for others to send: its `chainId`, `from`, `to`, `value` and `data`."""

    def __init__(self, transaction: dict[str, Any]) -> None:
        super().__init__("a transaction for others to send")
        self.transaction = transaction


class UsageError(DilnError):
    exit_code = 2


class ConfigError(DilnError):
    pass


class SpecError(DilnError):
    pass


class DataError(DilnError):
    pass


class ModelError(DilnError):
    pass


class UntrustedModel(ModelError):
    pass


class EngineError(DilnError):
    pass


class StorageError(DilnError):
    pass


class CidError(StorageError):
    pass


class IntegrityError(StorageError):
    """Bytes that do not match their hash.

    `cid` is what was asked for, `block` the block inside it that is wrong (both as text).
    """

    def __init__(self, message: str, hint: str = "", *, cid: str = "", block: str = "") -> None:
        super().__init__(message, hint)
        self.cid = cid
        self.block = block


class BlockNotFound(StorageError):
    pass


class StorageUnavailable(StorageError):
    pass


class ChainError(DilnError):
    pass


class NodeUnavailable(ChainError):
    pass


class WrongChain(ChainError):
    pass


OUT_OF_GAS = "OutOfGas"
"""Stands for a custom error where a call or a transaction used up its gas."""


class ContractReverted(ChainError):
    """A contract refused.

    `error` is the name of its custom error ("" if it gave none) and `values` its named arguments.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        error: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.error = error
        self.values = dict(values or {})

    @property
    def took_too_much(self) -> bool:
        """Whether it may be for want of gas: a contract whose own call ran out of it gives no reason."""
        return self.error in ("", OUT_OF_GAS)


class SentBefore(ChainError):
    """Another act was sent for the same purpose, and has arrived by now."""


class InsufficientFunds(ChainError):
    pass


class NotDeployed(ChainError):
    pass


class OverBudget(DilnError):
    pass


class AccountError(DilnError):
    pass


class WrongPassword(AccountError):
    pass


class ManifestError(DilnError):
    pass


class SignatureRefused(DilnError):
    pass


class GateError(DilnError):
    pass


class VerificationFailed(DilnError):
    pass


_Kept = TypeVar("_Kept", bound=Exception)


def bare(error: _Kept) -> _Kept:
    """An error to keep: without its traceback, whose frames hold what was read, and often the error."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def told(error: Exception) -> str:
    """What went wrong, in a few words; of an error that is not ours its kind, too."""
    return error.message if isinstance(error, DilnError) else f"{type(error).__name__}: {error}"
