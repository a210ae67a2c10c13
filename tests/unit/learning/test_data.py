"""load_dataset
├── sources: CSV, Parquet, folder, bundled → the same table, each with its own digest
├── cleaning: missing, duplicates, bad values → dropped and counted, imputed, or refused
├── targets: words, whole numbers, numbers → classes or values
└── what cannot be learned from → DataError naming file, row and column
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import DataError
from orchestrator.learning.data import Dataset, load_dataset
from orchestrator.learning.spec import Cleaning, Data

Load = Callable[..., Dataset]

TEXT = "age,town,target\n30,Rome,no\n41.5,Oslo,yes\n22,Rome,no\n57,Bern,yes\n"


def at_noon() -> datetime:
    return datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_load_dataset__csv__has_features_labels_and_provenance(csv_data: Load) -> None:
    dataset = csv_data(TEXT)
    assert dataset.X["age"].tolist() == [30.0, 41.5, 22.0, 57.0]
    assert dataset.X["town"].tolist() == ["Rome", "Oslo", "Rome", "Bern"]
    assert (dataset.classes, dataset.positive) == (("no", "yes"), "yes")
    record = json.loads(json.dumps(dataset.provenance.to_json(), allow_nan=False))
    assert record["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert record["source"] == "file:data.csv"
    assert record["rows"] == 4
    assert record["collected_at"] == "2026-01-02T12:00:00Z"
    assert record["columns"][0] == {
        "name": "age", "type": "numeric", "missing": 0, "min": 22.0, "max": 57.0, "mean": 37.625,
        "std": float(np.std([30, 41.5, 22, 57])),
    }  # fmt: skip
    assert record["columns"][1]["top"] == [["Rome", 2], ["Bern", 1], ["Oslo", 1]]


def test_load_dataset__parquet__equals_the_csv(csv_data: Load, tmp_path: Path) -> None:
    plain = csv_data(TEXT)
    pd.read_csv(tmp_path / "data.csv").to_parquet(tmp_path / "data.parquet")
    dataset = load_dataset(Data(file="data.parquet"), tmp_path)
    pd.testing.assert_frame_equal(dataset.X, plain.X)
    assert dataset.y.tolist() == plain.y.tolist()
    assert dataset.provenance.sha256 != plain.provenance.sha256


def test_load_dataset__folder__joins_files_in_order_of_names(tmp_path: Path) -> None:
    head, *rows = TEXT.splitlines()
    (tmp_path / "b.csv").write_text("\n".join([head, *rows[2:]]))
    (tmp_path / "a.csv").write_text("\n".join([head, *rows[:2]]))
    (tmp_path / "notes.txt").write_text("not data")
    dataset = load_dataset(Data(folder="."), tmp_path)
    assert dataset.X["age"].tolist() == [30.0, 41.5, 22.0, 57.0]
    listing = "".join(
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("a.csv", "b.csv")
    )
    assert dataset.provenance.sha256 == hashlib.sha256(listing.encode()).hexdigest()
    assert [file.name for file in dataset.provenance.files] == ["a.csv", "b.csv"]
    assert [path.name for path in dataset.paths] == ["a.csv", "b.csv"]


def test_load_dataset__folder_with_bad_cell__names_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,target\n" + "1,a\n2,b\n" * 10)
    (tmp_path / "b.csv").write_text("x,target\n1,a\nten,b\n")
    with pytest.raises(DataError, match=r"b\.csv, row 2, column 'x': 'ten' is not a number"):
        load_dataset(Data(folder="."), tmp_path)


@pytest.mark.parametrize(
    ("name", "rows", "digest"),
    [
        ("breast_cancer", 569, "62dce411778129f3cd79e514e076cf8baac37c12249b61b6907134c9b1b8b5b6"),
        ("iris", 149, "7e4e13e60d33"),
        ("wine", 178, "7ec843c2ddfe"),
        ("digits", 1797, "59834b81e552"),
        ("diabetes", 442, "f16718c1e660"),
    ],
)
def test_load_dataset__bundled__has_canonical_bytes(name: Any, rows: int, digest: str) -> None:
    dataset = load_dataset(Data(sklearn=name), Path())
    assert isinstance(dataset.content, bytes)
    assert hashlib.sha256(dataset.content).hexdigest() == dataset.provenance.sha256
    assert dataset.provenance.sha256.startswith(digest)
    assert dataset.provenance.rows == rows


def test_load_dataset__bundled__keeps_every_digit() -> None:
    from sklearn.datasets import load_diabetes

    dataset = load_dataset(Data(sklearn="diabetes"), Path())
    assert np.array_equal(dataset.X.to_numpy(), load_diabetes().data)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("a,b\n1,2\n", {}, "no column 'target' to predict; there are a, b"),
        ("target\n1\n0\n", {}, "no column to learn from"),
        ("a,target\n", {}, "a header but no rows"),
        ("", {}, "is empty"),
        ("\n\n", {}, "data.csv"),
        ("a,target\n1,x\n2,\n3,y\n", {}, "csv, row 2, column 'target': the label is missing, one of 1"),
        ("a,target\n1,x\n2,NaN\n3,nan\n", {}, "one of 2"),
        ("a,target\n1,0\n2,1\n3,inf\n", {}, "row 3, column 'target': 'inf' is not a finite number"),
        ("a,target\n1,x\n2,x\n", {}, "All labels are 'x'"),
        ("a,target\n1,x\n,y\n", {"cleaning": Cleaning(missing="drop")}, "All labels are 'x'"),
        ("a,b,target\n,1,x\n?,2,y\n", {}, "Column 'a' has no value at all"),
        ("a,target\n1,x\n,y\n", {"cleaning": Cleaning(missing="error")}, "row 2, column 'a': the value is"),
        ("a,b,target\n1,,x\n,1,y\n", {"cleaning": Cleaning(missing="drop")}, "No row .* 2 for missing"),
        ("a,target\n1,x\n2,y\n1,x\n", {"cleaning": Cleaning(duplicates="error")}, "row 3 repeats"),
        ("a,target\n1,x\n2,y,3\n", {}, "line 3: 3 fields instead of 2"),
        ("a,target\n1,x\n2\n", {}, "line 3: 1 fields instead of 2"),
        ("a,a,target\n1,1,x\n", {}, "two columns are named 'a'"),
        (",a,target\n0,1,x\n", {}, "column 1 has no name"),
        ("a;target\n1;x\n", {}, "seems to be separated by ';'"),
        ("a,target\n1,x\n-Infinity,y\n", {"types": {"a": "numeric"}}, "'-Infinity' is not a finite"),
        ("a,target\nx,x\n1,y\n", {"types": {"a": "numeric"}}, "row 1, column 'a': 'x' is not a number"),
        ("a,target\n1_0,x\n1,y\n", {"types": {"a": "numeric"}}, "'1_0' is not a number"),
        ("a,target\n1,x\n2,y\n", {"types": {"b": "numeric"}}, "types names a column that is not there: b"),
        ("a,target\n1,x\n2,y\n", {"task": "regression"}, "row 1, column 'target': 'x' is not a number"),
        ("a,target\n1,2.5\n2,2.5\n", {}, "Every value of 'target' is 2.5"),
        ("a,target\n1,x\n2,y\n", {"positive": "z"}, "positive is 'z', but the classes are x, y"),
        ("a,target\n1e308,x\n-1e308,y\n1.7e308,x\n1.7e308,y\n", {}, "column 'a' are too"),
        ('a,target\n"1,x\n2,y\n', {}, "data.csv"),
    ],
)  # fmt: skip
def test_load_dataset__cannot_be_learned_from__says_why(
    csv_data: Load, text: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        csv_data(text, **settings)


@pytest.mark.parametrize("content", [b"PAR1 and then nothing", b"\x00" * 64])
def test_load_dataset__damaged_parquet__is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.parquet").write_bytes(content)
    with pytest.raises(DataError, match="not a Parquet file"):
        load_dataset(Data(file="data.parquet"), tmp_path)


def test_load_dataset__lists_in_parquet__are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"many": [[1], [2]], "target": ["x", "y"]}).to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="Column 'many' holds list"):
        load_dataset(Data(file="data.parquet"), tmp_path)
    with pytest.raises(DataError, match="no column to learn from"):
        load_dataset(Data(file="data.parquet", types={"many": "ignore"}), tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.csv", "There is no file"), ("a.txt", "neither CSV nor Parquet"), (".", "neither")],
)
def test_load_dataset__wrong_path__is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(Data(file=name), tmp_path)


def test_load_dataset__wrong_folder__is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        load_dataset(Data(folder="none"), tmp_path)
    with pytest.raises(DataError, match="has no CSV or Parquet file"):
        load_dataset(Data(folder="."), tmp_path)
    (tmp_path / "a.csv").write_text("a,target\n1,x\n")
    (tmp_path / "b.csv").write_text("b,target\n1,x\n")
    with pytest.raises(DataError, match=r"b\.csv has other columns than a\.csv: a, b"):
        load_dataset(Data(folder="."), tmp_path)


def test_load_dataset__not_utf8__names_the_line(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"a,target\n1,x\n2,\xff\n")
    with pytest.raises(DataError, match="line 3: not UTF-8"):
        load_dataset(Data(file="data.csv"), tmp_path)


def test_load_dataset__one_word_in_many_numbers__is_a_bad_value(csv_data: Load) -> None:
    text = "a,target\n" + "".join(f"{row},{'xy'[row % 2]}\n" for row in range(20)) + "oops,x\n"
    with pytest.raises(DataError, match=r"data\.csv, row 21, column 'a': 'oops' is not a number"):
        csv_data(text)
    dropped = csv_data(text, cleaning=Cleaning(bad_values="drop"))
    assert dropped.provenance.removed == {"bad_values": 1, "missing": 0, "duplicates": 0}
    imputed = csv_data(text, cleaning=Cleaning(bad_values="impute"))
    assert math.isnan(imputed.X["a"].iloc[-1])
    assert csv_data(text, types={"a": "categorical"}).X["a"].iloc[-1] == "oops"


def test_load_dataset__many_words__is_categorical(csv_data: Load) -> None:
    assert [feature.type for feature in csv_data("a,target\n1,x\ntwo,y\n").schema] == ["categorical"]


def test_load_dataset__drop__counts_what_it_removed(csv_data: Load) -> None:
    text = "a,b,target\n1,1,x\n,1,x\n2,2,\n3,3,y\n3,3,y\n4,4,y,9\n"
    dataset = csv_data(text, cleaning=Cleaning(missing="drop", bad_values="drop"))
    assert dataset.provenance.removed == {"bad_values": 1, "missing": 2, "duplicates": 1}
    assert len(dataset.y) == 2
    assert not any(feature.optional for feature in dataset.schema)


@pytest.mark.parametrize(
    ("labels", "settings", "task", "classes"),
    [
        (["0", "1", "1"], {}, "classification", (0, 1)),
        (["1.0", "2.0", "2.0"], {}, "classification", (1, 2)),
        (["a", "b", "b"], {}, "classification", ("a", "b")),
        (["true", "false", "true"], {}, "classification", ("false", "true")),
        (["0.5", "1", "2"], {}, "regression", ()),
        (["0", "1", "1"], {"task": "regression"}, "regression", ()),
        ([str(number) for number in range(21)], {}, "regression", ()),
        (["-3", "10", "9"], {}, "classification", (-3, 9, 10)),
    ],
)
def test_load_dataset__target__decides_the_task(
    csv_data: Load, labels: list[str], settings: dict[str, Any], task: str, classes: tuple[Any, ...]
) -> None:
    rows = "".join(f"{number},{label}\n" for number, label in enumerate(labels))
    dataset = csv_data("a,target\n" + rows, **settings)
    assert (dataset.task, dataset.classes) == (task, classes)


def test_load_dataset__positive__is_the_named_class(csv_data: Load) -> None:
    assert csv_data(TEXT, positive="no").positive == "no"
    assert csv_data("a,target\n1,0\n2,1\n", positive=0).positive == 0


def test_load_dataset__blanks_quotes_and_other_separator__are_read(csv_data: Load) -> None:
    dataset = csv_data('a ; b;target\n 1 ;"x; y";no\n2; z ;yes\n', separator=";")
    assert dataset.X["a"].tolist() == [1.0, 2.0]
    assert dataset.X["b"].tolist() == ["x; y", "z"]


def test_load_dataset__file_changed_by_one_byte__has_another_digest(csv_data: Load) -> None:
    assert csv_data(TEXT).provenance.sha256 != csv_data(TEXT.replace("41.5", "41.6")).provenance.sha256


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_load_dataset__rows_in_any_order__have_the_same_statistics(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    number = st.floats(-1e100, 1e100)
    rows = data.draw(st.lists(st.tuples(number, st.sampled_from("xyz")), min_size=2, max_size=12))
    rows += [(1.0, "first"), (2.0, "second")]
    shuffled = data.draw(st.permutations(rows))
    columns = []
    for order in (rows, shuffled):
        (folder / "order.csv").write_text("a,target\n" + "".join(f"{a!r},{label}\n" for a, label in order))
        columns.append(load_dataset(Data(file="order.csv"), folder).provenance.columns)
    assert columns[0] == columns[1]


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=120))
def test_load_dataset__any_bytes__are_data_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.csv").write_bytes(b"a,target\n" + content)
    with contextlib.suppress(DataError):
        assert len(load_dataset(Data(file="any.csv"), folder).y) > 1
