"""A public model to start from, and to be beaten: ridge regression on the features."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.bindings.tournament import Tournament
from orchestrator.errors import DataError
from orchestrator.kernel.session import Session
from orchestrator.systems.tournament.entering import PREDICTION
from orchestrator.systems.tournament.finding import LARGEST_DATA
from orchestrator.systems.tournament.rows import ids_of, live_data, read_columns
from orchestrator.text import shown

ALPHA = 1.0


def download(session: Session, tournament: Tournament, number: int, folder: Path) -> list[Path]:
    """Write the training data and the rows of a round into `folder`. Raises StorageError, DataError."""
    descriptor, live = live_data(session, tournament, number)
    folder.mkdir(parents=True, exist_ok=True)
    train = session.storage.read(descriptor.train, limit=LARGEST_DATA)
    written = {folder / "train.csv": train, folder / f"live-{number}.csv": live}
    for path, data in written.items():
        path.write_bytes(data)
    return list(written)


def predict(session: Session, tournament: Tournament, number: int, output: Path) -> Path:
    """Train on the training data, and write predictions of the rows of a round (CSV). Raises DataError."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    descriptor, live = live_data(session, tournament, number)
    train = session.storage.read(descriptor.train, limit=LARGEST_DATA)
    ids = ids_of(live, descriptor.id, tournament.terms.rows)
    [targets] = _numbers(train, (descriptor.target,)).T
    model = make_pipeline(StandardScaler(), Ridge(alpha=ALPHA))
    model.fit(_numbers(train, descriptor.features), targets)
    predictions = model.predict(_numbers(live, descriptor.features)).tolist()
    lines = [f"{_cell(each)},{value!r}" for each, value in zip(ids, predictions, strict=True)]
    output.write_text("\n".join([f"{_cell(descriptor.id)},{PREDICTION}", *lines]) + "\n", encoding="utf-8")
    return output


def _numbers(data: bytes, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Columns of numbers, a row each."""
    columns = read_columns(data, names)
    try:
        return np.array([[float(cell) for cell in columns[name]] for name in names]).T
    except ValueError as error:
        raise DataError(
            f"the data are not numbers: {shown(str(error), 200)}", "Encode them yourself."
        ) from error


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text
