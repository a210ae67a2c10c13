"""save_model and load_model
├── a round trip of every estimator → the same predictions, the same bytes
├── what is not a model file, or damaged → ModelError
├── pickles and unknown types → UntrustedModel, before anything is built
└── trusted types whose parts do not fit → UntrustedModel
"""

import copy
import functools
import gzip
import io
import json
import pickle
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning import modelarchive
from orchestrator.learning.catalogue import ESTIMATORS
from orchestrator.learning.data import Dataset
from orchestrator.learning.description import describe
from orchestrator.learning.modelfile import load_model, model_bytes, save_model
from orchestrator.learning.preprocessing import build_pipeline
from orchestrator.learning.spec import Data, Features, Model, Project, Selection, Spec

SMALL = {"n_estimators": 3, "max_iter": 300}
QUICK: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting_classifier": {"max_iter": 3},
    "hist_gradient_boosting_regressor": {"max_iter": 3},
    "mlp_classifier": {"max_iter": 2000, "tol": 0.01},
    "mlp_regressor": {"max_iter": 3000, "tol": 100.0},
    "svc": {},
    "svr": {},
}


@functools.cache
def fitted(name: str, dataset: Any) -> Pipeline:
    """A pipeline with selection and a small estimator, fitted on a bundled data set."""
    known = ESTIMATORS[name].load()().get_params()
    parameters = QUICK.get(name, {key: value for key, value in SMALL.items() if key in known})
    spec = Spec(
        project=Project(name="trial"),
        data=Data(sklearn="iris"),
        features=Features(selection=Selection(best=3)),
        model=Model(estimator=name, parameters=parameters),
    )
    return build_pipeline(spec, dataset).fit(dataset.X, dataset.y)


