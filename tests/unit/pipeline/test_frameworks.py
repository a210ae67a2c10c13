"""
open_model, for files that strangers made
├── XGBoost, LightGBM: answers are those of the library; no index leads out of its arrays
├── safetensors: tensors lie side by side within the file; layers fit each other
├── ONNX: no other files, no foreign operators, no graphs within; labels, shares, numbers
├── ubjson: whatever the bytes are, a ValueError or a value
└── formats that run code, and those without a reader: never opened
"""

import contextlib
import json
import pickle
import re
import struct

import lightgbm
import numpy as np
import onnx
import pandas as pd
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.data import Feature
from orchestrator.learning.tensorfile import write_tensors
from orchestrator.provenance import Layer
from orchestrator.systems.prove.frameworks import ubjson
from orchestrator.systems.prove.frameworks.lightgbmfile import open_lightgbm
from orchestrator.systems.prove.frameworks.onnxfile import open_onnx
from orchestrator.systems.prove.frameworks.opening import open_model
from orchestrator.systems.prove.frameworks.safetensorsfile import open_safetensors, read_tensors
from orchestrator.systems.prove.frameworks.xgboostfile import open_xgboost
from tests.unit.provenance.samples import sample_manifest, sample_parts

X, Y = load_iris(return_X_y=True)
FRAME = pd.DataFrame(X, columns=["f0", "f1", "f2", "f3"])
GAPS = FRAME.mask(np.random.default_rng(2).random(X.shape) < 0.2)

BOOSTERS = {
    "softprob": ({"objective": "multi:softprob", "num_class": 3}, Y),
    "logistic": ({"objective": "binary:logistic"}, Y > 0),
    "number": ({"objective": "reg:squarederror"}, Y * 1.5),
    "dart": ({"booster": "dart", "objective": "binary:logistic", "rate_drop": 0.3}, Y > 0),
    "forest": ({"num_parallel_tree": 3, "subsample": 0.5, "seed": 1}, Y * 1.5),
    "pruned": ({"tree_method": "exact", "gamma": 3}, Y * 1.0),
}


def boosted(name="number", rounds=3):
    parameters, labels = BOOSTERS[name]
    return xgboost.train({**parameters, "nthread": 1}, xgboost.DMatrix(X, labels), num_boost_round=rounds)


def asked(opened, rows=FRAME):
    """All that it computes: shares where it has them, of two classes the second one's."""
    estimator = opened.estimator
    if not hasattr(estimator, "predict_proba"):
        return estimator.predict(rows)
    shares = estimator.predict_proba(rows)
    return shares[:, 1] if shares.shape[1] == 2 else shares


