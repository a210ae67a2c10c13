"""The spec that `diln init` writes: every key, with what it means."""

from orchestrator.learning.catalogue import ESTIMATORS
from orchestrator.learning.spec import Sklearn

_REGRESSION: tuple[Sklearn, ...] = ("diabetes",)

_TEMPLATE = """\
# What `diln train` does. Everything here, and the hash of the data, becomes part of the model's manifest.

[project]
name = "{name}"
description = "{description}"
license = "{license}"

[data]
{source}
target = "{target}"           # the column to predict
task = "auto"               # or "classification", "regression"
# positive = "yes"          # the class that precision, recall and F1 are about; default: the last in order
# types = {{ id = "ignore", zip = "categorical", age = "numeric" }}    # default: found out

[data.cleaning]
missing = "impute"          # "drop" the row, "impute" (see features.imputer), or stop with an "error"
duplicates = "drop"         # or "keep", "error"
bad_values = "error"        # words among numbers, infinite numbers, rows of wrong length: or "drop", "impute"

[features]
imputer = "median"          # of numbers: "mean", "median", "most_frequent"
encoder = "onehot"          # of categories: or "ordinal"
scaler = "standard"         # or "minmax", "robust", "none"
# selection = {{ variance = 0.0, best = 10 }}

[model]
# One of: {estimators}
estimator = "{estimator}"

[model.parameters]          # of scikit-learn, by name
{parameters}

# [search]                  # choose parameters by cross-validation on the training rows
# kind = "grid"             # or "random", "halving"
# folds = 5
# scoring = "{score}"
# iterations = 20           # of a random search
# [search.parameters]
# {space}

[split]
test_size = 0.2             # the share of the rows that is held out from training
seed = 42                   # the same seed gives the same model, byte for byte
stratify = true             # every class in the same share on both sides

[gate]                      # what a model must reach to be published as deployable
{gate}
"""


def spec_template(
    dataset: Sklearn | None = "breast_cancer",
    *,
    file: str = "",
    folder: str = "",
    target: str = "",
    name: str = "",
) -> str:
    """A commented spec for a data set that scikit-learn carries, or for a CSV or Parquet file or folder.

    `load_spec` accepts it as it is.
    """
    task = "regression" if dataset in _REGRESSION and not (file or folder) else "classification"
    values = _REGRESSION_VALUES if task == "regression" else _CLASSIFICATION_VALUES
    wide = " ".join(f"{estimator}," for estimator in ESTIMATORS)
    return _TEMPLATE.format(
        name=name or (dataset or "my-model").replace("_", "-"),
        description="" if file or folder else f"The {dataset} data of scikit-learn",
        license="MIT",
        source=_source(dataset, file, folder),
        target=_quoted(target or "target"),
        estimators=_wrapped(wide.rstrip(",")),
        **values,
    )


def _source(dataset: str | None, file: str, folder: str) -> str:
    if folder:
        return f'folder = "{_quoted(folder)}"        # its CSV and Parquet files, in order of their names'
    if file:
        return f'file = "{_quoted(file)}"          # CSV or Parquet'
    return f'sklearn = "{dataset}"   # or: file = "data.csv", file = "data.parquet", folder = "data"'


def _quoted(text: str) -> str:
    """For use between double quotes in TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped)


def _wrapped(text: str, width: int = 100) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{word} "
    return "\n#   ".join(line.rstrip() for line in lines)


_CLASSIFICATION_VALUES = {
    "estimator": "logistic_regression",
    "parameters": "C = 1.0",
    "score": "f1",
    "space": "C = [0.1, 1.0, 10.0]",
    "gate": "f1 = 0.9                    # at least\n"
    "gap = 0.05                  # at most: training minus test",
}
_REGRESSION_VALUES = {
    "estimator": "ridge",
    "parameters": "alpha = 1.0",
    "score": "r2",
    "space": "alpha = [0.1, 1.0, 10.0]",
    "gate": "r2 = 0.3                    # at least\n"
    "gap = 0.2                   # at most: training minus test",
}
