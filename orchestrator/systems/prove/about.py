"""What its maker tells of a model that was made elsewhere: by flags, or in a file beside it."""

import json
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.errors import UsageError
from orchestrator.nesting import is_nested_deeper
from orchestrator.systems.prove.huggingface import told_by_folder

LARGEST_ABOUT = 1 << 20  # bytes
MAX_NESTING = 32
_SIDECAR = ".about.toml"


class Bound(BaseModel):
    """What a metric must reach for the model to be deployable."""

    model_config = ConfigDict(extra="forbid", strict=True)
    minimum: float | None = None
    maximum: float | None = None


class About(BaseModel):
    """What its maker knows of a model, by flags of `diln publish` or in a TOML or JSON file; all is optional.

    `data` are files or folders that are hashed, or digests (`sha256:…`); `parents` are registry references or
    digests of what the model was made from; `gate` maps metrics to what they must reach. `features` are what
    the model takes, in order; `classes` the labels of its outputs; `layers` say how the tensors of a
    safetensors file are used: `{weight = "0.weight", bias = "0.bias", activation = "relu"}`, in order.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    project: str | None = None
    licence: str | None = None
    algorithm: str | None = None
    steps: list[str] = []
    hyperparameters: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    gate: dict[str, Bound] = {}
    data: list[str] = []
    libraries: dict[str, str] = {}
    python: str | None = None
    parents: list[str] = []
    target: str | None = None
    task: str | None = None
    features: list[dict[str, Any]] = []
    classes: list[str | int] = []
    layers: list[dict[str, Any]] = []

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises UsageError that names the file and the key."""
        text = _text(path)
        try:
            return cls.model_validate(json.loads(text) if path.suffix == ".json" else tomllib.loads(text))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            key = ".".join(map(str, first["loc"]))
            raise UsageError(f"{path}: `{key}` is wrong: {first['msg']}", "Correct it.") from error
        except ValueError as error:
            raise UsageError(f"{path} cannot be read: {error}", "Write it as TOML or JSON.") from error

    def with_(self, **flags: object) -> Self:
        """What flags say goes before what the file says; mappings are merged, lists are joined."""
        return self.model_copy(
            update={name: _merged(getattr(self, name), value) for name, value in flags.items()}
        )


def about_of(path: Path, given: Path | None = None) -> About:
    """What the file `given`, or else FILE.about.toml beside the model, says. Raises UsageError.

    What it leaves open, a folder of Hugging Face may tell itself.
    """
    beside = path.with_name(path.name + _SIDECAR)
    known = About(**told_by_folder(path)) if path.is_dir() else About()
    if not (given or beside.is_file()):
        return known
    said = About.read(given or beside)
    return known.with_(**{name: getattr(said, name) for name in said.model_fields_set})


def _merged(known: object, told: object) -> object:
    if isinstance(known, dict) and isinstance(told, dict):
        return {**known, **told}
    if isinstance(known, list) and isinstance(told, list):
        return [*known, *told]
    return known if told is None else told


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_ABOUT + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Write it as TOML or JSON.") from error
    if len(content) > LARGEST_ABOUT or is_nested_deeper(text, MAX_NESTING):
        raise UsageError(f"{path} is above 1 MiB, or nested too deeply", "Tell less of the model.")
    return text
