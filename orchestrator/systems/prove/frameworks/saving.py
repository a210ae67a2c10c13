"""A model out of a training script becomes a file, in the safest format that its framework writes.

The framework is told by where the model's classes come from, so that none is imported that is not there.
"""

import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError
from orchestrator.learning.tensorfile import write_tensors
from orchestrator.provenance.predicate import Layer
from orchestrator.systems.prove.frameworks.asked import Label
from orchestrator.systems.prove.frameworks.plain import plain

if TYPE_CHECKING:
    from keras import Model
    from lightgbm import Booster, LGBMModel
    from onnx import ModelProto
    from sklearn.base import BaseEstimator
    from xgboost import XGBModel


_ACTIVATIONS = {
    "ReLU": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Identity": "identity",
}
_UNUSED_WHEN_ASKED = ("Dropout",)
_SAVE_IT = "Save it to a file as its framework does, and log the file's path."


@dataclass(frozen=True)
class Saved:
    """A model's file and what the model itself tells; `features` are names, which may miss if `optional`."""

    path: Path
    algorithm: str
    steps: tuple[str, ...] = ()
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    optional: bool = False
    classes: tuple[Label, ...] = ()
    layers: tuple[Layer, ...] = ()


def save(model: object, folder: Path, name: str) -> Saved:
    """Write `model` into `folder` as `name` and its format's suffix.

    Raises ModelError for an object of no known framework, or one that cannot be stored safely.
    """
    roots = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    for framework, write in _WRITERS.items():  # those of scikit-learn's style first
        if framework in roots:
            return write(model, folder / name)
    raise ModelError(f"a {type(model).__name__} is not a model of a framework that is known here", _SAVE_IT)


def _sklearn(model: object, stem: Path) -> Saved:
    from sklearn.pipeline import Pipeline

    from orchestrator.learning.description import describe
    from orchestrator.learning.modelfile import check_fitted, save_model

    check_fitted(model)
    path = _named(stem, ".skops")
    pipeline = model if isinstance(model, Pipeline) else Pipeline([("model", model)])
    try:
        save_model(pipeline, path)
    except ModelError as error:
        raise ModelError(
            error.message, f"Of such a model only its bytes can be proven. {_SAVE_IT}"
        ) from error
    found = describe(pipeline)
    found.libraries.pop("python")
    return Saved(
        path,
        found.algorithm,
        found.steps,
        found.hyper_parameters,
        found.libraries,
        _features_of(model),
        classes=_classes(model),
    )


def _xgboost(model: "XGBModel", stem: Path) -> Saved:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    path = _written(stem, ".ubj", bytes(booster.save_raw(raw_format="ubj")))
    names = tuple(booster.feature_names or ()) or _counted(booster.num_features())
    return _saved(model, path, "xgboost", names, optional=True)


def _lightgbm(model: "LGBMModel | Booster", stem: Path) -> Saved:
    booster = getattr(model, "booster_", model)
    path = _written(stem, ".lgb.txt", booster.model_to_string().encode())
    return _saved(model, path, "lightgbm", tuple(booster.feature_name()), optional=True)


def _torch(model: object, stem: Path) -> Saved:
    if not hasattr(model, "state_dict"):
        raise ModelError(f"a {type(model).__name__} of PyTorch is not a module", _SAVE_IT)
    tensors = {name: _array(tensor) for name, tensor in model.state_dict().items()}
    path = _written(stem, ".safetensors", write_tensors(tensors, {"format": "pt"}))
    return _saved(model, path, "torch", layers=_layers(model))


def _keras(model: "Model", stem: Path) -> Saved:
    path = _named(stem, ".keras")
    model.save(str(path))
    return _saved(model, path, "keras")


def _onnx(model: "ModelProto", stem: Path) -> Saved:
    path = _written(stem, ".onnx", model.SerializeToString(deterministic=True))
    return Saved(path, _text(model.producer_name) or "onnx.ModelProto", libraries=_libraries("onnx"))


_WRITERS: dict[str, Callable[[Any, Path], Saved]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "torch": _torch,
    "keras": _keras,
    "tensorflow": _keras,
    "onnx": _onnx,
    "sklearn": _sklearn,
}


def _saved(
    model: object,
    path: Path,
    library: str,
    features: tuple[str, ...] = (),
    *,
    optional: bool = False,
    layers: tuple[Layer, ...] = (),
) -> Saved:
    kind = type(model)
    parameters = model.get_params(deep=False) if hasattr(model, "get_params") else {}
    return Saved(
        path,
        f"{kind.__module__}.{kind.__qualname__}",
        tuple(type(child).__name__ for _, child in _children(model)),
        {name: plain(value) for name, value in sorted(parameters.items()) if value is not None},
        _libraries(library),
        features,
        optional,
        _classes(model),
        layers,
    )


def _layers(model: object) -> tuple[Layer, ...]:
    """A plain stack of dense layers as the manifest declares it; nothing for any other network."""
    found: list[dict[str, Any]] = []
    if type(model).__name__ != "Sequential":
        return ()
    for name, child in _children(model):
        kind = type(child).__name__
        if kind == "Linear":
            bias = None if child.bias is None else f"{name}.bias"
            found.append({"weight": f"{name}.weight", "bias": bias, "activation": "identity"})
        elif kind in _ACTIVATIONS and found and found[-1]["activation"] == "identity":
            if kind == "Softmax" and child.dim not in (1, -1):
                return ()
            found[-1]["activation"] = _ACTIVATIONS[kind]
        elif kind not in _UNUSED_WHEN_ASKED:
            return ()
    return tuple(Layer(**each) for each in found)


def _children(model: object) -> list[tuple[str, Any]]:
    return list(model.named_children()) if hasattr(model, "named_children") else []


def _array(tensor: Any) -> Any:
    plain_tensor = tensor.detach().cpu()
    try:
        return plain_tensor.numpy()
    except TypeError:  # such as bfloat16, which numpy does not know: nothing is lost in single precision
        return plain_tensor.float().numpy()


def _classes(model: "BaseEstimator") -> tuple[Label, ...]:
    """The labels of a fitted classifier; numbers of numpy as Python's."""
    try:
        found = [plain(each) for each in model.classes_]
    except (AttributeError, TypeError):  # of a regression, or of several outputs
        return ()
    return tuple(found) if all(isinstance(each, str | int) for each in found) else ()


def _features_of(model: object) -> tuple[str, ...]:
    names = getattr(model, "feature_names_in_", None)
    return _counted(getattr(model, "n_features_in_", 0)) if names is None else tuple(map(str, names))


def _counted(count: int) -> tuple[str, ...]:
    return tuple(f"f{place}" for place in range(count))


def _libraries(library: str) -> dict[str, str]:
    """The framework's version and numpy's, under the names by which they are installed."""
    found = {}
    for name in (library, f"{library}-cpu", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def python_version() -> str:
    return platform.python_version()


def _named(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _written(stem: Path, suffix: str, content: bytes) -> Path:
    path = _named(stem, suffix)
    path.write_bytes(content)
    return path


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
