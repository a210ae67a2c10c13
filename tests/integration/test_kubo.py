"""A real Kubo: the `ipfs` on the PATH or in DILN_IPFS, with a repository and a daemon of its own."""

import random
from collections.abc import Iterator

import pytest

from orchestrator.errors import IntegrityError
from orchestrator.storage import PROFILES, digest_bytes, digest_file
from orchestrator.storage.connecting import connect
from orchestrator.storage.local import LocalStore
from orchestrator.storage.mirrored import MirroredStore
from tests.integration.daemons import Kubo
from tests.unit.storage.cases import content, file_sizes, folders, write_folder

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kubo_installed")]

BIG = random.Random(11).randbytes((3 << 20) + 99)
ADD = {
    "unixfs-v0-2015": [],
    "legacy-v1": ["--cid-version=1", "--raw-leaves"],
    "unixfs-v1-2025": [],
}


@pytest.fixture(scope="module")
def repositories(kubo_installed, tmp_path_factory) -> dict[str, Kubo]:
    """A repository for each profile."""
    kubos = {}
    for name in PROFILES:
        home = tmp_path_factory.mktemp(name)
        kubos[name] = Kubo(home, "" if name == "legacy-v1" else name)
    return kubos


@pytest.fixture(scope="module")
def daemon(repositories) -> Iterator[Kubo]:
    daemon = repositories["unixfs-v0-2015"]
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def store(tmp_path, daemon) -> Iterator[MirroredStore]:
    with connect(tmp_path / "store", daemon.config) as store:
        yield store


@pytest.mark.parametrize("profile", PROFILES)
def test_digest_file__sizes_at_every_boundary__cid_of_ipfs_add(repositories, tmp_path, profile):
    for size in file_sizes(PROFILES[profile]):
        (tmp_path / "file").write_bytes(content(size))

        expected = repositories[profile].cid(tmp_path / "file", *ADD[profile])

        assert digest_file(tmp_path / "file", profile).cid == expected, size


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", folders())
def test_digest_file__folder__cid_of_ipfs_add(repositories, tmp_path, profile, name):
    write_folder(tmp_path / name, folders()[name])

    expected = repositories[profile].cid(tmp_path / name, *ADD[profile])

    assert digest_file(tmp_path / name, profile).cid == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_put__daemon_up__pinned_and_readable_there(store, daemon, profile):
    result = store.put(BIG, profile=profile)

    assert result.queued == ""
    assert result.cid.encode() in daemon.ipfs("pin", "ls", "--type=recursive", "--quiet").split()
    assert daemon.ipfs("cat", result.cid) == BIG


def test_read__added_by_ipfs__verified_bytes(store, daemon, tmp_path):
    (tmp_path / "file").write_bytes(BIG)
    cid = daemon.ipfs("add", "--quieter", tmp_path / "file").decode().strip()

    assert store.read(cid) == BIG
    assert store.pin(cid).queued == ""


def test_read__not_there__not_found(store):
    assert not store.has(digest_bytes(b"nobody ever added this").cid)


def test_unpin__pinned_there__unpinned_there_too(store, daemon):
    cid = store.put(b"short-lived").cid

    store.unpin(cid)

    assert cid.encode() not in daemon.ipfs("pin", "ls", "--type=recursive", "--quiet").split()


def test_read__block_damaged_on_the_disk_of_the_daemon__integrity_error(store, daemon, tmp_path):
    with connect(tmp_path / "giver", daemon.config) as giver:
        cid = giver.put(b"a block to be damaged on disk").cid
    blocks = (daemon.home / "repository" / "blocks").rglob("*.data")
    block = next(path for path in blocks if path.read_bytes() == b"a block to be damaged on disk")
    block.chmod(0o644)
    block.write_bytes(b"A block to be damaged on disk")

    with pytest.raises(IntegrityError):
        store.read(cid)


def test_car__either_way__read_by_the_other(store, daemon, tmp_path):
    cid = store.put(BIG).cid
    (tmp_path / "theirs.car").write_bytes(daemon.ipfs("dag", "export", "--progress=false", cid))

    with LocalStore(tmp_path / "local") as local:
        assert local.import_car(tmp_path / "theirs.car") == [cid]
        assert local.read(cid) == BIG
        other = local.put(BIG + b"ours").cid
        daemon.ipfs("dag", "import", local.export_car(other, tmp_path / "ours.car"))
    assert daemon.ipfs("cat", other) == BIG + b"ours"


def test_put__daemon_stopped_and_started_again__queued_then_pushed(tmp_path):
    daemon = Kubo(tmp_path)
    with connect(tmp_path / "store", daemon.config) as store:
        first = store.put(BIG)
        assert "no Kubo daemon answers" in first.queued

        daemon.start()
        try:
            assert store.put(b"next").queued == ""
            assert daemon.ipfs("cat", first.cid) == BIG
        finally:
            daemon.stop()
