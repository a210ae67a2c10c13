"""
log_model
├── frameworks: scikit-learn, XGBoost, LightGBM, PyTorch, Keras, ONNX, a path
├── what is recorded: parameters, versions, data by hash alone, git, gate, history, parents
├── published: predicted with, where a safe reader exists
└── what is wrong: named
"""

import hashlib
import json
import sys
import types

import numpy as np
import pandas as pd
import pyrage
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import diln
from orchestrator.errors import DataError, GateError, ModelError, UntrustedModel, UsageError
from orchestrator.provenance import Status
from orchestrator.storage import digest_file
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.predicting import predict, prove

FLOWERS = load_iris(as_frame=True)
X, Y = FLOWERS.data, FLOWERS.target


def fitted(**parameters):
    return LogisticRegression(max_iter=500, **parameters).fit(X, Y)


@pytest.fixture
def log(desk, monkeypatch):
    """`diln.log_model` in the desk's folder."""
    for variable in ("DILN_NETWORK", "DILN_FROM", "DILN_STORAGE", "ETH_RPC_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(desk.folder)

    def call(model, **options):
        return diln.log_model(model, home=desk.settings.home, **options)

    return call


def answers(desk, logged, rows):
    """What the published model answers, checked against the chain first."""
    model = load_published(desk.session, str(logged), desk.who("alice").address)
    return [each.output for each in predict(desk.session, model, rows)]


def rows_of(frame, count=5):
    return frame.head(count).to_dict("records")


def test_log_model__private_without_a_name__is_refused(log):
    key = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(UsageError, match="that of its project is"):
        log(fitted(), encrypt_to=[key])
    logged = log(fitted(), name="p1", encrypt_to=[key], metrics={"f1": 0.9}, gate={"f1": 0.5})
    assert b"logistic" not in logged.run.manifest_file.read_bytes().lower()
    assert logged.passed
    child = log(fitted(C=0.5), parents=[logged])
    assert logged.sha256.encode() not in child.run.manifest_file.read_bytes()


def test_log_model__scikit_learn__is_stored_with_skops_and_described(desk, log):
    model = fitted(C=0.5)
    logged = log(model, data={"iris": X.assign(target=Y)}, metrics={"accuracy": np.float64(0.97)})
    predicate = logged.manifest.predicate
    assert predicate.project == "logisticregression"
    assert predicate.artifact.format == "skops"
    assert predicate.training.algorithm == "sklearn.linear_model.LogisticRegression"
    assert predicate.training.hyperparameters["C"] == 0.5
    assert [each.name for each in predicate.training.features] == list(X.columns)
    assert predicate.environment.libraries["scikit-learn"]
    assert predicate.environment.python.startswith("3.")
    assert predicate.evaluation.metrics == {"accuracy": 0.97}
    assert predicate.data[0].source == "iris"
    assert predicate.data[0].rows == 150


def test_log_model__data__is_a_hash_that_others_can_make_again_and_no_value(log, tmp_path):
    frame = pd.DataFrame({"who": ["planted-name"], "age": [41.5]})
    frame.to_csv(tmp_path / "same.csv", index=False, lineterminator="\n")
    array = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "same.npy", array)
    logged = log(fitted(), data=[frame, array, tmp_path / "same.csv", "ab" * 32])
    found = sorted(each.sha256 for each in logged.manifest.predicate.data)
    expected = [
        hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("same.csv", "same.npy")
    ]
    assert found == sorted([*expected, expected[0], "ab" * 32])
    assert b"planted-name" not in logged.manifest.to_bytes()
    assert b"41.5" not in logged.manifest.to_bytes()


@pytest.mark.parametrize("data", [np.array([object()]), {"x": object()}, 5])
def test_log_model__data_without_bytes_of_its_own__is_refused(log, data):
    with pytest.raises(DataError):
        log(fitted(), data=data)


def test_log_model__the_same_again__is_the_same_run(log):
    model = fitted()
    assert log(model, data=X).run == log(model, data=X).run


