"""Measure everything, and write docs/measurements.md.

    python -m benchmarks [--gas-only] [NAME …]

With names (startup, commands, embedded, hashing, merkle, verifying, simulating, claiming, serving) only these
are measured again, with --gas-only none; the page keeps what it says of the others. Speeds are those of this
machine and of this moment; ratios travel better. Gas is deterministic, from tests/gas/snapshots.json.
Exits 1 if a measurement misses its bound.
"""

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "measurements.md"

HEAD = """\
# Measurements

Written by `python -m benchmarks`. Gas is deterministic, measured on eth-tester's default rules, and held by
tests; _bound_ is the least that the operation can cost (base transaction, calldata, cold slots, signature
recoveries), _ratio_ how far above it the operation is. _peer_ is what the public implementation needs for the
same, measured once (benchmarks/peers.json), _saved_ what is saved of that. Speeds are of one machine with two
shared cores: look at the ratios.

"""
COLUMNS = ("gas", "at most", "bound", "ratio", "peer", "saved")


NAMES = (
    "startup",
    "commands",
    "embedded",
    "hashing",
    "merkle",
    "verifying",
    "simulating",
    "claiming",
    "serving",
)


def main() -> int:
    given = sys.argv[1:]
    chosen = () if given == ["--gas-only"] else tuple(given) or NAMES
    if set(chosen) - set(NAMES):
        raise SystemExit(f"there are {', '.join(NAMES)}")
    speed, failed = kept_speed(), 0
    for name in chosen:
        print(f"{name} …", file=sys.stderr)
        code, output = captured(import_module(f"benchmarks.{name}").main)
        speed[name] = f"## `python -m benchmarks.{name}`\n\n```text\n{output}```\n"
        failed |= code
    parts = [gas_tables(), *(speed[name] for name in dict.fromkeys(("growth", *NAMES)) if name in speed)]
    PAGE.write_text(HEAD + "\n".join(parts), encoding="utf-8")
    return failed


def gas_tables() -> str:
    """The snapshots as a table in Markdown for each system."""
    snapshots: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "gas" / "snapshots.json").read_text())
    peers: dict[str, Any] = json.loads((ROOT / "benchmarks" / "peers.json").read_text())
    systems = dict.fromkeys(key.split(":")[0] for key in snapshots)
    parts = []
    for system in systems:
        entries = {key: entry for key, entry in snapshots.items() if key.startswith(f"{system}:")}
        parts.append(f"## Gas: {system}\n\n{gas_table(entries, peers.get(system))}")
    return "\n".join(parts)


def gas_table(entries: dict[str, dict[str, Any]], peer: dict[str, Any] | None) -> str:
    """One system's gas, beside its peer's if it has one."""
    columns = COLUMNS if peer else COLUMNS[:-2]
    about = f"Peer: {peer['name']} at {peer['commit']} ({peer['conditions']}).\n\n" if peer else ""
    rows = [f"| operation | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for key, entry in entries.items():
        theirs = peer["gas"].get(key) if peer else None
        saved = f"{100 * (1 - entry['gas'] / theirs):.0f} %" if theirs else None
        found = entry | {"peer": theirs, "saved": saved}
        cells = [shown(found.get(column)) for column in columns]
        rows.append(f"| {key.split(': ', 1)[1]} | {' | '.join(cells)} |")
    return about + "\n".join(rows) + "\n"


def shown(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:,}"


def captured(measure: Callable[[], int]) -> tuple[int, str]:
    output = io.StringIO()
    sys.argv = sys.argv[:1]
    with contextlib.redirect_stdout(output):
        code = measure()
    return code, output.getvalue()


def kept_speed() -> dict[str, str]:
    """What the page says of speed now, by the benchmark's name."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    parts = re.split(r"^(?=## `python -m )", page, flags=re.MULTILINE)[1:]
    return {part.split("`")[1].rsplit(".", 1)[1]: part.rstrip() + "\n" for part in parts}


if __name__ == "__main__":
    sys.exit(main())
