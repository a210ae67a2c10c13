"""What a model is, in plain values, for its manifest."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

LIBRARIES = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")
"""The libraries that a model's bytes depend on, beside Python."""


@dataclass(frozen=True)
class Description:
    """`algorithm` is the dotted name of the estimator; `steps` are the pipeline's steps in order."""

    algorithm: str
    hyper_parameters: dict[str, Any]
    steps: tuple[str, ...]
    libraries: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "algorithm": self.algorithm,
            "hyper_parameters": self.hyper_parameters,
            "steps": list(self.steps),
            "libraries": self.libraries,
        }


def describe(pipeline: "Pipeline") -> Description:
    """Describe a pipeline: its estimator with all hyper-parameters, its steps, its libraries."""
    estimator = pipeline[-1]
    kind = type(estimator)
    parameters = {name: _plain(value) for name, value in sorted(estimator.get_params(deep=False).items())}
    libraries = {name: version(name) for name in LIBRARIES}
    public = ".".join(part for part in kind.__module__.split(".") if not part.startswith("_"))
    return Description(
        algorithm=f"{public}.{kind.__name__}",
        hyper_parameters=parameters,
        steps=tuple(type(step).__name__ for _, step in pipeline.steps),
        libraries={"python": platform.python_version(), **libraries},
    )


def _plain(value: object) -> Any:
    """JSON values as they are; numbers of numpy as Python's; NaN and the rest as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return _plain(value.item()) if hasattr(value, "item") else repr(value)