def test_log_model__published__answers_as_the_model_does(desk, log):
    model = LogisticRegression(max_iter=500).fit(X, FLOWERS.target_names[Y])
    logged = log(model, name="iris", data=X, publish=True)
    assert str(logged) == "iris@1"
    found = answers(desk, logged, rows_of(X))
    assert [each["label"] for each in found] == list(model.predict(X.head()))
    shares = [list(each["probabilities"].values()) for each in found]
    np.testing.assert_allclose(shares, model.predict_proba(X.head()))


def test_log_model__publish_on_a_node_of_this_machine__is_by_alice_as_the_command(log, monkeypatch):
    asked = []

    def publish(session, run, sender, **_):
        asked.append(sender.name)
        raise GateError("enough", "")

    monkeypatch.setattr("orchestrator.systems.prove.logging.publish", publish)
    with pytest.raises(GateError):
        log(fitted(), network="http://127.0.0.1:1", publish=True)
    assert asked == ["alice"]
    with pytest.raises(UsageError, match="no sender was named"):
        log(fitted(), network="https://node.example", publish=True)


def test_log_model__learned_from_an_array__takes_features_by_position(desk, log):
    model = LogisticRegression(max_iter=500).fit(X.to_numpy(), Y)
    logged = log(model, name="iris", publish=True)
    named = X.set_axis(["f0", "f1", "f2", "f3"], axis=1)
    assert [each["label"] for each in answers(desk, logged, rows_of(named))] == [0] * 5


def test_log_model__evaluated_and_gated__says_whether_it_passed(desk, log):
    model = fitted()

    def evaluate(estimator):
        return {"accuracy": estimator.score(X, Y)}

    good = log(model, name="good", evaluate=evaluate, gate={"accuracy": 0.9}, publish=True)
    assert good.passed
    assert good.published.version.status is Status.DEPLOYABLE
    bad = log(model, name="bad", evaluate=evaluate, gate={"accuracy": {"maximum": 0.5}})
    assert not bad.passed
    with pytest.raises(GateError):
        log(model, name="bad", evaluate=evaluate, gate={"loss": 1.0}, publish=True, require_deployable=True)


@pytest.mark.parametrize("gate", [{"f1": {}}, {"f1": {"least": 1}}])
def test_log_model__gate_that_is_none__is_refused(log, gate):
    with pytest.raises(UsageError, match="not a bound"):
        log(fitted(), gate=gate)


def test_log_model__metric_that_is_not_finite__is_refused(log):
    with pytest.raises(DataError, match="f1"):
        log(fitted(), metrics={"f1": float("nan")})


def test_log_model__parent_that_was_logged__is_named_by_its_digest(log):
    parent = log(fitted(), name="parent")
    child = log(fitted(C=2), name="child", parents=[parent])
    assert child.manifest.predicate.parents[0].artifact == parent.sha256


def test_log_model__path__is_proven_as_it_is(desk, log):
    file = desk.folder / "my model (1).gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    logged = log(file, metrics={"perplexity": 9.5})
    assert logged.manifest.predicate.artifact.format == "gguf"
    assert logged.manifest.predicate.project == "my-model-1"
    assert logged.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_log_model__path_that_is_not_there__is_named(log):
    with pytest.raises(UsageError, match=r"nothing\.onnx"):
        log("nothing.onnx")


class Unknown:
    pass


class Odd(LogisticRegression):
    """An estimator of one's own: no reader would trust it."""


@pytest.mark.parametrize("model", [Unknown(), Odd(max_iter=500).fit(X, Y)])
def test_log_model__what_no_safe_format_holds__is_refused_with_the_way_out(log, model):
    with pytest.raises(ModelError) as refused:
        log(model)
    assert "log the file's path" in refused.value.hint


@pytest.mark.parametrize("name", ["../../out", "a/b", ".hidden", "", "x" * 65, "a\nb"])
def test_log_model__name_that_is_a_path__writes_nothing_elsewhere(desk, log, name):
    with pytest.raises(UsageError, match="project's name"):
        log(fitted(), name=name)


