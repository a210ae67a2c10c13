"""Estimators of scikit-learn and ONNX files, read as real models over bytes.

Neither scikit-learn nor onnx is imported before a model is read.
"""

from orchestrator.models.integer.reading.estimators import read_estimator
from orchestrator.models.integer.reading.onnxgraph import read_onnx

__all__ = ["read_estimator", "read_onnx"]
