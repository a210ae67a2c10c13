"""`diln export` and `import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.prove import prove
from orchestrator.cli.prove.options import Signature
from orchestrator.console import Answer, Facts, IdentityOption, command, lazy_imports

with lazy_imports():
    from orchestrator.systems.prove import bundling, openssf

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


@command(prove, "export", storage=True)
def export_model(
    session: "Session",
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="latest, a run, NAME, NAME@VERSION or a hash.")
    ],
    signature: Signature,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: the model's name and .car."),
    ] = None,
    proof: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", exists=True, help="A prediction's proof; repeatable.")
    ] = None,
) -> Answer:
    """Write a model, its manifest, signatures and proofs into one file, for another person to import."""
    dest = output or Path(model.replace("/", "-").replace("@", "-") + ".car")
    written = bundling.export_bundle(session, model, dest, proofs=proof or ())
    if signature.bundle:
        openssf.write_signature(session, model, signature.bundle, signature.signing_key)
    size = written.stat().st_size
    return Answer({"file": str(written), "bytes": size}, f"wrote {written} ({size:,} bytes)")


@command(prove, "import", storage=True)
def import_model(
    session: "Session",
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What `diln export` wrote.")],
    identity: IdentityOption = None,
) -> Answer:
    """Take in a model, its manifest, signatures and proofs; each is checked, nothing in them is run."""
    return _taken_in(session, bundling.import_bundle(session, file, identity=identity))


def _taken_in(session: "Session", imported: "bundling.Imported") -> Answer:
    run, signers = imported.run, [session.full_name_of(signer) for signer in imported.signers]
    facts = {
        "run": f"{run.name}/{run.id}",
        "model": str(run.model),
        "manifest": run.manifest.digest.hex(),
    }
    lists = {
        "signatures": signers,
        "refused": list(imported.refused),
        "proofs": [str(proof) for proof in imported.proofs],
    }
    lines = [f"signed by {signer}" for signer in signers]
    lines += [f"left out: {reason}" for reason in imported.refused]
    lines += [f"proof: {proof}" for proof in imported.proofs]
    lines += [f"next, if it is published: diln verify {run.model}"]
    lines += [f"else sign it: diln sign {run.id} --project CREATOR/{run.name} --from NAME"]
    return Answer(facts | lists, Facts(facts), *lines)
