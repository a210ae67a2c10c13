"""inspect, load_dataset, warnings_about, train
├── a file → separator, decimal mark, types, dates, texts, identifiers, marks, target, task, name
├── what may mislead → unique columns, a column that tells the answer, a rare class
└── a model that answers the same for each row → passes no gate
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestrator.errors import DataError, UntrustedModel, UsageError
from orchestrator.learning.columns import date_parts, day_of
from orchestrator.learning.data import Dataset, load_dataset
from orchestrator.learning.inspection import Found, inspect, project_name
from orchestrator.learning.metrics import check_gate
from orchestrator.learning.modelfile import load_model, model_bytes
from orchestrator.learning.prediction import predict_rows
from orchestrator.learning.profile import cleaning_done, types_found, warnings_about
from orchestrator.learning.spec import Cleaning, Data, Model, Project, Spec, load_spec
from orchestrator.learning.template import spec_template
from orchestrator.learning.training import train

Look = Callable[..., Found]
Load = Callable[..., Dataset]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def act(text: str, target: str = "y", name: str = "Some data.csv") -> Found:
        (tmp_path / name).write_text(text)
        return inspect(tmp_path, file=name, target=target)

    return act


def spec_for(folder: Path, found: Found, file: str = "Some data.csv") -> Spec:
    path = folder / "diln.toml"
    path.write_text(spec_template(file=file, found=found))
    return load_spec(path)


def customers(rows: int = 120, income: Callable[[int], str] = lambda row: f"{1000 + row * 7 % 311}") -> str:
    """Each row another customer, who wrote a sentence on a day; the unhappy leave."""
    lines = ["customer_id,comment,signup,country,income,y"]
    for row in range(rows):
        mood = ("never broken and works well", "often broken, money wasted")[row % 3 == 0]
        lines.append(
            f'C{row:05},"{mood} {row}",2024-0{1 + row % 9}-1{row % 10},{"DE" if row % 2 else "NA"},'
            f"{income(row)},{'left' if row % 3 == 0 else 'stayed'}"
        )
    return "\n".join(lines) + "\n"


# what init finds


def test_inspect__file_of_customers__finds_each_type_and_the_spec_says_so(look: Look, tmp_path: Path) -> None:
    found = look(customers())
    assert found.types == {"comment": "text", "signup": "date", "customer_id": "identifier"}
    assert (found.task, found.name, found.target) == ("classification", "Some-data", "y")
    assert "ignored: customer_id (it only names the row)" in found.notes
    spec = spec_for(tmp_path, found)
    assert dict(spec.data.types) == found.types
    assert spec.project.name == "Some-data"
    training = train(spec, load_dataset(spec.data, tmp_path))
    assert training.metrics["accuracy"] == 1.0, "the words of the comments were learned"


@pytest.mark.parametrize(
    ("text", "separator", "decimal"),
    [
        ("a,b,y\n" + "1.5,2,x\n2.5,3,z\n" * 5, ",", "."),
        ("a;b;y\n" + "1,5;2;x\n2,5;3;z\n" * 5, ";", ","),
        ("a;b;y\n" + "1.5;2;x\n2.5;3;z\n" * 5, ";", "."),
        ("a\tb\ty\n" + "1,5\t2\tx\n2,5\t3\tz\n" * 5, "\t", ","),
        ("a|b|y\n" + "1.5|p, q, r|x\n2.5|s, t, u|z\n" * 5, "|", "."),
    ],
)
def test_inspect__separator_and_decimal_mark__are_told_from_the_file(
    look: Look, tmp_path: Path, text: str, separator: str, decimal: str
) -> None:
    found = look(text)
    assert (found.separator, found.decimal) == (separator, decimal)
    spec = spec_for(tmp_path, found)
    assert load_dataset(spec.data, tmp_path).X["a"].tolist() == [1.5, 2.5]


def test_inspect__numeric_target__makes_a_regression(look: Look, tmp_path: Path) -> None:
    found = look("bill,y\n" + "".join(f"{10 + row},{1 + row * 0.15:.2f}\n" for row in range(40)))
    spec = spec_for(tmp_path, found)
    assert (found.task, spec.model.estimator, list(spec.gate)) == ("regression", "ridge", ["r2", "gap"])
    assert train(spec, load_dataset(spec.data, tmp_path)).passed


@pytest.mark.parametrize(("target", "sentence"), [("nope", "no column 'nope'"), ("", "say which column")])
def test_inspect__no_such_target__lists_the_columns(look: Look, target: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refused:
        look("a,b,y\n1,2,x\n2,3,z\n", target=target)
    assert "it has columns a, b, y" in refused.value.hint


def test_inspect__no_header__says_that_names_are_missing(look: Look) -> None:
    with pytest.raises(UsageError, match="the first line holds numbers") as caught:
        look("".join(f"{n}.5,{n % 2}\n" for n in range(30)))
    assert caught.value.hint.startswith("Write a line of names")


def test_inspect__column_without_a_value__is_ignored_and_said(look: Look, tmp_path: Path) -> None:
    found = look("a,nothing,y\n" + "".join(f"{n},,{'uv'[n % 2]}\n" for n in range(30)))
    assert found.types["nothing"] == "ignore"
    assert "warning: 'nothing' has no value at all: fill it or leave it out; it is ignored until then" in (
        found.notes
    )
    assert train(spec_for(tmp_path, found), load_dataset(spec_for(tmp_path, found).data, tmp_path))


@pytest.mark.parametrize(
    "cell", ["{0}.{1:03d},50", '"{0},{1:03d}.50"', "{0}'{1:03d}", "{0} {1:03d},5", "{0}.{1:03d}.007"]
)
def test_inspect__marks_between_thousands__are_ignored_and_said(
    look: Look, cell: str, tmp_path: Path
) -> None:
    rows = "".join(f"{cell.format(n + 1, 37 * n % 1000)};{n % 5};{'uv'[n % 2]}\n" for n in range(40))
    found = look("sum;n;y\n" + rows)
    assert found.types["sum"] == "ignore"
    assert any("'sum' holds numbers with marks between their thousands" in note for note in found.notes)
    data = Data(file="Some data.csv", separator=";", target="y")
    with pytest.raises(DataError, match="marks between their thousands") as caught:
        load_dataset(data, tmp_path)
    assert "take these marks out" in caught.value.hint


def test_inspect__none_is_a_class__is_written_into_the_marks(look: Look, tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{row},{'Minor' if row % 5 == 0 else 'None'}\n" for row in range(50))
    (tmp_path / "strikes.csv").write_text(text)
    data = Data(file="strikes.csv", target="y")
    with pytest.raises(DataError, match="'None' is a mark of missing values") as refused:
        load_dataset(data, tmp_path)
    assert "missing_marks without it" in refused.value.hint
    found = look(text)
    assert any("without None" in note for note in found.notes)
    assert load_dataset(spec_for(tmp_path, found).data, tmp_path).classes == ("Minor", "None")


def test_inspect__marks_among_numbers_and_bad_values__are_written_into_the_spec(
    look: Look, tmp_path: Path
) -> None:
    words = {3: "n/a", 7: "-", 11: '"25,481.08"'}
    found = look(customers(income=lambda row: words.get(row, str(1000 + row))))
    assert found.marks is not None
    assert {"n/a", "-"} <= set(found.marks)
    assert found.bad_values == "impute"
    dataset = load_dataset(spec_for(tmp_path, found).data, tmp_path)
    assert dataset.provenance.imputed["income"] == {"missing": 2, "bad_values": 1}


def test_inspect__class_of_one_row__is_dropped_and_said(look: Look, tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{row},{'xz'[row % 2]}\n" for row in range(40)) + "40,once\n"
    found = look(text)
    assert found.smallest_class == 2
    dataset = load_dataset(spec_for(tmp_path, found).data, tmp_path)
    assert dataset.classes == ("x", "z")
    assert "dropped: 1 row of rare classes" in cleaning_done(dataset)


def test_inspect__missing_labels__are_dropped_and_said(look: Look) -> None:
    found = look("a,y\n" + "1,x\n2,z\n3,\n" * 10)
    assert found.missing == "drop"
    assert any("label is missing" in note for note in found.notes)


def test_inspect__folder__is_looked_at_as_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name in ("a", "b"):
        (tmp_path / "parts" / f"{name}.csv").write_text("a;y\n" + "1,5;x\n2,5;z\n" * 5)
    found = inspect(tmp_path, folder="parts", target="y")
    assert (found.separator, found.decimal, found.name) == (";", ",", "parts")


@pytest.mark.parametrize("kwargs", [{"file": "none.csv"}, {"folder": "none"}])
def test_inspect__nothing_there__is_refused(tmp_path: Path, kwargs: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"cannot be read|There is no"):
        inspect(tmp_path, target="y", **kwargs)


@pytest.mark.parametrize(
    ("text", "name"),
    [("raw data (2)", "raw-data-2"), ("_x", "x"), ("Größe", "Gr-e"), ("…", "my-model"), ("a" * 99, "a" * 64)],
)
def test_project_name__any_text__is_a_name(text: str, name: str) -> None:
    assert project_name(text) == name
    assert Project(name=project_name(text))


# what training takes for what


def test_load_dataset__decimal_commas_without_the_setting__are_refused_with_it(csv_data: Load) -> None:
    text = "num;y\n" + "".join(f"{row},5;{'xz'[row > 20]}\n" for row in range(40))
    with pytest.raises(DataError, match="'num' holds numbers with ',' in them, such as '0,5'") as refused:
        csv_data(text, separator=";", target="y")
    assert "data.decimal = ','" in refused.value.hint
    assert csv_data(text, separator=";", decimal=",", target="y").X["num"].max() == 39.5


def test_load_dataset__every_column_names_its_row__is_refused(csv_data: Load) -> None:
    with pytest.raises(DataError, match="Every column only names its row: id"):
        csv_data("id,target\n" + "".join(f"{row},{'xz'[row % 2]}\n" for row in range(40)))


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("id", True), ("customer_id", True), ("userId", True), ("Unnamed: 0", True), ("valid", False),
     ("grid", False), ("x", False)],
)  # fmt: skip
def test_load_dataset__numbers_of_rows__are_told_by_name(csv_data: Load, name: str, identifier: bool) -> None:
    rows = "".join(f"{100 + row * 3},{row % 7},{'xz'[row % 2]}\n" for row in range(40))
    dataset = csv_data(f"{name},b,target\n{rows}")
    assert (name in dataset.provenance.ignored) is identifier
    named = csv_data(f"{name},b,target\n{rows}", types={name: "numeric"})
    assert name in named.X


def test_load_dataset__dates__become_parts_as_in_parquet(csv_data: Load, tmp_path: Path) -> None:
    days = ["2024-02-29", "2024-03-01 12:00", "1969-12-31", ""] * 6
    text = "when,target\n" + "".join(f"{day},{'xz'[row % 2]}{row}\n" for row, day in enumerate(days))
    dataset = csv_data(text)
    assert list(dataset.X) == ["when: time", "when: month", "when: day", "when: weekday"]
    assert dataset.X.iloc[1].tolist() == [19783.5, 3, 1, 4]
    assert dataset.X.iloc[2].tolist() == [-1, 12, 31, 2]
    assert dataset.X.iloc[3].isna().all()
    frame = pd.read_csv(tmp_path / "data.csv")
    frame["when"] = pd.to_datetime(frame["when"], format="mixed")
    frame.to_parquet(tmp_path / "data.parquet")
    typed = load_dataset(Data(file="data.parquet"), tmp_path)
    pd.testing.assert_frame_equal(typed.X, dataset.X)


def test_load_dataset__no_date_among_dates__is_a_bad_value(csv_data: Load) -> None:
    text = "when,target\n" + "".join(f"2024-01-1{row % 10},{'xz'[row % 2]}\n" for row in range(30))
    with pytest.raises(DataError, match="row 31, column 'when': '2024-13-01' is not a date"):
        csv_data(text + "2024-13-01,x\n", cleaning=Cleaning(duplicates="keep"))
    imputed = csv_data(text + "2024-13-01,x\n", cleaning=Cleaning(bad_values="impute"))
    assert imputed.provenance.imputed["when"] == {"missing": 0, "bad_values": 1}


def test_load_dataset__part_of_a_date_named_as_a_column__is_refused(csv_data: Load) -> None:
    with pytest.raises(DataError, match="named as the column 'when: day'"):
        csv_data("when,when: day,target\n2024-01-01,1,x\n2024-01-02,2,z\n")


@pytest.mark.parametrize(
    ("cell", "day"),
    [("1970-01-02", 1), ("2.1.1970", 1), ("1970/01/02", 1), ("1970-01-01T06:00:00+06:00", 0),
     ("1970-01-01T06:00", 0.25), ("0001-01-01", -719162), ("1970-02-30", None), ("19700101", None),
     ("1970-01-0٣", None), ("99.99.1970", None), ("1/2/1970", None), ("", None), (5, None), (None, None)],
)  # fmt: skip
def test_day_of__any_cell__is_days_since_1970_or_none(cell: Any, day: float | None) -> None:
    found = day_of(cell)
    assert (found == day) if day is not None else np.isnan(found)
    assert np.isnan(date_parts(np.array([np.nan]))).all()


def slashed(days: str) -> str:
    """Ten rows for each day, with two classes that the month tells."""
    rows = [(day, number) for day in days.split() for number in range(10)]
    return "when,n,y\n" + "".join(f"{day},{n},{'xz'[int(day.split('/')[1]) % 2]}\n" for day, n in rows)


@pytest.mark.parametrize(
    ("days", "kind", "parts"),
    [("01/02/2024 13/03/2024", "date-dmy", [2, 1]), ("01/02/2024 02/13/2024", "date-mdy", [1, 2])],
)
def test_inspect__slashed_dates__one_beyond_twelve_tells_the_order(
    look: Look, tmp_path: Path, days: str, kind: str, parts: list[int]
) -> None:
    found = look(slashed(days))
    assert found.types == {"when": kind}
    spec = spec_for(tmp_path, found)
    dataset = load_dataset(spec.data, tmp_path)
    assert dataset.X.loc[0, ["when: month", "when: day"]].tolist() == parts
    model = train(spec, dataset).model
    iso = f"2024-{parts[0]:02}-{parts[1]:02}"
    first, second = predict_rows(
        model, [{"when": "01/02/2024", "n": 1}, {"when": iso, "n": 1}], dataset.schema
    )
    assert first == second
    other = {"date-dmy": "02/13/2024", "date-mdy": "13/02/2024"}[kind]
    with pytest.raises(DataError, match=f"{other}' is not a date"):
        predict_rows(model, [{"when": other, "n": 1}], dataset.schema)


def test_inspect__slashed_dates_of_no_order__are_ignored_until_it_is_said(look: Look, tmp_path: Path) -> None:
    found = look(slashed("01/02/2024 03/05/2024"))
    assert found.types == {"when": "ignore"}
    assert "nothing in 'when' tells whether the day or the month is first" in " ".join(found.notes)
    data = Data(file="Some data.csv", target="y")
    with pytest.raises(DataError, match="such as '01/02/2024': is the day or the month first") as caught:
        load_dataset(data, tmp_path)
    assert "'date-dmy'" in caught.value.hint
    for kind, month in (("date-dmy", 2), ("date-mdy", 1)):
        dataset = load_dataset(Data(file="Some data.csv", target="y", types={"when": kind}), tmp_path)
        assert dataset.X.loc[0, "when: month"] == month


# prediction takes what training took


def test_predict__texts_dates_and_categories__as_in_training(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(customers())
    data = Data(file="c.csv", target="y")
    spec = Spec(project=Project(name="c"), data=data, model=Model(estimator="logistic_regression"))
    dataset = load_dataset(data, tmp_path)
    first, again = (train(spec, dataset).model for _ in range(2))
    assert model_bytes(first) == model_bytes(again), "nothing of the machine or of the moment"
    model = load_model(model_bytes(first))
    row = {"comment": "often broken, money wasted 3", "signup": "2024-04-13", "country": None, "income": 1021}
    happy = row | {"comment": "never broken and works well 1", "country": "of no row"}
    silent = happy | {"comment": None, "signup": None}
    labels = [each["label"] for each in predict_rows(model, [row, happy, silent], dataset.schema)]
    assert labels[:2] == ["left", "stayed"]
    with pytest.raises(DataError, match="Row 1, column 'signup': 'soon' is not a date"):
        predict_rows(model, [row | {"signup": "soon"}], dataset.schema)


def test_load_model__vectorizer_that_opens_files_or_searches_without_end__is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(customers())
    data = Data(file="c.csv", target="y")
    spec = Spec(project=Project(name="c"), data=data, model=Model(estimator="logistic_regression"))
    model = train(spec, load_dataset(data, tmp_path)).model
    vectorizer = model[0].named_transformers_["text 1"][0]
    for name, value in {"input": "filename", "token_pattern": "(a+)+$", "n_features": 2**30}.items():
        kept = getattr(vectorizer, name)
        setattr(vectorizer, name, value)
        with pytest.raises(UntrustedModel, match="HashingVectorizer"):
            load_model(model_bytes(model))
        setattr(vectorizer, name, kept)
    vectorizer.stray = 1
    with pytest.raises(UntrustedModel, match="parts of its own"):
        load_model(model_bytes(model))


def test_train__rare_categories__are_not_in_the_model(csv_data: Load) -> None:
    rows = "".join(f"{row},{'Oslo' if row % 2 else 'Rome'},{'xz'[row % 2]}\n" for row in range(40))
    dataset = csv_data("a,town,target\n" + rows + "50,Kleinkleckersdorf,x\n51,Kleinkleckersdorf,z\n")
    spec = Spec(
        project=Project(name="c"), data=Data(file="d.csv"), model=Model(estimator="logistic_regression")
    )
    data = model_bytes(train(spec, dataset).model)
    assert b"Oslo" in data
    assert b"Kleinkleckersdorf" not in data


# what may mislead


def test_warnings_about__column_that_tells_the_answer__is_named(csv_data: Load) -> None:
    rows = "".join(f"{row * 37 % 100},{row % 3},{'xz'[row * 37 % 100 > 50]}\n" for row in range(400))
    [warning] = warnings_about(csv_data("score,b,target\n" + rows, cleaning=Cleaning(duplicates="keep")))
    assert warning.startswith("'score' alone predicts 'target'")
    values = "".join(f"{row * 1.5},{row % 3},{row * 3.0 + 0.25}\n" for row in range(100))
    [warning] = warnings_about(csv_data("score,b,target\n" + values))
    assert warning.startswith("'score' alone predicts 'target'")


def test_warnings_about__rare_class_unique_category_and_kept_rows__are_named(csv_data: Load) -> None:
    rows = "".join(f"w{row},{row * 37 % 100},{'yes' if row % 19 == 0 else 'no'}\n" for row in range(100))
    dataset = csv_data("word,b,target\n" + rows, types={"word": "categorical"})
    imbalance, unique, kept = warnings_about(dataset, Model(estimator="k_neighbors_classifier"))
    assert imbalance.startswith("only 6.0% of the rows are 'yes'")
    assert unique.startswith("nearly every value of 'word' is another")
    assert kept.startswith("a k_neighbors_classifier keeps rows of the data")


def test_warnings_about__ordinary_data__has_none(iris: Dataset, diabetes: Dataset) -> None:
    assert warnings_about(iris) == warnings_about(diabetes) == []
    assert types_found(diabetes) == ["numbers: age, sex, bmi, bp, s1, s2, s3, s4 and 2 more"]


def test_cleaning_done__dropped_blanked_and_imputed__is_all_told(csv_data: Load) -> None:
    cells = ["25,481.08", "n/a", *(str(row) for row in range(40)), "7"]
    text = "".join(f'"{cell}",{"xz"[row % 2]}\n' for row, cell in enumerate(cells))
    rules = Cleaning(bad_values="impute", missing_marks=["", "n/a"])
    dataset = csv_data("income,target\n" + text + '"7",x\n', cleaning=rules)
    assert cleaning_done(dataset) == [
        "dropped: 1 row for repeating another",
        "imputed: income, 1 missing and 1 bad values",
    ]
    record = dataset.provenance.to_json()
    assert record["imputed"] == {"income": {"missing": 1, "bad_values": 1}}


# gates and baselines


def churn(rows: int = 500) -> str:
    """One in ten leaves, whatever else there is."""
    return "a,target\n" + "".join(
        f"{row * 7919 % 97},{'churned' if row % 10 == 0 else 'stayed'}\n" for row in range(rows)
    )


CONSTANT = {"strategy": "most_frequent"}


@pytest.mark.parametrize("positive", ["stayed", "churned", None])
@pytest.mark.parametrize("strategy", ["most_frequent", "prior", "stratified", "uniform", "constant"])
def test_train__constant_model__passes_no_gate(csv_data: Load, positive: str | None, strategy: str) -> None:
    data = Data(file="data.csv", positive=positive, cleaning=Cleaning(duplicates="keep"))
    dataset = csv_data(churn(), positive=positive, cleaning=data.cleaning)
    parameters = {"strategy": strategy} | ({"constant": "churned"} if strategy == "constant" else {})
    for gate in (
        {"f1": 0.9},
        {"accuracy": 0.9},
        {"recall": 1.0},
        {"gap": 0.5},
        {"brier": 0.2},
        {"precision": 0.9},
    ):
        spec = Spec(
            project=Project(name="c"),
            data=data,
            model=Model(estimator="dummy_classifier", parameters=parameters),
            gate=gate,  # type: ignore[arg-type]
        )
        training = train(spec, dataset)
        assert not training.passed, (gate, training.metrics.values)


def test_train__always_the_majority__reaches_the_old_gate_and_fails_at_the_baseline(csv_data: Load) -> None:
    data = Data(file="data.csv", positive="stayed", cleaning=Cleaning(duplicates="keep"))
    dataset = csv_data(churn(), positive="stayed", cleaning=data.cleaning)
    model = Model(estimator="dummy_classifier", parameters=CONSTANT)
    spec = Spec(project=Project(name="c"), data=data, model=model, gate={"f1": 0.9})
    training = train(spec, dataset)
    assert training.metrics["f1"] == pytest.approx(training.metrics.baseline["f1"])
    assert [str(line) for line in training.gate] == [
        "f1 0.9474 ≥ 0.9: passed",
        "f1 0.9474 > 0.9474 (baseline): failed",
    ]


def test_train__regression_by_the_mean__passes_no_gate(diabetes: Dataset) -> None:
    for gate in ({"r2": -1.0}, {"mae": 500.0}, {"rmse": 500.0}, {"gap": 1.0}):
        spec = Spec(
            project=Project(name="c"),
            data=Data(sklearn="diabetes"),
            model=Model(estimator="dummy_regressor"),
            gate=gate,  # type: ignore[arg-type]
        )
        assert not train(spec, diabetes).passed


def test_check_gate__no_gate__has_no_baseline_either(spec_of: Callable[..., Spec], iris: Dataset) -> None:
    training = train(spec_of(), iris)
    assert training.gate == check_gate({}, training.metrics) == []
    assert training.metrics.baseline["accuracy"] == pytest.approx(1 / 3)


def test_load_dataset__two_classes__the_rarer_is_positive(csv_data: Load) -> None:
    assert csv_data("a,target\n1,no\n2,no\n3,yes\n").positive == "yes"
    assert csv_data("a,target\n1,no\n2,yes\n3,yes\n").positive == "no"
    assert csv_data("a,target\n1,no\n2,yes\n").positive == "yes"


def test_train__class_of_one_row__has_a_hint_that_works(csv_data: Load) -> None:
    text = "a,target\n" + "".join(f"{row},{'xz'[row % 2]}\n" for row in range(40)) + "40,once\n"
    spec = Spec(
        project=Project(name="c"), data=Data(file="data.csv"), model=Model(estimator="logistic_regression")
    )
    with pytest.raises(DataError, match="has a single row") as refused:
        train(spec, csv_data(text))
    assert "smallest_class = 2" in refused.value.hint
    assert train(spec, csv_data(text, cleaning=Cleaning(smallest_class=2))).metrics.classes == ("x", "z")
