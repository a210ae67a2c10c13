"""A Kubo daemon that is down, hangs, refuses or lies. The client is injected, so no socket is opened."""

import contextlib
import io
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from ipfshttpclient import exceptions

from orchestrator.config import StorageConfig, load_settings
from orchestrator.errors import (
    BlockNotFound,
    ConfigError,
    IntegrityError,
    StorageError,
    StorageUnavailable,
)
from orchestrator.storage import Cid, digest_bytes, kubo, open_storage
from orchestrator.storage.car import read_car
from orchestrator.storage.kubo import PAUSES, KuboDaemon
from orchestrator.storage.mirrored import MirroredStore

BIG = random.Random(9).randbytes((1 << 20) + 99)


def down() -> Exception:
    return exceptions.ConnectionError(OSError("connection refused"))


def hung() -> Exception:
    return exceptions.TimeoutError(requests.ReadTimeout("no answer"))


def answered(status: int, message: str = "no") -> Exception:
    response = requests.Response()
    response.status_code = status
    return exceptions.ErrorResponse(message, requests.HTTPError(message, response=response))


class Answer:
    def __init__(self, value: dict) -> None:
        self._value = value

    def as_json(self) -> dict:
        return self._value


class FakeDaemon:
    """A Kubo daemon and its client in one: `faults` are raised, one a call, before it answers."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}
        self.pinned: set[str] = set()
        self.faults: list[Exception] = []
        self.calls = 0
        self.pin_error = ""
        self.addresses: list[str] | None = None
        self.confirm: Callable[[str], str] = str
        self.dag = self.block = self.pin = self
        self.asked: dict[str, Any] = {}
        self.wait: Callable[[], None] = lambda: None

    def _call(self) -> None:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)

    @contextlib.contextmanager
    def imprt(self, car, **options) -> Iterator[Iterator[Answer]]:
        self._call()
        roots, blocks = read_car(io.BytesIO(b"".join(iter(lambda: car.read(9000), b""))))
        self.blocks |= {cid.multihash.hex(): block for cid, block in blocks}
        root = str(roots[0])
        if not self.pin_error:
            self.pinned.add(root)
        answer = {"Root": {"Cid": {"/": self.confirm(root)}, "PinErrorMsg": self.pin_error}}
        yield iter([Answer(answer)])

    @contextlib.contextmanager
    def get(self, cid: str, **options) -> Iterator[Iterator[bytes]]:
        self.asked = options
        self.wait()
        self._call()
        block = self.blocks.get(Cid.parse(cid).multihash.hex())
        if block is None:
            raise answered(500, f"block was not found locally (offline): ipld: could not find {cid}")
        yield iter([block[:10], block[10:]])

    def rm(self, cid: str) -> None:
        self._call()
        if cid not in self.pinned:
            raise answered(500, "not pinned or pinned indirectly")
        self.pinned.discard(cid)

    def id(self) -> dict:
        self._call()
        return {"Addresses": self.addresses}

    def close(self) -> None:
        pass


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
def pauses() -> list[float]:
    return []


def mirrored(folder, daemon: FakeDaemon, sleep: Callable[[float], None] = lambda _: None) -> MirroredStore:
    mirror = KuboDaemon(daemon, "/ip4/127.0.0.1/tcp/5001", sleep)
    return MirroredStore(folder, [mirror], [mirror])


@pytest.fixture
def store(tmp_path, daemon, pauses) -> Iterator[MirroredStore]:
    with mirrored(tmp_path / "store", daemon, pauses.append) as store:
        yield store


def test_put__daemon_up__pinned_there_too(store, daemon):
    result = store.put(BIG)

    assert result.queued == ""
    assert daemon.pinned == {result.cid}
    assert len(daemon.blocks) == 3


def test_put__daemon_down__kept_here_queued_and_pushed_next_time(store, daemon, caplog):
    daemon.faults = [down()]

    first = store.put(BIG)

    assert "no Kubo daemon answers" in first.queued
    assert "ipfs daemon" in caplog.text
    assert store.read(first.cid) == BIG
    assert [pin.queued for pin in store.pins()] == [first.queued]
    assert daemon.calls == 1

    second = store.put(b"next")

    assert second.queued == ""
    assert daemon.pinned == {first.cid, second.cid}
    assert [pin.queued for pin in store.pins()] == ["", ""]


def test_put__killed_before_the_push__pushed_next_time(store, daemon, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store, "push", lambda: None)
        first = store.put(BIG)
    assert "not sent yet" in first.queued

    store.put(b"next")

    assert first.cid in daemon.pinned


def test_put__without_pin__daemon_not_asked(store, daemon):
    store.put(BIG, pin=False)

    assert daemon.calls == 0


@pytest.mark.parametrize(
    "fault",
    [
        hung(),
        answered(503),
        answered(429),
        requests.ConnectionError("cut"),
        exceptions.ProtocolError(OSError()),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_put__daemon_slow_at_first__tried_again_with_growing_pauses(store, daemon, pauses, fault):
    daemon.faults = [fault, fault]

    assert store.put(BIG).queued == ""
    assert daemon.calls == 3
    assert pauses == list(PAUSES[:2]) == sorted(pauses)


def test_put__daemon_hangs__four_tries_then_queued(store, daemon, pauses):
    daemon.faults = [hung() for _ in range(9)]

    result = store.put(BIG)

    assert "did not answer in 4 tries" in result.queued
    assert (daemon.calls, len(pauses)) == (4, 3)
    assert store.read(result.cid) == BIG


@pytest.mark.parametrize("status", [401, 403, 500])
def test_put__daemon_refuses__one_try_then_queued(store, daemon, pauses, status):
    daemon.faults = [answered(status)]

    result = store.put(BIG)

    assert result.queued
    assert (daemon.calls, pauses) == (1, [])


def test_load__no_peer_gives_it_in_time__none_after_one_search(store, daemon, pauses):
    daemon.faults = [answered(500, "context deadline exceeded")]

    with pytest.raises(BlockNotFound):
        store.read(digest_bytes(b"elsewhere").cid)
    assert (daemon.calls, pauses) == (1, [])
    assert daemon.asked["opts"] == {"timeout": "30s"}
    assert daemon.asked["timeout"][1] > 30


def test_at_hand__daemon_hangs_or_has_none__one_try_of_the_time_that_is_left(store, daemon, pauses):
    cid = digest_bytes(b"far away").cid
    daemon.faults = [hung()]
    assert store.at_hand([cid], seconds=2) == {}
    assert store.at_hand([cid], seconds=2) == {}
    assert store.at_hand([cid], seconds=2) == {}
    assert (daemon.calls, pauses) == (2, [])
    assert 1 <= float(daemon.asked["opts"]["timeout"][:-1]) <= 2
    assert daemon.asked["timeout"][1] < 3


def test_load__search_takes_a_while__is_told(store, daemon, caplog, monkeypatch):
    monkeypatch.setattr(kubo, "QUIET", 0.0)
    daemon.wait = lambda: wait_for(lambda: "asks its peers for bafk" in caplog.text)

    with pytest.raises(BlockNotFound):
        store.read(digest_bytes(b"elsewhere").cid)
    assert "30 s at most" in caplog.text


def wait_for(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds() and time.monotonic() < ends:
        time.sleep(0.01)


def test_put__daemon_down__said_once_and_reach_says_it_too(store, daemon, caplog):
    daemon.faults = [down() for _ in range(3)]

    store.put(b"first")
    store.put(b"second")

    assert caplog.text.count("no Kubo daemon answers") == 1
    with pytest.raises(StorageUnavailable, match="no Kubo daemon answers"):
        store.reach()
    store.reach()


def test_load__forbidden__hint_names_the_token(store, daemon):
    daemon.faults = [answered(403)]

    with pytest.raises(StorageUnavailable) as caught:
        store.read(digest_bytes(b"elsewhere").cid)
    assert "DILN_KUBO_TOKEN" in caught.value.hint


def test_put__daemon_does_not_pin__queued_with_its_words(store, daemon):
    daemon.pin_error = "block was not found"

    assert "block was not found" in store.put(BIG).queued


def test_put__daemon_confirms_another_root__queued(store, daemon):
    daemon.confirm = lambda root: digest_bytes(b"other").cid

    assert "did not confirm" in store.put(BIG).queued


def test_push__one_queued_graph_is_damaged__the_others_are_pushed(store, daemon):
    daemon.faults = [down()]
    damaged = store.put(BIG)
    next(store._blocks.files()).write_bytes(b"damaged")

    healthy = store.put(b"healthy")

    assert (healthy.queued, daemon.pinned) == ("", {healthy.cid})
    assert "damaged" in next(pin.queued for pin in store.pins() if pin.cid == damaged.cid)

    store.put(BIG)
    assert damaged.cid in daemon.pinned


def test_unpin__daemon_down__unpinned_there_next_time(store, daemon):
    cid = store.put(BIG).cid
    daemon.faults = [down()]

    store.unpin(cid)
    assert (store.pins(), daemon.pinned) == ([], {cid})

    store.push()
    assert daemon.pinned == set()


def test_unpin__never_pinned_there__no_error(store, daemon):
    daemon.faults = [down(), down()]
    cid = store.put(BIG).cid
    store.unpin(cid)

    store.push()

    assert store._table.queue("Kubo") == []


def give(daemon: FakeDaemon, tmp_path, data: bytes) -> str:
    """Let the daemon have what the store has not."""
    with mirrored(tmp_path / "giver", daemon) as giver:
        return giver.put(data).cid


def test_read__only_the_daemon_has_it__verified(store, daemon, tmp_path):
    assert store.read(give(daemon, tmp_path, BIG)) == BIG


@pytest.mark.parametrize("damage", ["flipped", "cut off", "huge"])
def test_read__daemon_sends_damaged_blocks__integrity_error(store, daemon, tmp_path, damage):
    cid = give(daemon, tmp_path, BIG)
    change = {
        "flipped": lambda block: bytes([block[0] ^ 1]) + block[1:],
        "cut off": lambda block: block[:-1],
        "huge": lambda block: block + bytes(3 << 20),
    }[damage]
    daemon.blocks = {name: change(block) for name, block in daemon.blocks.items()}

    with pytest.raises(IntegrityError):
        store.read(cid)
    with pytest.raises(IntegrityError):
        store.pin(cid)
    assert store.pins() == []


def test_read__local_block_damaged__taken_from_the_daemon(store, daemon):
    cid = store.put(BIG).cid
    next(store._blocks.files()).write_bytes(b"damaged")

    assert store.read(cid) == BIG
    store.pin(cid)
    store.gc()
    assert store._blocks.has(Cid.parse(cid))


def test_read__nobody_has_it__storage_error(store):
    with pytest.raises(StorageError, match="not here"):
        store.read(digest_bytes(b"stranger").cid)


def test_pin__only_the_daemon_has_it__kept_here_too(store, daemon, tmp_path):
    cid = give(daemon, tmp_path, BIG)

    assert store.pin(cid).queued == ""

    daemon.faults = [down() for _ in range(9)]
    assert store.read(cid) == BIG


@pytest.mark.parametrize("addresses", [["/ip4/192.0.2.1/tcp/4001/p2p/Qm"], None])
def test_addresses__online_or_offline__those_of_the_daemon(daemon, addresses):
    daemon.addresses = addresses

    assert KuboDaemon(daemon, "here").addresses() == (addresses or [])


def test_open_storage__kubo__store_with_a_client_that_is_not_connected(tmp_path):
    settings = load_settings(home=tmp_path, storage="kubo", environ={"DILN_KUBO_TOKEN": "secret"})

    with open_storage(settings) as store:
        assert isinstance(store, MirroredStore)


def test_open_storage__address_is_a_url__config_error_shows_how(tmp_path):
    settings = load_settings(home=tmp_path, storage="kubo", environ={"DILN_KUBO": "http://127.0.0.1:5001"})

    with pytest.raises(ConfigError) as caught:
        open_storage(settings)
    assert StorageConfig.kubo in caught.value.hint