def test_log_model__in_a_repository__records_its_commit(desk, log, monkeypatch):
    import subprocess

    script = desk.folder / "script" / "train.py"
    script.parent.mkdir()
    script.write_text("")
    git = ["git", "-C", str(script.parent), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    state = log(fitted()).manifest.predicate.environment.git
    assert len(state.commit) == 40
    assert not state.dirty


@pytest.mark.parametrize("objective", ["classes", "number"])
def test_log_model__xgboost__is_asked_by_its_own_library(desk, log, objective):
    import xgboost

    kind = xgboost.XGBClassifier if objective == "classes" else xgboost.XGBRegressor
    model = kind(n_estimators=4, max_depth=2, n_jobs=1).fit(X, Y)
    logged = log(model, name="trees", data=X, publish=True)
    predicate = logged.manifest.predicate
    assert predicate.artifact.format == "xgboost-ubj"
    assert predicate.training.hyperparameters["max_depth"] == 2
    found = answers(desk, logged, rows_of(X, 150))
    if objective == "number":
        np.testing.assert_allclose([each["label"] for each in found], model.predict(X), rtol=1e-6)
        return
    assert [each["label"] for each in found] == model.predict(X).tolist()
    shares = [list(each["probabilities"].values()) for each in found]
    np.testing.assert_allclose(shares, model.predict_proba(X), rtol=1e-6)


def test_log_model__lightgbm__keeps_the_labels_and_takes_gaps(desk, log):
    import lightgbm

    labels = FLOWERS.target_names[Y]
    model = lightgbm.LGBMClassifier(n_estimators=4, n_jobs=1, verbose=-1).fit(X, labels)
    logged = log(model, name="trees", publish=True)
    assert logged.manifest.predicate.artifact.format == "lightgbm"
    frame = X.set_axis(model.booster_.feature_name(), axis=1)
    found = answers(desk, logged, rows_of(frame, 150))
    assert [each["label"] for each in found] == model.predict(X).tolist()
    gap = dict.fromkeys(frame.columns, None)
    assert answers(desk, logged, [gap])[0]["label"] in labels


def test_prove__positional_features__reveals_the_row_that_was_asked(desk, log):
    import xgboost

    from orchestrator.systems.prove.predicting import anchor_log

    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(X.to_numpy(), Y), num_boost_round=2)
    file = desk.folder / "trees.ubj"
    booster.save_model(file)
    logged = log(file, publish=True)
    row = {"f0": 1.0, "f1": 2.0, "f2": 3.0, "f3": None}
    assert len(answers(desk, logged, [row])) == 1
    project = logged.published.version.project_id
    anchor_log(desk.session, project, desk.who("alice"))
    proof = prove(desk.session, project, 0, desk.folder / "proof.json", row)
    assert proof.input_fits
    assert proof.revealed.value == row


# --- PyTorch and Keras, by small stand-ins with their interface


class Tensor:
    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.values


class BFloat16(Tensor):
    def numpy(self):
        raise TypeError("Got unsupported ScalarType BFloat16")

    def float(self):
        return Tensor(self.values)


def torch_kind(name, bases=(object,), **content):
    return type(name, bases, {"__module__": "torch.nn.modules", **content})


Module = torch_kind("Module")
ReLU, Dropout, Conv = (torch_kind(name, (Module,)) for name in ("ReLU", "Dropout", "Conv2d"))
Softmax = torch_kind("Softmax", (Module,), dim=1)


def linear(weight, bias=None, kind=Tensor):
    return torch_kind("Linear", (Module,))(), kind(weight), None if bias is None else kind(bias)


class Stack:
    """What `torch.nn.Sequential` shows of itself."""

    __module__ = "torch.nn.modules.container"

    def __init__(self, *children):
        self._children = children

    def named_children(self):
        for place, child in enumerate(self._children):
            module = child[0] if isinstance(child, tuple) else child
            if isinstance(child, tuple):
                module.bias = child[2]
            yield str(place), module

    def state_dict(self):
        found = {}
        for place, child in enumerate(self._children):
            if isinstance(child, tuple):
                found[f"{place}.weight"] = child[1]
                found |= {} if child[2] is None else {f"{place}.bias": child[2]}
        return found


