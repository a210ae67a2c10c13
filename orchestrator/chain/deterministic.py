"""The same address on every chain: contracts are created through the usual CREATE2 proxy.

The proxy (https://github.com/Arachnid/deterministic-deployment-proxy) stands at one address on every chain,
because nobody holds the key of the transaction that creates it: whoever pays its fee in advance may send it.
What it then creates has an address that follows from the bytes that create it, so whoever deploys first
deploys for all, and nobody can put something else there (EIP-1014).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.chain import delivery
from orchestrator.chain.accounts import Account
from orchestrator.chain.connection import Chain
from orchestrator.chain.failures import as_diln_errors
from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.types import Address

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

PROXY: Address = to_checksum_address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)
SALT = keccak(b"diln")

_PUSH0 = "0x5f5ff3"  # return nothing
_PUSH1 = "0x60006000f3"  # the same, as any chain can

_MAKER: Address = to_checksum_address("0x3fab184622dc19b6109349b94811493bf2a45362")
_FEE = 10**16  # wei: 100,000 gas at 100 gwei, as the maker's transaction says
_MADE_BY = bytes.fromhex(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b80825250505060"
    "14600cf31ba02222222222222222222222222222222222222222222222222222222222222222a0222222222222222222"
    "2222222222222222222222222222222222222222222222"
)
_MADE_AS = "0x" + keccak(_MADE_BY).hex()


@dataclass(frozen=True)
class RawCall:
    """A call by its bytes, in the place of a web3 contract function."""

    to: Address
    data: bytes = b""
    abi: tuple[()] = ()

    def build_transaction(self, transaction: Mapping[str, Any]) -> dict[str, Any]:
        return {**transaction, "to": self.to, "data": "0x" + self.data.hex()}


def address_of(init_code: bytes, salt: bytes = SALT) -> Address:
    """Where the proxy creates `init_code` (the creation code with the constructor's arguments)."""
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(PROXY[2:]) + salt + keccak(init_code))[12:])


def creation(init_code: bytes, salt: bytes = SALT) -> "ContractFunction":
    """The call of the proxy that creates `init_code`; it fails where that stands already."""
    return cast("ContractFunction", RawCall(PROXY, salt + init_code))


def require_shanghai(chain: Chain) -> None:
    """Raise ChainError for a chain whose rules are older than what the contracts are compiled for.

    Such a chain's own words are `invalid opcode`, or nothing at all when it is asked through the proxy.
    """
    if not _runs(chain, _PUSH0) and _runs(chain, _PUSH1):
        raise ChainError(
            "this chain runs rules from before Shanghai (April 2023): it has no PUSH0, which contracts need",
            "Use a chain with the Shanghai hard fork or later; a private chain needs it in its genesis.",
        )


def _runs(chain: Chain, creation_code: str) -> bool:
    try:
        chain.request("eth_call", {"data": creation_code}, "latest")
    except NodeUnavailable:
        raise
    except ChainError:
        return False
    return True


def bring_proxy(chain: Chain, sender: Account) -> None:
    """Let the proxy stand on `chain`; `sender` pays for it (0.01 ether) where it does not.

    Raises ChainError where the node refuses the transaction, or something else stands at the address.
    """
    if not chain.code(PROXY):
        missing = _FEE - chain.balance(_MAKER)
        if missing > 0:
            chain.send(cast("ContractFunction", RawCall(_MAKER)), sender, value=missing, once="proxy-fee")
        _make(chain)
    if chain.code(PROXY) != PROXY_CODE:
        raise ChainError(
            f"the contract at {PROXY} is not the deployment proxy that other chains have",
            "Contracts cannot have their usual addresses on this chain: use another.",
        )


def _make(chain: Chain) -> None:
    try:
        with as_diln_errors():
            chain.web3.eth.send_raw_transaction(cast(Any, _MADE_BY))
    except ChainError as error:
        if not (
            chain.code(PROXY) or chain.request("eth_getTransactionByHash", _MADE_AS)
        ):  # nobody was faster
            raise ChainError(
                f"this chain has no deployment proxy at {PROXY}, and the node refuses to make it: "
                f"{error.message}",
                "Ask the chain's operator to allow transactions without a chain id, for this one at least "
                "(geth: --rpc.allow-unprotected-txs).",
            ) from error
    deadline = time.monotonic() + delivery.LONGEST_WAIT
    while not chain.code(PROXY):  # no account of this folder sent it, so nothing else is there to wait for
        if time.monotonic() > deadline:
            raise ChainError(
                f"the transaction {_MADE_AS}, which makes the deployment proxy, is not mined yet",
                "Run the command again later.",
            )
        time.sleep(delivery.PAUSE)
