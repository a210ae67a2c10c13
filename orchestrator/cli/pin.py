"""`diln pin`: artifacts by content identifier."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.console import err, out, print_facts, print_json, print_table, progress_bar
from orchestrator.cli.options import (
    NEWEST,
    AllOption,
    HomeOption,
    JsonOption,
    StorageOption,
    new_app,
    settings_from,
)
from orchestrator.storage import (
    DEFAULT_PROFILE,
    Storage,
    decrypt_file,
    encrypt_file,
    open_storage,
    read_identity,
)

app = new_app()
pin = typer.Typer(help="Add, list, get and remove pinned artifacts.", no_args_is_help=True)
app.add_typer(pin, name="pin")

CidArgument = Annotated[str, typer.Argument(metavar="CID")]


def _storage(home: Path | None, storage: str | None) -> Storage:
    return open_storage(settings_from(home=home, storage=storage))


@pin.command()
def add(
    path: Annotated[Path, typer.Argument(exists=True, help="A file or a folder.")],
    profile: Annotated[str, typer.Option(help="How files become blocks.")] = DEFAULT_PROFILE,
    encrypt_to: Annotated[
        list[str] | None, typer.Option(metavar="age1…", help="Encrypt to this recipient first; repeatable.")
    ] = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Store and pin a file or folder; prints its CID."""
    if encrypt_to:
        path = encrypt_file(path, path.with_name(path.name + ".age"), encrypt_to)
    with _storage(home, storage) as store, progress_bar("storing", unit="bytes") as progress:
        result = store.put(path, profile=profile, progress=progress)
    facts = {"cid": result.cid, "size": result.size, "sha256": result.sha256, "profile": result.profile}
    print_json(facts) if json else print_facts(facts)


@pin.command()
def ls(
    every: AllOption = False,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List what is pinned, oldest first: the newest, or --all."""
    with _storage(home, storage) as store:
        pins = store.pins(None if every else NEWEST)
        count, _ = store.count()
    if json:
        print_json([vars(entry) for entry in pins])
    else:
        print_table(["cid", "size", "not mirrored because"], [[p.cid, p.size, p.queued] for p in pins])
    if len(pins) < count and not every:
        err.print(f"{count - len(pins)} older ones are listed with --all")


@pin.command()
def push(storage: StorageOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """Tell the daemon and the pinning service again of what they lack."""
    with _storage(home, storage) as store:
        store.push()
        waiting = [entry for entry in store.pins() if entry.queued]
    if json:
        print_json([vars(entry) for entry in waiting])
    elif waiting:
        print_table(["cid", "size", "not mirrored because"], [[p.cid, p.size, p.queued] for p in waiting])
    else:
        out.print("nothing is waiting")


@pin.command()
def rm(
    cid: CidArgument, storage: StorageOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Unpin CID and free the blocks that no other pin needs."""
    with _storage(home, storage) as store:
        store.unpin(cid)
        freed = store.gc()
    if json:
        print_json({"cid": cid, "blocks": freed.blocks, "bytes": freed.size})
    else:
        out.print(f"unpinned {cid}; {freed.blocks} blocks of {freed.size} bytes freed")


@pin.command()
def get(
    cid: CidArgument,
    dest: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path(),
    identity: Annotated[
        Path | None, typer.Option(exists=True, help="Decrypt with the private key in this file.")
    ] = None,
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Fetch CID, verify every block, and write it."""
    target = dest / cid if dest.is_dir() else dest
    with _storage(home, storage) as store:
        store.get(cid, target)
    if identity:
        target = decrypt_file(target, target.with_name(target.name + ".plain"), read_identity(identity))
    out.print(f"wrote {target}, every block verified")


@pin.command(name="export")
def export_car(
    cid: CidArgument,
    dest: Annotated[Path, typer.Argument(metavar="FILE.car")],
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Write CID and all below it into a CAR file."""
    with _storage(home, storage) as store:
        store.export_car(cid, dest)
    out.print(f"wrote {dest}")


@pin.command(name="import")
def import_car(
    path: Annotated[Path, typer.Argument(metavar="FILE.car", exists=True)],
    storage: StorageOption = None,
    home: HomeOption = None,
) -> None:
    """Verify a CAR file, store its blocks and pin its roots."""
    with _storage(home, storage) as store:
        for cid in store.import_car(path):
            out.print(cid)