Sequential = type("Sequential", (Stack,), {"__module__": "torch.nn.modules.container"})
RANDOM = np.random.default_rng(1)
W1, B1, W2 = RANDOM.normal(size=(8, 4)), RANDOM.normal(size=8), RANDOM.normal(size=(3, 8))


def by_hand(rows):
    hidden = np.maximum(rows.to_numpy(np.float32) @ W1.T.astype("f4") + B1.astype("f4"), 0)
    scores = np.exp(hidden @ W2.T.astype("f4"))
    return scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [Tensor, BFloat16])
def test_log_model__pytorch_stack__is_safetensors_that_predict_as_it_does(desk, log, kind):
    model = Sequential(linear(W1, B1, kind), ReLU(), Dropout(), linear(W2, None, kind), Softmax())
    logged = log(model, name="net", features=list(X.columns), classes=["a", "b", "c"], publish=True)
    predicate = logged.manifest.predicate
    assert predicate.artifact.format == "safetensors"
    assert [layer.activation for layer in predicate.interface.layers] == ["relu", "softmax"]
    found = answers(desk, logged, rows_of(X, 20))
    shares = [[each["probabilities"][name] for name in "abc"] for each in found]
    np.testing.assert_allclose(shares, by_hand(X.head(20)), rtol=1e-4)


def test_log_model__other_pytorch_network__is_proven_and_says_why_it_does_not_predict(desk, log):
    logged = log(Sequential(Conv(), linear(W1)), name="net", publish=True)
    assert logged.manifest.predicate.interface is None
    with pytest.raises(ModelError, match="no layers"):
        answers(desk, logged, rows_of(X))


def test_log_model__keras__is_bytes_that_are_not_loaded(desk, log):
    def save(self, path):
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            for name in ("config.json", "metadata.json"):
                archive.writestr(name, "{}")

    model = type("Functional", (), {"__module__": "keras.src.models.functional", "save": save})()
    logged = log(model, publish=True)
    assert logged.manifest.predicate.artifact.format == "keras"
    with pytest.raises(UntrustedModel, match="can run code"):
        answers(desk, logged, rows_of(X))


def test_log_model__onnx__is_written_as_it_is(log):
    import onnx
    from onnx import TensorProto, helper

    table = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    total = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=1)
    model = helper.make_model(helper.make_graph([node], "g", [table], [total]), producer_name="me")
    logged = log(model, name="sum", features=["a", "b"])
    assert logged.manifest.predicate.artifact.format == "onnx"
    assert logged.manifest.predicate.training.algorithm == "me"
    assert onnx.load(logged.run.model).graph.name == "g"


# --- the history


def test_recorder__loop__is_in_the_manifest(log):
    with diln.Recorder() as recorder:
        for epoch in range(3):
            recorder.log(epoch, loss=np.float32(1 / (epoch + 1)), accuracy=float("nan"))
    history = log(fitted(), history=recorder).manifest.predicate.history
    assert history.epochs == (0, 1, 2)
    assert history.metrics["loss"] == pytest.approx((1, 0.5, 1 / 3))
    assert history.metrics["accuracy"] == (None, None, None)


@pytest.mark.parametrize("epochs", [1, 200, 201, 401, 10_007])
def test_recorder__many_epochs__keeps_some_with_the_first_and_the_last(epochs):
    recorder = diln.Recorder()
    for epoch in range(epochs):
        recorder.log(epoch, loss=epoch)
    history = recorder.history
    assert history.recorded == epochs
    assert len(history.epochs) == len(set(history.epochs)) == len(history.metrics["loss"])
    assert min(epochs, 100) <= len(history.epochs) <= 200
    assert (history.epochs[0], history.epochs[-1]) == (0, epochs - 1)
    assert history.metrics["loss"] == history.epochs


