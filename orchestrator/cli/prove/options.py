"""Options about models, in groups that several commands take."""

from collections.abc import Iterator
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.console import lazy_imports
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator.learning import spec as specs
    from orchestrator.systems.prove import about as abouts
    from orchestrator.systems.prove import describing, openssf


SPEC_FILE = Path("diln.toml")

PublishMetrics = Annotated[
    bool,
    typer.Option(
        "--publish-metrics", help="Publish a private model's metrics and gate, not commitments to them."
    ),
]
OwnProjectArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[PROJECT]", help="NAME, CREATOR/NAME or an id; default: the one of diln.toml here."
    ),
]


def own_project(given: str | None) -> str:
    """The project that was named, or else that of the folder's diln.toml. Raises UsageError, SpecError."""
    if given is not None:
        return given
    if not SPEC_FILE.exists():
        raise UsageError(
            f"no project is named, and there is no {SPEC_FILE} here",
            "Name one: `diln project list` shows them.",
        )
    return specs.load_spec(SPEC_FILE).project.name


@dataclass(frozen=True)
class Told:
    """What the options tell of a model."""

    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Of the model's project (default: the file's)."),
    ] = None
    about: Annotated[
        Path | None,
        typer.Option("--about", metavar="FILE", exists=True, help="TOML or JSON that tells of the model."),
    ] = None
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="PATH|DIGEST", help="What it learned from: hashed here; repeatable."),
    ] = None
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME=VALUE", help="A metric; repeatable.")
    ] = None
    algorithm: Annotated[str | None, typer.Option("--algorithm", metavar="NAME", help="What made it.")] = None
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Hyper-parameter; repeatable."),
    ] = None
    library: Annotated[
        list[str] | None, typer.Option("--library", metavar="NAME=VERSION", help="Framework; repeatable.")
    ] = None
    parent: Annotated[
        list[str] | None,
        typer.Option("--parent", metavar="MODEL|DIGEST", help="What it was made from; repeatable."),
    ] = None
    licence: Annotated[str | None, typer.Option("--license", metavar="SPDX", help="Of the model.")] = None
    model_signature: Annotated[
        list[Path] | None,
        typer.Option(
            "--model-signature", metavar="FILE", exists=True, help="Made by model_signing; repeatable."
        ),
    ] = None
    signature_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--signature-key", metavar="FILE", exists=True, help="Its signer's public key; repeatable."
        ),
    ] = None

    def known(self, path: Path) -> "abouts.About":
        """What options and the file beside the model tell of it. Raises UsageError."""
        return abouts.about_of(path, self.about).with_(
            project=self.name,
            data=self.data or [],
            metrics={key: _number(key, value) for key, value in _pairs(self.metric, "--metric")},
            algorithm=self.algorithm,
            hyperparameters={key: _value(value) for key, value in _pairs(self.parameter, "--parameter")},
            libraries=dict(_pairs(self.library, "--library")),
            parents=self.parent or [],
            licence=self.licence,
        )

    def attested(self, path: Path) -> "describing.Extra":
        """The signatures of others, verified. Raises UsageError, SignatureRefused, IntegrityError."""
        return openssf.with_signatures(
            describing.Extra(), path, self.model_signature or [], self.signature_key or []
        )


@dataclass(frozen=True)
class Signature:
    """A signature of OpenSSF Model Signing that is made besides."""

    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help="Also sign as OpenSSF Model Signing does, into FILE."),
    ] = None
    signing_key: Annotated[
        Path | None,
        typer.Option("--signing-key", metavar="FILE", exists=True, help="Private key for --bundle (PEM)."),
    ] = None


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
