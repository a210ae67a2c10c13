"""A party's rows: a CSV file with the features and the target of the descriptor."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.bindings.federation import Federation
from orchestrator.errors import DataError
from orchestrator.kernel.session import Session
from orchestrator.learning.reading import parse_table
from orchestrator.systems.federation.finding import Descriptor, descriptor_of
from orchestrator.systems.federation.simulation.networks import Floats, Labels
from orchestrator.text import shown

_LONGEST = 80
_APP = "`diln federation flower APP` trains it by an app of yours."


@dataclass(frozen=True)
class Rows:
    """`features` (rows, features) and `labels` (rows,), numbers of the descriptor's classes."""

    descriptor: Descriptor
    features: Floats
    labels: Labels


def read_rows(session: Session, federation: Federation, file: Path) -> Rows:
    """Raises DataError that names what does not fit."""
    return parse_rows(_described(session, federation), file)


def read_test_rows(session: Session, federation: Federation, content: bytes) -> Rows:
    """A test set that was released. Raises DataError that names what does not fit."""
    return parse_table_rows(_described(session, federation), "the test set", content)


def _described(session: Session, federation: Federation) -> Descriptor:
    descriptor, size = descriptor_of(session, federation), federation.terms.size
    if descriptor.network.size != size:
        raise DataError(
            f"its organizer describes a model of {descriptor.network.size:,} parameters, and the terms have "
            f"{size:,}",
            "Nobody can train it: do not join.",
        )
    return descriptor


def parse_rows(descriptor: Descriptor, file: Path) -> Rows:
    """Raises DataError that names what does not fit."""
    if descriptor.template:
        raise DataError("this federation's model is not learned from a table", _APP)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", "Give a CSV file.") from error
    return parse_table_rows(descriptor, file.name, content)


def parse_table_rows(descriptor: Descriptor, name: str, content: bytes) -> Rows:
    """The rows of a CSV file's `content`; `name` is it in messages. Raises DataError."""
    table = parse_table(name, content, ",").columns
    wanted = {descriptor.target, *descriptor.features}
    if missing := sorted(wanted - set(table.column_names)):
        raise DataError(f"{name} has no column {shown(missing[0], _LONGEST)}", "The descriptor names them.")
    if not table.num_rows:
        raise DataError(f"{name} has no rows", "A party without data has nothing to train on.")
    try:
        cells = [[float(cell) for cell in table[column].to_pylist()] for column in descriptor.features]
    except (TypeError, ValueError) as error:
        reason = shown(str(error), _LONGEST)
        raise DataError(f"{name}: a feature is not a number: {reason}", "Mend or drop the row.") from error
    features = np.array(cells, np.float64).T
    if not np.isfinite(features).all():
        raise DataError(f"{name} has features that are not finite", "Fill or drop them.")
    places = {each: place for place, each in enumerate(descriptor.classes)}
    names = [str(cell) for cell in table[descriptor.target].to_pylist()]
    if strange := next((each for each in names if each not in places), None):
        raise DataError(f"{name}: `{shown(strange, _LONGEST)}` is not a class of this federation")
    return Rows(descriptor, features, np.array([places[each] for each in names], np.int64))
