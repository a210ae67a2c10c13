"""CIDs against other implementations: recorded ones, and the vectors that Kubo publishes in its own tests."""

import hashlib
import io
import random
from collections.abc import Iterator

import pytest
from Crypto.Cipher import ChaCha20
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StorageError
from orchestrator.storage import PROFILES, digest_bytes, digest_file
from orchestrator.storage.unixfs import Tree, build_file, build_folder, check_name, find_profile, read_chunks
from tests.unit.storage.cases import GOLDENS, TINY, content, file_sizes, folders, write_folder


def forget(cid, block):
    """A sink that stores nothing."""


def tree_of(data, profile) -> Tree:
    return build_file(read_chunks(io.BytesIO(data), profile), profile, forget)


@pytest.mark.parametrize("profile", [*PROFILES.values(), *TINY.values()], ids=lambda profile: profile.name)
def test_build_file__sizes_at_every_boundary__cids_of_the_other_implementation(profile):
    found = {str(size): str(tree_of(content(size), profile).cid) for size in file_sizes(profile)}

    assert found == GOLDENS["files"][profile.name]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", folders())
def test_digest_file__folder__cid_of_the_other_implementation(tmp_path, profile, name):
    write_folder(tmp_path / name, folders()[name])

    result = digest_file(tmp_path / name, profile)

    assert result.cid == GOLDENS["folders"][profile][name]
    assert result.size == sum(map(len, folders()[name].values()))
    assert result.sha256 is None


class KuboRandom:
    """The stream that Kubo's own tests add: ChaCha20 under the hash of a seed."""

    def __init__(self, seed: str, size: int) -> None:
        self._cipher = ChaCha20.new(key=hashlib.sha256(seed.encode()).digest(), nonce=bytes(12))
        self._left = size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return self._cipher.encrypt(bytes(size))


# From test/cli/cid_profiles_test.go in github.com/ipfs/kubo.
@pytest.mark.parametrize(
    ("profile", "seed", "kibibytes", "cid"),
    [
        ("unixfs-v0-2015", "v0-seed", 44544, "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2"),
        ("unixfs-v0-2015", "v0-seed", 44800, "QmepeWtdmS1hHXx1oZXsPUv6bMrfRRKfZcoPPU4eEfjnbf"),
        pytest.param(
            *("unixfs-v1-2025", "v1-2025-seed", 1024 << 10),
            "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("unixfs-v1-2025", "v1-2025-seed", 1025 << 10),
            "bafybeihmzokxxjqwxjcryerhp5ezpcog2wcawfryb2xm64xiakgm4a5jue",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_build_file__at_and_over_a_full_node__cid_that_kubo_publishes(profile, seed, kibibytes, cid):
    chunks = read_chunks(KuboRandom(seed, kibibytes << 10), PROFILES[profile])

    assert str(build_file(chunks, PROFILES[profile], forget).cid) == cid


def kubo_names(seed: str, count: int, length: int, last: int) -> Iterator[str]:
    alphabet = "abcdefghijklmnopqrstuvwxyz01234567890-_"
    stream = KuboRandom(seed, 1 << 20)
    for number in range(count):
        name = stream.read(last if number == count - 1 else length)
        yield "".join(alphabet[byte % len(alphabet)] for byte in name)


@pytest.mark.parametrize(
    ("profile", "count", "length", "last", "cid"),
    [
        ("unixfs-v0-2015", 4096, 30, 30, "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN"),
        ("unixfs-v0-2015", 4033, 31, 31, "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP"),
        ("unixfs-v1-2025", 4766, 11, 21, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"),
        ("unixfs-v1-2025", 4766, 11, 22, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu"),
    ],
    ids=["at the threshold", "one over", "at the threshold, by block", "one over, by block"],
)
def test_build_folder__at_the_sharding_threshold__cid_that_kubo_publishes(profile, count, length, last, cid):
    leaf = tree_of(b"x", PROFILES[profile])
    entries = dict.fromkeys(kubo_names(f"hamt-{profile}", count, length, last), leaf)

    assert str(build_folder(entries, PROFILES[profile], forget).cid) == cid


@pytest.mark.parametrize(
    ("profile", "cid"),
    [
        ("unixfs-v0-2015", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
        ("unixfs-v1-2025", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
        ("legacy-v1", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    ],
)
def test_digest_bytes__hello_world__cid_that_kubo_publishes(profile, cid):
    result = digest_bytes(b"hello world", profile)

    assert result.cid == cid
    assert result.sha256 == hashlib.sha256(b"hello world").hexdigest()


@given(st.binary(max_size=200), st.integers(1, 50), st.sampled_from(sorted(TINY)))
def test_build_file__stream_that_gives_little_at_a_time__same_cid_as_bytes(data, step, profile):
    class Pipe(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, step))

    dribbled = build_file(read_chunks(Pipe(data), TINY[profile]), TINY[profile], forget)

    assert dribbled == tree_of(data, TINY[profile])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("size", [0, 1, (256 << 10) + 1, (1 << 20) - 1, 1 << 20, (2 << 20) + 5])
def test_digest_file__any_size__same_as_bytes_and_sha256(tmp_path, profile, size):
    data = random.Random(size).randbytes(size)
    (tmp_path / "file").write_bytes(data)

    result = digest_file(tmp_path / "file", profile)

    assert result == digest_bytes(data, profile)
    assert (result.size, result.sha256) == (size, hashlib.sha256(data).hexdigest())


def test_digest_file__with_progress__ends_at_the_size(tmp_path):
    (tmp_path / "file").write_bytes(bytes(3 << 20))
    told: list[tuple[int, int]] = []

    digest_file(tmp_path / "file", progress=lambda done, total: told.append((done, total)))

    assert told == [(1 << 20, 3 << 20), (2 << 20, 3 << 20), (3 << 20, 3 << 20)]


def test_digest_file__missing_file__storage_error(tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        digest_file(tmp_path / "nowhere")


def test_digest_file__folder_with_a_symbolic_link__storage_error(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")

    with pytest.raises(StorageError, match="neither a file nor a folder"):
        digest_file(tmp_path / "folder")


def test_find_profile__unknown__storage_error_names_the_known():
    with pytest.raises(StorageError) as caught:
        find_profile("sha1")
    assert "unixfs-v0-2015" in caught.value.hint


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "../x", "a\0b", "\udcff"])
def test_check_name__leads_out_of_the_folder_or_is_no_text__storage_error(name):
    with pytest.raises(StorageError):
        check_name(name)
