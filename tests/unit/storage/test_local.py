"""The embedded store.

put
├── file, folder, bytes or stream: read back the same, pinned
├── fails (source, full disk, killed): no pin, no half-written block, and works afterwards
└── again: existing blocks are compared, damaged ones replaced
read, stream, get, verify
├── whole: the bytes
├── any byte of any block changed, cut off or missing: IntegrityError or BlockNotFound, nothing written
└── too large, folder instead of file, malformed CID: StorageError
gc
├── removes what no pin needs, and only that
└── refuses while something is added, or if a pin is not whole
"""

import errno
import io
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import load_settings
from orchestrator.errors import BlockNotFound, CidError, IntegrityError, StorageError
from orchestrator.storage import PROFILES, Swept, digest_bytes, digest_file, open_storage
from orchestrator.storage import blocks as blocks_module
from orchestrator.storage.cid import Cid
from orchestrator.storage.local import LocalStore
from orchestrator.storage.pins import Pin, PinTable

BIG = random.Random(7).randbytes((2 << 20) + 99)  # four blocks in the default profile


def block_files(store: LocalStore) -> list[Path]:
    return sorted(store._blocks.files())


def leftovers(store: LocalStore) -> list[Path]:
    return [path for path in store._adds.rglob("*") if path.is_file()]


class FailingStream(io.BytesIO):
    """Gives one chunk, then fails."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(BIG)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise self._error
        return super().read(size)


# ── put ──


@given(st.binary(max_size=3000), st.sampled_from(sorted(PROFILES)))
@settings(max_examples=25, deadline=None)
def test_put__any_bytes__read_back_the_same_and_pinned(data, profile):
    with tempfile.TemporaryDirectory() as home, LocalStore(Path(home)) as store:
        result = store.put(data, profile=profile)

        assert result == digest_bytes(data, profile)
        assert store.read(result.cid) == data
        assert [(pin.cid, pin.size) for pin in store.pins()] == [(result.cid, len(data))]


@pytest.mark.parametrize("profile", PROFILES)
def test_put__path_stream_or_bytes__same_result(store, tmp_path, profile):
    (tmp_path / "file").write_bytes(BIG)

    results = {
        store.put(tmp_path / "file", profile=profile),
        store.put(str(tmp_path / "file"), profile=profile),
        store.put(io.BytesIO(BIG), profile=profile),
        store.put(BIG, profile=profile),
        digest_file(tmp_path / "file", profile),
    }

    assert len(results) == 1
    assert store.read(results.pop().cid) == BIG


def test_put__folder__written_out_the_same(store, folder, tmp_path):
    result = store.put(folder)

    store.get(result.cid, tmp_path / "copy")

    assert digest_file(tmp_path / "copy") == result == digest_file(folder)
    assert store.stat(result.cid).kind == "folder"


def test_put__without_pin__stored_but_not_pinned(store):
    result = store.put(b"draft", pin=False)

    assert store.read(result.cid) == b"draft"
    assert store.pins() == []


def test_put__source_fails__nothing_pinned_nothing_left(store):
    with pytest.raises(ZeroDivisionError):
        store.put(FailingStream(ZeroDivisionError()))

    assert (store.pins(), leftovers(store), block_files(store)) == ([], [], [])
    assert store.gc() == Swept(0, 0)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_put__disk_full_while_writing__storage_error_with_hint(store, monkeypatch, code):
    def full(path, data):
        path.open("wb").close()
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StorageError, match="disk is full") as caught:
            store.put(BIG)

    assert "room" in caught.value.hint
    assert (store.pins(), leftovers(store), block_files(store)) == ([], [], [])
    assert store.read(store.put(BIG).cid) == BIG


@pytest.mark.parametrize("step", ["sync_path", "replace"])
def test_put__disk_full_while_committing__no_pin_and_only_whole_blocks(store, monkeypatch, step):
    calls = 0

    def fail_the_third(*args):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return genuine(*args)

    target = blocks_module if step == "sync_path" else os
    genuine = getattr(target, step)
    with monkeypatch.context() as patch:
        patch.setattr(target, step, fail_the_third)
        with pytest.raises(StorageError, match="disk is full"):
            store.put(BIG)

    assert (store.pins(), leftovers(store)) == ([], [])
    for file in block_files(store):
        assert Cid(1, 0x55, bytes.fromhex(file.name[4:])).matches(file.read_bytes())
    assert store.read(store.put(BIG).cid) == BIG


def test_put__damaged_block_there_already__set_aside_and_written_anew(store, tmp_path):
    cid = store.put(BIG).cid
    for file in block_files(store):
        file.write_bytes(b"damaged")

    store.put(BIG)

    assert store.read(cid) == BIG
    assert len(list((tmp_path / "store" / "quarantine").iterdir())) == 4


def test_put__same_chunk_many_times__stored_once(store):
    result = store.put(bytes(5 << 20))

    assert store.stat(result.cid).blocks == len(block_files(store)) == 2


KILLED = """
import io, os, signal, sys
from pathlib import Path
from orchestrator.storage import blocks, local

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

