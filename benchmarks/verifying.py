"""Time `diln verify` of a large published model side by side with hashing it.

    python -m benchmarks.verifying [--size 100] [--runs 5]

The model is `--size` MiB of random bytes, published with a manifest on an embedded chain. Whole processes, in
turn: verifying it; hashing it (SHA-256 and CID) in a bare Python process; verifying a model of 1 KiB, which
is all of verifying but the hashing: start-up, and the questions to the chain.
Exits 1 if the first takes more than 1.5 times the second plus the third.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.provenance import Manifest, describe
from orchestrator.storage import DEFAULT_PROFILE, digest_file
from orchestrator.systems.prove.publishing import publish
from orchestrator.systems.prove.runs import Run

MIB = 1 << 20
MOST_RATIO = 1.5
HASH = "import sys; from orchestrator.storage import digest_file; digest_file(sys.argv[1])"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100, help="MiB")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large, small = publish_random(Path(folder), arguments.size * MIB), publish_random(Path(folder), 1024)
        diln = str(Path(sys.executable).with_name("diln"))
        commands = [
            [diln, "verify", str(large), "--home", folder],
            [sys.executable, "-c", HASH, str(large)],
            [diln, "verify", str(small), "--home", folder],
        ]
        rounds = [[seconds(command) for command in commands] for _ in range(arguments.runs + 1)][1:]
    verify, hashing, rest = (statistics.median(times) for times in zip(*rounds, strict=True))
    allowed = MOST_RATIO * hashing + rest
    print(f"verify {arguments.size} MiB   {verify:6.2f} s (at most {allowed:.2f} s)")
    print(f"hash {arguments.size} MiB     {hashing:6.2f} s, Python's start included")
    print(f"verify 1 KiB     {rest:6.2f} s: start-up and the chain")
    print(f"(verify large - verify small) / hash: {(verify - rest) / hashing:.2f} (at most {MOST_RATIO})")
    return int(verify > allowed)


def publish_random(folder: Path, size: int) -> Path:
    """Publish random bytes as if they were a model; returns the file."""
    run = Run(folder / "models" / "random" / f"{size:012x}")
    run.folder.mkdir(parents=True)
    with run.model.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - start)))
    run.manifest_file.write_bytes(manifest(run.model).to_bytes())
    with Session(load_settings(home=folder, network="embedded", storage="embedded")) as session:
        alice = session.account("alice")
        migrate(session.settings, session.chain, alice)
        publish(session, run, alice)
    return run.model


def manifest(model: Path) -> Manifest:
    stored = digest_file(model)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return describe(
        name=model.name,
        sha256=str(stored.sha256),
        cid=stored.cid,
        artifact={"size": stored.size, "profile": DEFAULT_PROFILE, "format": "skops"},
        project="random",
        data={
            "source": "random",
            "sha256": "00" * 32,
            "cid": None,
            "files": (),
            "rows": 0,
            "columns": {},
            "cleaning": {},
            "collected": now,
        },
        training={
            "algorithm": "none",
            "steps": (),
            "hyperparameters": {},
            "search": None,
            "features": (),
            "target": "none",
            "task": "none",
            "split": {},
            "seed": None,
        },
        environment={"python": "3", "libraries": {}, "git": None},
        evaluation={"metrics": {}, "gate": None},
    )


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