class _Hashed:
    """A data set that `functools.cache` may remember by identity."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)


@pytest.fixture(scope="module")
def fit(iris: Dataset, diabetes: Dataset) -> Callable[[str], Pipeline]:
    """Fitted pipelines by estimator; do not change them, copy them."""
    data = {"classification": _Hashed(iris), "regression": _Hashed(diabetes)}
    return lambda name: fitted(name, data[ESTIMATORS[name].task])


def rewritten(
    data: bytes, change: Callable[[dict[str, Any], dict[str, bytes]], None], **options: Any
) -> bytes:
    """A model file with its schema or its arrays changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries.pop("schema.json"))
    change(schema, entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_load_model__every_estimator__predicts_as_before(
    fit: Callable[[str], Pipeline], iris: Dataset, diabetes: Dataset, name: str
) -> None:
    model = fit(name)
    rows = iris.X if ESTIMATORS[name].task == "classification" else diabetes.X
    data = model_bytes(model)
    loaded = load_model(data)
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    if hasattr(model, "predict_proba"):
        assert np.array_equal(loaded.predict_proba(rows), model.predict_proba(rows))
    assert model_bytes(loaded) == data


def test_save_model__file__is_whole_and_reads_back(
    fit: Callable[[str], Pipeline], tmp_path: Path, iris: Dataset
) -> None:
    path = tmp_path / "deep" / "model.skops"
    save_model(fit("svc"), path)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.skops"]
    assert np.array_equal(load_model(path).predict(iris.X), fit("svc").predict(iris.X))


def test_save_model__full_disk__leaves_the_old_file(
    fit: Callable[[str], Pipeline], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(b"old")

    def full(part: Path, data: bytes) -> int:
        with part.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ModelError, match="No space left"):
        save_model(fit("ridge"), path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


TRAIN = """
import hashlib, sys
from pathlib import Path
from orchestrator.learning.data import load_dataset
from orchestrator.learning.modelfile import model_bytes
from orchestrator.learning.spec import Data, Model, Project, Spec
from orchestrator.learning.training import train
for name in sys.argv[1:]:
    model = Model(estimator=name, parameters={"max_iter": 5} if "hist" in name else {})
    spec = Spec(project=Project(name="trial"), data=Data(sklearn="iris"), model=model)
    print(hashlib.sha256(model_bytes(train(spec, load_dataset(spec.data, Path())).model)).hexdigest())
"""


def test_model_bytes__trained_in_other_processes__are_the_same() -> None:
    names = [
        "logistic_regression",
        "decision_tree_classifier",
        "hist_gradient_boosting_classifier",
        "mlp_classifier",
    ]
    environments = [
        {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"},
    ]
    root = Path(__file__).parents[3]
    outputs = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", TRAIN, *names],
            env={"PYTHONPATH": str(root), **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for environment in environments
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == len(names)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_load_model__pickle__is_refused_unread(protocol: int) -> None:
    with pytest.raises(UntrustedModel, match="pickle"):
        load_model(pickle.dumps(Bomb(), protocol))


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_load_model__joblib__is_refused_unread(tmp_path: Path, compress: Any) -> None:
    joblib.dump(Bomb(), tmp_path / "model", compress=compress)
    with pytest.raises(UntrustedModel, match="pickle"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"no model", b"\x00" * 100, b"PK\x05\x06" + b"\x00" * 18], ids=repr
)
def test_load_model__no_model__is_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        load_model(data)


def test_load_model__missing_file_or_folder__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model file"):
        load_model(tmp_path / "none")
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_load_model__cut_anywhere__is_refused(fit: Callable[[str], Pipeline], share: float) -> None:
    data = model_bytes(fit("logistic_regression"))
    with pytest.raises(ModelError):
        load_model(data[: int(share * len(data))])


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_load_model__any_bit_flipped__is_refused_or_harmless(
    fit: Callable[[str], Pipeline], iris: Dataset, share: float, bit: int
) -> None:
    """The format has a checksum for each entry; what is left are bits that nobody reads."""
    original = fit("decision_tree_classifier")
    data = bytearray(model_bytes(original))
    data[int(share * len(data))] ^= 1 << bit
    try:
        model = load_model(bytes(data))
    except ModelError:
        return
    assert np.array_equal(model.predict(iris.X), original.predict(iris.X))


def test_load_model__zip_bomb__is_refused_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"{}")
        archive.writestr("zeros.npy", b"\x00" * 50_000_000)
    with pytest.raises(ModelError, match="compressed"):
        load_model(buffer.getvalue())


@pytest.mark.parametrize(("limit", "value"), [("MAX_SIZE", 20_000), ("MAX_SCHEMA", 1000), ("MAX_ENTRIES", 3)])
def test_load_model__larger_than_a_limit__is_refused(
    fit: Callable[[str], Pipeline], monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    data = model_bytes(fit("svc"))
    monkeypatch.setattr(modelarchive, limit, value)
    with pytest.raises(ModelError, match=r"too many entries|more than a model can need"):
        load_model(data)


@pytest.mark.parametrize(
    "unit", ["[],", "{},", "1,", '"",', '{"a":1},', '"', '"" ', '\\"', '["a"],'], ids=str
)
def test_load_model__schema_of_nothing_but_small_objects__is_refused_before_it_is_parsed(unit: str) -> None:
    """Each takes twenty times its bytes, or more, once it is parsed."""
    schema = '{"__loader__":"x","protocol":2,"content":[' + unit * (8_000_000 // len(unit)) + "1]}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", schema)
    data, began = buffer.getvalue(), time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(ModelError):
            load_model(data)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(data)
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 3


@pytest.mark.parametrize("name", ["svc", "gradient_boosting_classifier", "random_forest_classifier"])
def test_load_model__schema_of_a_model__is_far_from_the_bound(
    fit: Callable[[str], Pipeline], name: str
) -> None:
    """Also once there are thousands of trees: each brings as many bytes for its marks as one does."""
    with zipfile.ZipFile(io.BytesIO(model_bytes(fit(name)))) as archive:
        text = archive.read("schema.json")
    marks = sum(text.count(each) for each in (b"[", b"]", b"{", b"}", b",", b'"'))
    assert marks * 1.3 * modelarchive.BYTES_A_MARK < len(text)


def array_of(shape: str, tail: bytes = b"", descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + tail


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (array_of("(1000000000000,)"), "not as long as it says"),
        (array_of("(2,)", b"\x00" * 24), "not as long as it says"),
        (array_of("(-1,)"), "not as long|damaged"),
        (array_of("(1,)", b"\x80\x04N.", "'|O'"), "pickled objects"),
        (b"\x93NUMPY\x09\x00", "damaged"),
        (b"", "damaged"),
    ],
    ids=["huge", "short", "negative", "objects", "version", "empty"],
)
def test_load_model__array_that_lies__is_refused(
    fit: Callable[[str], Pipeline], content: bytes, message: str
) -> None:
    def change(schema: dict[str, Any], entries: dict[str, bytes]) -> None:
        entries["another.npy"] = content

    with pytest.raises(ModelError, match=message):
        load_model(rewritten(model_bytes(fit("ridge")), change))


@pytest.mark.parametrize("name", ["code.py", "matrix.npz", "data.bin"])
def test_load_model__entry_that_is_no_array__is_refused(fit: Callable[[str], Pipeline], name: str) -> None:
    with pytest.raises(UntrustedModel, match="not an array"):
        load_model(rewritten(model_bytes(fit("ridge")), lambda _, entries: entries.update({name: b"x"})))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"protocol": 0}, ModelError),
        ({"protocol": 99}, ModelError),
        ({"protocol": "2"}, ModelError),
        ({"__loader__": "NoSuchNode"}, UntrustedModel),
        ({"__loader__": "FunctionNode", "__module__": "os", "__class__": "system"}, UntrustedModel),
        ({"__loader__": "ConstructorFromReduceNode"}, UntrustedModel),
        ({"__loader__": "TypeNode", "__module__": "builtins", "__class__": "eval"}, UntrustedModel),
        ({"__module__": "sklearn.ensemble._bagging", "__class__": "BaggingClassifier"}, UntrustedModel),
        ({"content": 3}, ModelError),
        (
            {
                "more": {
                    "__loader__": "JsonNode",
                    "__module__": "builtins",
                    "__class__": "str",
                    "content": "[1]",
                }
            },
            ModelError,
        ),
        ({"content": None}, ModelError),
    ],
    ids=str,
)
def test_load_model__altered_schema__is_refused(
    fit: Callable[[str], Pipeline], change: dict[str, Any], error: type[ModelError]
) -> None:
    with pytest.raises(error):
        load_model(rewritten(model_bytes(fit("ridge")), lambda schema, _: schema.update(change)))


