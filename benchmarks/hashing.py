"""Hash a file as an artifact (SHA-256 and CID in one pass), side by side with `sha256sum`.

    python -m benchmarks.hashing [--size 1GiB] [--runs 5]

Both are timed as whole processes, in pairs, on a file in the page cache. Exits 1 if the median ratio of the
two speeds is below 0.4, or if the Python process ever holds 200 MiB or more. Sizes far below the default
measure Python's start instead. Many builds of `sha256sum` do not use the processor's SHA instructions; so
OpenSSL's SHA-256 alone, as Python's hashlib has it, is timed as well.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20
LEAST_RATIO = 0.4  # of sha256sum's speed
MOST_MEMORY = 200  # MiB, of the whole process
ROOT = Path(__file__).parent.parent
DIGEST = "import sys; from orchestrator.storage import digest_file; print(digest_file(sys.argv[1]))"

PLAIN = "import sys, hashlib; print(hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256').hexdigest())"


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "artifact"
        make_file(file, arguments.size)
        run(["sha256sum", str(file)])  # fills the page cache
        pairs = [measure(file) for _ in range(arguments.runs)]
    return report(arguments.size / MIB, pairs)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=parse_size, default="1GiB", help="of the file, such as 256MiB or 2GiB")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs")
    return parser.parse_args()


def parse_size(text: str) -> int:
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB|)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 256MiB")
    return int(match[1]) << {"": 0, "KiB": 10, "MiB": 20, "GiB": 30}[match[2]]


def make_file(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - start)))


class Pair(NamedTuple):
    """One run of each: their seconds, and the peak memory of digest_file in MiB."""

    sha256sum: float
    plain: float
    digest: float
    memory: float


def measure(file: Path) -> Pair:
    reference, _ = run(["sha256sum", str(file)])
    digest, memory = run([sys.executable, "-c", DIGEST, str(file)])
    plain, _ = run([sys.executable, "-c", PLAIN, str(file)])
    return Pair(reference, plain, digest, memory)


def run(command: list[str]) -> tuple[float, float]:
    """Return a process's seconds and its peak memory in MiB."""
    start = time.perf_counter()
    process = os.posix_spawnp(
        command[0],
        command,
        os.environ | {"PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def report(size: float, pairs: list[Pair]) -> int:
    """Print what was measured for a file of `size` MiB; return the exit code."""
    ratio = statistics.median(pair.sha256sum / pair.digest for pair in pairs)
    plain = statistics.median(pair.plain / pair.digest for pair in pairs)
    memory = max(pair.memory for pair in pairs)
    print(f"file         {size:8.0f} MiB, {len(pairs)} runs of each, medians")
    print(f"sha256sum    {size / statistics.median(pair.sha256sum for pair in pairs):8.0f} MiB/s")
    print(f"hashlib      {size / statistics.median(pair.plain for pair in pairs):8.0f} MiB/s (SHA-256 only)")
    print(
        f"digest_file  {size / statistics.median(pair.digest for pair in pairs):8.0f} MiB/s (SHA-256 and CID)"
    )
    print(f"ratio        {ratio:8.2f} to sha256sum (at least {LEAST_RATIO}), {plain:.2f} to hashlib")
    print(f"peak memory  {memory:8.0f} MiB (below {MOST_MEMORY})")
    return int(ratio < LEAST_RATIO or memory >= MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
