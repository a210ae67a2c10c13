"""What a party signs and sends: commitments that say nothing, and what opens them.

Formats are those of contracts/federation. The contract keeps the upper 248 bits of a commitment, so nobody
compares the last byte.
"""

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from orchestrator.chain.typeddata import Message, recover_signer, typed_message
from orchestrator.errors import DataError
from orchestrator.types import Address, Digest

DOMAIN_NAME = "DILN federation"
UPDATE = keccak(text="DILN federation update")

ENTRY_BYTES, REVEAL_BYTES = 96, 119
_WORD, _HIGH = 32, 1 << 255

_FIELDS = {
    "Update": (("round", "uint256"), ("commitment", "bytes32")),
    "Scores": (("round", "uint256"), ("commitment", "bytes32")),
    "Votes": (("round", "uint256"), ("accepted", "uint256")),
    "Admission": (("party", "address"), ("deadline", "uint256")),
}


@dataclass(frozen=True)
class Place:
    """A federation's contract on its chain: what is made for one is worth nothing at another."""

    chain_id: int
    contract: Address

    def commitment(self, party: Address, number: int, content: bytes, salt: bytes) -> Digest:
        """To `content`, an update's digest, in a round; `salt` is 32 bytes of chance."""
        payload = keccak(encode(["uint256", "bytes32"], [number, content]))
        kinds = ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"]
        return Digest(keccak(encode(kinds, [UPDATE, self.chain_id, self.contract, party, payload, salt])))

    def message(self, kind: str, **values: object) -> Message:
        """What is signed: an Update, Scores, Votes or an Admission."""
        return typed_message(DOMAIN_NAME, self.chain_id, self.contract, kind, _FIELDS[kind], values)


def compact(signature: bytes) -> bytes:
    """A signature of 65 bytes in 64: r, then s with v in its highest bit (EIP-2098). Raises DataError."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise DataError("a wallet's signature has 65 bytes and ends in 27 or 28")
    s = int.from_bytes(signature[_WORD:64], "big")
    if s >= _HIGH:
        raise DataError("a signature's s is in the upper half, which the contract refuses")
    return signature[:_WORD] + (s | (signature[64] - 27) << 255).to_bytes(_WORD, "big")


def signed_entry(content: bytes, signature: bytes) -> bytes:
    """An entry of `commitSigned`, `commitScores` and `voteSigned`."""
    return content + compact(signature)


def signer_of(entry: bytes, message: Message) -> Address | None:
    """Who signed an entry of `commitSigned`, whose `message` it is; None if nobody did."""
    s = int.from_bytes(entry[2 * _WORD :], "big")
    signature = entry[_WORD : 2 * _WORD] + (s & _HIGH - 1).to_bytes(_WORD, "big") + bytes([27 + s // _HIGH])
    return recover_signer(message, signature)


def reveal_entry(party: Address, root: bytes, weight: int, shift: int, cid: bytes, salt: bytes) -> bytes:
    """An entry of `reveal`. `cid` is the SHA-256 of the pinned block."""
    return to_canonical_address(party) + root + weight.to_bytes(2, "big") + bytes([shift]) + cid + salt
