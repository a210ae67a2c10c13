"""A proof that the registry held a version, checked against a block hash and against no node at all.

A node proves with `eth_getProof` (EIP-1186) which words a contract keeps: Merkle-Patricia nodes lead from
them to the state root in a block's header, whose hash is the block's. Whoever knows that hash from anywhere
else (a block explorer, a light client, another node) needs to trust nobody for the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from eth_utils.crypto import keccak
from web3.types import RPCEndpoint

from orchestrator.bindings.registry import Status
from orchestrator.chain.failures import as_diln_errors
from orchestrator.errors import VerificationFailed
from orchestrator.provenance import canonical, fields
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.provenance.identifiers import version_id_of
from orchestrator.types import Address, Digest, Seconds

if TYPE_CHECKING:
    from orchestrator.chain import Chain
    from orchestrator.provenance.records import Version

STATE_PROOF_TYPE = "urn:diln:state:v1"
LARGEST_STATE_PROOF = 1 << 20
"""In bytes."""

RECORDS_SLOT = 5
"""Where ModelRegistry keeps its mapping of records: the first word of one is the manifest's digest."""

_KEYS = {"_type", "chainId", "registry", "project", "artifact", "header", "account", "record", "status"}
_HINT = "Have it exported again: diln export."
_HEADER = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)
_NUMBERS = frozenset(
    {
        "difficulty",
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
    }
)
_STATE_ROOT, _NUMBER, _TIME = (_HEADER.index(name) for name in ("stateRoot", "number", "timestamp"))


@dataclass(frozen=True)
class ProvenRecord:
    """What the registry held of a version in the block `block_number`, whose time is `time`."""

    manifest_digest: Digest
    status: Status
    published_at: Seconds
    number: int
    approvals: int
    block_number: int
    time: Seconds