@pytest.mark.parametrize(
    "schema", ["[]", "{}", "3", "{", "[" * 100_000, '{"__loader__": []}'], ids=lambda text: text[:9]
)
def test_load_model__other_schema__is_refused(schema: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(ModelError):
        load_model(buffer.getvalue())


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(BaggingClassifier()),
        make_pipeline(FunctionTransformer(json.loads), LogisticRegression()),
        make_pipeline(FunctionTransformer(functools.partial(print, "x")), LogisticRegression()),
    ],
    ids=["bagging", "function", "partial"],
)
def test_model_bytes__types_outside_the_list__are_refused_on_both_sides(model: Pipeline) -> None:
    with pytest.raises(UntrustedModel, match="not trusted"):
        model_bytes(model)
    with pytest.raises(UntrustedModel, match="not trusted"):
        load_model(skops.io.dumps(model))


def test_load_model__estimator_without_pipeline__becomes_one_of_one_step(iris: Dataset) -> None:
    numbers = iris.X.to_numpy()
    trained = LogisticRegression(max_iter=500).fit(numbers, iris.y)
    model = load_model(skops.io.dumps(trained))
    assert [type(part) for _, part in model.steps] == [LogisticRegression]
    assert model.predict(numbers).tolist() == trained.predict(numbers).tolist()


def test_load_model__estimator_that_was_never_trained__is_refused() -> None:
    with pytest.raises(UntrustedModel, match="no trained estimator"):
        load_model(skops.io.dumps(LogisticRegression()))


def test_load_model__file_of_skops_itself__is_read(fit: Callable[[str], Pipeline], iris: Dataset) -> None:
    loaded = load_model(skops.io.dumps(fit("extra_trees_classifier")))
    assert np.array_equal(loaded.predict(iris.X), fit("extra_trees_classifier").predict(iris.X))


