"""Whom people mean: an address, an account of this folder by its name, or an ENS name."""

import logging
import re
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.chain.external import Ens
from orchestrator.errors import AccountError, UsageError
from orchestrator.text import shown
from orchestrator.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.chain.accounts import Accounts
    from orchestrator.chain.connection import Chain

ENS_REGISTRY = to_checksum_address("0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e")
LONGEST_NAME = 255
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_log = logging.getLogger(__name__)


def find_address(
    who: str, accounts: "Accounts", chain: "Callable[[], Chain]", *, paid: bool = False
) -> Address:
    """The address that a person means by `who`.

    `paid` where money or rights go there: then the address must have its checksum (EIP-55). `chain` is only
    asked for an ENS name, which is told to the log with its address. Raises UsageError for an address whose
    checksum is wrong or missing, AccountError for a name that nobody here, and nobody on the chain, has.
    """
    if is_address_like(who):
        return checked_address(who, paid=paid)
    if "." in who and not accounts.has(who):
        found = resolve_ens(chain(), who)
        _log.warning("%s is %s", who, found)
        return found
    return accounts.get(who).address


def is_address_like(text: str) -> bool:
    """Whether it is meant as an address, be its checksum right or not."""
    return bool(_ADDRESS.fullmatch(text))


def checked_address(text: str, *, paid: bool = False) -> Address:
    """An address as a person gave it. Raises UsageError as `find_address` does, and for what is none."""
    if not is_address_like(text):
        raise UsageError(f"`{text}` is not an address", "Write it as 0x and 40 hex digits.")
    right = to_checksum_address(text.lower())
    digits = text[2:]
    if digits == right[2:]:
        return right
    plain = digits in (digits.lower(), digits.upper())
    if plain and not paid:
        return right
    what = "has no checksum" if plain else "has a wrong checksum: a digit may be wrong"
    raise UsageError(
        f"the address {text} {what}",
        f"Compare it with its source. If all digits are right, it is written {right}.",
    )


def resolve_ens(chain: "Chain", name: str) -> Address:
    """The address that an ENS name leads to on `chain`, by its own resolver.

    Names of plain letters only, so that none looks like another. Raises AccountError for a name that has
    others or leads nowhere, or where the chain has no ENS.
    """
    hint = "Give the address itself, or an account's name (see `diln account list`)."
    node = _node_of(name, hint)
    if not chain.code(ENS_REGISTRY):
        raise AccountError(f"there is no account {name}, and this chain has no ENS to look it up in", hint)
    resolver = Ens(chain, ENS_REGISTRY).resolver(node)
    found = Ens(chain, resolver).addr(node) if int(resolver, 16) else resolver
    if not int(found, 16):
        raise AccountError(f"the name {name} leads to no address on this chain", hint)
    return found


def _node_of(name: str, hint: str) -> bytes:
    """The hash of a name (EIP-137)."""
    labels = name.lower().split(".")
    if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise AccountError(
            f"`{shown(name)}` is not a name that is looked up: only a-z, 0-9 and - are allowed", hint
        )
    node = bytes(32)
    for label in reversed(labels):
        node = keccak(node + keccak(text=label))
    return node
