"""Check that the parts of a model from a file fit each other.

Types are not enough: scikit-learn's compiled code follows the indices of trees, support vectors and neighbors
without looking, so that a crafted file of trusted types could read outside its arrays, or loop for ever, at
the first prediction. Every estimator of the catalogue that hands indices or shapes to compiled code is
checked here; the others predict with numpy, which checks for itself.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.errors import UntrustedModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

_LEAF = -1
"""What a tree writes for the children of a leaf."""

_METRICS = {"euclidean", "manhattan", "minkowski", "chebyshev"}
_KERNELS = {"linear", "poly", "rbf", "sigmoid"}
_DUMMIES = {"DummyClassifier", "DummyRegressor"}


def check_model(pipeline: "Pipeline") -> None:
    """Raise UntrustedModel where a part of the pipeline does not fit the rest, or is incomplete."""
    try:
        final = pipeline.steps[-1][1]
        _require(
            hasattr(final, "predict") and hasattr(final, "n_features_in_"), pipeline, "no trained estimator"
        )
        for part in _parts(pipeline):
            for kind in type(part).__mro__:
                if check := _CHECKS.get(kind.__name__):
                    check(part)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UntrustedModel(f"A part of the model is missing or of another kind: {error}", _HINT) from error


_HINT = "the file was damaged or made to harm: get the model from its publisher again"


def _require(condition: object, part: object, what: str) -> None:
    if not condition:
        raise UntrustedModel(f"The {type(part).__name__} in the model has {what}", _HINT)


def _parts(root: object) -> Iterator[Any]:
    """Every object that can be reached and has attributes, once."""
    import numpy as np

    pending, seen = [root], set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif isinstance(value, np.ndarray):
            pending.extend(value.ravel().tolist() if value.dtype == object else [])
        elif type(value).__module__.startswith("sklearn."):
            yield value
            pending.extend(vars(value).values() if hasattr(value, "__dict__") else [])


def _check_estimator(part: object) -> None:
    """Of every estimator: it starts no more threads or processes than the caller wants."""
    _require(getattr(part, "n_jobs", None) is None, part, "a number of jobs")
    _require(getattr(part, "memory", None) is None, part, "a cache")


def _check_tree(part: "BaseEstimator") -> None:
    """A decision tree: children come after their parents, features and values are there."""
    if not hasattr(part, "tree_"):
        return  # the pattern that an ensemble copies, never fitted itself
    tree, features = part.tree_, part.n_features_in_
    _require(
        tree.n_features == features > 0 and tree.n_outputs == part.n_outputs_ == 1, part, "a wrong shape"
    )
    classes = len(part.classes_) if hasattr(part, "classes_") else 1
    _require(tree.max_n_classes == classes, part, "other classes than its tree")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    leaf = (left == _LEAF) & (right == _LEAF)
    _check_nodes(part, leaf, left, right, feature, features)


def _check_nodes(
    part: object,
    leaf: "npt.NDArray[np.bool_]",
    left: "npt.NDArray[np.int64]",
    right: "npt.NDArray[np.int64]",
    feature: "npt.NDArray[np.int64]",
    features: int,
) -> None:
    import numpy as np

    inner = np.flatnonzero(~leaf)
    _require(len(leaf) > 0, part, "no nodes")
    for child in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        _require(np.all((child > inner) & (child < len(leaf))), part, "nodes that lead nowhere")
    _require(np.all((feature[inner] >= 0) & (feature[inner] < features)), part, "nodes of unknown features")


def _check_ensemble(part: "BaseEstimator") -> None:
    """Members see the same features; they do not look at what they are given themselves."""
    import numpy as np

    members = np.ravel(np.asarray(part.estimators_, dtype=object)).tolist()
    _require(members, part, "no members")
    for member in members:
        _require(hasattr(member, "tree_"), part, "a member that is not a tree")
        _require(member.n_features_in_ == part.n_features_in_, part, "a member of other features")


def _check_boosting(part: "BaseEstimator") -> None:
    """Gradient boosting: one column of trees for each column of raw predictions."""
    _check_ensemble(part)
    classifier = hasattr(part, "classes_")
    columns = len(part.classes_) if classifier and len(part.classes_) > 2 else 1
    trees = part.estimators_
    _require(
        trees.ndim == 2 and trees.shape[1] == part.n_trees_per_iteration_ == columns, part, "a wrong shape"
    )
    for member in trees.ravel().tolist():
        _require(not hasattr(member, "classes_"), part, "a member that classifies")
    if isinstance(part.init_, str):
        _require(part.init_ == "zero", part, "an unknown start")
        return
    _require(type(part.init_).__name__ in _DUMMIES, part, "an unknown start")
    _require(part.init_.n_outputs_ == 1, part, "a start of another shape")
    if classifier:
        prior = part.init_.class_prior_
        _require(part.init_.strategy == "prior", part, "an unknown start")
        _require(len(prior) == part.init_.n_classes_ == len(part.classes_), part, "a start of other classes")
        _require(part._loss.is_multiclass == (columns > 1), part, "another loss")


def _check_histograms(part: "BaseEstimator") -> None:
    """Histogram-based boosting: nodes as of a tree, and no categories, which have tables of their own."""
    _require(not getattr(part, "_in_fit", False), part, "an unfinished training")
    _require(part._n_features == part.n_features_in_ > 0, part, "a wrong shape")
    for iteration in part._predictors:
        _require(len(iteration) <= part.n_trees_per_iteration_, part, "too many trees")
        for predictor in iteration:
            nodes = predictor.nodes
            leaf = nodes["is_leaf"] != 0
            _require(not nodes["is_categorical"].any(), part, "splits by category")
            _check_nodes(part, leaf, nodes["left"], nodes["right"], nodes["feature_idx"], part.n_features_in_)


def _check_support_vectors(part: "BaseEstimator") -> None:
    """Libsvm takes the number of classes from `_n_support` and the rest on trust."""
    _require(part.kernel in _KERNELS and not part._sparse, part, "an unknown kernel")
    vectors, counts = part.support_vectors_, part._n_support
    classifier = hasattr(part, "classes_")
    classes = len(part.classes_) if classifier else 2
    pairs = classes * (classes - 1) // 2
    _require(
        vectors.ndim == 2 and vectors.shape[1] == part.n_features_in_,
        part,
        "support vectors of another shape",
    )
    _require(counts.shape == (classes,) and (counts >= 0).all(), part, "wrong counts of support vectors")
    total = int(counts.sum()) if classifier else int(counts[0])
    _require(total == len(vectors) == len(part.support_), part, "wrong counts of support vectors")
    _require(part._dual_coef_.shape == (classes - 1, len(vectors)), part, "coefficients of another shape")
    _require(part._intercept_.shape == (pairs,), part, "intercepts of another shape")
    _require(len(part._probA) == len(part._probB) == 0, part, "probabilities")


def _check_neighbors(part: "BaseEstimator") -> None:
    """Only the plain search, whose rows and labels must agree."""
    rows, labels = part._fit_X, part._y
    _require(part._fit_method == part.algorithm == "brute" and part._tree is None, part, "another search")
    _require(part.metric in _METRICS and part.effective_metric_ in _METRICS, part, "another metric")
    _require(
        part.metric_params is None and not part.effective_metric_params_.keys() - {"p"}, part, "other metric"
    )
    _require(part.weights in ("uniform", "distance"), part, "unknown weights")
    _require(
        rows.ndim == 2 and rows.dtype.kind == "f" and rows.shape[1] == part.n_features_in_, part, "other rows"
    )
    _require(
        labels.shape == (len(rows),) and part.n_samples_fit_ == len(rows) > 0, part, "other labels than rows"
    )
    if hasattr(part, "classes_"):
        known = (labels >= 0) & (labels < len(part.classes_))
        _require(labels.dtype.kind == "i" and known.all(), part, "labels of unknown classes")


def _check_hashing(part: "BaseEstimator") -> None:
    """Exactly the vectorizer of `preprocessing`: others open files, or search with patterns without end."""
    from sklearn.feature_extraction.text import HashingVectorizer

    from orchestrator.learning.preprocessing import HASHING

    expected = HashingVectorizer(**HASHING).get_params()
    _require(part.get_params() == expected, part, "parameters of another kind")
    _require(not vars(part).keys() - expected.keys(), part, "parts of its own")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "BaseEstimator": _check_estimator,
    "BaseDecisionTree": _check_tree,
    "BaseForest": _check_ensemble,
    "BaseWeightBoosting": _check_ensemble,
    "BaseGradientBoosting": _check_boosting,
    "BaseHistGradientBoosting": _check_histograms,
    "BaseLibSVM": _check_support_vectors,
    "HashingVectorizer": _check_hashing,
    "NeighborsBase": _check_neighbors,
}
"""By the name of a base class, of which an estimator may have several."""
