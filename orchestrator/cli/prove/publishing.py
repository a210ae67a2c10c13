"""`diln describe`, `sign`, `publish` and `mark`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.prove import prove
from orchestrator.cli.prove.options import PublishMetrics, Signature, Told
from orchestrator.console import (
    SENDS,
    SIGNS,
    Answer,
    DryRunOption,
    Facts,
    ModelArgument,
    Shown,
    among,
    amount,
    command,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import UsageError

with lazy_imports():
    from orchestrator import provenance
    from orchestrator.kernel import money as moneys
    from orchestrator.provenance import untold
    from orchestrator.systems.prove import (
        describing,
        marking,
        openssf,
        projects,
        references,
        runs,
        sealing,
        signing,
    )
    from orchestrator.systems.prove import publishing as publishing_

if TYPE_CHECKING:
    from orchestrator.chain import Receipt
    from orchestrator.kernel.session import Session
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


@command(prove, sender=SIGNS)
def sign(
    session: "Session",
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="latest, a name, a run's id or its folder.")
    ] = "latest",
    project: ProjectOption = None,
) -> Answer:
    """Sign a run's manifest as a participant of its project; nothing is sent."""
    participant, signed = session.sender, runs.find_run(session.settings, run)
    signature = signing.sign(session, signed, participant, project)
    told = f"{participant.name} signed {signed.name}/{signed.id}: {signed.signatures}"
    return Answer(signature.to_json(), told)


@command(prove)
def describe(
    session: "Session",
    path: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", exists=True, help="A model of any framework.")
    ],
    told: Told,
    encrypt_to: EncryptOption = None,
    publish_metrics: PublishMetrics = False,
) -> Facts:
    """Write the manifest of a model that was made elsewhere, to be signed; nothing is sent or loaded."""
    run = _described(session, path, told, encrypt_to, publish_metrics)
    manifest, described = run.manifest, run.described
    facts = {
        "run": f"{run.name}/{run.id}",
        "format": described.predicate.artifact.format,
        "sha256": described.artifact_hash.hex(),
        "cid": manifest.artifact_cid,
        "manifest": manifest.digest.hex(),
    }
    return Facts(facts)


@command(prove)
def disclose(
    session: "Session",
    run: Annotated[str, typer.Argument(metavar="RUN", help="latest, a name, a run's id or its folder.")],
    field: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FIELD]…", help="Such as training or evaluation.metrics; default: all."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Default: opening.json.")
    ] = Path("opening.json"),
) -> Answer:
    """Write fields of a private model, with their salts, for the people you choose; nothing is sent."""
    fields = list(sealing.disclose(runs.find_run(session.settings, run), field or (), output).disclosed)
    use = "FILE" if untold.DIGEST in fields else "BUNDLE --offline"
    lines = (
        f"wrote {output}: {', '.join(fields)}",
        f"the recipient runs: diln verify {use} --opening {output}",
    )
    return Answer({"file": str(output), "fields": fields}, *lines)


@command(prove, sender=SENDS, storage=True)
def publish(
    session: "Session",
    told: Told,
    signature: Signature,
    run: ModelOrRun = "latest",
    project: ProjectOption = None,
    encrypt_to: EncryptOption = None,
    publish_metrics: PublishMetrics = False,
    on_chain: Annotated[
        bool, typer.Option("--on-chain", help="Store the whole model in contract code.")
    ] = False,
    require_gate: Annotated[
        bool, typer.Option("--require-gate", help="Refuse a model that does not pass its gate.")
    ] = False,
    deployable: Annotated[bool, typer.Option("--deployable", hidden=True)] = False,
    dry_run: DryRunOption = False,
) -> Answer:
    """Pin a model and its manifest, and anchor them. Interrupted, run it again: nothing happens twice."""
    found = _run(session, run, told, encrypt_to, publish_metrics)
    if signature.bundle and not dry_run:
        openssf.write_signature(session, found, signature.bundle, signature.signing_key)
    publishes = partial(publishing_.publish, session, found, session.sender, project=project)
    demanded = require_gate or deployable
    with progress_bar("publishing") as progress:
        published = publishes(
            on_chain=on_chain, require_deployable=demanded, dry_run=dry_run, progress=progress
        )
    if isinstance(published, publishing_.Published):
        return _published(published)
    return _tried(session, found, project, published)


