import io
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage import PROFILES
from orchestrator.storage.car import read_car, write_car
from orchestrator.storage.cid import Cid
from orchestrator.storage.local import LocalStore

BIG = random.Random(8).randbytes((1 << 20) + 99)


@pytest.fixture
def other(tmp_path):
    with LocalStore(tmp_path / "other") as other:
        yield other


@pytest.mark.parametrize("profile", PROFILES)
def test_import_car__what_export_wrote__same_content_pinned(store, other, tmp_path, profile, folder):
    for source in (BIG, b"", folder):
        cid = store.put(source, profile=profile).cid

        assert other.import_car(store.export_car(cid, tmp_path / "graph.car")) == [cid]
        assert other.stat(cid) == store.stat(cid)
    assert [(pin.cid, pin.size) for pin in other.pins()] == [(pin.cid, pin.size) for pin in store.pins()]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=8), st.booleans())
def test_read_car__what_write_wrote__round_trip(contents, version_0):
    blocks = [(Cid.of(block, 0x70, 0) if version_0 else Cid.of(block), block) for block in contents]

    roots, found = read_car(io.BytesIO(b"".join(write_car([blocks[0][0]], blocks))))

    assert roots == [blocks[0][0]]
    assert list(found) == blocks


@pytest.mark.parametrize("count", [2, 23, 24, 64])
def test_import_car__several_roots__all_are_pinned(store, other, tmp_path, count):
    first, *more = [store.put(bytes([number])).cid for number in range(count)]

    assert other.import_car(store.export_car(first, tmp_path / "all.car", more)) == [first, *more]
    assert [pin.cid for pin in other.pins()] == [first, *more]


def test_export_car__more_roots_than_a_file_takes__refused(store, tmp_path):
    cid = store.put(b"one").cid

    with pytest.raises(StorageError, match="64 roots at most, not 65"):
        store.export_car(cid, tmp_path / "all.car", [cid] * 64)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_import_car__cut_off_anywhere__refused_and_nothing_kept(data):
    content = data.draw(st.binary(min_size=1, max_size=2000))
    with tempfile.TemporaryDirectory() as home:
        car = exported(Path(home), content, data.draw(st.sampled_from(sorted(PROFILES))))
        whole = car.read_bytes()
        car.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        refuse(Path(home), car)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_import_car__cut_between_blocks__refused_and_nothing_kept(tmp_path, share):
    car = exported(tmp_path, bytes(5) + BIG, "legacy-v1")
    roots, blocks = read_car(io.BytesIO(car.read_bytes()))
    found = list(blocks)
    car.write_bytes(b"".join(write_car(roots[:1], found[: int(share * len(found))])))

    refuse(tmp_path, car, IntegrityError)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_import_car__any_byte_flipped__refused_and_nothing_kept(data):
    content = data.draw(st.binary(min_size=1, max_size=500))
    with tempfile.TemporaryDirectory() as home:
        car = exported(Path(home), content, data.draw(st.sampled_from(sorted(PROFILES))))
        changed = bytearray(car.read_bytes())
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
        car.write_bytes(changed)
        refuse(Path(home), car)


def exported(home: Path, content: bytes, profile: str) -> Path:
    with LocalStore(home / "store") as store:
        return store.export_car(store.put(content, profile=profile).cid, home / "graph.car")


def refuse(home: Path, car: Path, error: type[StorageError] = StorageError) -> None:
    with LocalStore(home / "fresh") as store:
        with pytest.raises(error):
            store.import_car(car)
        assert store.pins() == []
        assert list(store._blocks.files()) == []


@pytest.mark.parametrize(
    ("case", "content"),
    [
        ("text", b"not a CAR file"),
        ("empty", b""),
        ("CARv2", bytes.fromhex("0aa16776657273696f6e02") + bytes(40)),
        ("no root", b"\x11\xa2\x65roots\x80\x67version\x01"),
        ("a block of three mebibytes", b"\x11\xa2\x65roots\x80\x67version\x01" + b"\xff\xff\xff\x01"),
    ],
)
def test_import_car__something_else__storage_error_with_hint(store, tmp_path, case, content):
    (tmp_path / "x.car").write_bytes(content)

    with pytest.raises(StorageError) as caught:
        store.import_car(tmp_path / "x.car")
    assert caught.value.hint


def test_import_car__missing_file__storage_error(store, tmp_path):
    with pytest.raises(StorageError, match="No such file"):
        store.import_car(tmp_path / "nowhere.car")


def test_read_car__block_above_two_mebibytes__storage_error():
    block = bytes((2 << 20) + 1)
    cid = Cid.of(block)

    _, blocks = read_car(io.BytesIO(b"".join(write_car([cid], [(cid, block)]))))

    with pytest.raises(StorageError, match="2 MiB"):
        list(blocks)


def test_export_car__damaged_block__integrity_error_and_no_file(store, tmp_path):
    cid = store.put(BIG).cid
    next(store._blocks.files()).write_bytes(b"damaged")

    with pytest.raises(IntegrityError):
        store.export_car(cid, tmp_path / "graph.car")
    assert not list(tmp_path.glob("graph*"))
