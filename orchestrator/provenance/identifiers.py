"""The ids of projects and versions, computed as the registry does."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from orchestrator.types import Address, Digest


def project_id_of(chain_id: int, registry: Address, creator: Address, name: str) -> Digest:
    """Bind a project's name to chain, registry and creator, so that nobody can take another's id."""
    values = [chain_id, registry, creator, name]
    return Digest(keccak(encode(["uint256", "address", "address", "string"], values)))


def version_id_of(project_id: Digest, artifact_hash: Digest) -> Digest:
    return Digest(keccak(encode(["bytes32", "bytes32"], [project_id, artifact_hash])))