@pytest.mark.parametrize("form", ["json", "ubj"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_open_xgboost__any_booster_of_trees__answers_as_xgboost_does(name, form):
    booster = boosted(name)
    opened = open_xgboost(bytes(booster.save_raw(form)), ())
    for rows in (FRAME, GAPS):
        expected = booster.predict(xgboost.DMatrix(rows.to_numpy()))
        np.testing.assert_array_equal(asked(opened, rows).astype(np.float32), expected)


def test_open_xgboost__likeliest_class_objective__answers_it():
    parameters = {"objective": "multi:softmax", "num_class": 3, "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(X, Y), num_boost_round=3)
    opened = open_xgboost(bytes(booster.save_raw("json")), ("a", "b", "c"))
    expected = ["abc"[int(each)] for each in booster.predict(xgboost.DMatrix(X))]
    assert opened.estimator.predict(FRAME).tolist() == expected


def forged(change):
    model = json.loads(bytes(boosted().save_raw("json")))
    change(model["learner"], model["learner"]["gradient_booster"]["model"]["trees"][0])
    return json.dumps(model).encode()


def put(key, place, value):
    def change(_, tree):
        tree[key][place] = value

    return change


FORGERIES = {
    "child beyond": put("left_children", 0, 10**6),
    "child far below": put("right_children", 0, -5),
    "cycle": put("left_children", 0, 0),
    "two parents": lambda _, tree: tree["left_children"].__setitem__(0, tree["right_children"][0]),
    "no integer": put("left_children", 0, 1.5),
    "truth": put("left_children", 0, True),
    "feature beyond": put("split_indices", 0, 4),
    "feature below": put("split_indices", 0, -1),
    "categorical": put("split_type", 0, 1),
    "threshold beyond": put("split_conditions", 0, 1e39),
    "no number": put("split_conditions", 0, "1"),
    "missing array": lambda _, tree: tree.pop("left_children"),
    "short array": lambda _, tree: tree["split_conditions"].pop(),
    "vector leaves": lambda _, tree: tree["tree_param"].update(size_leaf_vector="3"),
    "no features": lambda learner, _: learner["learner_model_param"].update(num_feature="0"),
    "no number of features": lambda learner, _: learner["learner_model_param"].update(num_feature="x"),
    "class beyond": lambda learner, _: learner["gradient_booster"]["model"]["tree_info"].__setitem__(0, 7),
    "rounds beyond": lambda learner, _: learner["gradient_booster"]["model"].update(iteration_indptr=[0, 9]),
    "unknown booster": lambda learner, _: learner["gradient_booster"].update(name="mine"),
    "names": lambda learner, _: learner.update(feature_names=["one"]),
    "objective": lambda learner, _: learner["objective"].update(name="mine:own"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_open_xgboost__index_that_leads_out_of_a_tree__is_refused(forgery):
    with pytest.raises(ModelError, match="XGBoost model is damaged"):
        open_xgboost(forged(FORGERIES[forgery]), ())


BELIEVED = {
    "fewer nodes": lambda _, tree: tree["tree_param"].update(num_nodes="1"),
    "many nodes": lambda _, tree: tree["tree_param"].update(num_nodes="99999999999"),
    "no parent": put("parents", 2, -1),
    "parent beyond": put("parents", 2, 2**31 - 1),
    "features of a tree": lambda _, tree: tree["tree_param"].update(num_feature="0"),
    "types of features": lambda learner, _: learner.update(feature_types=["c"] * 9),
    "attributes": lambda learner, _: learner.update(attributes={"best_iteration": "9" * 99}),
    "trained with": lambda learner, _: learner.update(learner_train_param={"booster": 5}),
}


@pytest.mark.parametrize("forgery", BELIEVED)
def test_open_xgboost__what_xgboost_would_believe__is_written_anew(forgery):
    """Each of these ended, or could have ended, the process when XGBoost read the stranger's file itself."""
    expected = boosted().predict(xgboost.DMatrix(X))
    np.testing.assert_array_equal(
        asked(open_xgboost(forged(BELIEVED[forgery]), ())).astype(np.float32), expected
    )


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_open_xgboost__any_byte_changed__is_refused_or_read(place, byte):
    data = bytearray(SMALL_UBJ)
    data[place % len(data)] = byte
    with contextlib.suppress(ModelError, ValueError):
        asked(open_xgboost(bytes(data), ()), FRAME.head(2))


SMALL_UBJ = bytes(boosted(rounds=1).save_raw("ubj"))
SMALL_TEXT = lightgbm.train(
    {"objective": "regression", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, Y), num_boost_round=2
).model_to_string()

GROWN = {
    "multiclass": ({"objective": "multiclass", "num_class": 3}, Y),
    "ova": ({"objective": "multiclassova", "num_class": 3}, Y),
    "binary": ({"objective": "binary"}, Y > 0),
    "number": ({"objective": "regression"}, Y * 1.5),
    "counts": ({"objective": "poisson"}, Y * 1.5),
    "forest": ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, Y * 1.5),
    "dart": ({"objective": "binary", "boosting": "dart"}, Y > 0),
    "zero as missing": ({"objective": "regression", "zero_as_missing": True}, Y * 1.5),
    "root": ({"objective": "regression", "reg_sqrt": True}, Y * 1.5),
    "median": ({"objective": "quantile", "alpha": 0.5}, Y * 1.5),
    "tweedie": ({"objective": "tweedie"}, Y * 1.5),
    "soft labels": ({"objective": "cross_entropy"}, Y / 2),
    "soft labels, intensity": ({"objective": "cross_entropy_lambda"}, Y / 2),
    "slope": ({"objective": "binary", "sigmoid": 0.7}, Y > 0),
    "one leaf": ({"objective": "regression", "min_data_in_leaf": 1000}, Y * 1.5),
}


@pytest.mark.parametrize("name", GROWN)
def test_open_lightgbm__any_objective__answers_as_lightgbm_does(name):
    parameters, labels = GROWN[name]
    booster = lightgbm.train(
        {**parameters, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(GAPS.to_numpy(), labels.astype(float)),
        num_boost_round=4,
    )
    opened = open_lightgbm(booster.model_to_string().encode(), ())
    assert opened.names == tuple(booster.feature_name())
    for rows in (FRAME, GAPS):
        np.testing.assert_array_equal(asked(opened, rows), booster.predict(rows.to_numpy()))


def replaced(pattern, replacement):
    text, count = re.subn(pattern, replacement, SMALL_TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text.encode()


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"^left_child=\S+", "left_child=999999"),
        (r"^left_child=\S+", "left_child=0"),
        (r"^left_child=\S+", "left_child=-999999"),
        (r"^right_child=\S+", "right_child=99999999999999"),
        (r"^right_child=\S+", "right_child=x"),
        (r"^left_child=.*", "left_child=1"),
        (r"^left_child=.*\n", ""),
        (r"^split_feature=\S+", "split_feature=4"),
        (r"^split_feature=\S+", "split_feature=-1"),
        (r"^decision_type=\S+", "decision_type=1"),
        (r"^threshold=\S+", "threshold=one"),
        (r"^leaf_value=\S+", "leaf_value="),
        (r"^num_leaves=\d+", "num_leaves=100000"),
        (r"^num_leaves=\d+", "num_leaves=0"),
        (r"^num_leaves=\d+", "num_leaves=-1"),
        (r"^num_cat=0", "num_cat=1"),
        (r"^is_linear=0", "is_linear=1"),
        (r"^max_feature_idx=3", "max_feature_idx=300000000"),
        (r"^max_feature_idx=3", "max_feature_idx=0"),
        (r"^num_class=1", "num_class=0"),
        (r"^num_class=1", "num_class=7"),
        (r"^objective=regression", "objective=regression\\\\x00 machines:1"),
        (r"^objective=regression", "objective="),  # once the end of the process
        (r"^objective=regression", "objective=mine"),
        (r"^objective=regression", "objective=binary sigmoid:0"),
        (r"^objective=regression", "objective=binary sigmoid:nan"),
        (r"^objective=regression", "objective=multiclass num_class:3"),
        (r"^feature_names=\S+", "feature_names="),
        (r"^num_class=1", "num_class=1\nnum_class=1"),
        (r"^end of trees", "end"),
        (r"^pandas_categorical:.*", 'pandas_categorical:[["a", "b"]]'),
    ],
)
def test_open_lightgbm__line_that_leads_out_of_a_tree__is_refused(pattern, replacement):
    with pytest.raises(ModelError, match="LightGBM model is damaged"):
        open_lightgbm(replaced(pattern, replacement), ())


def test_open_lightgbm__sizes_and_parameters_of_a_stranger__are_not_passed_on(tmp_path):
    """LightGBM jumps by the sizes in the file, and would take parameters from its end."""
    out = tmp_path / "written"
    data = replaced(r"^tree_sizes=.*", "tree_sizes=5 99999999")
    data = data.replace(b"parameters:", b"parameters:\n[output_result: %s]" % str(out).encode())
    opened = open_lightgbm(data, ())
    expected = lightgbm.Booster(model_str=SMALL_TEXT).predict(X)
    np.testing.assert_array_equal(asked(opened), expected)
    assert not out.exists()


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_open_lightgbm__any_byte_changed__is_refused_or_read(place, byte):
    data = bytearray(SMALL_TEXT.encode())
    data[place % len(data)] = byte
    with contextlib.suppress(ModelError, ValueError):
        asked(open_lightgbm(bytes(data), ()), FRAME.head(2))


# --- safetensors

ONE = (Layer(weight="w", bias="b", activation="identity"),)


def tensors(**arrays):
    return write_tensors({name: np.asarray(array, np.float32) for name, array in arrays.items()})


def test_write_tensors__what_their_own_library_reads__is_the_same():
    from safetensors.numpy import load, save

    arrays = {"b": np.arange(3, dtype=np.float32), "a": np.ones((2, 3), np.float16), "n": np.array([[7]])}
    for name, found in load(write_tensors(arrays)).items():
        np.testing.assert_array_equal(found, arrays[name])
    for name, found in read_tensors(save(arrays)).items():
        np.testing.assert_array_equal(found, arrays[name])


@pytest.mark.parametrize(
    ("activation", "classes", "expected"),
    [
        ("identity", (), [1.5, -0.5]),
        ("relu", (), [1.5, 0.0]),
        ("identity", ("no", "yes"), ["yes", "no"]),
        ("sigmoid", ("no", "yes"), ["yes", "no"]),
    ],
)
def test_open_safetensors__one_declared_layer__computes_it(activation, classes, expected):
    layer = Layer(weight="w", bias="b", activation=activation)
    opened = open_safetensors(tensors(w=[[1, -1]], b=[0.5]), [layer], classes)
    rows = pd.DataFrame({"f0": [1.0, 0.0], "f1": [0.0, 1.0]})
    assert opened.estimator.predict(rows).tolist() == expected


@pytest.mark.parametrize(
    ("data", "layers"),
    [
        (tensors(w=[[1, 1]]), ONE),
        (tensors(w=[1, 1], b=[1]), ONE),
        (tensors(w=[[1, 1]], b=[1, 2]), ONE),
        (tensors(w=np.zeros((0, 2)), b=np.zeros(0)), ONE),
        (tensors(w=[[1, 1]], b=[1])[:-1], ONE),
        (tensors(w=[[1, 1]], b=[1]) + b"x", ONE),
        (tensors(w=[[1, 1]], b=[1]), (*ONE, Layer(weight="w", bias=None, activation="relu"))),
        (tensors(w=[[1, 1]], b=[1]).replace(b'"data_offsets":[0,4]', b'"data_offsets":[4,8]'), ONE),
        (tensors(w=[[1, 1]], b=[1]).replace(b'"data_offsets":[0,4]', b'"data_offsets":[]   '), ONE),
        (tensors(w=[[1, 1]], b=[1]).replace(b"F32", b"F99"), ONE),
        (tensors(w=[[1, 1]], b=[1]).replace(b"[1,2]", b"[9,9]"), ONE),
        (tensors(w=[[1, 1]], b=[1]).replace(b"[1,2]", b"[-1,2]"[:5]), ONE),
        ((1 << 62).to_bytes(8, "little") + b"{}", ONE),
        (b"", ONE),
        ((2).to_bytes(8, "little") + b"[]", ONE),
        ((200_000).to_bytes(8, "little") + b"[" * 200_000, ONE),
    ],
)
def test_open_safetensors__file_or_layers_that_do_not_fit__are_refused(data, layers):
    with pytest.raises(ModelError):
        open_safetensors(data, layers, ())


def test_open_safetensors__tensor_that_no_layer_uses__is_named():
    with pytest.raises(ModelError, match="`hidden`"):
        open_safetensors(tensors(w=[[1, 1]], b=[1], hidden=[1]), ONE, ())


# --- ONNX


def network(nodes, outputs, *, inputs=None, constants=(), **more):
    table = inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])]
    graph = helper.make_graph(nodes, "g", table, outputs, initializer=list(constants))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, **more)


