"""`diln export` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import out, print_facts, print_json
from orchestrator.cli.modeloptions import BundleOption, KeyOption
from orchestrator.cli.options import (
    HomeOption,
    IdentityOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    new_app,
    workspace_from,
)
from orchestrator.pipeline.bundling import export_bundle, import_bundle
from orchestrator.pipeline.openssf import write_signature

app = new_app()


@app.command(name="export")
def export_model(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="latest, a run, NAME, NAME@VERSION or a hash.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: the model's name and .car."),
    ] = None,
    proof: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", exists=True, help="A prediction's proof; repeatable.")
    ] = None,
    bundle: BundleOption = None,
    signing_key: KeyOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write a model, its manifest, signatures and proofs into one file, for another person to import."""
    dest = output or Path(model.replace("/", "-").replace("@", "-") + ".car")
    with workspace_from(network, None, home, storage) as workspace:
        written = export_bundle(workspace, model, dest, proofs=proof or ())
        if bundle:
            write_signature(workspace, model, bundle, signing_key)
    facts = {"file": str(written), "bytes": written.stat().st_size}
    print_json(facts) if json else out.print(f"wrote {written} ({facts['bytes']:,} bytes)", markup=False)


@app.command(name="import")
def import_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What `diln export` wrote.")],
    identity: IdentityOption = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take in a model, its manifest, signatures and proofs; each is checked, nothing in them is run."""
    with workspace_from(network, None, home, storage) as workspace:
        imported = import_bundle(workspace, file, identity=identity)
        signers = [workspace.name_of(signer) for signer in imported.signers]
    run = imported.run
    facts = {
        "run": f"{run.name}/{run.id}",
        "model": str(run.model),
        "manifest": run.manifest.digest.hex(),
        "signatures": signers,
        "refused": list(imported.refused),
        "proofs": [str(proof) for proof in imported.proofs],
    }
    if json:
        print_json(facts)
        return
    print_facts({key: value for key, value in facts.items() if not isinstance(value, list)})
    for signer in signers:
        out.print(f"signed by {signer}", markup=False)
    for reason in imported.refused:
        out.print(f"left out: {reason}", markup=False)
    for proof in imported.proofs:
        out.print(f"proof: {proof}", markup=False)
