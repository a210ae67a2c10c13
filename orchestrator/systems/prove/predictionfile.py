"""Write predictions to a CSV, Parquet or JSON file, one row for each row that was asked, in that order."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.files import replace_file
from orchestrator.systems.prove.answering import Prediction
from orchestrator.systems.prove.loading import PublishedModel

SUFFIXES = (".csv", ".parquet", ".json")


def check_output(path: Path, source: Path) -> None:
    """Look before anything is predicted and logged. Raises UsageError for a file that cannot be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path} is neither CSV, Parquet nor JSON", f"Its name ends in {', '.join(SUFFIXES)}."
        )
    if not os.access(path.parent, os.W_OK | os.X_OK) or path.is_dir():
        raise UsageError(f"{path} cannot be written", "Choose a folder that is there.")
    if path.exists() and path.samefile(source):
        raise UsageError(f"{path} holds the rows that are asked", "Choose another file for the answers.")


def write_predictions(path: Path, model: PublishedModel, predictions: Sequence[Prediction]) -> None:
    """Columns `index` (the place in the log), `label`, and `probability CLASS` for each class that has one.

    As JSON, what `diln predict --json` prints. Raises StorageError.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        content = json.dumps(as_json(model, predictions), indent=2).encode() + b"\n"
    else:
        records = [_record(each) for each in predictions]
        content = _csv(records) if suffix == ".csv" else _parquet(records)
    replace_file(path, content)


def as_json(model: PublishedModel, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """The model with its anchor, and each prediction with its place in the log."""
    answers = [{"index": each.index, **each.output} for each in predictions]
    return {"model": model.to_json(), "predictions": answers}


def _record(prediction: Prediction) -> dict[str, Any]:
    shares = prediction.output.get("probabilities", {})
    named = {f"probability {name}": share for name, share in shares.items()}
    return {"index": prediction.index, "label": prediction.output["label"], **named}


def _csv(records: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def _parquet(records: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records), sink)
    return bytes(sink.getvalue())
