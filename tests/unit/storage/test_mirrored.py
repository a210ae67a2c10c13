"""Several mirrors of one store, and which are set up by which setting. Nothing is connected to."""

import threading
import time
from collections.abc import Iterator

import pytest

from orchestrator.config import StorageConfig, load_settings
from orchestrator.errors import ConfigError, IntegrityError, StorageUnavailable
from orchestrator.storage import Cid, digest_bytes, open_storage, seeking
from orchestrator.storage.local import LocalStore
from orchestrator.storage.mirrored import MirroredStore


class Remote:
    """A mirror and source that is up or down, and keeps roots or not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.up = True
        self.kept: list[Cid] = []
        self.calls = 0
        self.blocks: dict[bytes, bytes] = {}

    def push(self, root, car) -> None:
        self._call()
        self.kept.append(root)

    def unpin(self, root) -> None:
        self._call()
        self.kept.remove(root)

    def load(self, cid) -> bytes | None:
        self._call()
        return self.blocks.get(cid.digest)

    def seek(self, cid, seconds) -> bytes | None:
        assert 0 < seconds <= 4
        return self.load(cid)

    def reach(self) -> None:
        self._call()

    def reject(self, cid) -> None:
        pass

    def close(self) -> None:
        pass

    def _call(self) -> None:
        self.calls += 1
        if not self.up:
            raise StorageUnavailable(f"{self.name} is down", "Wait.")


@pytest.fixture
def near() -> Remote:
    return Remote("near")


@pytest.fixture
def far() -> Remote:
    return Remote("far")


@pytest.fixture
def store(tmp_path, near, far) -> Iterator[MirroredStore]:
    with MirroredStore(tmp_path / "store", [near, far], [near, far]) as store:
        yield store


def test_push__one_mirror_was_down__only_that_one_is_told_again(store, near, far):
    far.up = False
    result = store.put(b"kept")
    assert (result.queued, near.calls) == ("far is down", 1)

    far.up = True
    store.push()

    assert (near.calls, far.kept) == (1, [Cid.parse(result.cid)])
    assert [pin.queued for pin in store.pins()] == [""]


def test_put__all_mirrors_down__both_reasons_in_one_pin(store, near, far):
    near.up = far.up = False

    assert sorted(store.put(b"kept").queued.split("; ")) == ["far is down", "near is down"]
    assert len(store.pins()) == 1


def test_unpin__one_mirror_down__it_alone_keeps_it_for_now(store, near, far):
    cid = store.put(b"short-lived").cid
    far.up = False

    store.unpin(cid)
    assert (near.kept, len(far.kept)) == ([], 1)

    far.up = True
    store.push()
    assert far.kept == []


def test_read__first_source_down_or_damaged__taken_from_the_next(store, near, far):
    cid = digest_bytes(b"content").cid
    far.blocks[Cid.parse(cid).digest] = b"content"
    near.up = False
    assert store.read(cid) == b"content"

    near.up, near.blocks[Cid.parse(cid).digest] = True, b"altered"
    assert store.read(cid) == b"content"


def test_read__one_source_down_and_the_other_lacks_it__says_who_is_down(store, near, far):
    near.up = False

    with pytest.raises(StorageUnavailable, match="near is down"):
        store.read(digest_bytes(b"elsewhere").cid)


def test_read__one_source_down_and_the_other_lies__integrity_error(store, near, far):
    cid = digest_bytes(b"content").cid
    near.up, far.blocks[Cid.parse(cid).digest] = False, b"altered"

    with pytest.raises(IntegrityError):
        store.read(cid)


def opened(tmp_path, **environ: str):
    with open_storage(load_settings(home=tmp_path, environ=environ)) as store:
        mirrors = [each.name for each in getattr(store, "_told", [])]
        return type(store), mirrors, len(store._sources()) - 1


@pytest.mark.parametrize(
    ("environ", "kind", "mirrors", "sources"),
    [
        ({}, LocalStore, [], 0),
        ({"DILN_GATEWAYS": ""}, LocalStore, [], 0),
        ({"DILN_GATEWAYS": "https://a.example https://b.example/"}, MirroredStore, [], 2),
        ({"DILN_PINNING": "https://a.example/psa"}, MirroredStore, ["the pinning service"], 0),
        (
            {
                "DILN_STORAGE": "kubo",
                "DILN_PINNING": "https://a.example",
                "DILN_GATEWAYS": "http://b.example",
            },
            MirroredStore,
            ["Kubo", "the pinning service"],
            2,
        ),
    ],
)
def test_open_storage__as_set_up__has_these_mirrors_and_sources(tmp_path, environ, kind, mirrors, sources):
    assert opened(tmp_path, **environ) == (kind, mirrors, sources)


def test_load_settings__gateways_in_the_file__are_read_and_the_environment_wins(tmp_path):
    (tmp_path / "brownie-config.yaml").write_text(
        "diln: {storage: {gateways: [https://a.example], pinning: https://b.example}}"
    )

    def storage(**environ: str) -> StorageConfig:
        return load_settings(folder=tmp_path, environ=environ).storage

    assert storage().gateways == ("https://a.example",)
    assert storage().pinning == "https://b.example"
    both = storage(DILN_GATEWAYS="https://c.example", DILN_PINNING="", DILN_PINNING_TOKEN="secret")
    assert (both.gateways, both.pinning) == (("https://c.example",), "")
    assert "secret" not in repr(both)


def test_load_settings__gateways_not_a_list__config_error(tmp_path):
    (tmp_path / "brownie-config.yaml").write_text("diln: {storage: {gateways: https://a.example}}")

    with pytest.raises(ConfigError, match="must be a list"):
        load_settings(folder=tmp_path, environ={})


NAMED = [Cid.of(bytes([number])) for number in range(16)]


def test_at_hand__many_that_nobody_gives__are_asked_for_at_once_and_not_again(store, near, far, monkeypatch):
    """A stranger who names files that do not exist holds nobody up; what is given comes with them."""
    met = threading.Barrier(2 * len(NAMED), timeout=20)

    def seek(cid, seconds):
        met.wait()
        return near.blocks.get(cid.digest)

    near.blocks[NAMED[3].digest] = b"\3"
    near.seek = far.seek = seek
    cids = [str(cid) for cid in NAMED]
    assert store.at_hand(cids) == {cids[3]: b"\3"}
    monkeypatch.setattr(near, "seek", None)
    assert store.at_hand([cid for cid in cids if cid != cids[3]]) == {}
    later = time.time() + seeking.FORGET + 1
    monkeypatch.setattr(time, "time", lambda: later)
    near.seek, far.seek = (lambda cid, _: bytes([NAMED.index(cid)])), far.load
    assert len(store.at_hand(cids)) == len(cids)


def test_at_hand__here_already__asks_nobody(store, near, far):
    cid = store.put(b"here").cid
    calls = near.calls, far.calls
    assert store.at_hand([cid]) == {cid: b"here"}
    assert (near.calls, far.calls) == calls


def test_at_hand__source_down_or_lying__is_said_and_not_remembered(store, near, far, caplog):
    cid = str(NAMED[0])
    near.up = far.up = False
    assert store.at_hand([cid, str(NAMED[1])]) == {}
    assert [each.message for each in caplog.records].count("near is down. Wait.") == 1
    near.up = far.up = True
    near.blocks[NAMED[0].digest], far.blocks[NAMED[0].digest] = b"other", b"\0"
    assert store.at_hand([cid]) == {cid: b"\0"}


def test_at_hand__time_is_over__the_rest_counts_as_not_asked(store, near, far):
    asked = threading.Event()

    def seek(cid, seconds):
        asked.set()
        threading.Event().wait(seconds + 0.5)

    near.seek = far.seek = seek
    cids = [str(Cid.of(number.to_bytes(2, "big"))) for number in range(seeking.AT_ONCE)]
    assert store.at_hand(cids, seconds=0.5) == {}
    near.blocks = {Cid.parse(cids[-1]).digest: (seeking.AT_ONCE - 1).to_bytes(2, "big")}
    near.seek = lambda cid, _: near.blocks.get(cid.digest)
    assert store.at_hand(cids[-1:]) == {cids[-1]: near.blocks[Cid.parse(cids[-1]).digest]}
