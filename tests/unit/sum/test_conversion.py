"""Pipelines become integers that predict alike.

convert
├── every classifier, with every step before it: predictions agree
└── what no contract can hold: a ModelError that says what to do
"""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import Perceptron, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PolynomialFeatures, RobustScaler, StandardScaler

from orchestrator.errors import ModelError
from orchestrator.sum.conversion import convert


def texts():
    rng = np.random.default_rng(0)
    labels = np.array(["left", "right", "up"] * 100)
    chances = {label: rng.uniform(0.02, 0.3, 60) for label in set(labels.tolist())}
    words = np.array([f"word{number}" for number in range(60)])
    return [" ".join(words[rng.random(60) < chances[label]]) or "word0" for label in labels], labels


TEXTS, LABELS = texts()


def agreement(pipeline, samples, labels):
    pipeline.fit(samples, labels)
    converted = convert(pipeline, samples)
    rows = samples if isinstance(samples, list) else samples.tolist()
    own = [converted.labels[converted.model.classify(converted.encoder.encode(row))] for row in rows]
    return np.mean(np.array(own) == pipeline.predict(samples).astype(str))


@pytest.mark.parametrize(
    "steps",
    [
        (CountVectorizer(binary=True), SGDClassifier(random_state=0, average=True)),
        (CountVectorizer(binary=True), SGDClassifier(random_state=0, loss="log_loss")),
        (CountVectorizer(binary=True), MaxAbsScaler(), Perceptron(random_state=0)),
        (CountVectorizer(binary=True), MultinomialNB(alpha=0.5)),
        (CountVectorizer(binary=True), NearestCentroid()),
        (HashingVectorizer(n_features=256, binary=True, norm=None), SGDClassifier(random_state=0)),
        (HashingVectorizer(n_features=1024, norm=None), SGDClassifier(random_state=0)),
    ],
    ids=lambda steps: "-".join(type(step).__name__ for step in steps),
)
def test_convert__text_pipeline__predicts_alike(steps):
    assert agreement(make_pipeline(*steps), TEXTS, LABELS) > 0.97


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
@pytest.mark.parametrize("classifier", [SGDClassifier(random_state=0, average=True), NearestCentroid()])
def test_convert__scaled_numbers__predicts_alike(scaler, classifier):
    iris = load_iris()
    assert agreement(make_pipeline(scaler, classifier), iris.data, iris.target) > 0.94


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_")
@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ((CountVectorizer(analyzer="char"), SGDClassifier()), "analyzer"),
        ((CountVectorizer(token_pattern=r"\w"), SGDClassifier()), "token_pattern"),
        ((CountVectorizer(), RandomForestClassifier(2)), "RandomForestClassifier"),
        ((HashingVectorizer(n_features=64), NearestCentroid()), "negative"),
        ((HashingVectorizer(), SGDClassifier()), "too many"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_convert__text_pipeline_that_does_not_fit__refused(steps, names):
    pipeline = make_pipeline(*steps).fit(TEXTS, LABELS)
    with pytest.raises(ModelError, match=names):
        convert(pipeline, TEXTS)


def test_convert__steps_that_mix_columns__refused():
    iris = load_iris()
    pipeline = make_pipeline(PolynomialFeatures(2), Perceptron()).fit(iris.data, iris.target)
    with pytest.raises(ModelError, match="number of columns"):
        convert(pipeline, iris.data)


def test_convert__vocabulary_that_points_outside__refused():
    pipeline = make_pipeline(CountVectorizer(), Perceptron()).fit(TEXTS, LABELS)
    pipeline[0].vocabulary_["word0"] = 10**9
    with pytest.raises(ModelError, match="damaged"):
        convert(pipeline, TEXTS)