@dataclass(frozen=True)
class StateProof:
    """`header` is a block's, in RLP; `account`, `record` and `status` are Merkle-Patricia nodes."""

    chain_id: int
    registry: Address
    project_id: Digest
    artifact_hash: Digest
    header: bytes
    account: tuple[bytes, ...]
    record: tuple[bytes, ...]
    status: tuple[bytes, ...]

    @property
    def block_hash(self) -> bytes:
        return keccak(self.header)

    def open(self) -> ProvenRecord:
        """What is proven for the block with `block_hash`. Raises VerificationFailed for a broken proof."""
        header = _decoded(self.header)
        if not isinstance(header, list) or not len(_HEADER) - 6 <= len(header) <= 64:
            raise VerificationFailed("the proof holds no block header", _HINT)
        account = _decoded(_proven(header[_STATE_ROOT], _key(self.registry), self.account))
        if not isinstance(account, list) or len(account) != 4:
            raise VerificationFailed("the proof shows no account of the registry", _HINT)
        place = int.from_bytes(_slot(self.project_id, self.artifact_hash), "big")
        words = [
            _word(_proven(account[2], keccak((place + step).to_bytes(32, "big")), nodes))
            for step, nodes in enumerate((self.record, self.status))
        ]
        packed = int.from_bytes(words[1], "big")
        if packed & 0xFF not in set(Status) or packed & 0xFF == Status.NONE:
            raise VerificationFailed("the registry held no such version in that block", "Do not use it.")
        return ProvenRecord(
            manifest_digest=Digest(words[0]),
            status=Status(packed & 0xFF),
            published_at=Seconds(packed >> 8 & 0xFF_FFFF_FFFF),
            number=packed >> 48 & 0xFFFF_FFFF,
            approvals=packed >> 112 & 0xFF,
            block_number=_number(header[_NUMBER]),
            time=Seconds(_number(header[_TIME])),
        )

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return canonical.encode(
            {
                "_type": STATE_PROOF_TYPE,
                "chainId": self.chain_id,
                "registry": self.registry,
                "project": self.project_id.hex(),
                "artifact": self.artifact_hash.hex(),
                "header": "0x" + self.header.hex(),
                "account": ["0x" + node.hex() for node in self.account],
                "record": ["0x" + node.hex() for node in self.record],
                "status": ["0x" + node.hex() for node in self.status],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises VerificationFailed that names the field."""
        if len(data) > LARGEST_STATE_PROOF:
            raise VerificationFailed(f"{len(data)} bytes are too many for a proof", _HINT)
        try:
            found = fields.object_in(canonical.decode(data), _KEYS, "proof")
            if found["_type"] != STATE_PROOF_TYPE:
                raise NotCanonical(f"not {STATE_PROOF_TYPE}", "_type")  # noqa: TRY301
            return cls(
                chain_id=fields.count_in(found["chainId"], "chainId"),
                registry=fields.address_in(found["registry"], "registry"),
                project_id=fields.digest_in(found["project"], "project"),
                artifact_hash=fields.digest_in(found["artifact"], "artifact"),
                header=fields.bytes_in(found["header"], "header"),
                account=_nodes(found["account"], "account"),
                record=_nodes(found["record"], "record"),
                status=_nodes(found["status"], "status"),
            )
        except NotCanonical as error:
            raise VerificationFailed(f"the proof cannot be read: {error}", _HINT) from error


def prove_state(chain: "Chain", registry: Address, version: "Version") -> StateProof:
    """Ask the node to prove that `registry` holds `version` in its latest block.

    Raises ChainError where the node cannot prove, VerificationFailed where its proof does not fit its block.
    """
    place = int.from_bytes(_slot(version.project_id, version.artifact_hash), "big")
    with as_diln_errors():
        block: Mapping[str, Any] = chain.web3.eth.get_block("latest")
        # Not by web3's `get_proof`: it writes places without leading zeros, which nodes refuse.
        places = [f"0x{place + step:064x}" for step in (0, 1)]
        asked = [registry, places, hex(block["number"])]
        found: Mapping[str, Any] = chain.web3.manager.request_blocking(RPCEndpoint("eth_getProof"), asked)
    record, status = (_raw(each["proof"]) for each in found["storageProof"])
    proof = StateProof(
        chain_id=chain.chain_id,
        registry=registry,
        project_id=version.project_id,
        artifact_hash=version.artifact_hash,
        header=_header({**block, "extraData": block["proofOfAuthorityData"]}),  # web3's name for it
        account=_raw(found["accountProof"]),
        record=record,
        status=status,
    )
    if proof.block_hash != bytes(block["hash"]) or proof.open().manifest_digest != version.manifest_digest:
        raise VerificationFailed("the node's proof does not fit its block", "Ask another node.")
    return proof


def _raw(nodes: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(node[2:]) if isinstance(node, str) else bytes(node) for node in nodes)


def _header(block: Mapping[str, Any]) -> bytes:
    """A block's header in RLP; what a later fork added is there if the block has it."""
    import rlp

    def encoded(name: str) -> bytes:
        value = block[name]
        if name in _NUMBERS:
            number = int(value)
            return number.to_bytes((number.bit_length() + 7) // 8, "big")
        return bytes.fromhex(value[2:]) if isinstance(value, str) else bytes(value)

    return bytes(rlp.encode([encoded(name) for name in _HEADER if block.get(name) is not None]))


def _slot(project_id: Digest, artifact_hash: Digest) -> bytes:
    return keccak(version_id_of(project_id, artifact_hash) + RECORDS_SLOT.to_bytes(32, "big"))


def _key(address: Address) -> bytes:
    return keccak(bytes.fromhex(address[2:]))


def _proven(root: bytes, key: bytes, nodes: tuple[bytes, ...]) -> bytes:
    """What a Merkle-Patricia tree with this root holds at `key`; nothing is b""."""
    from trie.hexary import HexaryTrie

    decoded = [_decoded(node) for node in nodes]
    try:
        return bytes(cast(Any, HexaryTrie).get_from_proof(root, key, decoded))
    except Exception as error:  # the library raises whatever a hostile node makes it stumble over
        raise VerificationFailed("the proof does not lead to the block's state", "Do not use it.") from error


def _number(found: object) -> int:
    """A number of a header, which has 64 bits at most."""
    if not isinstance(found, bytes) or len(found) > 8:
        raise VerificationFailed("the proof holds no block header", _HINT)
    return int.from_bytes(found, "big")


def _word(encoded: bytes) -> bytes:
    value = _decoded(encoded) if encoded else b""
    if not isinstance(value, bytes) or len(value) > 32:
        raise VerificationFailed("the proof shows no word of the registry", _HINT)
    return value.rjust(32, b"\0")


def _decoded(data: bytes) -> Any:
    import rlp
    from rlp.exceptions import RLPException

    try:
        return rlp.decode(data)
    except (RLPException, RecursionError, ValueError, TypeError) as error:
        raise VerificationFailed("the proof is not RLP", _HINT) from error


def _nodes(value: object, at: str) -> tuple[bytes, ...]:
    return tuple(
        fields.bytes_in(each, f"{at}[{index}]") for index, each in enumerate(fields.list_in(value, at))
    )
