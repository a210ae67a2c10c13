"""Prediction reads cells as training did, out of CSV, Parquet, JSON and requests alike."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.config import load_settings
from orchestrator.errors import DataError
from orchestrator.learning.columns import convert
from orchestrator.learning.data import Feature, Reading
from orchestrator.learning.modelfile import load_model
from orchestrator.learning.prediction import clean_rows, predict_clean, read_table
from orchestrator.learning.reading import Table
from orchestrator.learning.spec import Cleaning, Data
from orchestrator.systems.prove.rows import Inputs
from orchestrator.systems.prove.training import train


@dataclass(frozen=True)
class Trained:
    """A model and what its manifest says of its inputs."""

    folder: Path
    inputs: Inputs
    pipeline: Any

    def predict(self, name: str, content: str | bytes) -> list[Any]:
        """The labels of the rows of a file."""
        file = self.folder / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        rows = self.inputs.clean(self.inputs.read(file))
        return [each["label"] for each in predict_clean(self.pipeline, rows, self.inputs.features)]


Train = Callable[..., Trained]


@pytest.fixture
def trained(tmp_path: Path) -> Train:
    """Train on a CSV text; `data` and `cleaning` are lines of the spec."""

    def build(
        text: str, data: str = "", cleaning: str = "", estimator: str = "logistic_regression"
    ) -> Trained:
        (tmp_path / "data.csv").write_text(text)
        spec = f'[project]\nname = "alike"\n[data]\nfile = "data.csv"\ntarget = "y"\n{data}\n'
        spec += f'[data.cleaning]\n{cleaning}\n[model]\nestimator = "{estimator}"\n'
        (tmp_path / "diln.toml").write_text(spec)
        run, _ = train(load_settings(home=tmp_path / ".diln", environ={}), tmp_path / "diln.toml")
        return Trained(tmp_path, Inputs.of(run.manifest), load_model(run.model.read_bytes()))

    return build


def geyser() -> str:
    """Eruptions: the long ones come after long waits."""
    rows = [(2 + number % 7 / 10, 50 + number % 9, "short") for number in range(40)]
    rows += [(4 + number % 7 / 10, 80 + number % 9, "long") for number in range(40)]
    return "duration,waiting,y\n" + "".join(f"{a},{b},{kind}\n" for a, b, kind in rows)


def test_predict__trailing_commas__are_refused_and_no_column_moves(trained: Train) -> None:
    model = trained(geyser())
    rows = ["3.9,79", "1.8,54", "4.5,85", "2.0,51"]
    head = "duration,waiting\n"
    assert model.predict("good.csv", head + "\n".join(rows)) == ["long", "short", "long", "short"]
    with pytest.raises(DataError, match=r"trailing\.csv, line 2: 3 fields instead of 2"):
        model.predict("trailing.csv", head + "".join(f"{row},\n" for row in rows))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("duration,waiting\n3.6,79\n1.8\n", "line 3: 1 fields instead of 2"),
        ("duration,waiting\n3.6,79,7\n", "line 2: 3 fields instead of 2"),
        ("duration,waiting,waiting\n3.6,79,80\n", "two columns are named 'waiting'"),
        ("duration, waiting ,waiting\n3.6,79,80\n", "two columns are named 'waiting'"),
        ("duration;waiting\n3.6;79\n", "seems to be separated by ';', not by ','"),
        ("duration\n3.6\n", "column 'waiting' is missing"),
        ("duration,waiting,\n3.6,79,\n", "column 3 has no name"),
    ],
)
def test_predict__header_or_row_of_another_shape__is_refused(
    trained: Train, content: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        trained(geyser()).predict("rows.csv", content)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_predict__commas_for_a_model_that_reads_another_mark__are_named(trained: Train, mark: str) -> None:
    model = trained(geyser().replace(",", mark), data=f'separator = "{mark}"'.replace("\t", "\\t"))
    with pytest.raises(DataError, match=r"rows\.csv seems to be separated by ','") as caught:
        model.predict("rows.csv", "duration,waiting\n3.6,79\n")
    assert caught.value.hint.startswith("Write it with")


def countries(missing: str = "-999") -> str:
    """Hot where the country is NA, which is not a mark of a missing value here."""
    rows = [("NA", 16 + number % 8, "hot") for number in range(60)]
    rows += [("DE" if number % 2 else "FR", 15 + number % 8, "cold") for number in range(60)]
    rows += [("FR", missing, "cold")] * 3
    return "country,temp,y\n" + "".join(f"{a},{b},{kind}\n" for a, b, kind in rows)


MARKS = 'missing_marks = ["", "-999"]\nduplicates = "keep"'
ROWS = [{"country": "NA", "temp": 20.0}, {"country": "DE", "temp": None}, {"country": "NA", "temp": -999}]


def test_predict__marks_of_the_spec__hold_for_each_kind_of_file(trained: Train) -> None:
    model = trained(countries(), cleaning=MARKS)
    assert model.inputs.reading.missing_marks == ("", "-999")
    text = "country,temp\nNA,20.0\nDE,-999\nNA,-999.0\n"
    parquet = pa.BufferOutputStream()
    columns = {"country": ["NA", "DE", "NA"], "temp": pa.array([20.0, None, -999.0])}
    pq.write_table(pa.table(columns), parquet)
    for name, content in (
        ("rows.csv", text),
        ("ROWS.CSV", text),
        ("rows.JSON", json.dumps(ROWS)),
        ("rows.Parquet", bytes(parquet.getvalue())),
    ):
        assert model.predict(name, content) == ["hot", "cold", "hot"], name
    asked = model.inputs.clean(ROWS)
    assert asked == model.inputs.clean(model.inputs.read(model.folder / "rows.csv"))
    assert [row["temp"] for row in asked] == [20.0, None, None]


def test_train__numbers_in_parquet__marks_hold_there_too() -> None:
    table = Table(pa.table({"a": [1.0, -999.0], "b": [7, -999]}), [("f", 2)], is_text=False)
    data = Data(file="f.parquet", cleaning=Cleaning(missing_marks=["-999"]))
    assert [convert(name, table, data).missing.tolist() for name in "ab"] == [[False, True]] * 2


def test_predict__separator_of_the_spec__reads_the_very_training_file(trained: Train) -> None:
    rows = "".join(f"{number / 80};{number % 4};{'q' if number > 40 else 'p'}\n" for number in range(80))
    model = trained("a;b;y\n" + rows, data='separator = ";"')
    labels = model.predict("s.csv", "a;b;y\n" + rows)
    assert len(labels) == 80
    assert (labels[0], labels[-1]) == ("p", "q")


def test_predict__decimal_commas__are_numbers_in_texts_of_json_too(trained: Train) -> None:
    rows = "".join(f"{number // 10},{number % 10};{'q' if number > 40 else 'p'}\n" for number in range(80))
    model = trained("a;y\n" + rows, data='separator = ";"\ndecimal = ","')
    assert model.inputs.features == (Feature("a", "numeric", True),)
    assert model.predict("s.csv", "a\n0,5\n7,5\n") == ["p", "q"]
    assert model.inputs.clean([{"a": "7,5"}, {"a": 7.5}]) == [{"a": 7.5}] * 2
    with pytest.raises(DataError, match=r"Row 1, column 'a': '7\.5' is not a finite number"):
        model.inputs.clean([{"a": "7.5"}])


def incomes(bad: str) -> str:
    rows = [f"{1000 + 100 * number},{'stay' if number < 50 else 'leave'}\n" for number in range(100)]
    rows[5] = f'"{bad}",stay\n'
    return "income,y\n" + "".join(rows)


def test_predict__bad_values_that_training_imputed__are_imputed_and_said_so(trained: Train) -> None:
    model = trained(incomes("25,481.08"), cleaning='bad_values = "impute"')
    assert model.inputs.reading.bad_values == "impute"
    content = 'income\n1000\n"25,481.08"\n10900\ninf\n'
    assert model.predict("rows.csv", content)[::2] == ["stay", "leave"]
    said: list[str] = []
    asked = model.inputs.clean(model.inputs.read(model.folder / "rows.csv"), said.append)
    assert [row["income"] for row in asked] == [1000.0, None, 10900.0, None]
    assert said == [
        "Row 2, column 'income': '25,481.08' is not a finite number",
        "Row 4, column 'income': 'inf' is not a finite number",
    ]
    assert model.inputs.clean([{"income": "much"}, {"income": True}]) == [{"income": None}] * 2


def test_predict__bad_values_that_training_refused__are_refused_with_a_hint(trained: Train) -> None:
    model = trained(incomes("1500"))
    with pytest.raises(DataError, match=r"Row 1, column 'income': '25,481\.08'") as refused:
        model.predict("rows.csv", 'income\n"25,481.08"\n')
    assert "bad_values = 'impute'" in refused.value.hint


def test_predict__truth_values_of_parquet__are_numbers_where_training_took_them_so(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [True, None, False]}), tmp_path / "rows.parquet")
    numeric, category = Feature("a", "numeric", True), Feature("a", "categorical", True)
    for feature, expected in ((numeric, [1.0, None, 0.0]), (category, ["True", None, "False"])):
        rows = read_table(tmp_path / "rows.parquet", [feature], Reading())
        assert [row["a"] for row in clean_rows(rows, [feature], Reading())] == expected


# each cell, however strange, as training reads it

TEXTS = [
    "",
    " ",
    "NA",
    "-999",
    "-999.0",
    "-9.99e2",
    "-999,0",
    "1,5",
    "1.5",
    "1e3",
    "inf",
    "nan",
    "NaN",
    "1_0",
]
TEXTS += [
    "x",
    "\u00a07",
    "\u0663",
    "0x10",
    "1e400",
    "+5",
    "-0",
    "true",
    "None",
    "null",
    " 7 ",
    "\x1c3",
    "1.2.3",
]
cells = st.lists(
    st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), min_size=1
)
readings = st.builds(
    Reading,
    st.just(";"),
    st.sampled_from([".", ","]),
    st.sampled_from([("", "NA"), ("-999",), ("-999,0", "x"), (), ("", "nan", "1e400")]),
    st.just("impute"),
)


def as_training_reads(column: Any, kind: Any, reading: Reading, *, is_text: bool) -> list[Any]:
    rules = Cleaning(missing_marks=list(reading.missing_marks), bad_values="impute")
    data = Data(file="f", separator=";", decimal=reading.decimal, types={"a": kind}, cleaning=rules)
    table = Table(pa.table({"a": column}), [("f", len(column))], is_text=is_text)
    try:
        found = convert("a", table, data)
    except DataError:  # no value at all: there is no such column in a model
        assume(False)
    return [None if cell != cell else cell for cell in found.values.tolist()]


def as_prediction_reads(values: Sequence[Any], kind: Any, reading: Reading) -> list[Any]:
    feature = Feature("a", kind, optional=True)
    return [row["a"] for row in clean_rows([{"a": value} for value in values], [feature], reading)]


@given(texts=cells, reading=readings, kind=st.sampled_from(["numeric", "categorical"]))
def test_clean_rows__texts__are_what_training_makes_of_them(
    texts: list[str], reading: Reading, kind: str
) -> None:
    learned = as_training_reads(pa.array(texts, pa.string()), kind, reading, is_text=True)
    assert as_prediction_reads(texts, kind, reading) == learned


@given(
    numbers=st.lists(st.none() | st.floats() | st.sampled_from([-999.0, math.inf]), min_size=1),
    reading=readings.filter(lambda reading: reading.decimal == "."),
    kind=st.sampled_from(["numeric", "categorical"]),
)
def test_clean_rows__numbers__are_what_training_makes_of_them(
    numbers: list[float | None], reading: Reading, kind: str
) -> None:
    learned = as_training_reads(pa.array(numbers, pa.float64()), kind, reading, is_text=False)
    assert as_prediction_reads(numbers, kind, reading) == learned
