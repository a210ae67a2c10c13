"""predict_rows: rows in, JSON out, and DataError for rows that do not match the schema."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import DataError
from orchestrator.learning.data import Dataset, Feature
from orchestrator.learning.modelfile import load_model, model_bytes
from orchestrator.learning.prediction import predict_rows
from orchestrator.learning.spec import Cleaning, Features, Spec
from orchestrator.learning.training import Training, train

ROWS = "".join(
    f"{age},{town},{'yes' if age > 40 else 'no'}\n" for age in range(20, 60) for town in ("Rome", "Oslo")
)
TEXT = "age,town,target\n" + ROWS


@pytest.fixture
def people(csv_data: Callable[..., Dataset], spec_of: Callable[..., Spec]) -> Callable[..., Training]:
    """A model of people, trained on complete rows or not, with either encoder."""

    def build(encoder: Any = "onehot", **settings: Any) -> Training:
        return train(spec_of(features=Features(encoder=encoder)), csv_data(TEXT, **settings))

    return build


@pytest.mark.parametrize("encoder", ["onehot", "ordinal"])
def test_predict_rows__good_rows__gives_labels_and_probabilities(people: Any, encoder: str) -> None:
    training = people(encoder)
    rows = [
        {"age": 25, "town": "Rome"},
        {"age": "55.0", "town": "Oslo", "other": 1},
        {"age": 50, "town": "Bern"},
    ]
    answers = predict_rows(load_model(model_bytes(training.model)), rows, training.dataset.schema)
    assert [answer["label"] for answer in answers] == ["no", "yes", "yes"]
    assert answers[0]["probabilities"]["no"] > 0.9
    json.dumps(answers, allow_nan=False)


def test_predict_rows__schema_from_json__is_accepted(people: Any) -> None:
    training = people()
    described = json.loads(json.dumps([feature.to_json() for feature in training.dataset.schema]))
    schema = [Feature(**feature) for feature in described]
    assert predict_rows(training.model, [{"age": 25, "town": "Rome"}], schema)[0]["label"] == "no"


def test_predict_rows__frame__equals_the_model(spec_of: Callable[..., Spec], iris: Dataset) -> None:
    model = train(spec_of(), iris).model
    answers = predict_rows(model, iris.X, iris.schema)
    assert [answer["label"] for answer in answers] == model.predict(iris.X).tolist()


def test_predict_rows__regression__gives_numbers(spec_of: Callable[..., Spec], diabetes: Dataset) -> None:
    model = train(spec_of("ridge", "diabetes"), diabetes).model
    answer = predict_rows(model, diabetes.X.head(1), diabetes.schema)[0]
    assert answer == {"label": pytest.approx(float(model.predict(diabetes.X.head(1))[0]))}
    assert type(answer["label"]) is float


@pytest.mark.parametrize("value", [None, "", math.nan, np.nan])
def test_predict_rows__missing_value__is_imputed_or_refused(people: Any, value: Any) -> None:
    tolerant, strict = people(), people(cleaning=Cleaning(missing="drop"))
    row = {"age": value, "town": "Rome"}
    assert predict_rows(tolerant.model, [row], tolerant.dataset.schema)
    with pytest.raises(DataError, match="Row 1, column 'age': the value is missing"):
        predict_rows(strict.model, [row], strict.dataset.schema)
    for training in (tolerant, strict):
        with pytest.raises(DataError, match="Row 1, column 'town': the column is missing") as caught:
            predict_rows(training.model, [{"age": 1}], training.dataset.schema)
        assert caught.value.hint.startswith("The model asks for age, town.")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"age": "old", "town": "Rome"}, "Row 2, column 'age': 'old' is not a finite number"),
        ({"age": math.inf, "town": "Rome"}, "Row 2, column 'age': inf is not a finite number"),
        ({"age": "1_000", "town": "Rome"}, "Row 2, column 'age': '1_000' is not"),
        ({"age": [1], "town": "Rome"}, "Row 2, column 'age'"),
        ({"age": 10**400, "town": "Rome"}, "Row 2, column 'age'"),
        ({"age": 1, "town": {"a": 1}}, "Row 2, column 'town': .* is not a category"),
        ([1, "Rome"], "Row 2 is a list"),
    ],
)
def test_predict_rows__bad_row__names_row_and_column(people: Any, row: Any, message: str) -> None:
    training = people()
    with pytest.raises(DataError, match=message):
        predict_rows(training.model, [{"age": 1, "town": "Rome"}, row], training.dataset.schema)


def test_predict_rows__no_rows__is_refused(people: Any) -> None:
    training = people()
    with pytest.raises(DataError, match="no row"):
        predict_rows(training.model, [], training.dataset.schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def flowers(iris: Dataset) -> Any:
    from orchestrator.learning.spec import Data, Model, Project

    spec = Spec(
        project=Project(name="trial"), data=Data(sklearn="iris"), model=Model(estimator="gaussian_nb")
    )
    return train(spec, iris).model


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(JSON, min_size=4, max_size=4))
def test_predict_rows__any_json__is_answered_or_refused(
    iris: Dataset, flowers: Any, cells: list[Any]
) -> None:
    row = dict(zip((feature.name for feature in iris.schema), cells, strict=True))
    try:
        (answer,) = predict_rows(flowers, [row], iris.schema)
    except DataError:
        return
    assert answer["label"] in iris.classes
