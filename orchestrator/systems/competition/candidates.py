"""A model on its way to the contract: read, quantized, and its score predicted exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.errors import ModelError
from orchestrator.models.integer import (
    IntegerModel,
    decode_model,
    encode_model,
    predict,
    predict_real,
    quantize,
    read_onnx,
    readable_score,
    score,
)
from orchestrator.models.integer.models import Integers
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.samples import Samples
from orchestrator.types import Report

ONNX_START = b"\x08"  # the tag of a ModelProto's first field


@dataclass(frozen=True)
class Candidate:
    """An integer model with its bytes, and what quantization lost.

    `score` is what the contract would compute on the samples it was measured on, `float_score` the same of
    the model before quantization (None where only the integer model is known); both as people read them, for
    MAE in units of the labels. `passes` is whether that score reaches the criterion, `agreement` is the
    share of equal predictions.
    """

    model: IntegerModel
    encoded: bytes
    score: float
    passes: bool
    float_score: float | None
    agreement: float | None

    @property
    def hash(self) -> bytes:
        """Keccak-256 of the bytes, which the commitment binds."""
        return keccak(self.encoded)


def candidate_of(
    file: Path,
    terms: Terms,
    training: Samples,
    held_out: Samples | None = None,
    progress: Report | None = None,
) -> Candidate:
    """Read a model file (skops, ONNX, or an encoded integer model), quantize it, check it against the terms.

    It is calibrated on `training` and measured on `held_out`, or on `training` too. Raises ModelError for
    what the competition cannot take, UntrustedModel for a pickle or a file that names others.
    """
    return quantized(_load(file, training.names, terms.classes), terms, training, held_out, progress)


def quantized(
    model: object,
    terms: Terms,
    training: Samples,
    held_out: Samples | None = None,
    progress: Report | None = None,
) -> Candidate:
    """The same for an estimator, a model that was read, or an integer model, at hand."""
    measured = held_out or training
    floats, agreement = None, None
    if not isinstance(model, IntegerModel):
        found = quantize(model, training.features, terms.classes, training.names, progress)
        model = found.model
        said = predict_real(found.original, measured.features, terms.classes)
        floats = np.rint(said).astype(np.int64)
        agreement = float(np.mean(predict(model, measured.features, terms.classes) == floats))
    _require_inputs(model.inputs, terms)
    encoded = encode_model(model)
    if len(encoded) > terms.max_model_bytes:
        raise ModelError(
            f"the model has {len(encoded)} bytes; this competition takes {terms.max_model_bytes}",
            "Train one with fewer neurons, or fewer and smaller trees.",
        )
    reached = exact_score(model, terms, measured)
    return Candidate(
        model=model,
        encoded=encoded,
        score=readable_score(terms.metric_name, reached),
        passes=reached >= terms.least,
        float_score=None if floats is None else _readable(terms, floats, measured),
        agreement=agreement,
    )


def exact_score(model: IntegerModel, terms: Terms, samples: Samples) -> int:
    """The very number that the contract computes for these samples."""
    predictions = predict(model, samples.features, terms.classes)
    return score(terms.metric_name, terms.classes, predictions.tolist(), samples.labels.tolist())


def _readable(terms: Terms, predictions: Integers, samples: Samples) -> float:
    reached = score(terms.metric_name, terms.classes, predictions.tolist(), samples.labels.tolist())
    return readable_score(terms.metric_name, reached)


def _load(file: Path, names: Sequence[str], classes: int) -> Any:
    """An integer model, what an ONNX file was read as, or a pipeline."""
    from orchestrator.learning.modelfile import load_model

    try:
        with file.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}", "Name a model file.") from error
    if file.suffix == ".onnx" or start[:1] == ONNX_START:
        return read_onnx(file, names, classes)
    if start[:1] in (b"\x01", b"\x02"):
        return decode_model(file.read_bytes())
    return load_model(file)


def _require_inputs(inputs: int, terms: Terms) -> None:
    if inputs != terms.features:
        raise ModelError(
            f"the model takes {inputs} inputs, the competition's samples have {terms.features}",
            "Train it on the file that `diln competition data` writes.",
        )
