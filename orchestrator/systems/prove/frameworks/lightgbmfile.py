"""LightGBM's text files: every line is checked, then LightGBM is given a text of what was checked.

LightGBM walks trees by the indices in the file, and takes parameters from its end. So the text is written
again: the model's lines that are known, and nothing else.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.systems.prove.frameworks.asked import Compute, Label, Opened, damaged, missing
from orchestrator.systems.prove.frameworks.trees import boosted, check_tree

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

MOST_FEATURES = 1_000_000
_AS_IT_IS = (
    *("regression", "regression_l1", "huber", "fair", "quantile", "mape"),
    *("lambdarank", "rank_xendcg", "custom", "none", "null", "na"),
)
"""Objectives whose answer is the sum of the leaves: LightGBM need not know of them."""
_OTHERS = ("poisson", "gamma", "tweedie", "cross_entropy", "cross_entropy_lambda")
_PER_INNER = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_MORE_INNER = ("internal_value", "internal_weight", "internal_count")
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_CATEGORICAL = 1  # of decision_type

Section = Mapping[str, str]


def open_lightgbm(data: bytes, classes: tuple[Label, ...]) -> Opened:
    """A model out of LightGBM's text. Raises ModelError."""
    try:
        header, trees = _sections(data.decode("utf-8"))
        names, groups = _names(header), _groups(header, len(trees))
        width = len(names)
        objective = _objective(header.get("objective"), groups)
        text = _written(header, objective, [_checked(tree, width) for tree in trees], width)
    except (ValueError, KeyError, OverflowError) as error:
        raise damaged("LightGBM", f"{type(error).__name__}: {error}") from error
    compute, kind = _compute(text), objective.partition(" ")[0]
    outputs = {"binary": 2, "cross_entropy": 2, "multiclass": groups, "multiclassova": groups}.get(kind, 0)
    return boosted(compute, outputs, classes, names, width)


def _names(header: Section) -> tuple[str, ...]:
    width = _whole(header["max_feature_idx"], MOST_FEATURES) + 1
    names = tuple(header["feature_names"].split(" "))
    if len(names) != width or not all(names):
        raise ValueError("the features' names do not fit their number")
    return names


def _groups(header: Section, trees: int) -> int:
    """How many numbers the model computes for a row: the trees take turns."""
    groups = _whole(header["num_class"], 100_000)
    if groups < 1 or _whole(header["num_tree_per_iteration"], 100_000) != groups or trees % groups:
        raise ValueError("the number of trees does not fit the classes")
    return groups


def _sections(text: str) -> tuple[Section, list[Section]]:
    """The header's lines, and each tree's; what follows the trees is only looked at for categories."""
    body, end, rest = text.partition("\nend of trees")
    if not end:
        raise ValueError("it does not end")
    if re.search(r"^pandas_categorical:(?!(null|\[\])\s*$)", rest, re.MULTILINE):
        raise ValueError("it has categories of data frames")
    first, *trees = re.split(r"^Tree=[0-9]+$", body, flags=re.MULTILINE)
    first = first.removeprefix("tree\n")
    return _lines(first), [_lines(tree) for tree in trees]


def _lines(text: str) -> Section:
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, _, value = line.strip("\r").partition("=")
        if key in found:
            raise ValueError(f"`{key[:40]}` stands twice")
        if key:
            found[key] = value
    return found


def _whole(text: str, most: int) -> int:
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= most:
        raise ValueError(f"`{text[:40]}` is not from 0 to {most}")
    return int(text)


def _checked(tree: Section, width: int) -> list[str]:
    """The lines of a tree that is one, as they are written for LightGBM."""
    leaves = _whole(tree["num_leaves"], 1 << 24)
    if leaves < 1 or tree.get("num_cat", "0") != "0" or tree.get("is_linear", "0") != "0":
        raise ValueError("categorical splits, linear leaves, or no leaf")
    lines = [f"num_leaves={leaves}", "num_cat=0"]
    if leaves > 1:
        inner = leaves - 1
        _check_splits(tree, inner, leaves, width)
        lines += [_line(tree, key, inner) for key in (*_PER_INNER, *_MORE_INNER) if key in tree]
    lines += [_line(tree, key, leaves) for key in _PER_LEAF if tree.get(key)]
    return [*lines, "is_linear=0", f"shrinkage={float(tree.get('shrinkage', '1'))!r}"]