def set_nodes(owner: Any, **fields: Any) -> None:
    """Write into the nodes of a decision tree: `left_child=(0, 7)` sets that of node 0 to 7."""
    state = owner.tree_.__getstate__()
    for field, (index, value) in fields.items():
        state["nodes"][field][index] = value
    owner.tree_.__setstate__(state)


def set_predictor(model: Any, field: str, value: int) -> None:
    model._predictors[0][0].nodes[field][0] = value


def swap(model: Any, **attributes: Any) -> None:
    vars(model).update(attributes)


HARM: list[tuple[str, Callable[[Any], Any]]] = [
    ("decision_tree_classifier", lambda model: set_nodes(model, left_child=(0, 10**6))),
    ("decision_tree_classifier", lambda model: set_nodes(model, left_child=(0, 0))),
    ("decision_tree_classifier", lambda model: set_nodes(model, right_child=(0, -5))),
    ("decision_tree_classifier", lambda model: set_nodes(model, feature=(0, 3))),
    ("decision_tree_classifier", lambda model: set_nodes(model, feature=(0, -9))),
    ("decision_tree_classifier", lambda model: swap(model, n_features_in_=99)),
    ("decision_tree_classifier", lambda model: swap(model, n_outputs_=2)),
    ("decision_tree_classifier", lambda model: swap(model, classes_=np.arange(9))),
    ("random_forest_classifier", lambda model: set_nodes(model.estimators_[2], right_child=(0, 10**9))),
    ("random_forest_classifier", lambda model: swap(model, n_features_in_=9)),
    ("random_forest_classifier", lambda model: swap(model, n_jobs=64)),
    ("random_forest_classifier", lambda model: model.estimators_.clear()),
    ("extra_trees_regressor", lambda model: delattr(model.estimators_[0], "tree_")),
    ("adaboost_classifier", lambda model: set_nodes(model.estimators_[0], feature=(0, 77))),
    ("gradient_boosting_classifier", lambda model: swap(model, estimators_=model.estimators_[:, :1])),
    ("gradient_boosting_classifier", lambda model: swap(model, n_trees_per_iteration_=9)),
    (
        "gradient_boosting_classifier",
        lambda model: swap(model.init_, n_classes_=2, class_prior_=np.ones(2)),
    ),
    ("gradient_boosting_classifier", lambda model: swap(model, init_=LogisticRegression())),
    ("gradient_boosting_regressor", lambda model: set_nodes(model.estimators_[1, 0], left_child=(0, 999))),
    (
        "gradient_boosting_regressor",
        lambda model: swap(model, estimators_=np.repeat(model.estimators_, 5, axis=1)),
    ),
    ("hist_gradient_boosting_regressor", lambda model: set_predictor(model, "left", 2**31)),
    ("hist_gradient_boosting_regressor", lambda model: set_predictor(model, "right", 0)),
    ("hist_gradient_boosting_classifier", lambda model: set_predictor(model, "feature_idx", 10**9)),
    ("hist_gradient_boosting_classifier", lambda model: set_predictor(model, "is_categorical", 1)),
    ("hist_gradient_boosting_classifier", lambda model: swap(model, _in_fit=True)),
    ("svc", lambda model: swap(model, _n_support=model._n_support * 1000)),
    ("svc", lambda model: swap(model, _n_support=np.append(model._n_support[:2], -1).astype(np.int32))),
    ("svc", lambda model: swap(model, _dual_coef_=model._dual_coef_[:1])),
    ("svc", lambda model: swap(model, _intercept_=model._intercept_[:1])),
    ("svc", lambda model: swap(model, support_vectors_=model.support_vectors_[:, :1])),
    ("svc", lambda model: swap(model, kernel="precomputed")),
    ("svc", lambda model: swap(model, classes_=np.arange(2))),
    ("svr", lambda model: swap(model, _dual_coef_=model._dual_coef_[:, :3])),
    ("k_neighbors_classifier", lambda model: swap(model, _y=model._y + 5)),
    ("k_neighbors_classifier", lambda model: swap(model, _y=model._y[:3])),
    ("k_neighbors_classifier", lambda model: swap(model, _fit_method="kd_tree")),
    ("k_neighbors_regressor", lambda model: swap(model, _fit_X=model._fit_X[:, :1])),
    ("k_neighbors_regressor", lambda model: swap(model, effective_metric_="precomputed")),
]