def value(name, kind=TensorProto.FLOAT, shape=(None, 1)):
    return helper.make_tensor_value_info(name, kind, shape)


WEIGHTS = numpy_helper.from_array(np.array([[1, 0, -1], [0, 1, 1]], np.float32), "w")
PRODUCT = helper.make_node("MatMul", ["x", "w"], ["y"])
ROWS = pd.DataFrame({"f0": [1.0, 0.0], "f1": [0.0, 3.0]})
SCORES = ROWS.to_numpy() @ numpy_helper.to_array(WEIGHTS)


def test_open_onnx__table_of_scores__answers_the_best_class():
    model = network([PRODUCT], [value("y", shape=(None, 3))], constants=[WEIGHTS])
    opened = open_onnx(model.SerializeToString(), (), ("a", "b", "c"))
    assert opened.width == 2
    assert opened.estimator.predict(ROWS).tolist() == ["a", "b"]
    assert not hasattr(opened.estimator, "predict_proba")


def test_open_onnx__softmax_at_the_end__answers_shares():
    nodes = [PRODUCT, helper.make_node("Softmax", ["y"], ["z"], axis=1)]
    model = network(nodes, [value("z", shape=(None, 3))], constants=[WEIGHTS])
    shares = open_onnx(model.SerializeToString(), (), ()).estimator.predict_proba(ROWS)
    np.testing.assert_allclose(shares, np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("zipped", [False, True])
def test_open_onnx__classifier_of_a_converter__answers_its_labels_and_shares(zipped):
    nodes = [
        helper.make_node(
            "LinearClassifier",
            ["x"],
            ["label", "shares"],
            domain="ai.onnx.ml",
            classlabels_strings=["no", "yes"],
            coefficients=[1.0, -1.0, -1.0, 1.0],
            intercepts=[0.0, 0.0],
            post_transform="SOFTMAX",
        )
    ]
    outputs = [value("label", TensorProto.STRING, [None]), value("shares", shape=(None, 2))]
    if zipped:
        zip_map = {"domain": "ai.onnx.ml", "classlabels_strings": ["no", "yes"]}
        nodes.append(helper.make_node("ZipMap", ["shares"], ["zipped"], **zip_map))
        of_map = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(1, None))
        outputs[1] = helper.make_value_info("zipped", helper.make_sequence_type_proto(of_map))
    opened = open_onnx(network(nodes, outputs).SerializeToString(), (), ())
    assert opened.estimator.predict(ROWS).tolist() == ["no", "yes"]
    shares = opened.estimator.predict_proba(ROWS)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares[1, 1] > 0.9


