"""diln.toml: what to learn from what, and what the model must reach.

Only pydantic is imported here. Whatever needs the data or scikit-learn to be checked is checked where it is
used, through `Spec.fault`, so that those errors name the line and the key too.
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)

from orchestrator.errors import SpecError
from orchestrator.learning.catalogue import ESTIMATORS, RESERVED, Estimator, find_estimator
from orchestrator.learning.specfaults import KeyFault, fault, semantic_fault, syntax_fault

Sklearn = Literal["breast_cancer", "iris", "wine", "digits", "diabetes"]
Metric = Literal[
    "accuracy", "precision", "recall", "f1", "roc_auc", "r2", "mae", "rmse", "gap", "brier", "ece"
]
Scoring = Literal["accuracy", "precision", "recall", "f1", "roc_auc", "r2", "mae", "rmse"]

MAXIMUM = ("mae", "rmse", "gap", "brier", "ece")
"""The metrics that a gate bounds from above; it bounds the others from below."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Project(_Table):
    """[project]: `name` also names the project in the registry."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    description: str = ""
    license: str = ""


class Cleaning(_Table):
    """[data.cleaning]: what happens to rows that cannot be used as they are.

    `missing`: drop the row, let features.imputer fill it in, or stop. A missing label is only ever dropped.
    `missing_marks` are cells that mean "no value"; among numbers, every way to write such a number is one.
    `duplicates`: rows equal in every column. `bad_values`: a word among numbers or dates, an infinite number,
    a row with too many or too few fields; `impute` treats a bad cell as missing. Rows of classes with fewer
    rows than `smallest_class` are dropped.
    """

    missing: Literal["drop", "impute", "error"] = "impute"
    duplicates: Literal["drop", "keep", "error"] = "drop"
    bad_values: Literal["drop", "impute", "error"] = "error"
    smallest_class: int = Field(default=1, ge=1)
    missing_marks: list[str] = ["", "?", "N/A", "NA", "NULL", "NaN", "None", "nan", "null"]


ColumnType = Literal["numeric", "categorical", "text", "date", "date-dmy", "date-mdy", "identifier", "ignore"]


class Data(_Table):
    """[data]: exactly one of `file`, `folder` and `sklearn`; paths are relative to the spec."""

    file: str | None = None
    folder: str | None = None
    sklearn: Sklearn | None = None
    target: str = "target"
    positive: bool | int | str | None = None
    task: Literal["auto", "classification", "regression"] = "auto"
    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    types: dict[str, ColumnType] = {}
    cleaning: Cleaning = Cleaning()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("file", "folder", "sklearn") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of file, folder and sklearn, not {' and '.join(given) or 'none'}"
            )
        if self.decimal == self.separator:
            raise KeyFault("decimal", f"{self.decimal!r} separates the fields already")
        if self.types.get(self.target) is not None:
            raise KeyFault("types", f"the target {self.target!r} has no type here: set task instead")
        return self


class Selection(_Table):
    """[features.selection]: drop features of low variance, then keep the `best` by a univariate test."""

    variance: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    best: int | None = Field(default=None, ge=1)


class Features(_Table):
    """[features]: what happens to columns before the estimator sees them."""

    imputer: Literal["mean", "median", "most_frequent"] = "median"
    encoder: Literal["onehot", "ordinal"] = "onehot"
    scaler: Literal["standard", "minmax", "robust", "none"] = "standard"
    selection: Selection = Selection()


def _estimator(name: str) -> str:
    if find_estimator(name) is None:
        raise ValueError(f"{name!r} is not on the list of estimators: {', '.join(sorted(ESTIMATORS))}")
    return name


def _parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    for name in parameters:
        if reason := RESERVED.get(name):
            raise KeyFault(name, f"it cannot be set: {reason}")
        if "__" in name or not name.isidentifier():
            raise KeyFault(name, "this is not the name of a parameter")
    return parameters


Parameters = Annotated[dict[str, Any], AfterValidator(_parameters)]


class Model(_Table):
    """[model]: an estimator by its short or dotted name, and its hyper-parameters."""

    estimator: Annotated[str, AfterValidator(_estimator)]
    parameters: Parameters = {}

    @property
    def definition(self) -> Estimator:
        """The entry of the catalogue."""
        found = find_estimator(self.estimator)
        assert found is not None, "validated above"  # noqa: S101
        return found


class Range(_Table):
    """Numbers from `low` to `high` for a random search; on a log scale, or whole numbers where both are."""

    low: int | float = Field(allow_inf_nan=False)
    high: int | float = Field(allow_inf_nan=False)
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, not {self.low} and {self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError("a log scale begins above zero")
        return self


def _values_kind(values: object) -> str:
    return "[range]" if isinstance(values, dict | Range) else "[list]"


Values = Annotated[
    Annotated[list[Any], Tag("[list]")] | Annotated[Range, Tag("[range]")], Discriminator(_values_kind)
]
"""What a search tries for one parameter; the tags tell faults in the one from faults in the other."""


class Search(_Table):
    """[search]: choose hyper-parameters by cross-validation on the training rows."""

    kind: Literal["grid", "random", "halving"] = "grid"
    parameters: Annotated[dict[str, Values], AfterValidator(_parameters), Field(min_length=1)]
    folds: int = Field(default=5, ge=2, le=50)
    scoring: Scoring | None = None
    iterations: int = Field(default=20, ge=1, le=10_000)

    @model_validator(mode="after")
    def _choices(self) -> Self:
        for name, values in self.parameters.items():
            if isinstance(values, Range) and self.kind != "random":
                raise KeyFault(
                    "parameters", f"a range of {name} needs kind = 'random'; list the values for {self.kind}"
                )
            if isinstance(values, list) and not values:
                raise KeyFault("parameters", f"{name} has no value to try")
        return self


class Split(_Table):
    """[split]: the rows held out from training; `seed` also seeds the estimator and the search."""

    test_size: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=42, ge=0, lt=2**32)
    stratify: bool = True


def _gate(gate: dict[Metric, float]) -> dict[Metric, float]:
    for metric, bound in gate.items():
        if not math.isfinite(bound):
            raise KeyFault(metric, f"{bound} is not a number that a metric can reach")
        if metric not in ("mae", "rmse", "r2", "gap") and not 0 <= bound <= 1:
            raise KeyFault(metric, f"{metric} lies between 0 and 1, so {bound:g} makes no sense")
        if metric == "r2" and bound > 1:
            raise KeyFault(metric, f"r2 is at most 1, so {bound:g} cannot be reached")
        if metric in MAXIMUM and bound < 0:
            raise KeyFault(metric, f"no model can have {metric} of at most {bound:g}: use 0 or more")
    return gate


class Report(_Table):
    """[report]: figures for each group in columns of categories, and how much each column matters.

    Both are recorded in the manifest too, with the names of the groups.
    """

    groups: list[str] = []
    importances: bool = False


class Spec(_Table):
    """A whole diln.toml."""

    project: Project
    data: Data
    features: Features = Features()
    model: Model
    search: Search | None = None
    split: Split = Split()
    report: Report = Report()
    gate: Annotated[dict[Metric, float], AfterValidator(_gate)] = {}

    _path: Path = PrivateAttr(default=Path("diln.toml"))
    _text: str = PrivateAttr(default="")

    @property
    def folder(self) -> Path:
        """Where relative paths of the spec begin."""
        return self._path.parent

    def fault(self, key: str, message: str, hint: str = "") -> SpecError:
        """An error about the dotted `key`, with its line."""
        return fault(self._path, self._text, key.split("."), message, hint)


def load_spec(path: Path) -> Spec:
    """Read and check a spec.

    Raises SpecError, naming file, line and key, where the file is missing, is not TOML, or has a key that is
    unknown, missing or wrong.
    """
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise syntax_fault(path, text, str(error)) from error
    except RecursionError as error:
        raise SpecError(f"{path}: nested too deeply", "a spec needs two levels") from error
    try:
        spec = Spec.model_validate(tables)
    except ValidationError as error:
        raise semantic_fault(path, text, error) from error
    spec._path, spec._text = path, text
    return spec


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError(f"There is no {path}", "`diln init` writes one to begin with") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SpecError(f"{path}, line {line}: not UTF-8 text", "save the file as UTF-8") from error
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}") from error
    return text.replace("\r\n", "\n")
