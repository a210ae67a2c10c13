"""Measure everything, and write docs/measurements.md.

    python -m benchmarks [--gas-only]

Speeds are those of this machine and of this moment; ratios travel better. Gas is deterministic and comes from
tests/gas/snapshots.json. Exits 1 if a measurement misses its bound.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "measurements.md"

HEAD = """\
# Measurements

Written by `python -m benchmarks`. Gas is deterministic, measured on eth-tester's default rules, and held by
tests; _bound_ is the least that the operation can cost (base transaction, calldata, cold slots, signature
recoveries). Speeds are of one machine with two shared cores: look at the ratios.

## Gas

"""


def main() -> int:
    gas_only = sys.argv[1:] == ["--gas-only"]
    speed, failed = (kept_speed(), 0) if gas_only else measured_speed()
    PAGE.write_text(HEAD + gas_table() + "\n" + speed, encoding="utf-8")
    return failed


def gas_table() -> str:
    """The snapshots as a table in Markdown."""
    snapshots: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "gas" / "snapshots.json").read_text())
    rows = ["| operation | gas | at most | bound | ratio |", "| --- | ---: | ---: | ---: | ---: |"]
    for key, entry in snapshots.items():
        cells = [shown(entry.get(column)) for column in ("gas", "at most", "bound", "ratio")]
        rows.append(f"| {key} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def measured_speed() -> tuple[str, int]:
    from benchmarks import hashing, startup, verifying

    parts: list[str] = []
    failed = 0
    for module in (startup, hashing, verifying):
        name = module.__name__
        print(f"{name} …", file=sys.stderr)
        code, output = captured(module.main)
        failed |= code
        parts.append(f"## `python -m {name}`\n\n```text\n{output}```\n")
    return "\n".join(parts), failed


def captured(measure: Callable[[], int]) -> tuple[int, str]:
    output = io.StringIO()
    sys.argv = sys.argv[:1]
    with contextlib.redirect_stdout(output):
        code = measure()
    return code, output.getvalue()


def kept_speed() -> str:
    """What the page says of speed now."""
    page = PAGE.read_text(encoding="utf-8")
    return page[page.index("## `python -m") :]


if __name__ == "__main__":
    sys.exit(main())
