"""The part of `diln competition` for those who compete: train, submit, reveal."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.competitioncommon import (
    CompetitionArgument,
    MaximumOption,
    NumberOption,
    OpeningOption,
    chosen_account,
    consent_to,
    model_file,
    opened,
)
from orchestrator.cli.consent import YesOption
from orchestrator.cli.console import print_one, progress_bar
from orchestrator.cli.options import FromOption, HomeOption, JsonOption, NetworkOption, StorageOption
from orchestrator.competition import baseline, candidates, submitting
from orchestrator.competition.training import training_data


def train_baseline(
    reference: CompetitionArgument = "latest",
    output: Annotated[Path, typer.Option(metavar="FILE")] = Path("baseline.skops"),
    kind: Annotated[str, typer.Option(help="linear, mlp or forest.")] = "mlp",
    hidden: Annotated[int, typer.Option(help="Neurons of the hidden layer.")] = 16,
    seed: Annotated[int, typer.Option()] = 0,
    opening: OpeningOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Train a model to start from, and say what the contract would give it on held-out groups."""
    with opened(network, None, home, storage) as venue, progress_bar("training", unit="steps") as progress:
        found = venue.find(reference)
        seen = training_data(venue, found, opening)
        made = baseline.train_baseline(
            seen, found.terms, output, kind=kind, hidden=hidden, seed=seed, progress=progress
        )
    facts = {
        "file": str(made.file),
        **_measured(made.measured),
        "measured on": f"{made.held_out} samples held out",
        "trained on": f"{made.trained_on} samples",
    }
    print_one(facts, json)


def submit(
    reference: CompetitionArgument = "latest",
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="skops, ONNX or integer file; a NAME of `diln train`."),
    ] = "baseline.skops",
    opening: OpeningOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Quantize and score only; send nothing.")
    ] = False,
    maximum: MaximumOption = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Quantize a model, predict its score exactly, commit to it with the deposit."""
    with opened(network, sender, home, storage) as venue:
        found, file = venue.find(reference), model_file(venue.settings, model)
        with progress_bar("quantizing", unit="layers") as progress:
            candidate = submitting.propose(venue, found, file, opening, progress)
        facts: dict[str, Any] = {**_measured(candidate), "measured on": "all training samples"}
        if not dry_run:
            consent = consent_to(venue, found, maximum, yes, json)
            done = submitting.submit(venue, found, candidate, chosen_account(venue), consent)
            facts = {
                "competition": found.address,
                "submission": done.submission.number,
                **facts,
                "model hash": candidate.hash.hex(),
                "gas": done.gas_used,
                "note": None if done.anew else "it had been submitted before; nothing was sent",
            }
    print_one(facts, json)


def reveal(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Restores what was lost from .diln.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Reveal your models, after training and before any test data is public."""
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        file = model_file(venue.settings, model) if model else None
        numbers = submitting.reveal(venue, found, chosen_account(venue), number=number, file=file)
    print_one({"competition": found.address, "revealed": numbers or "nothing was left to reveal"}, json)


def _measured(candidate: candidates.Candidate) -> dict[str, Any]:
    """What the contract would compute, next to what the model scored before it was quantized."""
    before, after = candidate.float_score, candidate.score
    return {
        "score": after,
        "before quantization": before,
        "agreement": candidate.agreement,
        "model bytes": len(candidate.encoded),
    }
