"""A sample's bytes, as a contract's model takes them."""

from collections.abc import Sequence

from orchestrator.errors import DataError
from orchestrator.models.online.features import encode_dense, encode_sparse
from orchestrator.models.online.finding import Instance

Sample = tuple[bytes, int]
"""Features and label."""


def encode_row(opened: Instance, row: object) -> bytes:
    """One sample's bytes, within the number of features that the model takes. Raises DataError."""
    x = opened.descriptor.encoder.encode(row)
    limit = opened.shared.params.limit
    if limit and len(x) > 2 * limit:
        raise DataError(
            f"this text has {len(x) // 2} known words; the model takes {limit} at most", "Shorten it."
        )
    return x


def encode_features(opened: Instance, features: Sequence[int]) -> bytes:
    """Encoded features, given as numbers. Raises DataError where the contract would refuse them."""
    sparse = opened.shared.params.limit > 0
    x = encode_sparse(features) if sparse else encode_dense(features)
    reference = opened.first_reference()
    reference.classify(x)
    return x
