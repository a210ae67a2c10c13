"""Measure the page in Chromium: files of all sizes, a project of 200 versions, a lineage of 50 nodes.

    python -m benchmarks.page [--gib 2]

Large files are sparse, so they take no disk. Exits 1 where the page gives another CID than `diln pin add`,
its memory grows with the size of the file, or it is slower than docs/page.md promises, by more than the load
explains.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.provenance import publication_of
from orchestrator.storage import digest_bytes, digest_file
from tests.integration.served import ROOT, patience, serving
from tests.unit.provenance.samples import sample_manifest

MIB = 1 << 20
SMALL = 1_000_000
SMALLER = 512 * MIB
RATE = 80_000_000
"""Bytes a second that a file is hashed at, at least."""

GROWTH = 32 * MIB
"""By which memory may grow more for the large file than for one of 512 MiB."""

VERSIONS, NODES = 200, 50
SECONDS = 1.0
"""Until there is a verdict on a file of a megabyte, a project of VERSIONS, and a lineage of NODES."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gib", type=float, default=2)
    size = int(parser.parse_args().gib * 1024) * MIB
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = load_settings(home=folder / "state", environ={})
        with Session(settings) as session:
            project, last = _project(session)
        files = {
            "smaller": _sparse(folder / "smaller.bin", SMALLER),
            "large": _sparse(folder / "large.bin", size),
        }
        cases: dict[str, dict[str, Any]] = {each: {"drop": str(file)} for each, file in files.items()}
        (folder / "small.bin").write_bytes(bytes(SMALL))
        cases["verdict"] = {"drop": str(folder / "small.bin")}
        cases["versions"] = {
            "hash": f"registry/{project}",
            "ready": "td[data-label=SHA-256]",
            "count": VERSIONS,
        }
        cases["lineage"] = {"hash": f"registry/{project}/{last}", "ready": "svg .node", "count": NODES}
        (folder / "cases.json").write_text(json.dumps(cases))
        with serving("page", "--home", settings.home) as url:
            script = ROOT / "page" / "test" / "browser" / "measure.mjs"
            done = subprocess.run(
                ["node", script, f"{url}/", folder / "cases.json"],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
        told = json.loads(done.stdout)
        return int(any([*_files(told, files), *_views(told)]))


def _files(told: Any, files: dict[str, Path]) -> list[bool]:
    """Tell of the files; whether each falls short."""
    short = []
    for name, file in files.items():
        found, size = told[name], file.stat().st_size
        rate, same = size / found["seconds"], found["cid"] == digest_file(file).cid
        cid, grown = "the same CID" if same else "ANOTHER CID", found["growth"] / MIB
        alone = size / found["cpu"] / 1e6
        print(f"{size / MIB:6,.0f} MiB: {rate / 1e6:.0f} MB/s, {alone:.0f} MB for a second of CPU, {cid},")
        print(f"            {grown:.0f} MiB more memory")
        short.append(rate * patience() < RATE or not same)
    more = told["large"]["growth"] - told["smaller"]["growth"]
    return [*short, more > GROWTH]


def _views(told: Any) -> list[bool]:
    shown = {"verdict": "a megabyte", "versions": f"{VERSIONS} of them", "lineage": f"{NODES} nodes"}
    for name, size in shown.items():
        print(f"{name}, {size}: {told[name]['seconds']:.2f} s")
    return [told[name]["seconds"] > SECONDS * patience() for name in shown]


def _sparse(file: Path, size: int) -> Path:
    with file.open("wb") as opened:
        opened.truncate(size)
    return file


def _project(session: Session) -> tuple[str, str]:
    """A project whose last version has a lineage of NODES: its id, and that version's digest."""
    owner = session.account("alice")
    migrate(session.settings, session.chain, owner, ["registry"])
    registry = session.registry
    session.send(registry.contract.create_project("many", [], [], 0), owner)
    project = registry.project_id(owner.address, "many")
    lineage: list[Any] = []
    for number in range(VERSIONS):
        put = digest_bytes(b"version %d" % number)
        parents = lineage[-3::2] if number > VERSIONS - NODES else []
        manifest = sample_manifest(
            sha256=put.sha256,
            cid=put.cid,
            project="many",
            parents=[
                {"artifact": each.artifact_hash.hex(), "manifest": each.digest.hex()} for each in parents
            ],
            evaluation={"metrics": {"f1": 0.5 + number / 1000}, "gate": None},
        )
        if number >= VERSIONS - NODES:
            lineage.append(manifest)
        ids = registry.parent_ids(manifest.predicate.parents)
        session.send(registry.publish(publication_of(manifest, project, ids)), owner)
        session.storage.put(manifest.to_bytes())
    return f"0x{project.hex()}", f"0x{lineage[-1].artifact_hash.hex()}"


if __name__ == "__main__":
    sys.exit(main())