@command(prove, sender=SENDS)
def mark(
    session: "Session",
    model: ModelArgument,
    status: Annotated[
        str,
        typer.Argument(
            metavar="STATUS",
            help="deployable, published, deprecated or revoked.",
            autocompletion=among("deployable", "published", "deprecated", "revoked"),
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why it is revoked, for everybody to read.")] = "",
    signer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A participant who signs a promotion; repeatable."),
    ] = None,
    dry_run: DryRunOption = False,
) -> Answer:
    """Change how far a published version is trusted. Revoking is for good."""
    sender, signers = session.sender, [session.account(name) for name in signer or ()]
    version, wanted = references.find_version(session, model, sender.address), _status(status)
    receipt = marking.mark(session, version, wanted, sender, reason=reason, signers=signers, dry_run=dry_run)
    if receipt is None:
        told = f"{model} is {status} already; nothing was sent"
        return Answer({"model": model, "status": status, "transaction": None, "gas": 0}, told)
    facts = {"model": model, "status": status, "transaction": receipt.tx_hash, "gas": receipt.gas_used}
    told = f"would take {receipt.gas_used} gas" if dry_run else f"{model} is {status} ({receipt.tx_hash})"
    return Answer(facts, told)


def _run(
    session: "Session", reference: str, told: Told, recipients: list[str] | None, metrics: bool
) -> "runs.Run":
    """The run of this name, or one that is made of a model's file or folder."""
    if not describing.is_model(reference):
        return runs.find_run(session.settings, reference)
    return _described(session, Path(reference), told, recipients, metrics)


def _described(
    session: "Session", path: Path, told: Told, recipients: list[str] | None, metrics: bool
) -> "runs.Run":
    with progress_bar("hashing", unit="bytes") as progress:
        return describing.describe_model(
            session,
            path,
            told.known(path),
            extra=told.attested(path),
            encrypt_to=tuple(recipients or ()),
            publish_metrics=metrics,
            progress=progress,
        )


def _status(word: str) -> "provenance.Status":
    words = [status.word for status in provenance.Status if status is not provenance.Status.NONE]
    if word not in words:
        raise UsageError(f"`{word}` is not a status", f"Choose one of {', '.join(words)}.")
    return provenance.Status[word.upper()]


def _tried(session: "Session", run: "runs.Run", project: str | None, would: "Receipt") -> Answer:
    """What publishing would take, and what it would do besides: make the project, if there is none."""
    gas, fee = would.gas_used, amount(moneys.ETHER, would.fee)
    price = f"would take {gas} gas, {fee}; nothing was sent"
    if project is None and projects.own_project(session, run.name, session.sender) is None:
        price += f"\nthat makes the project `{run.name}`; publishing in it can be tried once it stands"
    return Answer({"gas": gas, "fee": fee}, price)


def _published(published: "publishing_.Published") -> Answer:
    version, receipt, gas = published.version, published.receipt, published.gas_used
    facts: dict[str, Any] = {
        "version": f"{published.project.name}@{version.number}",
        "status": version.status.word,
        "sha256": version.artifact_hash.hex(),
        "cid": version.artifact_cid,
        "manifest": version.manifest_digest.hex(),
        "manifest_cid": version.manifest_cid,
        "signers": list(published.signers),
        "transaction": receipt.tx_hash if receipt else None,
        "gas": Shown(gas, str(gas or "")),
    }
    known = [] if receipt else ["this version had been published before; nothing was sent"]
    after = f"next: diln verify {facts['version']}; for others: diln export {facts['version']} -o FILE"
    return Answer(facts, *known, Facts(facts), after)
