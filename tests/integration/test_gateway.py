"""Reading through gateways: a double on the loopback that can lie, and the gateway of a real Kubo."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.config import StorageConfig
from orchestrator.errors import BlockNotFound, ConfigError, IntegrityError, StorageUnavailable
from orchestrator.storage import Cid, remote
from orchestrator.storage.connecting import connect
from orchestrator.storage.local import LocalStore
from orchestrator.storage.mirrored import MirroredStore
from tests.integration.daemons import Kubo
from tests.integration.doubles import Request, Service, running
from tests.ports import free_port

pytestmark = pytest.mark.integration

BIG = random.Random(12).randbytes((2 << 20) + 99)


class Blocks:
    """A trustless gateway to a dictionary of blocks."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, bytes] = {}

    def __call__(self, request: Request) -> None:
        url = urlsplit(request.path)
        assert parse_qs(url.query) == {"format": ["raw"]}
        assert request.headers["Accept"] == "application/vnd.ipld.raw"
        assert not request.headers["Authorization"]
        block = self.blocks.get(Cid.parse(url.path.removeprefix("/ipfs/")).digest)
        request.answer(404) if block is None else request.answer(200, block)


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


@pytest.fixture
def gateway(blocks, monkeypatch) -> Iterator[Service]:
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0, 0.0))
    with running(blocks) as service:
        yield service


@pytest.fixture
def store(tmp_path, gateway) -> Iterator[MirroredStore]:
    with connect(tmp_path / "store", config(gateway)) as store:
        yield store


def config(*gateways: Service, timeout: float = 30) -> StorageConfig:
    secret = {"token": "t", "pinning_token": "t"}  # for others: no gateway may see it
    return StorageConfig(timeout=timeout, gateways=tuple(each.url for each in gateways), **secret)


@pytest.fixture
def cid(tmp_path, blocks) -> str:
    """A file of which only the gateway has the blocks."""
    with LocalStore(tmp_path / "giver") as giver:
        cid = giver.put(BIG).cid
        blocks.blocks = {
            bytes.fromhex(file.name.removeprefix("1220")): file.read_bytes() for file in giver._blocks.files()
        }
    return cid


def test_read__only_the_gateway_has_it__verified_bytes(store, cid):
    assert store.read(cid) == BIG


def test_pin__only_the_gateway_has_it__kept_here(store, gateway, cid):
    store.pin(cid)
    gateway.requests.clear()

    assert store.read(cid) == BIG
    assert gateway.requests == []


@pytest.mark.parametrize("damage", ["flipped", "cut off", "huge", "a page"])
def test_read__gateway_lies__integrity_error_and_nothing_kept(store, blocks, tmp_path, cid, damage):
    change = {
        "flipped": lambda block: bytes([block[0] ^ 1]) + block[1:],
        "cut off": lambda block: block[:-1],
        "huge": lambda block: block + bytes(3 << 20),
        "a page": lambda block: b"<html>welcome</html>",
    }[damage]
    blocks.blocks = {digest: change(block) for digest, block in blocks.blocks.items()}

    with pytest.raises(IntegrityError):
        store.read(cid)
    with pytest.raises(IntegrityError):
        store.get(cid, tmp_path / "file")
    with pytest.raises(IntegrityError):
        store.pin(cid)
    assert (store.pins(), (tmp_path / "file").exists()) == ([], False)


def test_read__first_gateway_lies_or_is_down__taken_from_the_next(tmp_path, gateway, cid):
    down = replace(config(gateway), gateways=("http://127.0.0.1:9", gateway.url))
    with connect(tmp_path / "down", down) as store:
        assert store.read(cid) == BIG

    with running(lambda request: request.answer(200, b"no block")) as liar:
        with connect(tmp_path / "liar", config(liar, gateway)) as store:
            assert store.read(cid) == BIG
        assert liar.requests


def test_read__nobody_has_it__not_found_and_the_hint_names_gateways(store, cid, blocks):
    blocks.blocks.clear()

    with pytest.raises(BlockNotFound) as caught:
        store.read(cid)
    assert "gateway" in caught.value.hint
    assert not store.has(cid)


@pytest.mark.parametrize(
    ("misbehave", "tries"),
    [
        (lambda request: request.answer(403), 1),
        (lambda request: request.answer(504), 1),
        (lambda request: request.answer(429), 4),
        (lambda request: (request.answer(200, b"part", 400), setattr(request, "close_connection", True)), 4),
    ],
    ids=["refuses", "does not find it", "is busy", "breaks off"],
)
def test_read__gateway_misbehaves__unavailable_after_as_many_tries(store, gateway, cid, misbehave, tries):
    gateway.misbehave = misbehave

    with pytest.raises(StorageUnavailable, match=r"the gateway at 127\.0\.0\.1"):
        store.read(cid)
    assert len(gateway.requests) == tries


def test_read__gateway_hangs__unavailable_after_four_tries(tmp_path, gateway, cid):
    gateway.misbehave = lambda request: time.sleep(1)

    with (
        connect(tmp_path / "hasty", config(gateway, timeout=0.5)) as hasty,
        pytest.raises(StorageUnavailable, match="in 4 tries: no answer in time"),
    ):
        hasty.read(cid)


@pytest.mark.parametrize(
    "url", ["ipfs.io", "ftp://ipfs.io", "https://", "/ip4/127.0.0.1/tcp/8080", "http://[::1"]
)
def test_connect__not_a_url__config_error(tmp_path, url):
    with pytest.raises(ConfigError, match="the gateway"):
        connect(tmp_path, StorageConfig(gateways=(url,)))


def test_read__gateway_of_a_real_kubo__verified_bytes(kubo_installed, tmp_path):
    kubo = Kubo(tmp_path, "unixfs-v1-2025")
    port = free_port()
    kubo.ipfs("config", "Addresses.Gateway", f"/ip4/127.0.0.1/tcp/{port}")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(BIG)
    cid = kubo.ipfs("add", "--quieter", "--recursive", tmp_path / "folder").decode().strip()
    kubo.start()
    try:
        with connect(tmp_path / "store", StorageConfig(gateways=(f"http://127.0.0.1:{port}",))) as store:
            store.get(cid, tmp_path / "copy")
    finally:
        kubo.stop()
    assert (tmp_path / "copy" / "file").read_bytes() == BIG
