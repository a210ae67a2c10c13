"""What a model file may hold, by skops' kinds of nodes. Everything else is refused before anything is built.

This is narrower than what skops trusts by default (every estimator of scikit-learn) and wider in what the
estimators of our catalogue need beyond it: the nodes of trees, which `modelcheck.py` then checks, an
optimizer, two tests for feature selection.
"""

from collections.abc import Collection

from orchestrator.learning.catalogue import ESTIMATORS, TRANSFORMERS, Estimator

_VALUES = {
    "DictNode": {"builtins.dict"},
    "ListNode": {"builtins.list"},
    "TupleNode": {"builtins.tuple"},
    "SliceNode": {"builtins.slice"},
    "JsonNode": {"builtins.str"},
    "TypeNode": {"builtins.str", "builtins.int", "builtins.float", "builtins.bool"},
    "DTypeNode": {"numpy.dtype"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "FunctionNode": {
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
    },
}
_SCALARS = ("bool", "bool_", "float16", "float32", "float64", "str_")
_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))

_PARTS = (
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.preprocessing._label.LabelBinarizer",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.tree._classes.ExtraTreeClassifier",
    "sklearn.tree._classes.ExtraTreeRegressor",
)
"""What estimators of the catalogue hold inside."""

_LINKS = ("HalfLogitLink", "IdentityLink", "Interval", "LogitLink", "LogLink", "MultinomialLogit")
_LOSSES = (
    "AbsoluteError",
    "ExponentialLoss",
    "HalfBinomialLoss",
    "HalfGammaLoss",
    "HalfMultinomialLoss",
    "HalfPoissonLoss",
    "HalfSquaredError",
    "HuberLoss",
    "PinballLoss",
)
_SGD_LOSSES = ("EpsilonInsensitive", "Hinge", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge")


def allowed(names: Collection[str]) -> dict[str, frozenset[str]]:
    """The types (module and name) that each kind of node may have.

    Of estimators, those whose classes are among `names`, such as those in a file: where the others are is
    known only by importing them.
    """
    classes = [each for each in ESTIMATORS.values() if each.path.rpartition(".")[2] in names]
    classes += [
        Estimator("", path, "classification") for path in TRANSFORMERS if path.rpartition(".")[2] in names
    ]
    estimators = {f"{kind.__module__}.{kind.__name__}" for kind in (each.load() for each in classes)}
    losses = {f"sklearn._loss.loss.{name}" for name in _LOSSES} | {
        f"sklearn._loss.link.{name}" for name in _LINKS
    }
    compiled = {f"sklearn._loss._loss.Cy{name}" for name in _LOSSES}
    arrays = {"numpy.ndarray"} | {f"numpy.{name}" for name in (*_SCALARS, *_INTEGERS)}
    kinds = {
        **_VALUES,
        "ObjectNode": estimators | losses | set(_PARTS),
        "LossNode": compiled | {f"sklearn.linear_model._sgd_fast.{name}" for name in _SGD_LOSSES},
        "NdArrayNode": arrays,
    }
    kinds["TypeNode"] = kinds["TypeNode"] | arrays
    return {loader: frozenset(names) for loader, names in kinds.items()}
