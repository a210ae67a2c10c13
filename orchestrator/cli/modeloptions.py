"""What may be told of a model on the command line: one group of options for each command that takes them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from json import loads
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.errors import UsageError
from orchestrator.pipeline.about import About, about_of
from orchestrator.pipeline.describing import Extra
from orchestrator.pipeline.openssf import with_signatures


@dataclass(frozen=True)
class Told:
    """What the options tell of a model."""

    name: str | None
    about: Path | None
    data: list[str] | None
    metric: list[str] | None
    algorithm: str | None
    parameter: list[str] | None
    library: list[str] | None
    parent: list[str] | None
    licence: str | None
    model_signature: list[Path] | None
    signature_key: list[Path] | None

    def known(self, path: Path) -> About:
        """What options and the file beside the model tell of it. Raises UsageError."""
        return about_of(path, self.about).with_(
            project=self.name,
            data=self.data or [],
            metrics={key: _number(key, value) for key, value in _pairs(self.metric, "--metric")},
            algorithm=self.algorithm,
            hyperparameters={key: _value(value) for key, value in _pairs(self.parameter, "--parameter")},
            libraries=dict(_pairs(self.library, "--library")),
            parents=self.parent or [],
            licence=self.licence,
        )

    def attested(self, path: Path) -> Extra:
        """The signatures of others, verified. Raises UsageError, SignatureRefused, IntegrityError."""
        return with_signatures(Extra(), path, self.model_signature or [], self.signature_key or [])


_OPTIONS: dict[str, Any] = {
    "name": Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Of the model's project (default: the file's)."),
    ],
    "about": Annotated[
        Path | None,
        typer.Option("--about", metavar="FILE", exists=True, help="TOML or JSON that tells of the model."),
    ],
    "data": Annotated[
        list[str] | None,
        typer.Option("--data", metavar="PATH|DIGEST", help="What it learned from: hashed here; repeatable."),
    ],
    "metric": Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME=VALUE", help="A metric; repeatable.")
    ],
    "algorithm": Annotated[str | None, typer.Option("--algorithm", metavar="NAME", help="What made it.")],
    "parameter": Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Hyper-parameter; repeatable."),
    ],
    "library": Annotated[
        list[str] | None, typer.Option("--library", metavar="NAME=VERSION", help="Framework; repeatable.")
    ],
    "parent": Annotated[
        list[str] | None,
        typer.Option("--parent", metavar="MODEL|DIGEST", help="What it was made from; repeatable."),
    ],
    "licence": Annotated[str | None, typer.Option("--license", metavar="SPDX", help="Of the model.")],
    "model_signature": Annotated[
        list[Path] | None,
        typer.Option(
            "--model-signature", metavar="FILE", exists=True, help="Made by model_signing; repeatable."
        ),
    ],
    "signature_key": Annotated[
        list[Path] | None,
        typer.Option(
            "--signature-key", metavar="FILE", exists=True, help="Its signer's public key; repeatable."
        ),
    ],
}

BundleOption = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="FILE", help="Also sign as OpenSSF Model Signing does, into FILE."),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--signing-key", metavar="FILE", exists=True, help="Private key for --bundle (PEM)."),
]


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """A command that is given `told: Told`, and takes the options that tell of a model in its place."""
    parameters = []
    for each in inspect.signature(command, eval_str=True).parameters.values():
        if each.name != "told":
            parameters.append(each)
            continue
        parameters += [
            inspect.Parameter(name, each.kind, default=None, annotation=kind)
            for name, kind in _OPTIONS.items()
        ]

    @wraps(command)
    def run(**given: Any) -> None:
        told = Told(**{name: given.pop(name) for name in _OPTIONS})
        command(**given, told=told)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _pairs(given: list[str] | None, flag: str) -> Iterator[tuple[str, str]]:
    for each in given or ():
        key, found, value = each.partition("=")
        if not (key and found):
            raise UsageError(f"`{flag} {each}` is not NAME=VALUE", f"Write {flag} {each or 'name'}=… .")
        yield key, value


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"metric `{name}` is not a number: {text}", "Write --metric f1=0.93.") from None


def _value(text: str) -> Any:
    """A number, true, false or null as JSON has them; anything else is text."""
    try:
        value = loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool | None) else text
