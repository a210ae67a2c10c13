"""`diln pin`: artifacts by content identifier."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.host import pin
from orchestrator.console import NEWEST, AllOption, Answer, Facts, Table, command, err, progress_bar
from orchestrator.errors import UsageError
from orchestrator.storage import DEFAULT_PROFILE, Storage, decrypt_file, encrypt_file, read_identity
from orchestrator.storage.cid import Cid
from orchestrator.times import instant

COLUMNS = ["cid", "size", "not mirrored because"]

CidArgument = Annotated[str, typer.Argument(metavar="CID")]


@command(pin)
def add(
    session: Storage,
    path: Annotated[Path, typer.Argument(exists=True, help="A file or a folder.")],
    profile: Annotated[str, typer.Option(help="How files become blocks.")] = DEFAULT_PROFILE,
    encrypt_to: Annotated[
        list[str] | None, typer.Option(metavar="age1…", help="Encrypt to this recipient first; repeatable.")
    ] = None,
) -> Facts:
    """Store and pin a file or folder; prints its CID."""
    if encrypt_to:
        path = encrypt_file(path, path.with_name(path.name + ".age"), encrypt_to)
    with progress_bar("storing", unit="bytes") as progress:
        done = session.put(path, profile=profile, progress=progress)
    return Facts({"cid": done.cid, "size": done.size, "sha256": done.sha256, "profile": done.profile})


@command(pin)
def ls(session: Storage, every: AllOption = False) -> Answer:
    """List what is pinned, oldest first: the newest, or --all."""
    pins = session.pins(None if every else NEWEST)
    count, _ = session.count()
    if len(pins) < count and not every:
        err.print(f"{count - len(pins)} older ones are listed with --all")
    return _listed(pins, "nothing is pinned")


@command(pin)
def push(session: Storage) -> Answer:
    """Tell the daemon and the pinning service again of what they do not have."""
    session.push()
    waiting = [entry for entry in session.pins() if entry.queued]
    return _listed(waiting, "nothing is waiting")


@command(pin)
def rm(session: Storage, cid: CidArgument) -> Answer:
    """Unpin CID and free the blocks that no other pin needs."""
    session.unpin(cid)
    freed = session.gc()
    facts = {"cid": cid, "blocks": freed.blocks, "bytes": freed.size}
    return Answer(facts, f"unpinned {cid}; {freed.blocks} blocks of {freed.size} bytes freed")


@command(pin)
def get(
    session: Storage,
    cid: CidArgument,
    dest: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path(),
    identity: Annotated[
        Path | None, typer.Option(exists=True, help="Decrypt with the private key in this file.")
    ] = None,
) -> Answer:
    """Fetch CID, verify every block, and write it."""
    target = dest / cid if dest.is_dir() else dest
    session.get(cid, target)
    if identity:
        target = decrypt_file(target, target.with_name(target.name + ".plain"), read_identity(identity))
    return Answer({"cid": cid, "file": str(target)}, f"wrote {target}, every block verified")


@command(pin, "export")
def export_car(
    session: Storage,
    cid: Annotated[str | None, typer.Argument(metavar="[CID]", help="What is written.")] = None,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE.car]", help="The same as --output.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: CID.car.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Write all that is pinned, into one file.")] = False,
) -> Answer:
    """Write CID and all below it into a CAR file, to send it to somebody."""
    if file and output:
        raise UsageError("two files were named", "Give one of FILE.car and --output.")
    if every == (cid is not None):
        raise UsageError("name a CID, or --all", "The file of --all is named by --output.")
    cids = [str(each.cid) for each in session.pins(None)] if cid is None else [cid]
    if not cids:
        raise UsageError("nothing is pinned", "`diln pin add FILE` pins.")
    dest = file or output or Path("pins.car" if every else f"{Cid.parse(cids[0])}.car")
    session.export_car(cids[0], dest, cids[1:])
    value = {"cids": cids} if every else {"cid": cid}
    return Answer(value | {"file": str(dest)}, f"wrote {dest}")


@command(pin, "import")
def import_car(
    session: Storage, path: Annotated[Path, typer.Argument(metavar="FILE.car", exists=True)]
) -> Answer:
    """Verify a CAR file, store its blocks and pin its roots."""
    roots = list(session.import_car(path))
    return Answer(roots, *roots)


def _listed(pins: list[Any], empty: str = "") -> Answer:
    rows = [dict(zip(COLUMNS, (each.cid, each.size, each.queued), strict=True)) for each in pins]
    return Answer(
        [{**vars(each), "created": instant(each.created)} for each in pins], Table(rows, COLUMNS, empty)
    )
