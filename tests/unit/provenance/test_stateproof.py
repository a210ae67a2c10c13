"""StateProof.open, where a stranger has made the whole state up: a sentence or a record, nothing else."""

from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie

from orchestrator.errors import VerificationFailed
from orchestrator.provenance import Status
from orchestrator.provenance.stateproof import _HEADER, StateProof
from orchestrator.provenance.stateproof import _slot as slot_of
from orchestrator.provenance.wording import moment
from orchestrator.types import Address, Digest

PROJECT, ARTIFACT = Digest(b"\1" * 32), Digest(b"\2" * 32)
REGISTRY = Address("0x" + "11" * 20)
PUBLISHED = (1 << 40) - 1


def forged(**fields: Any) -> StateProof:
    """A proof that fits its own header, in which `fields` stand."""
    place = int.from_bytes(slot_of(PROJECT, ARTIFACT), "big")
    keys = [keccak((place + step).to_bytes(32, "big")) for step in range(2)]
    storage, accounts = HexaryTrie({}), HexaryTrie({})
    storage[keys[0]] = rlp.encode(b"\7" * 32)
    storage[keys[1]] = rlp.encode((PUBLISHED << 8 | Status.DEPLOYABLE).to_bytes(6, "big"))
    owner = keccak(bytes.fromhex(REGISTRY[2:]))
    accounts[owner] = rlp.encode([b"", b"", storage.root_hash, keccak(b"")])
    header = [fields.get(name, b"") for name in _HEADER]
    header[_HEADER.index("stateRoot")] = accounts.root_hash
    proofs = [accounts.get_proof(owner), *(storage.get_proof(key) for key in keys)]
    nodes = [tuple(map(rlp.encode, proof)) for proof in proofs]
    return StateProof(1, REGISTRY, PROJECT, ARTIFACT, rlp.encode(header), *nodes)


def test_open__forged_state__is_a_record_whose_times_can_be_said() -> None:
    proof = StateProof.parse(forged(number=b"\5", timestamp=b"\xff" * 8).to_bytes())
    record = proof.open()
    assert (record.block_number, record.published_at) == (5, PUBLISHED)
    assert moment(record.time) == moment(record.published_at) == "9999-12-31 23:59:59 UTC"


@pytest.mark.parametrize("name", ["number", "timestamp"])
@pytest.mark.parametrize("value", [[b"\1"], [[]], b"\xff" * 9, b"\xff" * 3000])
def test_open__number_that_no_header_has__is_refused(name: str, value: Any) -> None:
    proof = StateProof.parse(forged(**{name: value}).to_bytes())
    with pytest.raises(VerificationFailed, match="no block header"):
        proof.open()