def test_open_onnx__a_column_for_each_input__takes_them_by_name():
    inputs = [value("age"), value("town", TensorProto.STRING)]
    mapped = helper.make_node(
        "LabelEncoder",
        ["town"],
        ["t"],
        domain="ai.onnx.ml",
        keys_strings=["Oslo"],
        values_floats=[10.0],
        default_float=0.0,
    )
    total = helper.make_node("Add", ["age", "t"], ["y"])
    model = network([mapped, total], [value("y")], inputs=inputs).SerializeToString()
    opened = open_onnx(model, (), ())
    assert (opened.names, opened.texts) == (("age", "town"), True)
    rows = pd.DataFrame({"age": [1.0, 2.0], "town": pd.Series(["Oslo", "Rome"], dtype=object)})
    assert opened.estimator.predict(rows).tolist() == [11.0, 2.0]


def test_open_onnx__names_another_file__is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(np.zeros(6, np.float32).tobytes())
    outside = onnx.TensorProto()
    outside.CopyFrom(WEIGHTS)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="secret")
    as_constant = helper.make_node("Constant", [], ["w"], value=outside)
    for model in (
        network([PRODUCT], [value("y", shape=(None, 3))], constants=[outside]),
        network([as_constant, PRODUCT], [value("y", shape=(None, 3))]),
    ):
        with pytest.raises(ModelError, match="other files"):
            open_onnx(model.SerializeToString(), (), ())


