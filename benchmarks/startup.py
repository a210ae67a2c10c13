"""Time `diln --help` and `diln --version` side by side with a bare `python -c pass`.

    python -m benchmarks.startup [--runs 20]

Whole processes, in turn. Exits 1 if the median of a command is above 3 times that of bare Python.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

MOST_RATIO = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    diln = str(Path(sys.executable).with_name("diln"))
    commands = [[sys.executable, "-c", "pass"], [diln, "--help"], [diln, "--version"]]
    rounds = [[seconds(command) for command in commands] for _ in range(runs + 1)][1:]
    bare, *others = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"python -c pass   {bare * 1000:6.1f} ms")
    ratios = [other / bare for other in others]
    for command, time_taken, ratio in zip(commands[1:], others, ratios, strict=True):
        print(
            f"diln {command[1]:<11} {time_taken * 1000:6.1f} ms   {ratio:.2f} times (at most {MOST_RATIO:g})"
        )
    return int(max(ratios) > MOST_RATIO)


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
