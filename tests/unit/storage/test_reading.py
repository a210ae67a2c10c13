"""Graphs whose every hash is right, made by somebody who means harm."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import CidError, IntegrityError, StorageError
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.storage.dagpb import FILE, FOLDER, SHARD, SYMLINK, Link, Node, varint
from orchestrator.storage.local import LocalStore
from orchestrator.storage.reading import MAX_DEPTH, extent, is_folder, list_folder, read_file, walk


class Blocks(dict[Cid, bytes]):
    def add(self, block: bytes, codec: int = RAW) -> Cid:
        cid = Cid.of(block, codec)
        self[cid] = block
        return cid

    def node(self, node: Node) -> Cid:
        return self.add(node.encode(), DAG_PB)


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


def link(cid: Cid, name: bytes = b"", size: int = 1) -> Link:
    return Link(cid, name, size)


@pytest.mark.parametrize("name", [b"..", b".", b"", b"../../etc/cron.d/x", b"/etc/passwd", b"a\0", b"\xff"])
def test_list_folder__name_that_leads_out__integrity_error(blocks, name):
    folder = blocks.node(Node(FOLDER, (link(blocks.add(b"x"), name),)))

    with pytest.raises(IntegrityError, match="not safe to write"):
        list_folder(folder, blocks.__getitem__)


def test_list_folder__same_name_twice__integrity_error(blocks):
    entry = blocks.add(b"x")
    folder = blocks.node(Node(FOLDER, (link(entry, b"a"), link(entry, b"a"))))

    with pytest.raises(IntegrityError):
        list_folder(folder, blocks.__getitem__)


def test_list_folder__file__storage_error(blocks):
    with pytest.raises(StorageError, match="is a file"):
        list_folder(blocks.add(b"x"), blocks.__getitem__)


def test_read_file__folder__storage_error(blocks):
    with pytest.raises(StorageError, match="is a folder"):
        list(read_file(blocks.node(Node(FOLDER)), blocks.__getitem__))


def test_is_folder__symbolic_link__storage_error(blocks):
    with pytest.raises(StorageError, match="neither"):
        is_folder(blocks.node(Node(SYMLINK, data=b"/etc/passwd")), blocks.__getitem__)


@pytest.mark.parametrize(
    ("size", "sizes"), [(3, (2,)), (2, (3,)), (None, (3,)), (2, ()), (4, (2, 2))], ids=repr
)
def test_read_file__sizes_that_do_not_add_up__integrity_error(blocks, size, sizes):
    root = blocks.node(Node(FILE, (link(blocks.add(b"xy")),), size=size, sizes=sizes))

    with pytest.raises(IntegrityError, match="contradicts"):
        list(read_file(root, blocks.__getitem__))


def test_read_file__small_blocks_that_claim_to_unfold_into_petabytes__ends_at_the_first_lie(blocks):
    cid = blocks.add(b"x")
    for _ in range(10):
        cid = blocks.node(Node(FILE, (link(cid),) * 100, size=100, sizes=(1,) * 100))

    with pytest.raises(IntegrityError):
        list(read_file(cid, blocks.__getitem__))


def test_read_file__nested_beyond_reason__integrity_error(blocks):
    cid = blocks.add(b"x")
    for _ in range(MAX_DEPTH + 1):
        cid = blocks.node(Node(FILE, (link(cid),), size=1, sizes=(1,)))

    with pytest.raises(IntegrityError):
        list(read_file(cid, blocks.__getitem__))


def test_list_folder__shards_nested_beyond_reason__integrity_error(blocks):
    cid = blocks.node(Node(SHARD, (link(blocks.add(b"x"), b"00name"),), data=b"\1", fanout=256))
    for _ in range(MAX_DEPTH + 1):
        cid = blocks.node(Node(SHARD, (link(cid, b"00"),), data=b"\1", fanout=256))

    with pytest.raises(IntegrityError):
        list_folder(cid, blocks.__getitem__)


def test_walk__link_with_another_hash_function__integrity_error(blocks):
    foreign = b"\x01\x55\x13\x40" + bytes(64)
    inner = b"\x0a" + varint(len(foreign)) + foreign
    block = b"\x12" + varint(len(inner)) + inner + b"\x0a\x02\x08\x02"

    with pytest.raises(IntegrityError, match="multihash") as caught:
        list(walk(blocks.add(block, DAG_PB), blocks.__getitem__))
    assert isinstance(caught.value.__cause__.__cause__, CidError)


def test_walk__same_block_twice__yielded_once(blocks):
    leaf = blocks.add(b"x")
    root = blocks.node(Node(FILE, (link(leaf), link(leaf)), size=2, sizes=(1, 1)))

    assert [cid for cid, _ in walk(root, blocks.__getitem__)] == [root, leaf]


@given(st.binary(max_size=60))
def test_decode__any_bytes__node_or_integrity_error(block):
    try:
        node = Node.decode(block)
    except IntegrityError:
        return
    assert isinstance(node.kind, int)


NODES = st.builds(
    lambda links, data, sizes, size: Node(FILE, tuple(links), data, size, tuple(sizes)),
    st.lists(
        st.builds(
            lambda digest, name, size: Link(Cid(1, RAW, digest), name, size),
            st.binary(min_size=32, max_size=32),
            st.binary(max_size=20),
            st.integers(0, 2**62),
        ),
        max_size=5,
    ),
    st.none() | st.binary(max_size=30),
    st.lists(st.integers(0, 2**62), max_size=5),
    st.none() | st.integers(0, 2**62),
)


@given(NODES)
def test_decode__what_encode_wrote__same_node(node):
    assert Node.decode(node.encode()) == node


@given(NODES, st.data())
def test_decode__cut_off__integrity_error(node, data):
    block = node.encode()

    with pytest.raises(IntegrityError):
        Node.decode(block[: data.draw(st.integers(0, len(block) - 1))])


def unfolding_file(blocks: Blocks, levels: int, width: int, leaf: bytes) -> Cid:
    """A file of `levels` blocks above one leaf, each of which names the one below `width` times."""
    cid, size = blocks.add(leaf), len(leaf)
    for _ in range(levels):
        links = (link(cid, size=size),) * width
        cid = blocks.node(Node(FILE, links, size=size * width, sizes=(size,) * width))
        size *= width
    return cid


def doubling_folder(blocks: Blocks, levels: int, leaf: bytes = b"x") -> Cid:
    cid = blocks.add(leaf)
    for _ in range(levels):
        cid = blocks.node(Node(FOLDER, (link(cid, b"a"), link(cid, b"b"))))
    return cid


def nested_folder(blocks: Blocks, levels: int) -> Cid:
    cid = blocks.add(b"x")
    for _ in range(levels):
        cid = blocks.node(Node(FOLDER, (link(cid, b"a"),)))
    return cid


def kept(store: LocalStore, blocks: Blocks) -> LocalStore:
    with store._adding() as batch:
        for cid, block in blocks.items():
            batch.write(cid, block)
    return store


def counted(blocks: Blocks) -> tuple[list[Cid], "Callable[[Cid], bytes]"]:
    asked: list[Cid] = []
    return asked, lambda cid: (asked.append(cid), blocks[cid])[1]


def test_get__few_blocks_that_unfold_to_petabytes__refused_before_the_first_byte(store, blocks, tmp_path):
    root = unfolding_file(blocks, 3, 20_000, b"x" * 1050)
    size = 1050 * 20_000**3
    assert size > 8 * 10**15
    assert sum(map(len, blocks.values())) < 4 << 20
    kept(store, blocks)
    for attempt in (
        lambda: store.get(str(root), tmp_path / "out"),
        lambda: next(store.stream(str(root))),
        lambda: store.read(str(root), limit=1000),
        lambda: store.pin(str(root)),
        lambda: store.stat(str(root)),
    ):
        with pytest.raises(StorageError, match=f"unfolds to {size} bytes"):
            attempt()
    assert not list(tmp_path.glob("out*"))


def test_get__more_than_the_manifest_says__refused(store, tmp_path):
    cid = store.put(b"x" * 1001).cid
    with pytest.raises(StorageError, match="unfolds to 1001 bytes, and at most 1000"):
        store.get(cid, tmp_path / "out", limit=1000)
    assert store.get(cid, tmp_path / "out", limit=1001).read_bytes() == b"x" * 1001


def test_get__folders_that_double__refused_after_reading_each_once(store, blocks, tmp_path):
    root = doubling_folder(blocks, 60)
    asked, fetch = counted(blocks)
    with pytest.raises(StorageError, match="unfolds to 1152921504606846976 bytes"):
        extent(root, fetch)
    assert len(asked) < 4 * len(blocks)
    kept(store, blocks)
    for attempt in (lambda: store.get(str(root), tmp_path / "out"), lambda: store.pin(str(root))):
        with pytest.raises(StorageError, match="unfolds to"):
            attempt()


def test_get__empty_files_in_folders_that_double__refused_by_their_number(blocks):
    root = doubling_folder(blocks, 40, b"")
    with pytest.raises(StorageError, match="files and folders, and at most 1000000"):
        extent(root, blocks.__getitem__)


def test_get__chain_of_1500_folders__refused(store, blocks, tmp_path):
    root = nested_folder(blocks, 1500)
    kept(store, blocks)
    for attempt in (
        lambda: store.get(str(root), tmp_path / "out"),
        lambda: store.pin(str(root)),
        lambda: store.stat(str(root)),
    ):
        with pytest.raises(StorageError, match="nested too deeply"):
            attempt()
    store.export_car(str(root), tmp_path / "deep.car")
    with LocalStore(tmp_path / "other") as other, pytest.raises(StorageError, match="nested too deeply"):
        other.import_car(tmp_path / "deep.car")


def test_extent__folders_as_deep_as_allowed__are_read(blocks):
    assert extent(nested_folder(blocks, MAX_DEPTH), blocks.__getitem__) == (1, MAX_DEPTH + 1)


def test_put__folders_that_could_not_be_read_again__refused(store, tmp_path):
    deep = tmp_path.joinpath("top", *["a"] * (MAX_DEPTH + 1))
    deep.mkdir(parents=True)
    with pytest.raises(StorageError, match="nested too deeply"):
        store.put(tmp_path / "top")


def test_read_file__links_that_hold_nothing__refused(blocks):
    root = unfolding_file(blocks, 60, 2, b"")
    with pytest.raises(IntegrityError, match="contradicts itself"):
        list(read_file(root, blocks.__getitem__))


def test_read_file__a_block_for_each_byte__ends(blocks):
    root = unfolding_file(blocks, 25, 2, b"x")
    asked, fetch = counted(blocks)
    with pytest.raises(StorageError, match="far more blocks than its content needs"):
        for _ in read_file(root, fetch):
            pass
    assert len(asked) < 60_000


def test_list_folder__shards_that_double__refused(blocks):
    shard = blocks.node(Node(SHARD, (), data=b"", fanout=256))
    for _ in range(60):
        shard = blocks.node(Node(SHARD, (link(shard, b"00"), link(shard, b"01")), data=b"", fanout=256))
    asked, fetch = counted(blocks)
    with pytest.raises(IntegrityError, match="contradicts itself"):
        list_folder(shard, fetch)
    assert len(asked) < 200


def test_walk__graph_without_end__ends():
    def fetch(cid: Cid) -> bytes:
        digests = [bytes([place]) + cid.digest[:31] for place in range(256)]
        return Node(
            FOLDER, tuple(link(Cid(1, DAG_PB, each), each[:8].hex().encode()) for each in digests)
        ).encode()

    root = Cid(1, DAG_PB, bytes(32))
    with pytest.raises(StorageError, match="far more blocks"):
        for _ in walk(root, fetch, 1 << 20):
            pass
