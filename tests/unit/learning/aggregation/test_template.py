import json

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Template


def arrays() -> dict[str, np.ndarray]:
    return {"W": np.array([[0.5, -1.25], [2.0, 0.0]]), "b": np.array([1e-5, -3.0], np.float32)}


def test_a_model_becomes_units_and_comes_back() -> None:
    template = Template.of(arrays())
    vector = template.flatten(arrays())
    assert vector.tolist() == [32768, -81920, 131072, 0, 1, -196608]
    back = template.restore(vector)
    assert back["W"].tolist() == arrays()["W"].tolist()
    assert (back["W"].dtype, back["b"].dtype) == (np.float64, np.float32)
    assert template.flatten(back).tolist() == vector.tolist()


def test_a_single_number_is_an_array_of_no_sides() -> None:
    template = Template.of({"scale": np.array(1.5)})
    assert template.size == 1
    assert template.restore(template.flatten({"scale": np.array(1.5)}))["scale"].shape == ()


def test_a_model_of_scikit_learn_predicts_the_same() -> None:
    features, labels = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(features, labels)
    before = model.predict(features)
    held = {"coef_": model.coef_, "intercept_": model.intercept_}
    template = Template.of(held)
    for name, array in template.restore(template.flatten(held)).items():
        setattr(model, name, array)
    assert (model.predict(features) == before).all()


def test_the_digest_is_of_names_shapes_types_and_order() -> None:
    one = arrays()
    digests = {
        Template.of(each).digest
        for each in (
            one,
            {"V": one["W"], "b": one["b"]},
            {"b": one["b"], "W": one["W"]},
            {"W": one["W"].ravel(), "b": one["b"]},
            {"W": one["W"].astype(np.float32), "b": one["b"]},
        )
    }
    assert len(digests) == 5
    again = Template.from_json(Template.of(one).to_json())
    assert again == Template.of(arrays())
    assert again.digest == Template.of(arrays()).digest


@pytest.mark.parametrize(
    "other",
    [
        {"W": np.zeros((2, 2))},
        {"b": np.zeros(2), "W": np.zeros((2, 2))},
        {"W": np.zeros((2, 2)), "b": np.zeros(2), "c": np.zeros(1)},
        {"W": np.zeros((2, 3)), "b": np.zeros(2)},
        {"W": np.zeros(4), "b": np.zeros(2)},
        {"W": np.zeros((2, 2), np.int64), "b": np.zeros(2)},
        {"W": np.full((2, 2), np.nan), "b": np.zeros(2)},
        {"W": np.zeros((2, 2)), "b": np.array([np.inf, 0])},
        {"W": np.zeros((2, 2)), "b": np.array([0, -np.inf])},
        {"W": np.full((2, 2), 32768.0), "b": np.zeros(2)},
        {"W": np.full((2, 2), -32769.0), "b": np.zeros(2)},
    ],
)
def test_another_model_is_refused(other: dict[str, np.ndarray]) -> None:
    with pytest.raises(DataError):
        Template.of(arrays()).flatten(other)


def test_the_ends_of_32_bits_are_taken() -> None:
    ends = {"W": np.array([[-32768.0, 32767.99], [0, 0]]), "b": np.zeros(2)}
    assert Template.of(arrays()).flatten(ends).min() == -(2**31)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"n": np.array([1, 2])},
        {"n": np.array(["a"])},
        {"n": np.array([True])},
        {"n": np.array([None])},
        {"n": np.zeros((0, 3))},
        {"": np.zeros(3)},
        {"x" * 201: np.zeros(3)},
        {"n": np.zeros(2**20 + 1, np.float16)},
    ],
)
def test_what_cannot_be_averaged_has_no_template(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(DataError):
        Template.of(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "7",
        '{"arrays": 7}',
        '{"arrays": [7]}',
        '{"arrays": [{"name": "a"}]}',
        '{"arrays": [{"name": "a", "shape": "x", "type": "float32"}]}',
        '{"arrays": [{"name": "a", "shape": [-1], "type": "float32"}]}',
        '{"arrays": [{"name": "a", "shape": [1], "type": "object"}]}',
        "[" * 100_000,
        json.dumps({"arrays": [{"name": "a", "shape": [2**40], "type": "float32"}]}),
        json.dumps({"arrays": [{"name": "a", "shape": [1], "type": "float32"}] * 2}),
    ],
)
def test_a_strangers_template_is_checked(text: str) -> None:
    with pytest.raises(DataError):
        Template.from_json(text)


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="6 parameters"):
        Template.of(arrays()).restore(np.zeros(7, np.int64))
