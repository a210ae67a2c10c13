"""CodeChunks: bytes kept as contract code; the library beside a plain reference without assembly.

store, locate
├── empty, above 24,575 bytes → InvalidChunkSize
├── stored before → the same address, not created
└── every byte value and length → read back as it was
slice
└── any part of a chunk → what the reference says
join, digest
├── no chunks → empty, SHA-256 of nothing
├── chunks of random bytes → what the reference says
└── no code, STOP alone, code that can run → NotAChunk
"""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web3.contract import Contract

from tests.contracts.registry.world import refused
from tests.evm import Evm

PIECES = st.lists(st.binary(min_size=1, max_size=120), max_size=6)


@pytest.fixture(scope="module")
def chain() -> Evm:
    return Evm()


@pytest.fixture(scope="module")
def chunks(chain: Evm) -> Contract:
    return chain.deploy("CodeChunksReference")


def _store(chain: Evm, chunks: Contract, *pieces: bytes) -> list[str]:
    for piece in pieces:
        chain.send(chunks.functions.store(piece))
    return [chain.call(chunks.functions.locate(piece)) for piece in pieces]


@settings(max_examples=20, deadline=None)
@given(pieces=PIECES)
def test_join_and_digest__random_pieces__as_the_reference(
    chain: Evm, chunks: Contract, pieces: list[bytes]
) -> None:
    places = _store(chain, chunks, *pieces)
    whole = b"".join(pieces)
    assert chain.call(chunks.functions.joined(places)) == whole
    assert chain.call(chunks.functions.join(places)) == whole
    expected = hashlib.sha256(whole).digest()
    assert chain.call(chunks.functions.digested(places)) == expected
    assert chain.call(chunks.functions.digest(places)) == expected


@pytest.mark.parametrize("size", [1, 31, 32, 33, 255, 256, 257, 24_575])
def test_store__each_length__read_back(chain: Evm, chunks: Contract, size: int) -> None:
    data = bytes(index % 256 for index in range(size))
    places = _store(chain, chunks, data)
    assert chain.call(chunks.functions.joined(places)) == data


def test_store__again__not_created(chain: Evm, chunks: Contract) -> None:
    first = chain.events(chunks, "Stored", chain.send(chunks.functions.store(b"twice")))
    second = chain.events(chunks, "Stored", chain.send(chunks.functions.store(b"twice"), "stranger"))
    assert first[0]["chunk"] == second[0]["chunk"]
    assert (first[0]["created"], second[0]["created"]) == (True, False)


def test_locate__another_contract__keeps_its_own(chain: Evm, chunks: Contract) -> None:
    reference = chain.deploy("CodeChunksReference")
    here = chain.call(chunks.functions.locate(b"mine"))
    assert chain.call(reference.functions.locate(b"mine")) != here


@pytest.mark.parametrize(("offset", "length"), [(0, 0), (0, 100), (1, 99), (33, 31), (99, 1)])
def test_slice__any_part__as_the_reference(chain: Evm, chunks: Contract, offset: int, length: int) -> None:
    data = bytes(range(100, 200))
    (place,) = _store(chain, chunks, data)
    expected = data[offset : offset + length]
    assert chain.call(chunks.functions.sliced(place, offset, length)) == expected
    assert chain.call(chunks.functions.slice(place, offset, length)) == expected


@pytest.mark.parametrize("size", [0, 24_576])
def test_store__empty_or_too_long__refused(chain: Evm, chunks: Contract, size: int) -> None:
    with refused("InvalidChunkSize", size):
        chain.send(chunks.functions.store(bytes(size)))


@pytest.mark.parametrize("code", [b"\0", b"\x01", b"\xff\0", b"\x5b" * 40])
def test_join__not_a_chunk__refused(chain: Evm, chunks: Contract, code: bytes) -> None:
    (stored,) = chain.events(chunks, "Stored", chain.send(chunks.functions.deploy(code)))
    good = _store(chain, chunks, b"good")
    for place in (stored["chunk"], chain.role("somebody"), chunks.address):
        with refused("NotAChunk", place.lower()):
            chain.call(chunks.functions.joined([*good, place]))
