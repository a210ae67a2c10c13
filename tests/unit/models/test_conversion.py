"""Pipelines become integers that predict alike.

convert
├── every classifier, with every step before it: predictions agree
├── numbers cut into bins: nothing is lost
├── logistic regression on numbers: by bins, predicts alike and goes on learning
├── counts that the contract does not see: made up for
└── what no contract can hold: a ModelError that says what to do
"""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from orchestrator.errors import ModelError
from orchestrator.models.online.conversion import convert
from orchestrator.models.online.references import SparseLogistic
from orchestrator.models.online.training import Table, read_pipeline, train


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
        (CountVectorizer(binary=True), LogisticRegression()),
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


def discretizer(**changed):
    return KBinsDiscretizer(6, strategy="quantile", quantile_method="averaged_inverted_cdf", **changed)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine], ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    "classifier",
    [MultinomialNB(), LogisticRegression(), SGDClassifier(random_state=0)],
    ids=lambda each: type(each).__name__,
)
def test_convert__numbers_in_bins__predicts_alike(load, classifier):
    rows, y = load(return_X_y=True)
    assert agreement(make_pipeline(discretizer(), classifier), rows, y) > 0.98


def test_convert__bins_that_are_no_features_of_their_own__refused():
    iris = load_iris()
    pipeline = make_pipeline(discretizer(encode="ordinal"), MultinomialNB()).fit(iris.data, iris.target)
    with pytest.raises(ModelError, match="one-hot"):
        convert(pipeline, iris.data)


def test_train__bayes_of_numbers__bins_of_which_nothing_is_lost(tmp_path):
    import skops.io

    frame = load_wine(as_frame=True).frame
    frame["alike"] = 1.0  # nothing to cut
    table = Table(frame.drop(columns="target"), [f"wine {each}" for each in frame["target"]])
    trained = train(table, "bayes")
    converted = convert(trained.pipeline, trained.calibration.samples)
    assert converted.encoder.kind == "binned"
    assert converted.model.part == "NaiveBayes"
    own = [
        converted.labels[converted.model.classify(converted.encoder.encode(row))]
        for row in trained.held_out.rows()
    ]
    assert own == trained.pipeline.predict(trained.held_out.samples).tolist()
    skops.io.dump(trained.pipeline, tmp_path / "model.skops")
    again = convert(read_pipeline(tmp_path / "model.skops", table).pipeline, table.samples)
    assert again.encoder == converted.encoder
    assert again.model.words() == converted.model.words()


@pytest.mark.parametrize(
    "classifier",
    [LogisticRegression(), SGDClassifier(loss="log_loss", random_state=0)],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits], ids=lambda each: each.__name__)
def test_convert__logistic_on_numbers__predicts_alike_and_learns_on(load, classifier):
    rows, y = load(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), classifier).fit(rows[::2], y[::2])
    converted = convert(pipeline, rows[::2])
    model, own = converted.model, pipeline.score(rows[1::2], y[1::2])
    assert type(model) is SparseLogistic
    xs = [converted.encoder.encode(row) for row in rows.tolist()]

    def accuracy():
        return np.mean([model.classify(x) == label for x, label in zip(xs[1::2], y[1::2], strict=True)])

    assert accuracy() > own - 0.02
    for x, label in zip(xs[::2], y[::2].tolist(), strict=True):
        model.learn(x, label)
    assert accuracy() > own - 0.05


@pytest.mark.parametrize("classifier", [SGDClassifier(random_state=0), MultinomialNB()])
def test_convert__counts_that_only_presence_is_left_of__are_made_up_for(classifier):
    """The class is in how often the words occur; the correction finds what presence tells of it."""
    rng = np.random.default_rng(5)
    labels = np.array(["few", "many"] * 200)
    means = np.where(labels == "few", 0.7, 1.6)[:, None] * rng.uniform(0.2, 1.5, 40)
    samples = [
        " ".join(f"w{word}" for word, times in enumerate(row, 10) for _ in range(times)) or "w10"
        for row in rng.poisson(means)
    ]
    pipeline = make_pipeline(CountVectorizer(), classifier).fit(samples[:300], labels[:300])
    converted = convert(pipeline, samples[:300])
    quantized = [
        converted.labels[converted.model.classify(converted.encoder.encode(text))] for text in samples[300:]
    ]
    own = pipeline.predict(samples[300:])
    assert np.mean(np.array(quantized) == labels[300:]) >= np.mean(own == labels[300:]) - 0.06


def test_convert__more_columns_than_a_sample_may_name__refused():
    rows = np.random.default_rng(0).normal(size=(40, 600))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, rows[:, 0] > 0)
    with pytest.raises(ModelError, match="600 columns"):
        convert(pipeline, rows)


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