def test_open_onnx__foreign_operator_or_graph_within__is_refused():
    foreign = helper.make_node("Run", ["x"], ["y"], domain="com.example")
    body = helper.make_graph([], "b", [], [])
    loop = helper.make_node("Loop", ["x", "x"], ["y"], body=body)
    function = helper.make_function("own", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)])
    for model, reason in (
        (network([foreign], [value("y")]), "com.example"),
        (network([loop], [value("y")]), "graph of its own"),
        (network([PRODUCT], [value("y")], constants=[WEIGHTS], functions=[function]), "functions"),
    ):
        with pytest.raises(ModelError, match=reason):
            open_onnx(model.SerializeToString(), (), ())


def test_open_onnx__few_bytes_that_ask_for_gigabytes__end_without_them():
    """As it is opened, where all is constant, or when it is asked."""
    side = 40_000
    sides = numpy_helper.from_array(np.array([side, side], np.int64), "sides")
    made = helper.make_node("ConstantOfShape", ["sides"], ["many"])
    column = numpy_helper.from_array(np.ones((side, 1), np.float32), "column")
    row = numpy_helper.from_array(np.ones((1, side), np.float32), "row")
    total = helper.make_node("ReduceSum", ["x"], ["t"], keepdims=1)
    scaled = helper.make_node("Mul", ["t", "column"], ["c"])
    crossed = helper.make_node("Mul", ["c", "row"], ["many"])
    end = helper.make_node("ReduceMax", ["many"], ["y"], keepdims=1)
    constant = network([made, end], [value("y")], constants=[sides]).SerializeToString()
    asked = network([total, scaled, crossed, end], [value("y")], constants=[column, row]).SerializeToString()
    assert len(constant) < 300
    with pytest.raises((ModelError, ValueError)):
        open_onnx(constant, (), ()).estimator.predict(ROWS[:1])
    with pytest.raises(ValueError, match="memory"):
        open_onnx(asked, (), ()).estimator.predict(ROWS[:1])


