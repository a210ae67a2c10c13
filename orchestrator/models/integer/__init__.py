"""Integer models: one specification that Python and the EVM compute bit for bit alike.

Inputs are bytes, weights int8, activations bytes, biases int32; contracts/models/integer/IModelRunner.sol has
the byte encoding that both sides read. Nothing here imports scikit-learn before `quantize` is called.
"""

from orchestrator.models.integer.codec import decode_model, encode_model
from orchestrator.models.integer.models import (
    IntegerModel,
    IntegerNetwork,
    IntegerTrees,
    Layer,
    Tree,
    predict,
)
from orchestrator.models.integer.quantization import Quantization, quantize
from orchestrator.models.integer.reading import read_onnx
from orchestrator.models.integer.real import RealModel, predict_real
from orchestrator.models.integer.samples import decode_samples, encode_samples, sample_size
from orchestrator.models.integer.scoring import METRICS, pass_mark, points, readable_score, score, tally

__all__ = [
    "METRICS",
    "IntegerModel",
    "IntegerNetwork",
    "IntegerTrees",
    "Layer",
    "Quantization",
    "RealModel",
    "Tree",
    "decode_model",
    "decode_samples",
    "encode_model",
    "encode_samples",
    "pass_mark",
    "points",
    "predict",
    "predict_real",
    "quantize",
    "read_onnx",
    "readable_score",
    "sample_size",
    "score",
    "tally",
]
