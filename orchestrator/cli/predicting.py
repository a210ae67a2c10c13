"""`diln predict`, `anchor-log` and `prove`."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import err, out, print_json, print_table
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    IdentityOption,
    JsonOption,
    ModelArgument,
    NetworkOption,
    StorageOption,
    ViewerOption,
    chosen_sender,
    new_app,
    workspace_from,
)
from orchestrator.pipeline import predicting
from orchestrator.pipeline.projects import find_project
from orchestrator.text import shown

app = new_app()

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")]


@app.command()
def predict(
    model: ModelArgument,
    rows: Annotated[Path, typer.Argument(metavar="ROWS", help="A CSV, Parquet or JSON file.", exists=True)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the answers to this CSV, Parquet or JSON file."),
    ] = None,
    identity: IdentityOption = None,
    network: NetworkOption = None,
    sender: ViewerOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Predict ROWS with a model that was checked against the chain first; every prediction is logged."""
    from orchestrator.pipeline import predictionfile
    from orchestrator.pipeline.loading import load_published

    if output:
        predictionfile.check_output(output, rows)
    imputed: list[str] = []
    with workspace_from(network, sender, home, storage) as workspace:
        loaded = load_published(workspace, model, workspace.viewer, identity)
        predictions = predicting.predict(workspace, loaded, rows, imputed.append)
    if imputed:
        err.print(f"{imputed[0]}", markup=False)
        err.print(f"{len(imputed)} bad values were taken for missing, as in training", markup=False)
    if output:
        predictionfile.write_predictions(output, loaded, predictions)
    if json:
        print_json(predictionfile.as_json(loaded, predictions))
        return
    anchor = loaded.anchor
    out.print(f"{loaded.name}, SHA-256 {loaded.version.artifact_hash.hex()}")
    out.print(f"anchored in block {anchor.block_number}, transaction {anchor.transaction}")
    if output:
        first, last = predictions[0].index, predictions[-1].index
        out.print(f"wrote {output}: predictions {first} to {last}", markup=False)
        return
    table = [[each.index, shown(str(each.output["label"])), _confidence(each.output)] for each in predictions]
    print_table(["N", "label", "probability"], table)


@app.command(name="anchor-log")
def anchor_log(
    project: ProjectArgument,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Anchor a Merkle root of all predictions of PROJECT since the last anchor."""
    with workspace_from(network, sender, home) as workspace:
        account = workspace.account(chosen_sender(workspace.settings))
        found = find_project(workspace, project, account.address)
        anchored = predicting.anchor_log(workspace, found.id, account, dry_run=dry_run)
    if anchored is None:
        print_json(None) if json else out.print("no prediction was logged since the last anchor")
        return
    batch, receipt = anchored
    facts = {
        "first": batch.first,
        "count": batch.count,
        "root": batch.root.hex(),
        "transaction": receipt.tx_hash,
        "gas": receipt.gas_used,
    }
    if json:
        print_json(facts)
    else:
        verb = "would anchor" if dry_run else "anchored"
        out.print(f"{verb} predictions {batch.first} to {batch.end - 1} under root {batch.root.hex()}")
        out.print(f"{receipt.gas_used} gas{', ' + receipt.tx_hash if receipt.tx_hash else ''}")


@app.command()
def prove(
    number: Annotated[int, typer.Argument(metavar="N", help="The prediction's index.", min=0)],
    project: ProjectArgument,
    reveal: Annotated[
        Path | None,
        typer.Option(metavar="ROW", exists=True, help="Show the input too: a file with this row."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: prediction-N.json.")] = None,
    network: NetworkOption = None,
    sender: ViewerOption = None,
    home: HomeOption = None,
) -> None:
    """Write the proof that prediction N is in an anchored log; `diln verify` and the contract accept it."""
    dest = output or Path(f"prediction-{number}.json")
    with workspace_from(network, sender, home) as workspace:
        found = find_project(workspace, project, workspace.viewer)
        predicting.prove(workspace, found.id, number, dest, reveal)
    out.print(f"wrote {dest}; check it with: diln verify {dest}")


def _confidence(output: dict[str, object]) -> str:
    shares = output.get("probabilities")
    return f"{max(shares.values()):.4f}" if isinstance(shares, dict) else ""