moment = sys.argv[2]
if moment == "writing":
    Path.write_bytes = die
elif moment == "syncing":
    blocks.sync_path = die
elif moment == "renaming":
    genuine, done = os.replace, []
    def replace(*args):
        genuine(*args)
        done.append(args)
        if len(done) == 2:
            die()
    os.replace = replace
else:
    local.PinTable.finish_add = die
local.LocalStore(Path(sys.argv[1])).put(bytes(range(256)) * 20000)
"""


@pytest.mark.parametrize("moment", ["writing", "syncing", "renaming", "pinning"])
def test_put__process_killed__nothing_half_pinned_and_gc_clears_up(tmp_path, moment):
    home = tmp_path / "store"
    dead = subprocess.run([sys.executable, "-c", KILLED, home, moment], check=False)
    assert dead.returncode == -9

    with LocalStore(home) as store:
        assert store.pins() == []
        assert leftovers(store)
        for file in block_files(store):
            assert Cid(1, 0x55, bytes.fromhex(file.name[4:])).matches(file.read_bytes())

        store.gc()
        assert (leftovers(store), block_files(store), store._table.adds()) == ([], [], [])

        cid = store.put(bytes(range(256)) * 20000).cid
        store.verify(cid)


def test_put__two_threads_at_once__both_whole(store):
    contents = [random.Random(seed).randbytes(1 << 20) for seed in range(4)]
    threads = [threading.Thread(target=store.put, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.read(digest_bytes(data).cid) for data in contents] == contents
    assert len(store.pins()) == 4


# ── read ──


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_read__any_byte_of_any_block_flipped__integrity_error(data):
    content = data.draw(st.binary(min_size=1, max_size=2000))
    profile = data.draw(st.sampled_from(sorted(PROFILES)))
    with tempfile.TemporaryDirectory() as home, LocalStore(Path(home)) as store:
        cid = store.put(content, profile=profile).cid
        file = data.draw(st.sampled_from(block_files(store)))
        block = bytearray(file.read_bytes())
        block[data.draw(st.integers(0, len(block) - 1))] ^= data.draw(st.integers(1, 255))
        file.write_bytes(block)

        with pytest.raises(IntegrityError) as caught:
            store.read(cid)

    assert caught.value.cid == cid
    assert Cid.parse(caught.value.block).multihash.hex() == file.name


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("damage", ["flipped", "cut off", "longer", "emptied", "huge"])
def test_get__damaged_block__integrity_error_and_nothing_written(store, tmp_path, number, damage):
    cid = store.put(BIG).cid
    file = block_files(store)[number]
    block = file.read_bytes()
    changed = {
        "flipped": bytes([block[0] ^ 1]) + block[1:],
        "cut off": block[:-1],
        "longer": block + b"\0",
        "emptied": b"",
        "huge": bytes(3 << 20),
    }
    file.write_bytes(changed[damage])

    with pytest.raises(IntegrityError):
        store.get(cid, tmp_path / "out")

    assert not list(tmp_path.glob("out*"))
    assert not file.exists()
    assert not store.has(cid)


def test_get__block_missing__block_not_found(store, tmp_path):
    cid = store.put(BIG).cid
    block_files(store)[2].unlink()

    with pytest.raises(BlockNotFound) as caught:
        store.get(cid, tmp_path / "out")
    assert caught.value.hint
    assert not list(tmp_path.glob("out*"))


def test_get__file_there_already__replaced_only_when_verified(store, tmp_path):
    cid = store.put(b"new").cid
    dest = tmp_path / "out"
    dest.write_bytes(b"old")
    (tmp_path / "out.part").write_bytes(b"left by a command that was killed")

    assert store.get(cid, dest).read_bytes() == b"new"
    assert not (tmp_path / "out.part").exists()


def test_get__folder_where_something_is__storage_error(store, folder, tmp_path):
    with pytest.raises(StorageError, match="exists"):
        store.get(store.put(folder).cid, folder)
    assert (folder / "model.skops").exists()


def test_read__more_than_the_limit__storage_error(store):
    cid = store.put(BIG).cid

    assert store.read(cid, limit=len(BIG)) == BIG
    with pytest.raises(StorageError, match="larger"):
        store.read(cid, limit=len(BIG) - 1)


def test_read__folder__storage_error(store, folder):
    with pytest.raises(StorageError, match="folder"):
        store.read(store.put(folder).cid)


@pytest.mark.parametrize("method", ["read", "pin", "unpin", "has", "stat", "verify"])
def test_every_method__malformed_cid__cid_error(store, method):
    with pytest.raises(CidError):
        getattr(store, method)("../../etc/passwd")


def test_stat__file__counts_blocks_and_bytes(store):
    stat = store.stat(store.put(BIG).cid)

    assert (stat.kind, stat.size, stat.blocks) == ("file", len(BIG), 4)
    assert stat.stored == sum(file.stat().st_size for file in block_files(store))


# ── pins and collection ──


def test_gc__after_unpin__frees_what_no_other_pin_needs(store):
    shared = bytes(1 << 20)
    kept, dropped = store.put(shared + b"kept"), store.put(shared + b"dropped")
    store.unpin(dropped.cid)

    swept = store.gc()

    assert (swept.blocks, swept.size > 7) == (2, True)
    assert store.read(kept.cid) == shared + b"kept"
    assert not store.has(dropped.cid)
    assert store.gc() == Swept(0, 0)


def test_gc__pinned_folder__kept_whole(store, folder):
    result = store.put(folder)
    store.put(b"draft", pin=False)

    assert store.gc().blocks == 1
    store.verify(result.cid)


@pytest.mark.parametrize("damage", ["missing leaf", "missing root", "damaged root"])
def test_gc__pin_not_whole__storage_error_and_nothing_removed(store, damage):
    result = store.put(BIG)
    store.put(b"draft", pin=False)
    root = store._blocks.path(Cid.parse(result.cid))
    leaf = next(file for file in block_files(store) if file.stat().st_size == 1 << 20)
    if damage == "damaged root":
        root.write_bytes(b"damaged")
    else:
        (root if damage == "missing root" else leaf).unlink()
    before = len(block_files(store)) - (damage == "damaged root")

    with pytest.raises(StorageError, match="nothing was removed"):
        store.gc()

    assert len(block_files(store)) == before
    store.put(BIG)
    assert store.gc().blocks == 1


def test_gc__while_something_is_added__storage_error_and_the_add_succeeds(store):
    refused: list[StorageError] = []

    class Meanwhile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if not refused:
                with LocalStore(store._folder) as other, pytest.raises(StorageError, match="added") as caught:
                    other.gc()
                refused.append(caught.value)
            return super().read(size)

    cid = store.put(Meanwhile(BIG)).cid

    assert refused
    assert store.read(cid) == BIG
    assert store.gc() == Swept(0, 0)


def test_put__while_collecting__waits_then_gives_up_clearly(store, monkeypatch):
    monkeypatch.setattr("orchestrator.storage.local.LOCK_TIMEOUT", 0.05)
    failure: list[StorageError] = []

    def put():
        with LocalStore(store._folder) as other:
            try:
                other.put(b"late")
            except StorageError as error:
                failure.append(error)

    with store._exclusive():
        thread = threading.Thread(target=put)
        thread.start()
        thread.join()

    assert "collecting" in failure[0].message


def test_pin__stored_without_pin__survives_collection(store):
    cid = store.put(BIG, pin=False).cid

    assert store.pin(cid).size == len(BIG)
    assert store.gc() == Swept(0, 0)
    assert store.read(cid) == BIG


def test_pin__not_whole__block_not_found_and_no_pin(store):
    cid = store.put(BIG, pin=False).cid
    block_files(store)[0].unlink()

    with pytest.raises(BlockNotFound):
        store.pin(cid)
    assert store.pins() == []


def test_unpin__not_pinned__storage_error(store):
    with pytest.raises(StorageError, match="not pinned"):
        store.unpin(digest_bytes(b"stranger").cid)


def test_open_storage__pin_table_damaged_and_nothing_noted__storage_error(tmp_path):
    (tmp_path / "pins.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(StorageError, match="pin table"):
        LocalStore(tmp_path)


@pytest.fixture
def pinned(tmp_path) -> tuple[Path, list[Pin]]:
    """A closed store with three pins."""
    folder = tmp_path / "store"
    with LocalStore(folder) as store:
        for number in range(3):
            store.put(b"%d" % number)
        return folder, store.pins()


@pytest.mark.parametrize("damage", ["garbage", "emptied", "deleted", "cut off"])
def test_open_storage__pin_table_damaged__made_anew_with_all_pins(pinned, damage):
    folder, pins = pinned
    file = folder / "pins.sqlite"
    whole = file.read_bytes()
    if damage == "deleted":
        file.unlink()
    else:
        file.write_bytes(
            {"garbage": b"not a database" * 100, "emptied": b"", "cut off": whole[:5000]}[damage]
        )
    with LocalStore(folder) as store:
        assert sorted(store.pins(), key=lambda pin: pin.cid) == sorted(pins, key=lambda pin: pin.cid)
        assert "rebuilt" in " ".join(store.faults())
        assert store.gc().blocks == 0
    with LocalStore(folder) as store:
        assert store.faults() == []


def test_open_storage__any_bit_of_the_pin_table_flipped__no_pin_is_missed(pinned):
    folder, pins = pinned
    file = folder / "pins.sqlite"
    whole = file.read_bytes()
    used = [place for place in range(len(whole)) if whole[place]]  # the rest of a page is not looked at
    for place in used[:: max(1, len(used) // 150)]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        for name in ("pins.sqlite-wal", "pins.sqlite-shm", "pins.sqlite.damaged"):
            (folder / name).unlink(missing_ok=True)
        file.write_bytes(flipped)
        try:
            with LocalStore(folder) as store:
                assert {pin.cid: pin.size for pin in store.pins()} == {pin.cid: pin.size for pin in pins}, (
                    place
                )
        except StorageError as error:
            assert "pin table" in error.message  # noqa: PT017 - told, which is what is asked for


def test_unpin__table_lost_afterwards__does_not_come_back(pinned):
    folder, pins = pinned
    with LocalStore(folder) as store:
        store.unpin(pins[0].cid)
    (folder / "pins.sqlite").unlink()
    with LocalStore(folder) as store:
        assert {pin.cid for pin in store.pins()} == {pin.cid for pin in pins[1:]}


def test_open_storage__store_of_an_older_version__keeps_its_pins(pinned):
    folder, pins = pinned
    (folder / "pins.sqlite").unlink()
    for note in (folder / "pinned").iterdir():
        note.unlink()
    (folder / "pinned").rmdir()
    old = sqlite3.connect(folder / "pins.sqlite")
    old.execute("CREATE TABLE pins (cid TEXT PRIMARY KEY, size INTEGER NOT NULL, created INTEGER NOT NULL)")
    old.executemany("INSERT INTO pins VALUES (?, ?, ?)", [(pin.cid, pin.size, pin.created) for pin in pins])
    old.commit()
    old.close()
    with LocalStore(folder) as store:
        assert store.pins() == pins
    assert len(list((folder / "pinned").iterdir())) == 3


def test_put__killed_adds_before__are_swept(store):
    for token in ("dead", "0123"):
        rest = store._folder / "adding" / token
        rest.mkdir()
        (rest / "0").write_bytes(bytes(1000))
    store._table.begin_add("dead")
    assert store.faults() == ["2 adds were killed and left 2000 bytes, which the next add removes"]
    store.put(b"x")
    assert list((store._folder / "adding").iterdir()) == []
    assert store._table.adds() == []
    assert store.faults() == []


def test_put__among_many_pins__reads_none_of_the_others(store, monkeypatch):
    store.put(b"first")
    monkeypatch.setattr(PinTable, "pins", lambda *_: pytest.fail("all pins were listed"))
    assert store.put(b"second").queued == ""
    assert store.pin(store.put(b"third", pin=False).cid).size == 5


def test_open_storage__disk_that_cannot_be_written__is_read(pinned, monkeypatch):
    folder, pins = pinned
    real = sqlite3.connect

    def refuse(target, *args, **options):
        if "immutable" not in str(target):
            raise sqlite3.OperationalError("unable to open database file")
        return real(target, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with LocalStore(folder) as store:
        assert store.pins() == pins
        assert store.read(pins[0].cid) == b"0"
        assert store.count() == (3, 0)
        with pytest.raises(StorageError, match="pin table"):
            store.unpin(pins[0].cid)


def test_open_storage__default_settings__local_store_in_the_state_folder(tmp_path):
    with open_storage(load_settings(home=tmp_path / ".diln", environ={})) as store:
        store.put(b"x")
    assert (tmp_path / ".diln" / "store" / "pins.sqlite").exists()


def test_open_storage__opened_again__pins_are_there(tmp_path):
    with LocalStore(tmp_path) as store:
        cid = store.put(b"x").cid
    with LocalStore(tmp_path) as store:
        assert [pin.cid for pin in store.pins()] == [cid]
        assert store.read(cid) == b"x"
