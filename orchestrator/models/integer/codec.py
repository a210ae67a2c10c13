"""Models to bytes and back: the encoding of contracts/models/integer/IModelRunner.sol."""

import struct

import numpy as np

from orchestrator.errors import ModelError
from orchestrator.models.integer.models import IntegerModel, IntegerNetwork, IntegerTrees, Layer, Tree

NETWORK, TREES = 1, 2
LEAF = 0xFFFF
_TREES_HEADER = ">BHHBHHH"


def encode_model(model: IntegerModel) -> bytes:
    """The bytes that the contract takes for `model`."""
    return _encode_network(model) if isinstance(model, IntegerNetwork) else _encode_trees(model)


def decode_model(data: bytes) -> IntegerModel:
    """The model in `data`; raises ModelError unless it is well-formed and nothing is left over."""
    try:
        if data[:1] == bytes([NETWORK]):
            return _decode_network(data)
        if data[:1] == bytes([TREES]):
            return _decode_trees(data)
    except (struct.error, ValueError, IndexError) as error:
        raise ModelError(f"an encoded model is cut short: {error}", "Fetch it again.") from error
    raise ModelError("this is not an encoded integer model", "Its first byte is 01 (network) or 02 (trees).")


def _encode_network(network: IntegerNetwork) -> bytes:
    layers = network.layers
    sizes = [network.inputs, *(layer.weights.shape[0] for layer in layers)]
    header = bytes([NETWORK, len(layers)]) + np.array(sizes, ">u2").tobytes()
    header += bytes(layer.shift for layer in layers)
    return header + b"".join(_encode_layer(layer) for layer in layers)


def _encode_layer(layer: Layer) -> bytes:
    outputs, inputs = layer.weights.shape
    rows = np.empty((outputs, 4 + inputs), np.uint8)
    rows[:, :4] = layer.biases.astype(">i4").view(np.uint8).reshape(outputs, 4)
    rows[:, 4:] = layer.weights + 128
    return rows.tobytes()


def _decode_network(data: bytes) -> IntegerNetwork:
    count = data[1]
    sizes = struct.unpack_from(f">{count + 1}H", data, 2)
    offset = 4 + 2 * count
    shifts = data[offset : offset + count]
    offset += count
    layers = []
    for inputs, outputs, shift in zip(sizes, sizes[1:], shifts, strict=False):
        block = np.frombuffer(data, np.uint8, outputs * (4 + inputs), offset).reshape(outputs, 4 + inputs)
        biases = np.ascontiguousarray(block[:, :4]).view(">i4").reshape(outputs)
        layers.append(Layer(block[:, 4:].astype(np.int64) - 128, biases.astype(np.int64), shift))
        offset += block.size
    _check_length(data, offset)
    return IntegerNetwork(tuple(layers))


def _encode_trees(model: IntegerTrees) -> bytes:
    starts = np.cumsum([0, *(len(tree.features) for tree in model.trees)])
    header = struct.pack(
        _TREES_HEADER,
        TREES,
        model.inputs,
        model.outputs,
        model.shift,
        len(model.trees),
        int(starts[-1]),
        len(model.rows),
    )
    nodes = b"".join(
        _encode_nodes(tree, int(start)) for tree, start in zip(model.trees, starts, strict=False)
    )
    roots = starts[:-1].astype(">u2").tobytes()
    return header + model.biases.astype(">i4").tobytes() + roots + nodes + model.rows.astype(">i2").tobytes()


def _encode_nodes(tree: Tree, start: int) -> bytes:
    return b"".join(
        struct.pack(">HBH", LEAF, 0, target)
        if feature < 0
        else struct.pack(">HBH", feature, threshold, target + start)
        for feature, threshold, target in zip(tree.features, tree.thresholds, tree.targets, strict=True)
    )


def _decode_trees(data: bytes) -> IntegerTrees:
    _, inputs, outputs, shift, count, nodes, rows = struct.unpack_from(_TREES_HEADER, data)
    offset = struct.calcsize(_TREES_HEADER)
    biases = np.frombuffer(data, ">i4", outputs, offset)
    offset += 4 * outputs
    roots = struct.unpack_from(f">{count}H", data, offset)
    if roots[:1] != (0,):
        raise ValueError("the first tree does not begin with the first node")
    offset += 2 * count
    table = [struct.unpack_from(">HBH", data, offset + 5 * node) for node in range(nodes)]
    offset += 5 * nodes
    leaves = np.frombuffer(data, ">i2", rows * outputs, offset).reshape(rows, outputs)
    _check_length(data, offset + 2 * rows * outputs)
    trees = tuple(
        _decode_tree(table[root:end], root) for root, end in zip(roots, [*roots[1:], nodes], strict=True)
    )
    return IntegerTrees(inputs, trees, leaves.astype(np.int64), biases.astype(np.int64), shift)


def _decode_tree(table: list[tuple[int, int, int]], start: int) -> Tree:
    features = tuple(-1 if feature == LEAF else feature for feature, _, _ in table)
    targets = tuple(target if feature == LEAF else target - start for feature, _, target in table)
    return Tree(features, tuple(threshold for _, threshold, _ in table), targets)


def _check_length(data: bytes, expected: int) -> None:
    if len(data) != expected:
        raise ModelError(f"an encoded model has {len(data)} bytes, not {expected}", "Fetch it again.")
