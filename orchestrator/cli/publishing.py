"""`diln describe`, `sign`, `publish` and `mark`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.chain import ether
from orchestrator.cli.console import out, print_facts, print_json, progress_bar
from orchestrator.cli.modeloptions import BundleOption, KeyOption, Told, telling
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    ModelArgument,
    NetworkOption,
    SigningOption,
    StorageOption,
    chosen_sender,
    new_app,
    workspace_from,
)
from orchestrator.errors import UsageError
from orchestrator.pipeline.describing import describe_model, is_model
from orchestrator.pipeline.marking import mark as mark_version
from orchestrator.pipeline.openssf import write_signature
from orchestrator.pipeline.publishing import Published
from orchestrator.pipeline.publishing import publish as publish_run
from orchestrator.pipeline.references import find_version
from orchestrator.pipeline.runs import Run, find_run
from orchestrator.pipeline.signing import sign as sign_run
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance import Status

app = new_app()

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="latest, a name, a run's id or its folder.")]
ModelOrRun = Annotated[
    str,
    typer.Argument(
        metavar="RUN|FILE|FOLDER", help="latest, a name, a run's id; or any model's file or folder."
    ),
]
ProjectOption = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="NAME, CREATOR/NAME or an id.")
]
EncryptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--encrypt-to", metavar="age1…", help="Publish only encrypted to this recipient; repeatable."
    ),
]


@app.command()
def sign(
    run: RunArgument = "latest",
    project: ProjectOption = None,
    network: NetworkOption = None,
    sender: SigningOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign a run's manifest as a participant of its project; nothing is sent."""
    with workspace_from(network, sender, home) as workspace:
        participant = workspace.account(chosen_sender(workspace.settings))
        signed = find_run(workspace.settings, run)
        signature = sign_run(workspace, signed, participant, project)
    if json:
        print_json(signature.to_json())
    else:
        out.print(f"{participant.name} signed {signed.name}/{signed.id}: {signed.signatures}")


@app.command()
@telling
def describe(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", exists=True, help="A model of any framework.")
    ],
    told: Told,
    encrypt_to: EncryptOption = None,
    network: NetworkOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the manifest of a model that was made elsewhere, to be signed; nothing is sent or loaded."""
    known, extra, recipients = told.known(path), told.attested(path), tuple(encrypt_to or ())
    with workspace_from(network, None, home) as workspace, progress_bar("hashing", unit="bytes") as progress:
        run = describe_model(workspace, path, known, extra=extra, encrypt_to=recipients, progress=progress)
    manifest = run.manifest
    facts = {
        "run": f"{run.name}/{run.id}",
        "format": manifest.predicate.artifact.format,
        "sha256": manifest.artifact_hash.hex(),
        "cid": manifest.artifact_cid,
        "manifest": manifest.digest.hex(),
    }
    print_json(facts) if json else print_facts(facts)


@app.command()
@telling
def publish(
    told: Told,
    run: ModelOrRun = "latest",
    project: ProjectOption = None,
    encrypt_to: EncryptOption = None,
    on_chain: Annotated[
        bool, typer.Option("--on-chain", help="Store the whole model in contract code.")
    ] = False,
    require_gate: Annotated[
        bool, typer.Option("--require-gate", help="Refuse a model that does not pass its gate.")
    ] = False,
    deployable: Annotated[bool, typer.Option("--deployable", hidden=True)] = False,
    bundle: BundleOption = None,
    signing_key: KeyOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Pin a model and its manifest, and anchor them. Interrupted, run it again: nothing happens twice."""
    with workspace_from(network, sender, home, storage) as workspace, progress_bar("publishing") as progress:
        found = _run(workspace, run, told, tuple(encrypt_to or ()))
        if bundle and not dry_run:
            write_signature(workspace, found, bundle, signing_key)
        published = publish_run(
            workspace,
            found,
            workspace.account(chosen_sender(workspace.settings)),
            project=project,
            on_chain=on_chain,
            require_deployable=require_gate or deployable,
            dry_run=dry_run,
            progress=progress,
        )
    if isinstance(published, Published):
        _print_published(published, json)
    else:
        facts = {"gas": published.gas_used, "fee in ether": ether(published.fee)}
        sentence = f"would take {published.gas_used} gas, {ether(published.fee)} ether; nothing was sent"
        print_json(facts) if json else out.print(sentence)


@app.command()
def mark(
    model: ModelArgument,
    status: Annotated[
        str, typer.Argument(metavar="STATUS", help="deployable, published, deprecated or revoked.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is revoked, for everybody to read.")] = "",
    signer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A participant who signs a promotion; repeatable."),
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Change how far a published version is trusted. Revoking is for good."""
    with workspace_from(network, sender, home) as workspace:
        account = workspace.account(chosen_sender(workspace.settings))
        receipt = mark_version(
            workspace,
            find_version(workspace, model, account.address),
            _status(status),
            account,
            reason=reason,
            signers=[workspace.account(name) for name in signer or ()],
            dry_run=dry_run,
        )
    if receipt is None:
        out.print(f"{model} is {status} already; nothing was sent")
    else:
        done = f"would take {receipt.gas_used} gas" if dry_run else f"{model} is {status} ({receipt.tx_hash})"
        out.print(done)


def _run(workspace: Workspace, reference: str, told: Told, recipients: tuple[str, ...]) -> Run:
    """The run of this name, or one that is made of a model's file or folder."""
    if not is_model(reference):
        return find_run(workspace.settings, reference)
    path = Path(reference)
    extra = told.attested(path)
    return describe_model(workspace, path, told.known(path), extra=extra, encrypt_to=recipients)


def _status(word: str) -> Status:
    words = [status.word for status in Status if status is not Status.NONE]
    if word not in words:
        raise UsageError(f"`{word}` is not a status", f"Choose one of {', '.join(words)}.")
    return Status[word.upper()]


def _print_published(published: Published, json: bool) -> None:
    version, receipt = published.version, published.receipt
    facts: dict[str, Any] = {
        "version": f"{published.project.name}@{version.number}",
        "status": version.status.word,
        "sha256": version.artifact_hash.hex(),
        "cid": version.artifact_cid,
        "manifest": version.manifest_digest.hex(),
        "manifest cid": version.manifest_cid,
        "signers": list(published.signers),
        "transaction": receipt.tx_hash if receipt else None,
        "gas": published.gas_used,
    }
    if json:
        print_json(facts)
        return
    if receipt is None:
        out.print("this version had been published before; nothing was sent")
    print_facts({**facts, "signers": ", ".join(published.signers), "gas": published.gas_used or ""})
