"""Accounts by name: encrypted keystores, and the development accounts.

Nothing here prints or logs a key or a password.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.chain import development
from orchestrator.chain.keystore import Keystore
from orchestrator.chain.naming import checked_address, is_address_like
from orchestrator.config import Settings
from orchestrator.errors import AccountError, WrongPassword
from orchestrator.text import shown
from orchestrator.types import Address

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PASSWORD_VARIABLE = "DILN_PASSWORD"  # noqa: S105
_signing = logging.getLogger("orchestrator.signing")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_FIELD = 200
AskPassword = Callable[[str], str]


class Account:
    """Somebody who can sign. The key is decrypted at the first signature, and kept in memory only.

    `known_to_all` marks a development account.
    """

    def __init__(self, name: str, address: Address, unlock: Callable[[], bytes], known_to_all: bool) -> None:
        self.name = name
        self.address = address
        self.known_to_all = known_to_all
        self._unlock = unlock

    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.address!r})"

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed transaction, ready to send. Raises WrongPassword."""
        return bytes(self._signer.sign_transaction(dict(transaction)).raw_transaction)

    def sign_typed_data(self, full_message: Mapping[str, Any]) -> bytes:
        """The EIP-712 signature (r, s, v: 65 bytes) of `types`, `domain`, `primaryType` and `message`.

        Raises WrongPassword.
        """
        tell_signing(self.name, full_message)
        return self._sign_typed(full_message)

    def _sign_typed(self, message: Mapping[str, Any]) -> bytes:
        return bytes(self._signer.sign_typed_data(full_message=dict(message)).signature)

    @cached_property
    def _signer(self) -> "LocalAccount":
        from eth_account import Account as EthAccount

        signer: LocalAccount = EthAccount.from_key(self._unlock())
        return signer


class Accounts:
    """The accounts that `settings` give access to.

    `ask_password(question)` asks the user; the environment variable DILN_PASSWORD, if set, answers instead.
    """

    def __init__(self, settings: Settings, ask_password: AskPassword | None = None) -> None:
        self._settings = settings
        self._keystore = Keystore(settings.keystore_dir)
        self._ask = ask_password
        self._development = settings.network.local

    def get(self, name_or_address: str) -> Account:
        """One account, by its name or its address. Raises AccountError if there is none.

        With a signer in the settings it is one of the signer's; with calldata it is any address, which sends
        by other means.
        """
        from orchestrator.chain.wallets import Proposer, Signer

        if self._settings.calldata:
            given = is_address_like(name_or_address)
            return Proposer(checked_address(name_or_address) if given else self._own(name_or_address).address)
        if self._settings.signer:
            return Signer(self._settings.signer).get(name_or_address)
        return self._own(name_or_address)

    def _own(self, name_or_address: str) -> Account:
        if self._keystore.has(name_or_address):
            return self._kept(name_or_address, self._keystore.address(name_or_address))
        if self._development and name_or_address in development.NAMES:
            return _development(name_or_address)
        for account in self.list():
            if name_or_address.lower() == account.address.lower():
                return account
        if name_or_address in development.NAMES:
            raise AccountError(
                f"{name_or_address} is a development account: everybody knows its key",
                "Make an account of your own: diln account new NAME.",
            )
        for damage in self.damaged():
            raise AccountError(f"there is no account {name_or_address}, but {damage.message}", damage.hint)
        raise AccountError(
            f"there is no account {name_or_address}",
            "See `diln account list`, or make it: diln account new NAME.",
        )

    def has(self, name: str) -> bool:
        """Whether an account has this name."""
        return self._keystore.has(name) or (self._development and name in development.NAMES)

    def damaged(self) -> Sequence[AccountError]:
        """Why some keystores cannot be used; `list` leaves these out."""
        return self._keystore.damaged()

    def list(self) -> list[Account]:
        """All accounts: the keystores by name, then, on a local chain, the development accounts."""
        kept = [self._kept(name, address) for name, address in self._keystore.entries()]
        if not self._development:
            return kept
        names = {account.name for account in kept}
        return kept + [_development(name) for name in development.NAMES if name not in names]

    def new(self, name: str, password: str) -> Account:
        """Make a new key and keep it. Raises AccountError for a bad or taken name and an empty password."""
        from eth_account import Account as EthAccount

        return self._keep(name, bytes(EthAccount.create().key), password)

    def import_key(self, name: str, key: str | bytes, password: str) -> Account:
        """Keep an existing private key (32 bytes or their hex). Raises AccountError as `new` does."""
        try:
            content = bytes.fromhex(key.strip().removeprefix("0x")) if isinstance(key, str) else bytes(key)
        except ValueError:
            content = b""
        if len(content) != 32:
            raise AccountError("this is not a private key", "A private key has 32 bytes: 64 hex digits.")
        return self._keep(name, content, password)

    def _keep(self, name: str, key: bytes, password: str) -> Account:
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"{name!r} cannot be an account's name", "Use up to 64 of a-z, 0-9, - and _, such as `lab-1`."
            )
        if name in development.NAMES:
            raise AccountError(f"{name} is the name of a development account", "Choose another one.")
        if not password:
            raise AccountError("an account needs a password", f"Type one, or set {PASSWORD_VARIABLE}.")
        return self._kept(name, self._keystore.add(name, key, password))

    def _kept(self, name: str, address: Address) -> Account:
        return Account(
            name, address, lambda: self._keystore.key(name, self._password(name)), known_to_all=False
        )

    def _password(self, name: str) -> str:
        known = os.environ.get(PASSWORD_VARIABLE)
        if known:
            return known
        if self._ask is None:
            raise WrongPassword(f"account {name} needs its password", f"Set {PASSWORD_VARIABLE}.")
        return self._ask(f"Password of account {name}")


def tell_signing(name: str, message: Mapping[str, Any]) -> None:
    """Tell the log `orchestrator.signing` what is about to be signed, field by field."""
    domain = message["domain"]
    about = ", ".join(f"{key} {value}" for key, value in domain.items())
    _signing.info("%s signs %s (%s):", name, message["primaryType"], about)
    for key, value in message["message"].items():
        told = "0x" + value.hex() if isinstance(value, bytes) else str(value)
        _signing.info("  %s: %s", key, shown(told, LONGEST_FIELD))


def _development(name: str) -> Account:
    address = development.ADDRESSES[development.NAMES.index(name)]
    from eth_utils.address import to_checksum_address

    return Account(
        name, to_checksum_address(address), lambda: development.private_key(name), known_to_all=True
    )
