"""Rows to predict, out of files and request bodies, under the rules of a model's manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic_core import from_json

from orchestrator.errors import DataError
from orchestrator.learning.data import Feature, Reading
from orchestrator.learning.prediction import CleanRow, Note, clean_rows, read_table
from orchestrator.provenance import Manifest

Row = Mapping[str, Any]

_FORMATS = "Give CSV, Parquet or JSON (a list of objects)."


@dataclass(frozen=True)
class Inputs:
    """What a model takes: its features, and how its training read them."""

    features: tuple[Feature, ...]
    reading: Reading

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """As the manifest says."""
        training = manifest.predicate.training
        features = tuple(Feature(**each.model_dump()) for each in training.features)
        return cls(features, Reading(**training.reading.model_dump()) if training.reading else Reading())

    @classmethod
    def of_row(cls, manifest: Manifest, row: Row) -> Self:
        """As the manifest says; where it names no features, those of a row that was asked."""
        found = cls.of(manifest)
        if found.features or not isinstance(row, Mapping):
            return found
        named = (
            Feature(name, "categorical" if isinstance(value, str) else "numeric", optional=True)
            for name, value in row.items()
        )
        return cls(tuple(named), found.reading)

    def clean(self, rows: list[Any], note: Note | None = None) -> list[CleanRow]:
        """Rows as the model is asked; see `clean_rows`. Raises DataError, naming row and column."""
        return clean_rows(rows, self.features, self.reading, note)

    def read(self, source: Path) -> list[Any]:
        """Rows of a CSV, Parquet or JSON file (a list of objects, or one); raises DataError."""
        try:
            if source.suffix.lower() == ".json":
                content = parse_json(source.read_bytes().removeprefix(b"\xef\xbb\xbf"), source.name)
                return content if isinstance(content, list) else [content]
            if source.suffix.lower() not in (".csv", ".parquet"):
                raise DataError(f"{source} is neither CSV, Parquet nor JSON", "Its name says what it is.")
            return read_table(source, self.features, self.reading)
        except OSError as error:
            raise DataError(f"{source} cannot be read: {error.strerror}", _FORMATS) from error


def parse_json(data: bytes, name: str) -> Any:
    """JSON in UTF-8, of bounded depth, without NaN and Infinity. Raises DataError that calls it `name`."""
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise DataError(f"{name} is not JSON: {error}", "Where a value is unknown, give null.") from error