def test_recorder__nothing_logged__is_no_history():
    assert diln.Recorder().history is None


def test_recorder__metric_that_began_late__has_none_before():
    recorder = diln.Recorder()
    recorder.log(loss=1)
    recorder.log(loss=2, f1=0.5)
    assert recorder.history.metrics == {"loss": (1.0, 2.0), "f1": (None, 0.5)}


@pytest.mark.parametrize("epoch", [0, -1, True, 1.5])
def test_recorder__epoch_that_does_not_follow__is_refused(epoch):
    recorder = diln.Recorder()
    recorder.log(0, loss=1)
    with pytest.raises(UsageError):
        recorder.log(epoch, loss=1)


def test_recorder__too_many_metrics__is_refused():
    with pytest.raises(UsageError, match="32"):
        diln.Recorder().log(0, **{f"m{number}": 1 for number in range(33)})


def test_keras_callback__fit__records_each_epoch(monkeypatch):
    callbacks = types.ModuleType("keras.callbacks")
    callbacks.Callback = type("Callback", (), {})
    monkeypatch.setitem(sys.modules, "keras", types.ModuleType("keras"))
    monkeypatch.setitem(sys.modules, "keras.callbacks", callbacks)
    recorder = diln.Recorder()
    callback = diln.keras_callback(recorder)
    assert isinstance(callback, callbacks.Callback)
    for epoch in (0, 1, 0):  # fitted twice: Keras counts again
        callback.on_epoch_end(epoch, {"loss": 1.0})
    callback.on_epoch_end(1)
    assert recorder.history.epochs == (0, 1, 2, 3)
    assert json.loads(recorder.history.model_dump_json())["metrics"]["loss"] == [1.0, 1.0, 1.0, None]


def test_keras_callback__without_keras__says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras.callbacks", None)
    with pytest.raises(UsageError, match="not installed"):
        diln.keras_callback(diln.Recorder())


def test_import_diln__alone__imports_nothing_heavy():
    import subprocess

    code = "import diln, sys; print({'numpy', 'pandas', 'sklearn', 'web3'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_digest__of_a_logged_file__is_that_of_the_run(desk, log):
    logged = log(fitted())
    assert digest_file(logged.run.model).sha256 == logged.sha256


def test_create_app__model_of_another_framework__is_served_with_its_features(desk, log):
    import xgboost

    from orchestrator.systems.prove.answering import Answerer
    from orchestrator.systems.prove.batching import Batcher
    from orchestrator.systems.prove.serving import create_app, model_guard
    from tests.unit.pipeline.test_serving import Client

    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(X.to_numpy(), Y), num_boost_round=2)
    file = desk.folder / "trees.ubj"
    booster.save_model(file)
    model = load_published(desk.session, str(log(file, publish=True)), desk.who("alice").address)
    guard = model_guard(desk.session, model)
    with Batcher(Answerer(desk.settings, model)) as batcher:
        client = Client(create_app(model, guard, batcher))
        row = {"f0": 5.1, "f1": 3.5, "f2": 1.4, "f3": None}
        [answer] = client.post("/predict", json={"rows": [row]}).json()["predictions"]
        expected = booster.predict(xgboost.DMatrix(np.array([[5.1, 3.5, 1.4, np.nan]])))
        assert answer["label"] == pytest.approx(float(expected[0]))
        schema = client.get("/openapi.json").json()["components"]["schemas"]["Row"]
        assert schema["required"] == ["f0", "f1", "f2", "f3"]


def test_recorder__loss_with_a_gradient__is_detached_first() -> None:
    class Loss:
        """A tensor as PyTorch has them in a training loop: it warns where it becomes a number."""

        def __init__(self, detached: bool = False) -> None:
            self.detached = detached

        def detach(self) -> "Loss":
            return Loss(True)

        def __float__(self) -> float:
            assert self.detached
            return 0.5

    with diln.Recorder() as recorder:
        recorder.log(0, loss=Loss())
    assert recorder.history.metrics["loss"] == (0.5,)
