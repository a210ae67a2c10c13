"""ONNX files are read as what they compute, or refused before they do harm.

read_onnx
├── networks: gemm, matmul + add, scaling in front, softmax, sigmoid or labels behind
├── linear models, one input a column
├── trees: each way to compare, one score for two classes, averages
├── what it cannot read: named
└── what is malicious, damaged or large: refused
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, load, numpy_helper, save
from onnx.reference import ReferenceEvaluator

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.models.integer import predict_real, quantize, read_onnx
from orchestrator.models.integer.reading import onnxfile

RNG = np.random.default_rng(0)
NAMES = ["a", "b", "c", "d"]
SAMPLES = RNG.integers(0, 256, (60, 4))
ML = "ai.onnx.ml"


def node(operator: str, inputs: str, outputs: str = "y", domain: str = "", **attributes: Any) -> Any:
    return helper.make_node(operator, inputs.split(), outputs.split(), domain=domain, **attributes)


def write(path: Path, nodes: list[Any], width: int = 4, inputs: Any = None, **constants: Any) -> Path:
    entries = inputs or {"x": width}
    graph = helper.make_graph(
        nodes,
        "model",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size])
            for name, size in entries.items()
        ],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
    save(helper.make_model(graph, opset_imports=versions), path)
    return path


def said(file: Path, samples: Any = SAMPLES, inputs: Any = None) -> Any:
    """What the reference implementation of ONNX says."""
    table = {"x": samples.astype(np.float32)} if inputs is None else inputs
    return ReferenceEvaluator(str(file)).run(None, table)[0]


def weights(*shape: int) -> Any:
    return RNG.normal(0, 0.02, shape).astype(np.float32)


def labels(*names: int) -> Any:
    return np.array(names, np.int64)


NETWORK = [node("Gemm", "x w v", "h"), node("Relu", "h", "r"), node("Gemm", "r u t", "o")]
PARTS = {"w": weights(4, 6), "v": weights(6), "u": weights(6, 3), "t": weights(3)}


@pytest.mark.parametrize(
    "nodes",
    [
        [*NETWORK, node("ArgMax", "o", axis=1, keepdims=0)],
        [
            *(node("Sub", "x mean", "x1"), node("Div", "x1 spread", "x2"), node("Flatten", "x2", "x3")),
            *(node("MatMul", "x3 w", "m"), node("Add", "v m", "h"), node("Relu", "h", "r")),
            *(node("Identity", "r", "r2"), node("MatMul", "r2 u", "m2"), node("Add", "m2 t", "o")),
            *(node("Softmax", "o", "p"), node("ArgMax", "p", axis=1, keepdims=0)),
        ],
        [
            node("Scaler", "x", "s", ML, offset=[10.0, 20.0, 0.0, 5.0], scale=[0.1, 0.01, -0.02, 1.0]),
            *(node("Cast", "s", "c", to=TensorProto.FLOAT), node("Gemm", "c w v", "h", alpha=2.0, beta=0.5)),
            *(node("Relu", "h", "r"), node("Gemm", "r turned t", "o", transB=1)),
            *(node("ArgMax", "o", "k", axis=1), node("ArrayFeatureExtractor", "names k", "n", ML)),
            *(node("Cast", "n", "l", to=TensorProto.INT64), node("Reshape", "l flat")),
        ],
        [
            *(node("Gather", "x swapped", "g", axis=1), node("Gemm", "g w v", "h"), node("Relu", "h", "r")),
            *(node("Gemm", "r u t", "o"), node("ArgMax", "o", axis=1, keepdims=0)),
        ],
    ],
    ids=["gemm", "matmul and scaling", "scaler and labels", "gather"],
)
def test_read_onnx__network__says_what_the_reference_says(tmp_path: Path, nodes: list[Any]) -> None:
    more = {
        "mean": weights(4) + 100,
        "spread": weights(4) + 50,
        "turned": PARTS["u"].T,
        "names": labels(0, 1, 2),
    }
    more |= {"flat": labels(-1), "swapped": labels(3, 0, 2, 1)}
    file = write(tmp_path / "m.onnx", nodes, **PARTS, **more)
    real = read_onnx(file, NAMES, 3)
    assert predict_real(real, SAMPLES, 3).tolist() == np.ravel(said(file)).tolist()
    assert quantize(real, SAMPLES, 3).agreement > 0.95


def test_read_onnx__sigmoid_and_labels_of_two_classes__the_tail_changes_nothing(tmp_path: Path) -> None:
    nodes = [
        *(node("MatMul", "x w", "m"), node("Add", "m v", "h"), node("Sigmoid", "h", "p")),
        *(
            node("Sub", "one p", "q"),
            node("Concat", "q p", "both", axis=1),
            node("ArgMax", "both", "k", axis=1),
        ),
        *(node("ArrayFeatureExtractor", "names k", "n", ML), node("Reshape", "n flat")),
    ]
    parts = {"one": np.float32([1]), "names": labels(0, 1), "flat": labels(-1)}
    file = write(tmp_path / "m.onnx", nodes, w=weights(4, 1), v=weights(1) - 0.5, **parts)
    found = predict_real(read_onnx(file, NAMES, 2), SAMPLES, 2)
    assert found.tolist() == said(file).tolist()
    assert 0 < found.mean() < 1


def test_read_onnx__linear_classifier_of_some_classes__the_others_never_win(tmp_path: Path) -> None:
    attributes = {"coefficients": np.ravel(weights(2, 4)).tolist(), "intercepts": [0.1, -0.3]}
    nodes = [node("LinearClassifier", "x", "y p", ML, classlabels_ints=[3, 1], **attributes)]
    file = write(tmp_path / "m.onnx", nodes)
    assert predict_real(read_onnx(file, NAMES, 5), SAMPLES, 5).tolist() == said(file).tolist()


def test_read_onnx__linear_regressor_on_named_columns__found_by_their_names(tmp_path: Path) -> None:
    nodes = [
        node("Concat", "d b", "x", axis=1),
        node("LinearRegressor", "x", "y", ML, coefficients=[0.5, -2.0], intercepts=[7.0]),
    ]
    file = write(tmp_path / "m.onnx", nodes, inputs={"b": 1, "d": 1})
    columns = {name: SAMPLES[:, [NAMES.index(name)]].astype(np.float32) for name in "bd"}
    expected = said(file, inputs=columns)[:, 0]
    assert predict_real(read_onnx(file, NAMES, 0), SAMPLES, 0) == pytest.approx(expected)
    with pytest.raises(ModelError, match="a column 'd', which"):
        read_onnx(file, ["b", "c"], 0)


def stump(mode: str) -> dict[str, Any]:
    """Two trees: one compares by `mode`, one is a leaf."""
    return {
        "nodes_treeids": [0, 0, 0, 1],
        "nodes_nodeids": [0, 1, 2, 0],
        "nodes_featureids": [2, 0, 0, 0],
        "nodes_modes": [mode, "LEAF", "LEAF", "LEAF"],
        "nodes_values": [float(SAMPLES[7, 2]), 0.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0, 0],
        "nodes_falsenodeids": [2, 0, 0, 0],
    }


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
@pytest.mark.parametrize("turned", [False, True])
def test_read_onnx__trees__compare_as_the_reference_does(tmp_path: Path, mode: str, turned: bool) -> None:
    ids = {"class_treeids": [0, 0, 1, 1], "class_nodeids": [1, 2, 0, 0], "class_ids": [0, 2, 1, 2]}
    trees = stump(mode) | ids | {"class_weights": [0.9, 0.8, 0.5, 0.1], "classlabels_int64s": [0, 1, 2]}
    scale = -1.0 if turned else 1.0
    trees["nodes_values"] = [scale * value for value in trees["nodes_values"]]
    nodes = [node("Mul", "scale x", "s"), node("TreeEnsembleClassifier", "s", "y p", ML, **trees)]
    file = write(tmp_path / "m.onnx", nodes, scale=np.float32([scale]))
    real = read_onnx(file, NAMES, 3)
    found = predict_real(real, SAMPLES, 3)
    assert found.tolist() == said(file).tolist()
    assert set(found) == {0, 2}
    assert quantize(real, SAMPLES, 3).agreement == 1


def test_read_onnx__one_score_for_two_classes__is_that_of_the_second(tmp_path: Path) -> None:
    ids = {"class_treeids": [0, 0, 1], "class_nodeids": [1, 2, 0], "class_ids": [0, 0, 0]}
    trees = stump("BRANCH_LEQ") | ids | {"class_weights": [0.7, -0.2, -0.1], "classlabels_int64s": [0, 1]}
    nodes = [node("TreeEnsembleClassifier", "x", "y p", ML, post_transform="LOGISTIC", **trees)]
    file = write(tmp_path / "m.onnx", nodes)
    assert predict_real(read_onnx(file, NAMES, 2), SAMPLES, 2).tolist() == said(file).tolist()


def test_read_onnx__tree_regressor__averages(tmp_path: Path) -> None:
    ids = {"target_treeids": [0, 0, 1], "target_nodeids": [1, 2, 0], "target_ids": [0, 0, 0]}
    trees = stump("BRANCH_LT") | ids | {"target_weights": [10.0, 20.0, 6.0], "base_values": [1.0]}
    nodes = [node("TreeEnsembleRegressor", "x", "y", ML, n_targets=1, aggregate_function="AVERAGE", **trees)]
    file = write(tmp_path / "m.onnx", nodes)
    expected = np.where(SAMPLES[:, 2] < SAMPLES[7, 2], 5.0, 10.0) + 3 + 1
    assert predict_real(read_onnx(file, NAMES, 0), SAMPLES, 0) == pytest.approx(expected)
    with pytest.raises(ModelError, match="predicts numbers, the task asks for classes"):
        read_onnx(file, NAMES, 2)


@pytest.mark.parametrize(
    ("nodes", "stopped"),
    [
        ([node("Tanh", "x")], "Tanh"),
        (
            [node("Gemm", "x w v", "h"), node("Sigmoid", "h", "s"), node("Gemm", "s u t")],
            "Sigmoid before Gemm",
        ),
        ([node("Relu", "x", domain="my.own")], "my.own.Relu"),
    ],
)
def test_read_onnx__unsupported__names_it_and_what_is_supported(
    tmp_path: Path, nodes: list[Any], stopped: str
) -> None:
    file = write(tmp_path / "m.onnx", nodes, **PARTS)
    with pytest.raises(ModelError, match=f"has {stopped}, which is not supported") as caught:
        read_onnx(file, NAMES, 3)
    assert "Gemm" in caught.value.hint
    assert "TreeEnsembleClassifier" in caught.value.hint


@pytest.mark.parametrize(
    ("nodes", "stopped"),
    [
        ([node("Add", "x x")], "Add"),
        ([node("Transpose", "x")], "Transpose"),
        ([node("Gemm", "x w v", "h"), node("Cast", "h", to=TensorProto.INT8)], "Cast"),
    ],
)
def test_read_onnx__use_of_a_known_operator__is_told_apart(
    tmp_path: Path, nodes: list[Any], stopped: str
) -> None:
    with pytest.raises(ModelError, match=f"a use of {stopped} that is not supported") as caught:
        read_onnx(write(tmp_path / "m.onnx", nodes, **PARTS), NAMES, 3)
    assert "Rows must stay rows" in caught.value.hint


def test_read_onnx__classes_that_are_texts__says_what_to_do(tmp_path: Path) -> None:
    words = {"classlabels_strings": ["no", "yes"], "coefficients": [1.0] * 2 * len(NAMES)}
    classifier = node("LinearClassifier", "x", domain=ML, **words)
    with pytest.raises(ModelError, match="a use of LinearClassifier") as caught:
        read_onnx(write(tmp_path / "m.onnx", [classifier]), NAMES, 2)
    assert "whole numbers, not texts" in caught.value.hint


def test_read_onnx__weights_that_are_a_vector__are_one_output(tmp_path: Path) -> None:
    vector = np.arange(1, len(NAMES) + 1, dtype=np.float32)
    nodes = [node("MatMul", "x u", "h"), node("Add", "h c", "y")]
    parts = {"u": vector, "c": np.array([0.5], np.float32)}
    found = read_onnx(write(tmp_path / "m.onnx", nodes, **parts), NAMES, 0)
    assert predict_real(found, SAMPLES, 0).tolist() == (SAMPLES @ vector + 0.5).tolist()
    ended = [node("MatMul", "x u", "h"), node("Exp", "h", "y")]
    with pytest.raises(ModelError, match="has Exp, which is not supported"):
        read_onnx(write(tmp_path / "m.onnx", ended, **parts), NAMES, 0)


def test_read_onnx__first_output_not_supported__no_other_is_scored(tmp_path: Path) -> None:
    nodes = [node("Gemm", "x w v", "h"), node("Tanh", "h", "y"), node("Softmax", "h", "p")]
    graph_file = write(tmp_path / "m.onnx", nodes, **PARTS)
    model = load(graph_file)
    model.graph.output.append(helper.make_empty_tensor_value_info("p"))
    save(model, graph_file)
    with pytest.raises(ModelError, match="has Tanh, which is not supported"):
        read_onnx(graph_file, NAMES, 3)


def test_read_onnx__transposed_weights__are_the_weights(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.onnx", [node("Gemm", "x w v")], **PARTS)
    turned = PARTS | {"w": np.asarray(PARTS["w"]).T}
    nodes = [node("Transpose", "w", "wt", perm=[1, 0]), node("Gemm", "x wt v")]
    other = write(tmp_path / "b.onnx", nodes, **turned)
    found, same = (read_onnx(file, NAMES, 3) for file in (plain, other))
    assert np.array_equal(found.layers[-1].weights, same.layers[-1].weights)


def test_read_onnx__input_of_several_dimensions__counts_all(tmp_path: Path) -> None:
    file = write(tmp_path / "m.onnx", [node("Flatten", "x", "f"), node("Gemm", "f w v")], **PARTS)
    model = load(file)
    del model.graph.input[:]
    model.graph.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1, 2, 2]))
    save(model, file)
    assert read_onnx(file, NAMES, 3)


def test_read_onnx__another_shape__says_both(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="takes 4 inputs, the competition's samples have 2"):
        read_onnx(write(tmp_path / "m.onnx", NETWORK, **PARTS), ["a", "b"], 3)
    with pytest.raises(ModelError, match="Gemm does not fit"):
        read_onnx(write(tmp_path / "m.onnx", NETWORK, width=0, **PARTS), ["a", "b"], 3)


def test_read_onnx__weights_in_another_file__not_opened(tmp_path: Path) -> None:
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 3])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../etc/passwd")
    graph = helper.make_graph(
        [node("MatMul", "x w")],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_empty_tensor_value_info("y")],
        [outside],
    )
    file = tmp_path / "m.onnx"
    file.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(UntrustedModel, match="keeps 'w' in another file"):
        read_onnx(file, NAMES, 3)


def test_read_onnx__larger_than_any_model__refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "m.onnx", NETWORK, **PARTS)
    monkeypatch.setattr(onnxfile, "LARGEST_FILE", file.stat().st_size - 1)
    monkeypatch.setattr(Path, "read_bytes", None)
    with pytest.raises(ModelError, match="more than"):
        read_onnx(file, NAMES, 3)


def test_read_onnx__damaged__refused(tmp_path: Path) -> None:
    content = write(tmp_path / "m.onnx", NETWORK, **PARTS).read_bytes()
    file = tmp_path / "cut.onnx"
    for cut in (0, 10, len(content) // 2):
        file.write_bytes(content[:cut])
        with pytest.raises(ModelError):
            read_onnx(file, NAMES, 3)
    huge = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 40, 1 << 40], raw_data=b"1234")
    graph = helper.make_graph([node("MatMul", "x w")], "model", [], [], [huge])
    file.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(ModelError, match="cut short"):
        read_onnx(file, NAMES, 3)


@pytest.mark.parametrize("seed", range(4))
def test_read_onnx__bytes_changed_at_random__read_or_refused(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trees = {"class_treeids": [0, 0, 1], "class_nodeids": [1, 2, 0], "class_ids": [0, 2, 1]}
    trees |= stump("BRANCH_LT") | {"class_weights": [0.9, 0.8, 0.5], "classlabels_int64s": [0, 1, 2]}
    network = [
        node("Scaler", "x", "x1", ML, scale=[0.5], offset=[1.0]),
        *NETWORK,
        node("ArgMax", "o", axis=1),
    ]
    forest = [node("TreeEnsembleClassifier", "x", "y p", ML, **trees)]
    file = write(tmp_path / "m.onnx", forest if seed % 2 else network, **PARTS)
    content = file.read_bytes()
    for _ in range(60):
        changed = bytearray(content)
        for place in rng.integers(0, len(changed), int(rng.integers(1, 5))):
            changed[place] = int(rng.integers(256))
        file.write_bytes(changed)
        with suppress(ModelError):
            quantize(read_onnx(file, NAMES, 3), SAMPLES, 3)


def test_read_onnx__doubled_without_end__refused(tmp_path: Path) -> None:
    doubling = [node("Concat", f"x{i} x{i}", f"x{i + 1}", axis=1) for i in range(40)]
    nodes = [node("Identity", "x", "x0"), *doubling, node("ArgMax", "x40", axis=1)]
    with pytest.raises(ModelError, match="wider than 4096"):
        read_onnx(write(tmp_path / "m.onnx", nodes), NAMES, 3)


def test_read_onnx__a_tree_that_is_a_circle__refused(tmp_path: Path) -> None:
    trees = stump("BRANCH_LEQ") | {"nodes_truenodeids": [0, 0, 0, 0]}
    ids = {"target_treeids": [0], "target_nodeids": [2], "target_ids": [0], "target_weights": [1.0]}
    nodes = [node("TreeEnsembleRegressor", "x", "y", ML, n_targets=1, **trees, **ids)]
    with pytest.raises(ModelError, match="a tree is damaged"):
        read_onnx(write(tmp_path / "m.onnx", nodes), NAMES, 0)


def test_read_onnx__package_missing__says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "m.onnx", NETWORK, **PARTS)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModelError, match="needs the package onnx") as caught:
        read_onnx(file, NAMES, 3)
    assert "pip install" in caught.value.hint
