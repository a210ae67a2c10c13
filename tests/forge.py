"""Run Foundry over the handlers in tests/foundry: `make fuzz`, and a little of it in every test run.

    python -m tests.forge [--actions 1000000] [--seed 0x…] [SYSTEM …]

prints, for each system, how many actions were executed and whether everything held.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.chain.compiler import solc_binary
from orchestrator.config import load_settings

ROOT = Path(__file__).parent.parent
FORGE = ROOT / "node_modules" / ".bin" / "forge"
DEPTH = 200  # actions of a run


@dataclass(frozen=True)
class Outcome:
    """What became of one system: `system` as its contract in tests/foundry is named, without "Invariants"."""

    system: str
    actions: int
    held: bool
    told: str  # why not, and the shortest sequence that shows it

    def __str__(self) -> str:
        return f"{self.system}: {self.actions:,} actions, {'all held' if self.held else self.told}"


def run(
    actions: int,
    systems: Sequence[str] = (),
    seed: str | None = None,
    environ: Mapping[str, str] = {},
    seconds: int = 0,
) -> list[Outcome]:
    """At least `actions` random actions in each of `systems` (all, if none is named), by system.

    With `seconds` of CPU at most: what does not end by then does not hold.
    """
    provide_compiler()
    runs = -(-actions // DEPTH)
    command = [str(FORGE), "test", "--json", "--threads", "1"]
    command += ["--match-contract", f"^({'|'.join(systems) or '.*'})Invariants$"]
    if seed is not None:
        command += ["--fuzz-seed", seed]
    settings = {"FOUNDRY_INVARIANT_RUNS": str(runs), "FOUNDRY_INVARIANT_DEPTH": str(DEPTH)}
    limit = ["prlimit", f"--cpu={seconds}"] if seconds else []
    done = subprocess.run(
        [*limit, *command],
        cwd=ROOT,
        env={**os.environ, **settings, **environ},
        capture_output=True,
        text=True,
    )
    if -done.returncode in (signal.SIGXCPU, signal.SIGKILL):
        return [Outcome(system, 0, False, "it does not end") for system in systems]
    told = [line for line in done.stdout.splitlines() if line.startswith('{"tests/')]
    if not told:
        raise RuntimeError(done.stdout[-5000:] + done.stderr[-5000:])
    suites = json.loads(told[-1])
    return [_outcome(name, suite) for name, suite in sorted(suites.items())]


def _outcome(name: str, suite: Any) -> Outcome:
    system = name.rpartition(":")[2].removesuffix("Invariants")
    (result,) = suite["test_results"].values()
    if result["status"] == "Success":
        return Outcome(system, result["kind"]["Invariant"]["calls"], True, "")
    steps = (result.get("counterexample") or {}).get("Sequence", [[], []])[1]
    sequence = " → ".join(f"{step['func_name']}({step['args']})" for step in steps)
    actions = result["kind"].get("Invariant", {}).get("calls", 0)
    return Outcome(system, actions, False, f"{result['reason']}: {sequence}")


def provide_compiler() -> None:
    """Put npm's compiler where foundry.toml looks for it.

    Forge asks for its version at every start, and in Node the compiler takes a second to say it: a script
    says it at once.
    """
    version = load_settings(folder=ROOT, environ={}).compiler.version
    place, binary = ROOT / ".build" / "forge" / "solc", solc_binary(ROOT, version)
    script = f'#!/bin/sh\n[ "$*" != --version ] && exec "{binary}" "$@"\ncat <<END\n%sEND\n'
    if (
        place.is_file()
        and not place.is_symlink()
        and place.read_text("utf-8").startswith(script.split("%")[0])
    ):
        return
    told = subprocess.run([str(binary), "--version"], check=True, capture_output=True, text=True).stdout
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}")
    part.write_text(script % told, encoding="utf-8")
    part.chmod(0o755)
    part.replace(place)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.forge", description=__doc__)
    parser.add_argument("--actions", type=int, default=1_000_000, help="at least, in each system")
    parser.add_argument("--seed", help="of the random numbers, as hex")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM")
    options = parser.parse_args(arguments)
    outcomes = run(options.actions, options.systems, options.seed)
    for outcome in outcomes:
        print(outcome)
    return 0 if outcomes and all(outcome.held for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
