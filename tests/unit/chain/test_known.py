"""test_known
├── nothing remembered: knows nothing, has no last
├── remembered: known whatever its case, also to the next process; the last of its kind is the last
├── another chain with the same id: knows nothing of it
├── damaged file: knows nothing, and is written again
└── many at once: none is lost
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from orchestrator.chain.known import KnownContracts

ONE, TWO = to_checksum_address("0x" + "aa" * 20), to_checksum_address("0x" + "bb" * 20)


class _Chain:
    chain_id = 31337

    def __init__(self, genesis: str = "0x" + "12" * 32) -> None:
        self.genesis_hash = genesis


def _known(home: Path, chain: Any = None) -> KnownContracts:
    return KnownContracts(home, chain or _Chain())


def test_knows__nothing_remembered__knows_nothing(tmp_path: Path) -> None:
    known = _known(tmp_path)

    assert not known.knows(ONE)
    assert known.last("competition") is None


def test_remember__next_process__knows_it_and_the_last_of_its_kind(tmp_path: Path) -> None:
    for address, kind in ((ONE, "competition"), (TWO, "competition"), (TWO, "market"), (ONE, "competition")):
        _known(tmp_path).remember(address, kind)

    again = _known(tmp_path)
    assert again.knows(ONE.lower())
    assert again.last("competition") == ONE
    assert again.last("market") == TWO
    assert again.last("sum") is None


def test_knows__other_chain_with_the_same_id__knows_nothing_of_it(tmp_path: Path) -> None:
    _known(tmp_path).remember(ONE, "competition")

    other = _known(tmp_path, _Chain("0x" + "34" * 32))
    assert not other.knows(ONE)
    assert other.last("competition") is None


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b'{"competition": 7}', b"[" * 100_000])
def test_remember__damaged_file__knows_nothing_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    known = _known(tmp_path)
    known.remember(TWO, "competition")
    next(tmp_path.glob("known/*.json")).write_bytes(content)

    assert not known.knows(TWO)
    known.remember(ONE, "competition")
    assert known.last("competition") == ONE


def test_remember__many_at_once__none_is_lost(tmp_path: Path) -> None:
    addresses = [f"0x{number:040x}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: _known(tmp_path).remember(each, "sum"), addresses))

    assert all(_known(tmp_path).knows(each) for each in addresses)
