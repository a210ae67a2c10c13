"""XGBoost's own files, JSON or UBJ: read and checked here, then a model is written again for XGBoost.

XGBoost believes the indices in a file: a wrong parent of one node ends the process. So it is given JSON that
is written here out of the numbers that were checked, with only the nodes that a walk from the root meets;
nothing else of the stranger's file reaches it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.nesting import is_nested_deeper
from orchestrator.systems.prove.frameworks import ubjson
from orchestrator.systems.prove.frameworks.asked import Compute, Label, Opened, damaged, missing
from orchestrator.systems.prove.frameworks.trees import boosted, check_tree, whole_numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

MOST_FEATURES = 1_000_000
MOST_CLASSES = 10_000
MOST_TREES = 1_000_000
_VALUES = ("split_conditions", "base_weights", "loss_changes", "sum_hessian")
_LARGEST_FLOAT = 3.4e38
_NO_PARENT = (1 << 31) - 1
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_PARAMETER = re.compile(r"[a-z_]{1,40}", re.ASCII)
_OBJECTIVES = (
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "multi:softprob",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
)
"""What is read: objectives that answer one number for a row and class."""

Written = dict[str, Any]


def open_xgboost(data: bytes, classes: tuple[Label, ...]) -> Opened:
    """A model out of XGBoost's bytes. Raises ModelError."""
    try:
        model = _parse(data)
        learner = model["learner"]
        width = _count(learner["learner_model_param"]["num_feature"], MOST_FEATURES)
        groups = max(1, _count(learner["learner_model_param"]["num_class"], MOST_CLASSES))
        names = _names(learner.get("feature_names") or [], width)
        written = _written(model, width, groups)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise damaged("XGBoost", f"{type(error).__name__}: {error}") from error
    compute, objective = _compute(written), written["learner"]["objective"]["name"]
    outputs = {"binary:logistic": 2, "multi:softprob": groups}.get(objective, 0)
    return boosted(compute, outputs, classes, names, width)


def _parse(data: bytes) -> Any:
    if b'"' not in data[:64]:  # keys of UBJ have lengths, no quotes
        return ubjson.loads(data)
    text = data.decode("utf-8")
    if is_nested_deeper(text, ubjson.DEEPEST):
        raise ValueError("it is nested too deeply")
    return json.loads(text)


def _count(text: object, most: int, least: int = 0) -> int:
    if not isinstance(text, str) or not _COUNT.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"{str(text)[:40]!r} is not from {least} to {most}")
    return int(text)


def _names(names: Sequence[Any], width: int) -> tuple[str, ...] | None:
    """The features' names, which XGBoost is not given: columns come in the order of the model."""
    if names and (len(names) != width or not all(isinstance(name, str) and name for name in names)):
        raise ValueError("the features' names do not fit their number")
    return tuple(names) or None


def _written(model: Mapping[str, Any], width: int, groups: int) -> Written:
    """The model as XGBoost is given it."""
    learner = model["learner"]
    parameters = learner["learner_model_param"]
    _count(parameters.get("num_target", "1"), 1, 1)
    _check_base(parameters["base_score"], groups)
    version = model["version"]
    whole_numbers(version, 1000)
    if len(version) != 3:
        raise ValueError("no version")
    return {
        "version": version,
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "learner_model_param": {
                "base_score": parameters["base_score"],
                "boost_from_average": "1",
                "num_class": parameters["num_class"],
                "num_feature": str(width),
                "num_target": "1",
            },
            "objective": _objective(learner["objective"], groups),
            "gradient_booster": _booster(learner["gradient_booster"], width, groups),
        },
    }


def _check_base(score: str, groups: int) -> None:
    """One number, or (of newer versions) one for each class in brackets."""
    scores = score.removeprefix("[").removesuffix("]").split(",")
    if len(scores) not in (1, groups) or not all(map(_NUMBER.fullmatch, scores)):
        raise ValueError("no base score")


def _objective(given: Mapping[str, Any], groups: int) -> Written:
    """The objective; the one that answers the likeliest class is made to answer all shares."""
    name = "multi:softprob" if given["name"] == "multi:softmax" else given["name"]
    if name not in _OBJECTIVES or (groups > 1) != (name == "multi:softprob"):
        raise ValueError("an objective that is not read")
    found: Written = {"name": name}
    for key, parameters in given.items():
        if key == "name":
            continue
        if not all(_PARAMETER.fullmatch(each) for each in (key, *parameters)):
            raise ValueError("a parameter that has no name")
        if not all(_NUMBER.fullmatch(value) for value in parameters.values()):
            raise ValueError("a parameter that is not a number")
        found[key] = dict(parameters)
    return found


