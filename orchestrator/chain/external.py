"""Contracts of others that DILN talks to, as far as it does: tokens, wallets, the name service."""

from typing import Any

from orchestrator.chain.bound import Bound, Call
from orchestrator.types import Address


def _function(name: str, inputs: str = "", output: str = "", *, view: bool = True) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": [{"name": f"x{at}", "type": kind} for at, kind in enumerate(inputs.split())],
        "outputs": [{"name": "", "type": output}] if output else [],
    }


class Erc20(Bound):
    """A token (ERC-20). Not every one tells its decimals and its symbol."""

    ABI = (
        _function("balanceOf", "address", "uint256"),
        _function("allowance", "address address", "uint256"),
        _function("decimals", output="uint8"),
        _function("symbol", output="string"),
        _function("approve", "address uint256", view=False),  # some tokens return nothing
    )

    def balance_of(self, owner: Address) -> int:
        return self._read(int, "balanceOf", owner)

    def allowance(self, owner: Address, spender: Address) -> int:
        return self._read(int, "allowance", owner, spender)

    def decimals(self) -> int:
        return self._read(int, "decimals")

    def symbol(self) -> str:
        return self._read(str, "symbol")

    def approve(self, spender: Address, amount: int) -> Call:
        return self._call("approve", spender, amount)


class Wallet(Bound):
    """A contract that signs (ERC-1271)."""

    ABI = (_function("isValidSignature", "bytes32 bytes", "bytes4"),)

    def is_valid_signature(self, digest: bytes, signature: bytes) -> bool:
        return self._read(bytes, "isValidSignature", digest, signature) == bytes.fromhex("1626ba7e")


class Ens(Bound):
    """The registry of the name service, or a resolver."""

    ABI = (_function("resolver", "bytes32", "address"), _function("addr", "bytes32", "address"))

    def resolver(self, node: bytes) -> Address:
        return self._read(Address, "resolver", node)

    def addr(self, node: bytes) -> Address:
        return self._read(Address, "addr", node)
