"""Bytes that contracts keep as code: the reader of contracts/shared/CodeStore.sol."""

from eth_utils.address import to_checksum_address

from orchestrator.chain import Chain
from orchestrator.errors import ChainError
from orchestrator.types import Address

MARK = 0xFF


def read_code(chain: Chain, head: Address) -> bytes:
    """All bytes behind `head`. Raises ChainError if there is no such code."""
    data = _chunk(chain, head)
    if data[:1] != bytes([MARK]):
        return data
    count = data[1]
    links = [data[2 + 20 * i : 22 + 20 * i] for i in range(count)]
    rest = b"".join(_chunk(chain, to_checksum_address(link)) for link in links)
    return data[2 + 20 * count :] + rest


def _chunk(chain: Chain, address: Address) -> bytes:
    code = chain.code(address)
    if not code:
        raise ChainError(f"there is no code at {address}", "The node may lag: try again.")
    return code[1:]  # the first byte is a STOP
