"""Estimators of scikit-learn keep their predictions as integer models, or are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from orchestrator.errors import DataError, ModelError
from orchestrator.models.integer import (
    decode_model,
    decode_samples,
    encode_model,
    encode_samples,
    predict,
    predict_real,
    quantize,
    score,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def as_bytes(values):
    low, high = values.min(axis=0), values.max(axis=0)
    return np.rint((values - low) / np.maximum(high - low, 1e-9) * 255).astype(int)


@pytest.fixture(scope="module")
def digits():
    values, labels = load_digits(return_X_y=True)
    return as_bytes(values)[:600], labels[:600]


@pytest.fixture(scope="module")
def diabetes():
    values, labels = load_diabetes(return_X_y=True)
    return as_bytes(values), np.rint(labels * 10).astype(int)


CLASSIFIERS = [
    make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=60, random_state=0)),
    make_pipeline(StandardScaler(), LogisticRegression()),
    DecisionTreeClassifier(max_depth=6, random_state=0),
    make_pipeline(StandardScaler(), RandomForestClassifier(5, max_depth=5, random_state=0)),
    GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0),
    HistGradientBoostingClassifier(max_iter=4, max_depth=3, random_state=0),
]


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: str(e)[:40])
@pytest.mark.parametrize("classes", [2, 10])
def test_quantize__classifier__keeps_its_predictions(digits, estimator, classes):
    samples, labels = digits
    labels = labels if classes == 10 else (labels > 4).astype(int)
    quantized = quantize(estimator.fit(samples, labels), samples, classes)
    assert quantized.agreement >= 0.97
    copy = decode_model(encode_model(quantized.model))
    assert (predict(copy, samples, classes) == predict(quantized.model, samples, classes)).all()


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), Ridge()),
        make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, random_state=0)),
        RandomForestRegressor(5, max_depth=4, random_state=0),
        GradientBoostingRegressor(n_estimators=10, random_state=0),
        HistGradientBoostingRegressor(max_iter=10, max_depth=3, random_state=0),
    ],
    ids=lambda e: str(e)[:40],
)
def test_quantize__regressor__stays_close(diabetes, estimator):
    samples, labels = diabetes
    quantized = quantize(estimator.fit(samples, labels), samples, 0)
    assert quantized.mean_difference < 0.01 * np.ptp(labels)


@pytest.mark.parametrize("seed", range(3))
def test_quantize__standard_scaler_before_a_network__loses_next_to_nothing(seed):
    """Quiet columns have large weights behind such a scaler; they used to leave little for the others."""
    values, labels = load_digits(return_X_y=True)
    samples = (values * (255 // np.maximum(values.max(axis=0), 1))).astype(int)  # as a competition has it
    seen, unseen = np.arange(1200), np.arange(1200, len(labels))
    network = MLPClassifier((16,), max_iter=150, random_state=seed)
    pipeline = make_pipeline(StandardScaler(), network).fit(samples[seen], labels[seen])
    model = quantize(pipeline, samples[seen], 10).model
    expected, found = pipeline.predict(samples[unseen]), predict(model, samples[unseen], 10)
    assert np.mean(found == expected) >= 0.98
    assert np.mean(found == labels[unseen]) > np.mean(expected == labels[unseen]) - 0.01


def as_trained_by_the_first_job(model, *selection, scaler=None, rest="passthrough"):
    """The pipeline that `diln train` saves for a table of numbers."""
    numeric = make_pipeline(SimpleImputer(), scaler or StandardScaler())
    columns = ColumnTransformer([("numeric", numeric, ["c", "a", "d"]), ("rest", rest, ["b"])])
    return Pipeline([("columns", columns), *selection, ("model", model)])


@pytest.mark.parametrize(
    "pipeline",
    [
        as_trained_by_the_first_job(LogisticRegression()),
        as_trained_by_the_first_job(
            MLPClassifier((6,), max_iter=80, random_state=0), scaler=RobustScaler(), rest=MinMaxScaler()
        ),
        as_trained_by_the_first_job(DecisionTreeClassifier(max_depth=4), scaler=MinMaxScaler()),
        as_trained_by_the_first_job(
            LogisticRegression(), ("variance", VarianceThreshold()), ("best", SelectKBest(k=2))
        ),
        make_pipeline(MaxAbsScaler(), PCA(2, whiten=True), LogisticRegression()),
    ],
    ids=["linear", "network", "tree", "selection", "pca"],
)
def test_quantize__pipeline_of_the_first_job__folded(pipeline):
    rng = np.random.default_rng(1)
    samples = rng.integers(0, 256, (300, 5))
    names = list("abcde")
    frame = pd.DataFrame(samples, columns=names)
    wanted = frame[list("dcba")]  # another order, and a column less
    labels = (samples[:, 0] + samples[:, 3] > samples[:, 2] + 100).astype(int)
    pipeline.fit(wanted, labels)
    quantized = quantize(pipeline, samples, 2, names)
    expected = pipeline.predict(wanted)
    assert predict_real(quantized.original, samples, 2).tolist() == expected.tolist()
    assert np.mean(predict(quantized.model, samples, 2) == expected) > 0.97
    with pytest.raises(ModelError, match="a column 'd'"):
        quantize(pipeline, samples[:, :3], 2, names[:3])


def test_quantize__pipeline_that_is_no_affine_map__names_the_step(digits):
    samples, labels = digits
    encoded = ColumnTransformer(
        [("kinds", OneHotEncoder(handle_unknown="ignore"), [0, 1]), ("n", "passthrough", [2])]
    )
    pipeline = Pipeline([("columns", encoded), ("model", LogisticRegression(max_iter=50))])
    with pytest.raises(ModelError, match=r"step `columns.kinds` \(OneHotEncoder\)") as caught:
        quantize(pipeline.fit(samples, labels), samples, 10)
    assert "StandardScaler" in caught.value.hint
    mixed = make_pipeline(PCA(3), DecisionTreeClassifier(max_depth=3)).fit(samples, labels)
    with pytest.raises(ModelError, match="mix several columns"):
        quantize(mixed, samples, 10)


def test_quantize__weights_that_mean_something_else__refused(digits, diabetes):
    """These have `coef_` or `estimators_` as those have that are supported, and use them otherwise."""
    samples, labels = digits
    some = labels < 3
    for estimator in (SVC(kernel="linear"), AdaBoostClassifier(n_estimators=2)):
        with pytest.raises(ModelError, match=f"{type(estimator).__name__} cannot be quantized"):
            quantize(estimator.fit(samples[some], labels[some]), samples, 3)
    values, targets = diabetes
    with pytest.raises(ModelError, match="PoissonRegressor cannot be quantized"):
        quantize(PoissonRegressor(max_iter=5).fit(values / 255, targets), values, 0)


def test_quantize__a_class_never_seen__never_predicted(digits):
    samples, labels = digits
    seen = labels != 3
    estimator = LogisticRegression(max_iter=200).fit(samples[seen] / 255, labels[seen])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(samples[seen], labels[seen])
    assert 3 not in estimator.classes_
    assert 3 not in predict(quantize(pipeline, samples, 10).model, samples, 10)


def test_quantize__not_expressible__refused(digits, diabetes):
    samples, labels = digits
    with pytest.raises(ModelError, match="Normalizer"):
        quantize(make_pipeline(Normalizer(), LogisticRegression()).fit(samples, labels), samples, 10)
    with pytest.raises(ModelError, match="tanh"):
        quantize(MLPClassifier((4,), activation="tanh", max_iter=2).fit(samples, labels), samples, 10)
    with pytest.raises(ModelError, match="classes"):
        quantize(LogisticRegression(max_iter=5).fit(samples, labels), samples, 9)
    with pytest.raises(ModelError, match="numbers"):
        quantize(LogisticRegression(max_iter=5).fit(samples, labels), samples, 0)
    values, targets = diabetes
    ridge = Ridge().fit(values, targets * 10_000)
    with pytest.raises(ModelError, match="labels' unit"):
        quantize(ridge, values, 0)


@pytest.mark.parametrize("weight", [np.nan, np.inf, 1e35])
def test_quantize__a_weight_that_is_no_number__refused(digits, weight):
    samples, labels = digits
    estimator = LogisticRegression(max_iter=5).fit(samples, labels)
    estimator.coef_[3, 4] = weight
    with pytest.raises(ModelError, match="huge or not finite"):
        quantize(estimator, samples, 10)


def test_encode_samples__labels_out_of_range__refused():
    with pytest.raises(DataError, match="sample 1"):
        encode_samples([[1], [2]], [0, 2], 2)
    with pytest.raises(DataError, match="whole samples"):
        decode_samples(b"abc", 1, 2)


@pytest.mark.parametrize("classes", [0, 3])
def test_decode_samples__encoded__come_back(classes):
    features, labels = np.array([[1, 2], [255, 0]]), np.array([2, 1]) * (1 if classes else -70_000)
    found = decode_samples(encode_samples(features, labels, classes), 2, classes)
    assert (found[0] == features).all()
    assert (found[1] == labels).all()


def test_score__macro_f1__is_that_of_scikit_learn():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    expected = f1_score(labels, predictions, average="macro")
    assert score("macro-f1", 4, predictions, labels) / 1e9 == pytest.approx(expected, abs=1e-8)
    with pytest.raises(DataError, match="too many"):
        score("macro-f1", 40, [0] * 9, [0] * 9)


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_decode_model__cut_short__refused(digits, cut):
    samples, labels = digits
    model = quantize(LogisticRegression(max_iter=5).fit(samples[:, :4], labels), samples[:, :4], 10).model
    with pytest.raises(ModelError):
        decode_model(encode_model(model)[:cut])
