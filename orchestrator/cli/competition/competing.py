"""The part of `diln competition` for those who compete: train, submit, reveal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.competition import compete
from orchestrator.cli.competition.options import (
    CompetitionArgument,
    NumberOption,
    OpeningOption,
    Payment,
    model_file,
)
from orchestrator.console import (
    SENDS,
    Facts,
    Shown,
    among,
    command,
    err,
    labelled,
    lazy_imports,
    progress_bar,
)
from orchestrator.files import replace_file

with lazy_imports():
    from orchestrator.models import integer
    from orchestrator.systems.competition import baseline, finding, submitting, training

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.systems.competition.candidates import Candidate
    from orchestrator.systems.competition.contracts import Competition


@command(compete, storage=True)
def train_baseline(
    session: "Session",
    reference: CompetitionArgument = "latest",
    output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the model.")] = Path(
        "baseline.skops"
    ),
    kind: Annotated[
        str,
        typer.Option(help="linear, mlp or forest.", autocompletion=among("linear", "mlp", "forest")),
    ] = "mlp",
    hidden: Annotated[int, typer.Option(help="Neurons of the hidden layer.")] = 16,
    seed: Annotated[int, typer.Option(help="Another one trains another model.")] = 0,
    opening: OpeningOption = None,
) -> Facts:
    """Train a model to start from, and say what the contract would give it on held-out groups."""
    with progress_bar("training", unit="steps") as progress:
        found = finding.find(session, reference)
        seen = training.training_data(session, found, opening)
        made = baseline.train_baseline(
            seen, found.terms, output, kind=kind, hidden=hidden, seed=seed, progress=progress
        )
    return Facts(_trained(made))


@command(compete, sender=SENDS, storage=True)
def submit(
    session: "Session",
    payment: Payment,
    reference: CompetitionArgument = "latest",
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="skops, ONNX or integer file; a NAME of `diln train`."),
    ] = "baseline.skops",
    opening: OpeningOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Quantize and score only; send nothing.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the integer model here, as the page takes it.")
    ] = None,
) -> Facts:
    """Quantize a model, predict its score exactly, commit to it with the deposit."""
    found, file = finding.find(session, reference), model_file(session.settings, model)
    if not dry_run:
        submitting.require_entry(found, session.sender)
    with progress_bar("quantizing", unit="layers") as progress:
        candidate = submitting.propose(session, found, file, opening, progress)
    _show(found, candidate, write)
    if dry_run:
        return Facts(_quantized(candidate))
    done = submitting.submit(session, found, candidate, session.sender, payment.to(session, found))
    return Facts(_submitted(found, candidate, done))


@command(compete, sender=SENDS)
def reveal(
    session: "Session",
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Restores what was lost from .diln.")
    ] = None,
) -> Facts:
    """Reveal your models, after training and before any test data is public."""
    found = finding.find(session, reference)
    file = model_file(session.settings, model) if model else None
    numbers = submitting.reveal(session, found, session.sender, number=number, file=file)
    return Facts(
        {"competition": found.address, "revealed": numbers or Shown([], "nothing was left to reveal")}
    )


def _trained(made: "baseline.Baseline") -> dict[str, Any]:
    return {
        "file": str(made.file),
        **_measured(made.measured),
        "measured_on": Shown("held_out", f"{made.held_out} samples held out"),
        "held_out": Shown(made.held_out, ""),
        "trained_on": Shown(made.trained_on, f"{made.trained_on} samples"),
    }


def _quantized(candidate: "Candidate") -> dict[str, Any]:
    return {**_measured(candidate), "measured_on": Shown("training", "all training samples")}


def _submitted(found: "Competition", candidate: "Candidate", done: "submitting.Submitted") -> dict[str, Any]:
    known = "" if done.fresh else "it had been submitted before; nothing was sent"
    return {
        "competition": found.address,
        "submission": done.submission.number,
        **_quantized(candidate),
        "model_hash": candidate.hash.hex(),
        "gas": done.gas_used,
        "known": Shown(not done.fresh, known),
    }


def _show(found: "Competition", candidate: "Candidate", write: Path | None) -> None:
    """Write what was quantized, if that is wished, and say if it cannot win."""
    if write:
        replace_file(write, candidate.encoded)
    if not candidate.passes:
        err.print(labelled("note: ", "yellow", _below(found, candidate)))


def _below(found: "Competition", candidate: "Candidate") -> str:
    terms = found.terms
    least = integer.readable_score(terms.metric_name, terms.least)
    return (
        f"{terms.metric_name} {candidate.score:.4g} misses the criterion of {least:g}: a model that does no "
        "better on the test data cannot win; it costs gas, and the tip if somebody else evaluates it"
    )


def _measured(candidate: "Candidate") -> dict[str, Any]:
    """What the contract would compute, next to what the model scored before it was quantized."""
    return {
        "score": candidate.score,
        "passes": Shown(candidate.passes, ""),
        "before_quantization": candidate.float_score,
        "agreement": candidate.agreement,
        "model_bytes": len(candidate.encoded),
    }
