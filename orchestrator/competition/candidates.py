"""A model on its way to the contract: read, quantized, and its score predicted exactly."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.competition.records import Terms
from orchestrator.competition.samples import Samples
from orchestrator.errors import ModelError
from orchestrator.learning.integer import (
    IntegerModel,
    IntegerTrees,
    decode_model,
    encode_model,
    predict,
    quantize,
    readable_score,
    score,
)

MAX_ADDITIONS = 16_384
"""Trees times outputs, see TreeModel.sol: so that one sample can always be refuted in one transaction."""


@dataclass(frozen=True)
class Candidate:
    """An integer model with its bytes, and what quantization lost.

    `score` is what the contract would compute on the samples it was measured on, `float_score` the same of
    the model before quantization (None where only the integer model is known); both as people read them, for
    MAE in units of the labels. `agreement` is the share of equal predictions.
    """

    model: IntegerModel
    encoded: bytes
    score: float
    float_score: float | None
    agreement: float | None

    @property
    def hash(self) -> bytes:
        """Keccak-256 of the bytes, which the commitment binds."""
        return keccak(self.encoded)


def candidate_of(file: Path, terms: Terms, training: Samples, held_out: Samples | None = None) -> Candidate:
    """Read a model file (skops, or an encoded integer model), quantize it, check it against the terms.

    It is calibrated on `training` and measured on `held_out`, or on `training` too. Raises ModelError for
    what the competition cannot take, UntrustedModel for a pickle.
    """
    return quantized(_load(file), terms, training, held_out)


def quantized(estimator: Any, terms: Terms, training: Samples, held_out: Samples | None = None) -> Candidate:
    """The same for an estimator, or an integer model, at hand."""
    measured = held_out or training
    if isinstance(estimator, IntegerModel):
        model, floats, agreement = estimator, None, None
    else:
        _require_inputs(getattr(estimator, "n_features_in_", terms.features), terms)
        model = quantize(_plain(estimator), training.features, terms.classes).model
        said = np.asarray(_plain(estimator).predict(measured.features), np.float64)
        floats = np.rint(said).astype(np.int64)
        agreement = float(np.mean(predict(model, measured.features, terms.classes) == floats))
    _require_inputs(model.inputs, terms)
    encoded = encode_model(model)
    if len(encoded) > terms.max_model_bytes:
        raise ModelError(
            f"the model has {len(encoded)} bytes; this competition takes {terms.max_model_bytes}",
            "Train one with fewer neurons, or fewer and smaller trees.",
        )
    if isinstance(model, IntegerTrees) and len(model.trees) * model.outputs > MAX_ADDITIONS:
        raise ModelError(
            f"{len(model.trees)} trees with {model.outputs} outputs each are more than the contract adds up",
            f"Train {MAX_ADDITIONS // model.outputs} trees at most.",
        )
    return Candidate(
        model=model,
        encoded=encoded,
        score=readable_score(terms.metric_name, exact_score(model, terms, measured)),
        float_score=None if floats is None else _readable(terms, floats, measured),
        agreement=agreement,
    )


def exact_score(model: IntegerModel, terms: Terms, samples: Samples) -> int:
    """The very number that the contract computes for these samples."""
    predictions = predict(model, samples.features, terms.classes)
    return score(terms.metric_name, terms.classes, predictions.tolist(), samples.labels.tolist())


def _readable(terms: Terms, predictions: Any, samples: Samples) -> float:
    reached = score(terms.metric_name, terms.classes, predictions.tolist(), samples.labels.tolist())
    return readable_score(terms.metric_name, reached)


def _load(file: Path) -> Any:
    from orchestrator.learning.modelfile import load_model

    try:
        with file.open("rb") as stream:
            start = stream.read(1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}", "Name a model file.") from error
    if start in (b"\x01", b"\x02"):
        return decode_model(file.read_bytes())
    if file.suffix == ".onnx":
        raise ModelError(f"{file} is an ONNX file, which is not supported", "Give the scikit-learn model.")
    return load_model(file)


def _require_inputs(inputs: int, terms: Terms) -> None:
    if inputs != terms.features:
        raise ModelError(
            f"the model takes {inputs} inputs, the competition's samples have {terms.features}",
            "Train it on the file that `diln competition data` writes.",
        )


def _plain(estimator: Any) -> Any:
    """The estimator without its memory of column names, of which arrays have none."""
    return _WithoutNames(estimator) if hasattr(estimator, "feature_names_in_") else estimator


class _WithoutNames:
    """Predicts from arrays with an estimator that was fitted on a table."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def __getattr__(self, name: str) -> Any:
        if name == "feature_names_in_":
            raise AttributeError(name)
        return getattr(self._estimator, name)

    def predict(self, samples: Any) -> Any:
        import pandas as pd

        return self._estimator.predict(pd.DataFrame(samples, columns=self._estimator.feature_names_in_))
