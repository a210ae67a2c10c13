"""Models as data: written with skops in a canonical form, read only after everything in them is known.

Nothing is ever unpickled. A file is refused before anything of it is built where it is a pickle, is damaged
or too large, or holds a type outside `modeltypes.allowed()`; and afterwards where `modelcheck` finds indices
that would make scikit-learn read outside its arrays. There is no way to trust more.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ModelError, UntrustedModel
from orchestrator.learning.modelarchive import MAX_SIZE, RETRAIN, read_schema
from orchestrator.learning.modeltypes import allowed
from orchestrator.learning.skopsfile import canonical, nodes, skops_io

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def check_fitted(model: object) -> None:
    """Raises ModelError for what has learned nothing yet, or is no estimator of scikit-learn's kind."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError) as error:
        kind = type(model).__name__
        raise ModelError(f"this {kind} has learned nothing yet", "Call its `fit` first.") from error


def save_model(pipeline: "Pipeline", path: Path) -> None:
    """Write a model, whole or not at all.

    Raises ModelError where it cannot be stored, or could not be read again.
    """
    data = model_bytes(pipeline)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ModelError(f"{path} cannot be written: {error.strerror}", "is the disk full?") from error


def model_bytes(pipeline: "Pipeline") -> bytes:
    """The canonical bytes of a model: equal models of the same library versions are equal bytes."""
    try:
        data = canonical(skops_io().dumps(pipeline))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The model cannot be stored: {error}", "use an estimator of the list") from error
    _check_types(read_schema(data))
    return data


def load_model(source: Path | bytes, also: Sequence[str] = ()) -> "Pipeline":
    """Read a model from a file or from its bytes: a pipeline, of one step where an estimator was stored.

    `also` names classes that this caller trusts beyond those of the list, because it checks them itself.

    Raises UntrustedModel for a pickle and for whatever is not on the list of types, ModelError for a damaged
    or oversized file and for a model whose parts do not fit each other.
    """
    from sklearn.pipeline import Pipeline

    from orchestrator.learning.modelcheck import check_model

    data = source if isinstance(source, bytes) else _read(source)
    schema = read_schema(data)
    trusted = _check_types(schema, also)
    try:
        model = skops_io().loads(data, trusted=sorted(trusted))
    except Exception as error:  # whatever a crafted file provokes in skops, numpy or scikit-learn
        raise ModelError(f"The model file is damaged: {type(error).__name__}: {error}", RETRAIN) from error
    pipeline = model if isinstance(model, Pipeline) else Pipeline([("model", model)])
    check_model(pipeline)
    return pipeline


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_SIZE:
            raise ModelError(f"{path} is larger than {MAX_SIZE >> 30} GiB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"There is no model file {path}") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error


def _check_types(schema: dict[str, Any], also: Sequence[str] = ()) -> set[str]:
    """The types that the file holds. Raises UntrustedModel for any that is not on the list."""
    found = [
        (str(each["__loader__"]), each.get("__module__"), each.get("__class__")) for each in nodes(schema)
    ]
    lists = allowed({str(name) for _, _, name in found})
    lists["ObjectNode"] |= set(also)
    types, unknown = set(), set()
    for loader, module, name in found:
        kind = f"{module}.{name}"
        types.add(kind)
        if kind not in lists.get(loader, ()):
            unknown.add(f"{kind} ({loader})")
    if unknown:
        raise UntrustedModel(
            f"The model holds types that are not trusted: {', '.join(sorted(unknown)[:5])}",
            "only pipelines of the estimators that `diln init` lists can be loaded",
        )
    return types
