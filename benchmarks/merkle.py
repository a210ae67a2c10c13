"""CPU seconds of the tree over a batch's records, beside those of the hashes in it alone.

    python -m benchmarks.merkle [--records 100000] [--runs 5]

In turn, medians. Exits 1 if the tree takes more than MOST_RATIO times as long as its hashes: two for each
record, and nearly one for each pair.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from sha3 import keccak_256

from orchestrator.provenance.merkle import MerkleTree

MOST_RATIO = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    bare, tree = measured(arguments.records, arguments.runs)
    print(f"hashes alone  {bare:6.3f} s, {3 * arguments.records:,} of 32 bytes")
    print(f"the tree      {tree:6.3f} s, {tree / bare:.2f} times (at most {MOST_RATIO:g})")
    return int(tree > MOST_RATIO * bare)


def measured(count: int, runs: int) -> tuple[float, float]:
    """CPU seconds of the hashes alone, and of the tree over `count` records."""
    records = [os.urandom(32) for _ in range(count)]
    rounds = [
        (seconds(lambda: hashes(records)), seconds(lambda: MerkleTree(records).root)) for _ in range(runs + 1)
    ]
    bare, tree = zip(*rounds[1:], strict=True)
    return statistics.median(bare), statistics.median(tree)


def hashes(records: Sequence[bytes]) -> None:
    for _ in range(3):
        for record in records:
            keccak_256(record).digest()


def seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
