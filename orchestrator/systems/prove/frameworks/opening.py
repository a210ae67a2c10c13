"""Open the bytes of a published model, if there is a reader that runs no code of the file's maker."""

from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.data import Feature
from orchestrator.provenance import Manifest
from orchestrator.provenance.formats import Format, format_named
from orchestrator.systems.prove.frameworks.asked import Opened, positional
from orchestrator.systems.prove.rows import Inputs

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

READABLE = ("skops", "onnx", "xgboost-json", "xgboost-ubj", "lightgbm", "safetensors")
LARGEST = 2 << 30  # bytes


def check_readable(manifest: Manifest) -> None:
    """Raises UntrustedModel for a format that runs code when loaded, ModelError for one without a reader."""
    found = format_named(manifest.predicate.artifact.format)
    if found.name in READABLE and not manifest.folder:
        return
    raise _unreadable(found)


def open_model(data: bytes, manifest: Manifest) -> tuple["Pipeline", Inputs]:
    """A model to ask, and what it takes. `data` must have been checked to be what the manifest describes.

    Raises ModelError; UntrustedModel for what could run code.
    """
    check_readable(manifest)
    if len(data) > LARGEST:
        raise ModelError("the model is above 2 GiB", "Load it with its framework.")
    inputs = Inputs.of(manifest)
    kind = format_named(manifest.predicate.artifact.format).name
    if kind == "skops":
        return _open_skops(data, inputs)
    opened = _open(kind, data, manifest, inputs.features)
    return opened.pipeline(), Inputs(opened.features(inputs.features), inputs.reading)


def _open(kind: str, data: bytes, manifest: Manifest, features: tuple[Feature, ...]) -> Opened:
    interface = manifest.predicate.interface
    classes = interface.classes if interface else ()
    if kind == "onnx":
        from orchestrator.systems.prove.frameworks.onnxfile import open_onnx

        return open_onnx(data, features, classes)
    if kind == "lightgbm":
        from orchestrator.systems.prove.frameworks.lightgbmfile import open_lightgbm

        return open_lightgbm(data, classes)
    if kind == "safetensors":
        from orchestrator.systems.prove.frameworks.safetensorsfile import open_safetensors

        return open_safetensors(data, interface.layers if interface else (), classes)
    from orchestrator.systems.prove.frameworks.xgboostfile import open_xgboost

    return open_xgboost(data, classes)


def _open_skops(data: bytes, inputs: Inputs) -> tuple["Pipeline", Inputs]:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    from orchestrator.learning.modelfile import load_model

    model = load_model(data)
    if hasattr(model, "feature_names_in_"):
        if inputs.features:
            return model, inputs
        named = tuple(map(str, model.feature_names_in_))
        return model, Inputs(positional(named, optional=False), inputs.reading)
    width: int = getattr(model, "n_features_in_", 0)
    if not (width or inputs.features):
        raise ModelError("neither the model nor its manifest names its features", "Publish it with features.")
    found = inputs.features or positional(tuple(f"f{place}" for place in range(width)), optional=False)
    return Pipeline([("array", FunctionTransformer(_as_array)), *model.steps]), Inputs(found, inputs.reading)


def _as_array(rows: "pd.DataFrame") -> Any:
    """For a model that learned from arrays: it knows no names of columns."""
    return rows.to_numpy()


def _unreadable(kind: Format) -> ModelError:
    bytes_only = "Its bytes are proven; predict with its framework, if you trust its maker."
    if kind.runs_code:
        return UntrustedModel(
            f"a model in the format {kind.name} is not loaded: loading it can run code that it holds",
            bytes_only,
        )
    return ModelError(f"there is no reader here for the format {kind.name}", bytes_only)
