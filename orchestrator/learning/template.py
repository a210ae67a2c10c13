"""The spec that `diln init` writes: every key, with what it means."""

from typing import TYPE_CHECKING

from orchestrator.learning.catalogue import ESTIMATORS
from orchestrator.learning.spec import Sklearn

if TYPE_CHECKING:
    from orchestrator.learning.inspection import Found

_REGRESSION: tuple[Sklearn, ...] = ("diabetes",)

_MARKS = '# missing_marks = ["", "-999"]  # cells that mean "no value"; default: "", ?, NA, NULL, NaN, None …'

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
# positive = "yes"          # the class that precision, recall and F1 are about; default: the rarer
{types}
{separator}           # of the fields of a CSV file; default: a comma
{decimal}             # of the numbers in a CSV file; default: a point

[data.cleaning]
missing = {missing}          # "drop" the row, "impute" (see features.imputer), or stop with an "error"
duplicates = "drop"         # or "keep", "error"
{marks}
bad_values = {bad_values}        # bad numbers, bad dates, rows of wrong length: or "drop", "impute"
smallest_class = {smallest_class}          # rows of classes with fewer rows are dropped

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

# [report]                  # recorded in the manifest too
# groups = ["sex"]          # figures for each group in a column (pip install 'diln[report]')
# importances = true        # how much each column matters

[gate]                      # what a model must reach, and be above the baseline, to be deployable
{gate}
"""


def spec_template(
    dataset: Sklearn | None = "breast_cancer",
    *,
    file: str = "",
    folder: str = "",
    target: str = "",
    name: str = "",
    found: "Found | None" = None,
) -> str:
    """A commented spec for a data set that scikit-learn carries, or for a CSV or Parquet file or folder.

    `found` is what was found in the file or folder. `load_spec` accepts the spec as it is.
    """
    own = bool(file or folder)
    task = "regression" if dataset in _REGRESSION and not own else "classification"
    if found:
        task, name, target = found.task, name or found.name, found.target
    values = _REGRESSION_VALUES if task == "regression" else _CLASSIFICATION_VALUES
    wide = " ".join(f"{estimator}," for estimator in ESTIMATORS)
    return _TEMPLATE.format(
        name=_quoted(name or ("my-model" if own else str(dataset).replace("_", "-"))),
        description="" if own else f"The {dataset} data of scikit-learn",
        license="" if own else "MIT",
        source=_source(dataset, file, folder),
        target=_quoted(target or "target"),
        estimators=_wrapped(wide.rstrip(",")),
        **_found(found),
        **values,
    )


def _found(found: "Found | None") -> dict[str, object]:
    """The lines that say how to read the data: as comments where the default will do."""
    types = found.types if found else {}
    example = 'id = "identifier", note = "text", zip = "categorical"'
    told = ", ".join(f'"{_quoted(name)}" = "{kind}"' for name, kind in types.items())
    marks = found.marks if found else None
    listed = ", ".join(f'"{_quoted(mark)}"' for mark in marks or ())
    return {
        "types": f"types = {{ {told} }}" if types else f"# types = {{ {example} }}   # or date, numeric",
        "separator": _line("separator", found.separator if found else ",", ",", ";"),
        "decimal": _line("decimal", found.decimal if found else ".", ".", ","),
        "missing": f'"{found.missing if found else "impute"}"',
        "marks": f"missing_marks = [{listed}]" if marks is not None else _MARKS,
        "bad_values": f'"{found.bad_values if found else "error"}"',
        "smallest_class": found.smallest_class if found else 1,
    }


def _line(key: str, value: str, default: str, example: str) -> str:
    return f'# {key} = "{example}"' if value == default else f'{key} = "{_quoted(value)}"'


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