@pytest.mark.parametrize(
    ("name", "harm"), HARM, ids=[f"{name}-{number}" for number, (name, _) in enumerate(HARM)]
)
def test_load_model__parts_that_do_not_fit__are_refused(
    fit: Callable[[str], Pipeline], name: str, harm: Callable[[Any], Any]
) -> None:
    model = copy.deepcopy(fit(name))
    harm(model[-1])
    with pytest.raises(UntrustedModel) as caught:
        load_model(model_bytes(model))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [("node_count", "1000000"), ("node_count", "-1"), ("node_count", "2.5"), ("max_depth", "null")],
)
def test_load_model__tree_that_announces_other_nodes__is_refused_unbuilt(
    fit: Callable[[str], Pipeline], key: str, value: str
) -> None:
    def change(schema: dict[str, Any], entries: dict[str, bytes]) -> None:
        tree = next(node for node in modelarchive.nodes(schema) if node["__loader__"] == "TreeNode")
        tree["content"]["content"][key]["content"] = value

    with pytest.raises(ModelError, match="other nodes than it says"):
        load_model(rewritten(model_bytes(fit("decision_tree_classifier")), change))


def repeated(model: Pipeline, references: int) -> bytes:
    """A model file of which one node names an array of a megabyte `references` times."""

    def change(schema: dict[str, Any], entries: dict[str, bytes]) -> None:
        node = next(each for each in modelarchive.nodes(schema) if each["__loader__"] == "NdArrayNode")
        entries["large.npy"] = array_of("(131072,)", bytes(8 * 131_072))
        many = [{**node, "file": "large.npy", "__id__": 10**9 + number} for number in range(references)]
        schema["content"]["content"]["extra_"] = {
            "__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": many,
            "__id__": 10**9 - 1,
        }  # fmt: skip

    return rewritten(model_bytes(model), change)


def test_load_model__one_array_named_six_hundred_times__is_refused_before_it_takes_memory(
    fit: Callable[[str], Pipeline],
) -> None:
    """A file of a megabyte used to take more than one gigabyte."""
    load_model(repeated(fit("ridge"), 8))
    data = repeated(fit("ridge"), 600)
    assert len(data) < 2 << 20
    tracemalloc.start()
    with pytest.raises(ModelError, match="names its arrays too often"):
        load_model(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_load_model__tree_of_many_outputs__is_refused_unbuilt(fit: Callable[[str], Pipeline]) -> None:
    def change(schema: dict[str, Any], entries: dict[str, bytes]) -> None:
        tree = next(node for node in modelarchive.nodes(schema) if node["__loader__"] == "TreeNode")
        tree["__reduce__"]["args"]["content"][2]["content"] = "1000000"

    with pytest.raises(UntrustedModel, match="other nodes than it says"):
        load_model(rewritten(model_bytes(fit("decision_tree_classifier")), change))


def test_load_model__gzipped_model__is_refused(fit: Callable[[str], Pipeline]) -> None:
    with pytest.raises(UntrustedModel):
        load_model(gzip.compress(model_bytes(fit("ridge"))))


def test_describe__pipeline__is_json_with_versions(fit: Callable[[str], Pipeline]) -> None:
    description = describe(fit("random_forest_classifier"))
    assert description.algorithm == "sklearn.ensemble.RandomForestClassifier"
    assert description.hyper_parameters["n_estimators"] == 3
    assert description.steps == (
        "ColumnTransformer",
        "VarianceThreshold",
        "SelectKBest",
        "RandomForestClassifier",
    )
    assert set(description.libraries) >= {"python", "scikit-learn", "skops", "numpy"}
    json.dumps(description.to_json(), allow_nan=False)