@pytest.mark.parametrize("data", [b"", b"\x08", b"not onnx at all", pickle.dumps(object())])
def test_open_onnx__bytes_that_are_none__are_refused(data):
    with pytest.raises(ModelError):
        open_onnx(data, (), ())


def test_open_onnx__number_of_features_left_open__is_the_manifests():
    table = [value("x", shape=(None, None))]
    model = network([PRODUCT], [value("y", shape=(None, 3))], inputs=table, constants=[WEIGHTS])
    data = model.SerializeToString()
    with pytest.raises(ModelError, match="how many features"):
        open_onnx(data, (), ())
    told = tuple(Feature(name, "numeric", False) for name in ("a", "b"))
    assert open_onnx(data, told, ()).features(told) == told


# --- UBJSON


@given(st.binary(max_size=200))
def test_ubjson_loads__any_bytes__is_a_value_or_a_value_error(data):
    with contextlib.suppress(ValueError):
        ubjson.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[$L#L" + struct.pack(">q", 1 << 60),
        b"[$L#L" + struct.pack(">q", -1),
        b"[$Z#l" + struct.pack(">i", 1 << 30),
        b"[#l" + struct.pack(">i", 1 << 30),
        b"[" + b"[$Z#I\x03\xe8" * 100_000 + b"]",
        b"SL" + struct.pack(">q", 1 << 60),
        b"{U\x01aZU\x01aZ}",
        b"[$x",
        b"ZZ",
    ],
)
def test_ubjson_loads__bomb__is_refused_at_once(data):
    with pytest.raises(ValueError, match=r"."):
        ubjson.loads(data)


# --- what is never opened


def manifest_of(kind, **training):
    parts = sample_parts()
    return sample_manifest(
        artifact={**parts["artifact"], "format": kind}, training={**parts["training"], **training}
    )


@pytest.mark.parametrize(
    "kind", ["pickle", "joblib", "pytorch", "keras", "keras-h5", "unknown", "new", "x+age"]
)
def test_open_model__format_that_runs_code__is_never_loaded(kind, tmp_path, monkeypatch):
    import os

    class Bomb:
        def __reduce__(self):
            return os.mkdir, ("exploded",)

    monkeypatch.chdir(tmp_path)
    with pytest.raises(UntrustedModel, match="can run code"):
        open_model(pickle.dumps(Bomb()), manifest_of(kind))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["gguf", "tflite", "npz"])
def test_open_model__no_reader__says_so_in_one_sentence(kind):
    with pytest.raises(ModelError, match=f"no reader here for the format {kind}"):
        open_model(b"", manifest_of(kind))


def test_open_model__features_that_do_not_fit__are_refused():
    with pytest.raises(ModelError, match="tells of 1 features, the model takes 4"):
        open_model(SMALL_UBJ, manifest_of("xgboost-ubj"))
    texts = [{"name": name, "type": "categorical", "optional": False} for name in "abcd"]
    with pytest.raises(ModelError, match="not a number"):
        open_model(SMALL_UBJ, manifest_of("xgboost-ubj", features=texts))


def test_open_model__no_features_told__takes_them_by_position():
    _, inputs = open_model(SMALL_UBJ, manifest_of("xgboost-ubj", features=[]))
    assert [each.name for each in inputs.features] == ["f0", "f1", "f2", "f3"]
