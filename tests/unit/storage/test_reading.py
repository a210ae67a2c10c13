"""Graphs whose every hash is right, made by somebody who means harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import CidError, IntegrityError, StorageError
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.storage.dagpb import FILE, FOLDER, SHARD, SYMLINK, Link, Node, varint
from orchestrator.storage.reading import MAX_DEPTH, is_folder, list_folder, read_file, walk


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
