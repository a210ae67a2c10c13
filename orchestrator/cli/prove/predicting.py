"""`diln predict`, `anchor-log` and `prove`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.prove import prove as prove_group
from orchestrator.cli.prove.options import OwnProjectArgument, own_project
from orchestrator.console import (
    SENDS,
    VIEWS,
    Answer,
    DryRunOption,
    IdentityOption,
    ModelArgument,
    Note,
    Result,
    Table,
    command,
    err,
    lazy_imports,
)

with lazy_imports():
    from orchestrator.systems.prove import loading, predicting, predictionfile, projects

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


MANY = 50
"""Rows that a terminal shows well."""


@command(prove_group, sender=VIEWS, storage=True)
def predict(
    session: "Session",
    model: ModelArgument,
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="A CSV, Parquet or JSON file.", exists=True)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the answers to this CSV, Parquet or JSON file."),
    ] = None,
    identity: IdentityOption = None,
) -> Answer:
    """Predict ROWS with a model that was checked against the chain first; every prediction is logged."""
    if output:
        predictionfile.check_output(output, rows)
    imputed: list[str] = []
    loaded = loading.load_published(session, model, session.viewer, identity)
    predictions = predicting.predict(session, loaded, rows, imputed.append)
    if imputed:
        err.print(f"{imputed[0]}", markup=False)
        err.print(f"{len(imputed)} bad values were taken for missing, as in training", markup=False)
    table = Table(
        [
            {"N": each.index, "label": each.output["label"], "probability": _confidence(each.output)}
            for each in predictions
        ],
        ["N", "label", "probability"],
    )
    told: list[str | Result] = [table]
    if output:
        predictionfile.write_predictions(output, loaded, predictions)
        told = [f"wrote {output}: predictions {predictions[0].index} to {predictions[-1].index}"]
    elif len(predictions) > MANY:
        told.append(Note("-o FILE.csv writes them to a file", f"{len(predictions)} rows: "))
    return Answer(
        predictionfile.as_json(loaded, predictions),
        f"{loaded.name}, {loaded.known_by}",
        f"anchored in block {loaded.anchor.block_number}, transaction {loaded.anchor.transaction}",
        *told,
    )


@command(prove_group, sender=SENDS)
def anchor_log(
    session: "Session", project: OwnProjectArgument = None, dry_run: DryRunOption = False
) -> Answer:
    """Anchor a Merkle root of all predictions of PROJECT since the last anchor."""
    found = projects.find_project(session, own_project(project), session.sender.address)
    anchored = predicting.anchor_log(session, found.id, session.sender, dry_run=dry_run)
    if anchored is None:
        return Answer(None, "no prediction was logged since the last anchor")
    batch, receipt = anchored
    facts = {
        "first": batch.first,
        "count": batch.count,
        "root": batch.root.hex(),
        "transaction": receipt.tx_hash,
        "gas": receipt.gas_used,
    }
    verb = "would anchor" if dry_run else "anchored"
    return Answer(
        facts,
        f"{verb} predictions {batch.first} to {batch.end - 1} under root {batch.root.hex()}",
        f"{receipt.gas_used} gas{', ' + receipt.tx_hash if receipt.tx_hash else ''}",
    )


@command(prove_group, sender=VIEWS)
def prove(
    session: "Session",
    number: Annotated[int, typer.Argument(metavar="N", help="The prediction's index.", min=0)],
    project: OwnProjectArgument = None,
    reveal: Annotated[
        Path | None,
        typer.Option(metavar="ROW", exists=True, help="Show the input too: a file with this row."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: prediction-N.json.")] = None,
) -> Answer:
    """Write the proof that prediction N is in an anchored log; `diln verify` and the contract accept it."""
    dest = output or Path(f"prediction-{number}.json")
    found = projects.find_project(session, own_project(project), session.viewer)
    predicting.prove(session, found.id, number, dest, reveal)
    return Answer({"file": str(dest)}, f"wrote {dest}; check it with: diln verify {dest}")


def _confidence(output: dict[str, object]) -> str:
    shares = output.get("probabilities")
    return f"{max(shares.values()):.4f}" if isinstance(shares, dict) else ""