def _check_splits(tree: Section, inner: int, leaves: int, width: int) -> None:
    left, right = (_integers(tree[key], inner) for key in ("left_child", "right_child"))
    check_tree(left, right, inner)
    leaf = [~child for child in (*left, *right) if child < 0]
    if any(place >= leaves for place in leaf) or len(set(leaf)) != len(leaf):
        raise ValueError("a node has a leaf outside its tree, or another's")
    if any(not 0 <= feature < width for feature in _integers(tree["split_feature"], inner)):
        raise ValueError("a split of a feature that is not there")
    if any(kind & _CATEGORICAL or not 0 <= kind < 16 for kind in _integers(tree["decision_type"], inner)):
        raise ValueError("categorical splits")


def _integers(text: str, count: int) -> list[int]:
    found = text.split(" ") if text else []
    if len(found) != count or not all(map(_WHOLE.fullmatch, found)):
        raise ValueError("a line does not fit the number of nodes")
    return [int(each) for each in found]


def _line(tree: Section, key: str, count: int) -> str:
    values = tree[key].split()
    whole = key.endswith(("count", "child", "feature", "type"))
    parse: Callable[[str], Any] = int if whole else float
    if len(values) != count:
        raise ValueError(f"`{key}` does not fit the number of nodes")
    return f"{key}={' '.join(repr(parse(value)) for value in values)}"


def _objective(told: str | None, groups: int) -> str:
    """The objective as LightGBM is given it, with the parameters that its answers need; "" for none."""
    if told is None:
        told = "custom"
    name, *parameters = told.split(" ")
    given = {key: value for key, _, value in (each.partition(":") for each in parameters)}
    if (groups > 1) != name.startswith("multiclass"):
        raise ValueError("the objective does not fit the number of classes")
    if name in _AS_IT_IS:
        return "regression sqrt" if "sqrt" in given else ""
    if name in _OTHERS:
        return name
    if name == "binary":
        return f"binary {_sigmoid(given)}"
    if name == "multiclass":
        return f"multiclass num_class:{groups}"
    if name == "multiclassova":
        return f"multiclassova num_class:{groups} {_sigmoid(given)}"
    raise ValueError("an objective that is not read")


def _sigmoid(given: Section) -> str:
    slope = float(given["sigmoid"])
    if not 1e-6 <= slope <= 1e6:
        raise ValueError("the sigmoid has no slope")
    return f"sigmoid:{slope!r}"


def _written(header: Section, objective: str, trees: list[list[str]], width: int) -> str:
    lines = ["tree", "version=v4" if header["version"] == "v4" else "version=v3"]
    lines += [f"num_class={header['num_class']}", f"num_tree_per_iteration={header['num_class']}"]
    lines += ["label_index=0", f"max_feature_idx={width - 1}"]
    lines += [f"objective={objective}"] if objective else []
    lines += ["average_output"] if "average_output" in header else []
    lines.append("feature_names=" + " ".join(f"f{place}" for place in range(width)))
    lines.append("feature_infos=" + " ".join(["[-1e308:1e308]"] * width))
    for number, tree in enumerate(trees):
        lines += ["", f"Tree={number}", *tree, ""]
    return "\n".join([*lines, "", "end of trees", "", "pandas_categorical:null", ""])


def _compute(text: str) -> Compute:
    try:
        import lightgbm
    except ImportError as error:
        raise missing("LightGBM", "lightgbm") from error
    try:
        booster = lightgbm.Booster(model_str=text)
    except Exception as error:  # whatever LightGBM objects to
        raise damaged("LightGBM", str(error).splitlines()[0]) from error

    def compute(rows: "pd.DataFrame") -> "npt.NDArray[np.floating[Any]]":
        import numpy as np

        found = booster.predict(rows.to_numpy(np.float64), num_threads=1, validate_features=False)
        return np.asarray(found)

    return compute
