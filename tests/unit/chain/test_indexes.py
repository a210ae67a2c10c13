"""
What events tell is kept in SQLite, and new blocks only are asked for
├── another command: goes on where the first ended; another contract, chain or node: begins again
├── threads that share it, while others write: each sees what there was at its own refresh
├── a block that the chain dropped: its rows go, those that it ended are open again
├── blocks that were not final: read again by the next command
├── a node that goes over to another fork while it is asked: nothing of both is kept
├── damaged (bits, cut, other content, lost rows, other tables), not a file: rebuilt from events
├── nothing can be written, or another command holds the file: rows in memory
└── an answer that makes no sense: told, nothing kept
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, connect, indexes
from orchestrator.chain.bound import Bound
from orchestrator.chain.indexes import EventIndex, IndexTable
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from tests.unit.chain.faults import chain_behind, forked

SEEN = IndexTable("seen", ("value INTEGER",), ("(value) WHERE ended IS NULL",), ends=True)


class Values:
    """The values that a probe was set to; an even one ends all before it. `asked`: of which blocks."""

    def __init__(self, chain: Chain, probe: Contract, since: int = 0) -> None:
        self.chain, self.probe, self.asked = chain, probe, list[tuple[int, int]]()
        contract = Bound(chain, probe.address, since)
        self.index: EventIndex[list[tuple[int, int]]] = chain.index(contract, (SEEN,), self.read, self.write)

    def read(self, first: int, last: int) -> list[tuple[int, int]]:
        self.asked.append((first, last))
        event = self.chain.web3.eth.contract(address=self.probe.address, abi=self.probe.abi).events.ValueSet()
        found = self.chain.events(event, from_block=first, to_block=last)
        return [(each["blockNumber"], int(each["args"]["value"])) for each in found]

    def write(self, told: list[tuple[int, int]]) -> None:
        for block, value in told:
            if value % 2 == 0:
                self.index.end(SEEN, block, "value < ?", value)
            self.index.insert(SEEN, block, value)

    def all(self) -> list[int]:
        self.index.refresh()
        return [value for _, _, value in self.index.rows("SELECT * FROM seen ORDER BY block")]

    def open(self) -> list[int]:
        self.index.refresh()
        query = "SELECT * FROM seen WHERE ended IS NULL ORDER BY block"
        return [value for _, _, value in self.index.rows(query)]


@pytest.fixture
def others(settings: Settings) -> Iterator[list[Chain]]:
    """Connections that are closed in the end."""
    found: list[Chain] = []
    yield found
    for chain in found:
        chain.close()


def put(chain: Chain, probe: Contract, alice: Account, *values: int) -> None:
    for value in values:
        chain.send(probe.functions.set(value), alice)


def again(settings: Settings, probe: Contract, others: list[Chain], since: int = 0) -> Values:
    """What the next command sees."""
    others.append(connect(settings))
    return Values(others[-1], probe, since)


def file_of(settings: Settings) -> Path:
    [found] = settings.home.glob("logs/*/*.sqlite")
    return found


def test_refresh__next_command__reads_new_blocks_only(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, others: list[Chain]
) -> None:
    put(chain, probe, alice, 1, 3, 4, 5)
    first = Values(chain, probe)
    assert (first.all(), first.open()) == ([1, 3, 4, 5], [4, 5])
    read = chain.head().number
    assert first.asked == [(0, read)]
    second = again(settings, probe, others)
    assert second.open() == [4, 5]
    assert second.asked == []
    put(chain, probe, alice, 7)
    assert second.open() == [4, 5, 7]
    assert second.asked == [(read + 1, read + 1)]
    assert first.open() == [4, 5, 7]  # from the file, which the other brought up to date
    assert first.asked == [(0, read)]


def test_refresh__another_contract__has_a_file_of_its_own(
    settings: Settings, chain: Chain, probe: Contract, alice: Account
) -> None:
    from tests.unit.chain.probe import deploy_probe

    put(chain, probe, alice, 1)
    other = deploy_probe(chain, alice)
    put(chain, other, alice, 3)
    assert (Values(chain, probe).all(), Values(chain, other).all()) == ([1], [3])
    assert len(list(settings.home.glob("logs/*/*.sqlite"))) == 2


def test_refresh__threads_share_it_while_one_sends__each_sees_what_came_before(
    chain: Chain, probe: Contract, alice: Account
) -> None:
    put(chain, probe, alice, 1)
    values = Values(chain, probe)

    def ask(number: int) -> list[int]:
        if number % 20 == 10:
            put(chain, probe, alice, number)
        found = values.all()
        if number % 8 > 3:  # the next of this thread opens the file anew
            values.index.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(ask, range(80)))
        list(pool.map(lambda _: values.index.close(), range(80)))
    every = [1, *values.all()[1:]]
    assert sorted(every) == [1, 10, 30, 50, 70]
    assert all(each == every[: len(each)] for each in seen)


def test_refresh__chain_drops_blocks__their_rows_go_and_what_they_ended_is_open(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, tmp_path: Path
) -> None:
    put(chain, probe, alice, 1, 3)
    values = Values(chain, probe)
    assert values.open() == [1, 3]

    def differ(other: Settings) -> None:
        with connect(other) as fork:
            put(fork, probe, alice, 5)

    forks = forked(chain, settings, tmp_path, differ)
    put(chain, probe, alice, 4)
    assert values.open() == [4]
    chain.web3.provider = forks
    forks.begin(0)  # gone over
    assert (values.open(), values.all()) == ([1, 3, 5], [1, 3, 5])
    forks.begin(1 << 30)
    assert (values.open(), values.all()) == ([4], [1, 3, 4])


@pytest.mark.parametrize("turn", range(1, 6))
def test_refresh__node_goes_over_while_it_is_asked__rows_are_of_one_side(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, tmp_path: Path, turn: int
) -> None:
    put(chain, probe, alice, 1)

    def differ(other: Settings) -> None:
        with connect(other) as fork:
            put(fork, probe, alice, 5, 7)

    forks = forked(chain, settings, tmp_path, differ)
    put(chain, probe, alice, 4, 9)
    chain.web3.provider = forks
    values = Values(chain, probe)
    forks.begin(turn)
    assert values.all() in ([1, 4, 9], [1, 5, 7])
    forks.begin(0)
    assert values.all() == [1, 5, 7]


def test_refresh__blocks_that_are_not_final__are_read_again_by_the_next(
    settings: Settings, line: Any, alice: Account, others: list[Chain]
) -> None:
    from tests.unit.chain.probe import deploy_probe

    final = [0]

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "finalized":
            return ask(method, [hex(final[0]), params[1]])
        return ask(method, params)

    line.fault = fault
    chain = chain_behind(line, settings.home)
    probe = deploy_probe(chain, alice)
    put(chain, probe, alice, 1)
    first = Values(chain, probe)
    assert first.all() == [1]
    read = chain.head().number
    put(chain, probe, alice, 3)
    assert first.all() == [1, 3]
    assert first.asked[1] == (read + 1, read + 1)  # the same command trusts what it saw
    final[0] = read
    second = Values(chain_behind(line, settings.home), probe)
    assert second.all() == [1, 3]
    assert second.asked == [(read + 1, read + 1)]


STATEMENTS = {
    "row": "UPDATE seen SET value = value + 1 WHERE value = 9",
    "lost": "DELETE FROM seen WHERE value = 9",
    "mark": "UPDATE marks SET total = total + 1",
    "table": "DROP TABLE marks",
    "view": "DROP TABLE seen; CREATE VIEW seen AS SELECT 1 AS block",
    "trigger": "CREATE TRIGGER more AFTER INSERT ON marks BEGIN DELETE FROM seen; END",
}


@pytest.mark.parametrize("damage", [*STATEMENTS, "garbage", "empty", "cut", "gone", "fifo", "link"])
def test_refresh__damaged_file__is_made_anew(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, others: list[Chain], damage: str
) -> None:
    put(chain, probe, alice, *range(1, 40, 2))
    first = Values(chain, probe)
    first.all()
    first.index.close()
    file = file_of(settings)
    if damage in STATEMENTS:
        db = sqlite3.connect(file)
        db.executescript(STATEMENTS[damage])
        db.commit()
        db.close()
    elif damage in ("gone", "fifo", "link"):
        file.unlink()
        if damage == "fifo":
            os.mkfifo(file)
        if damage == "link":
            file.symlink_to(settings.home / "outside.sqlite")
    else:
        content = file.read_bytes()
        kept = {"garbage": b"x" * len(content), "empty": b"", "cut": content[: len(content) // 2]}[damage]
        file.write_bytes(kept)
    second = again(settings, probe, others)
    assert second.all() == list(range(1, 40, 2))
    assert second.asked
    third = again(settings, probe, others)
    assert third.all() == list(range(1, 40, 2))
    assert third.asked == []
    assert not (settings.home / "outside.sqlite").exists()


def test_rows__damaged_after_the_refresh__are_read_anew(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(chain, probe, alice, 1, 3)
    values = Values(chain, probe)
    values.index.refresh()
    genuine, broken = indexes._checked, [True]

    def checked(rows: Any) -> Any:
        if broken and "value" in [each[0] for each in rows.description]:
            broken.clear()
            raise sqlite3.DatabaseError("database disk image is malformed")
        return genuine(rows)

    monkeypatch.setattr(indexes, "_checked", checked)
    assert values.all() == [1, 3]
    assert not broken
    assert len(values.asked) == 2


def test_refresh__folder_that_cannot_be_made__rows_in_memory(
    settings: Settings, chain: Chain, probe: Contract, alice: Account
) -> None:
    put(chain, probe, alice, 1)
    (settings.home / "logs").write_text("not a folder")
    values = Values(chain, probe)
    assert values.all() == [1]
    put(chain, probe, alice, 3)
    assert values.all() == [1, 3]


def test_refresh__file_for_reading_only__goes_on_in_memory(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(chain, probe, alice, 1)
    first = Values(chain, probe)
    first.all()
    first.index.close()
    read = chain.head().number
    put(chain, probe, alice, 3)

    def reading_only(file: Path, timeout: float) -> tuple[sqlite3.Connection, bool]:
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None), False

    monkeypatch.setattr(indexes, "open_database", reading_only)
    values = Values(chain, probe)
    assert values.all() == [1, 3]
    assert values.asked == [(read + 1, chain.head().number)]
    put(chain, probe, alice, 5)
    assert values.all() == [1, 3, 5]


def test_refresh__another_command_holds_the_file__goes_on_in_memory(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "PATIENCE", 0.05)
    put(chain, probe, alice, 1)
    first = Values(chain, probe)
    first.all()
    holder = sqlite3.connect(file_of(settings), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    put(chain, probe, alice, 3)
    second = Values(chain, probe)
    assert second.all() == [1, 3]
    holder.execute("ROLLBACK")
    holder.close()
    assert first.all() == [1, 3]


def test_refresh__reading_fails__nothing_is_kept_and_the_next_reads_it(
    settings: Settings, chain: Chain, probe: Contract, alice: Account
) -> None:
    put(chain, probe, alice, 1)
    values = Values(chain, probe)
    genuine = values.index._write

    def too_much(told: Any) -> None:
        genuine([*told, (1, 1 << 70)])

    values.index._write = too_much
    with pytest.raises(ChainError, match="cannot be used"):
        values.index.refresh()
    values.index._write = genuine
    assert values.all() == [1]


def test_refresh__chain_that_never_holds_still__is_told(
    chain: Chain, probe: Contract, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(chain, probe, alice, 1)
    values = Values(chain, probe)
    monkeypatch.setattr(chain, "block_hash", lambda number: os.urandom(32))
    with pytest.raises(ChainError, match="changed"):
        values.index.refresh()


def test_refresh__other_chain_of_the_same_id__begins_anew(
    settings: Settings, chain: Chain, probe: Contract, alice: Account, others: list[Chain]
) -> None:
    put(chain, probe, alice, 1)
    Values(chain, probe).all()
    kept = file_of(settings)
    other = replace(settings, home=settings.home.with_name("other"))
    with connect(other) as elsewhere:
        folder = other.home / "logs" / elsewhere._own_name
        folder.mkdir(parents=True)
        shutil.copy(kept, folder / kept.name)
        assert Values(elsewhere, probe).all() == []