def _booster(booster: Mapping[str, Any], width: int, groups: int) -> Written:
    if booster["name"] == "gbtree":
        return {"name": "gbtree", "model": _forest(booster["model"], width, groups)}
    if booster["name"] != "dart":
        raise ValueError("no booster of trees")
    forest = _forest(booster["gbtree"]["model"], width, groups)
    weights = booster["weight_drop"]
    _numbers(weights)
    if len(weights) != len(forest["trees"]):
        raise ValueError("the trees' weights do not fit")
    return {"name": "dart", "weight_drop": weights, "gbtree": {"name": "gbtree", "model": forest}}


def _forest(given: Mapping[str, Any], width: int, groups: int) -> Written:
    parallel = _count(given["gbtree_model_param"].get("num_parallel_tree", "1"), MOST_TREES, 1)
    trees = [_tree(number, tree, width) for number, tree in enumerate(given["trees"])]
    whole_numbers(given["tree_info"], groups)
    rounds = list(range(0, len(trees) + 1, groups * parallel))
    if len(given["tree_info"]) != len(trees) or rounds[-1] != len(trees):
        raise ValueError("the trees do not fit their classes")
    if given.get("iteration_indptr", rounds) != rounds:
        raise ValueError("the rounds do not fit the trees")
    if any((given.get("cats") or {}).values()):  # they would be looked up by position; rows bring numbers
        raise ValueError("it has categories of its own")
    return {
        "gbtree_model_param": {"num_parallel_tree": str(parallel), "num_trees": str(len(trees))},
        "iteration_indptr": rounds,
        "tree_info": given["tree_info"],
        "trees": trees,
        "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
    }


def _tree(number: int, tree: Mapping[str, Any], width: int) -> Written:
    """The nodes that a walk from the root meets, numbered again, so that all that is said of them fits."""
    left, right, defaults = tree["left_children"], tree["right_children"], tree["default_left"]
    _check_nodes(tree, width)
    kept = list(_walk(left, right))
    place = {node: index for index, node in enumerate(kept)}
    parents = [_NO_PARENT] * len(kept)
    for node in kept:
        for child in (left[node], right[node]):
            if child >= 0:
                parents[place[child]] = place[node]
    return {
        "id": number,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(width),
            "num_nodes": str(len(kept)),
            "size_leaf_vector": "1",
        },
        "left_children": [place.get(left[node], -1) for node in kept],
        "right_children": [place.get(right[node], -1) for node in kept],
        "parents": parents,
        "split_indices": [tree["split_indices"][node] if left[node] >= 0 else 0 for node in kept],
        "split_type": [0] * len(kept),
        "default_left": [int(defaults[node]) for node in kept],
        **{key: [tree[key][node] for node in kept] for key in _VALUES},
        **{key: [] for key in _CATEGORIES},
    }


_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


def _walk(left: Sequence[int], right: Sequence[int]) -> Iterator[int]:
    """The nodes from the root on, each after its parent."""
    level = [0]
    while level:
        yield from level
        level = [child for node in level for child in (left[node], right[node]) if child >= 0]


def _check_nodes(tree: Mapping[str, Any], width: int) -> None:
    left, right = tree["left_children"], tree["right_children"]
    nodes = len(left)
    _count(tree["tree_param"].get("size_leaf_vector", "1"), 1)
    keys = ("right_children", "split_indices", "default_left", *_VALUES)
    if not nodes or any(len(tree[key]) != nodes for key in keys):
        raise ValueError("what is told of the nodes does not fit their number")
    if any(tree.get(key) for key in _CATEGORIES) or any(tree.get("split_type") or ()):
        raise ValueError("categorical splits")
    whole_numbers(left, nodes, -1)
    whole_numbers(right, nodes, -1)
    if any((one < 0) != (other < 0) for one, other in zip(left, right, strict=True)):
        raise ValueError("a node has one child")
    check_tree(left, right, nodes)
    inner = [at for at, child in zip(tree["split_indices"], left, strict=True) if child >= 0]
    whole_numbers(inner, width)
    if any(each not in (0, 1) for each in tree["default_left"]):
        raise ValueError("a default that is not a direction")
    for key in _VALUES:
        _numbers(tree[key])


def _numbers(values: Sequence[Any]) -> None:
    if any(type(value) not in (int, float) or not abs(value) <= _LARGEST_FLOAT for value in values):
        raise ValueError("a value is not a number of single precision")


def _compute(model: dict[str, Any]) -> Compute:
    """What asks XGBoost, given JSON of the values that were checked."""
    try:
        import xgboost
    except ImportError as error:
        raise missing("XGBoost", "xgboost") from error
    try:
        booster = xgboost.Booster({"nthread": 1, "verbosity": 0})
        booster.load_model(bytearray(json.dumps(model).encode()))
    except Exception as error:  # whatever XGBoost objects to
        raise damaged("XGBoost", str(error).splitlines()[0]) from error

    def compute(rows: "pd.DataFrame") -> "npt.NDArray[np.floating[Any]]":
        import numpy as np

        return np.asarray(booster.inplace_predict(rows.to_numpy(np.float32), validate_features=False))

    return compute
