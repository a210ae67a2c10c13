"""CPU seconds of commands, beside a bare `python -c pass` in the same run.

    python -m benchmarks.commands [--runs 7]

Whole processes, in turn, user and system time, medians; in a folder with one of everything, on the embedded
chain. `pass` is how many times a bare Python each takes. A help may take three of them. The other bounds are
seconds; on a machine on which a bare Python takes longer than BARE, as many times more. Exits 1 where one
misses its bound.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BARE = 0.014
"""CPU seconds of `python -c pass` on the machine on which the bounds were set."""

HELP = 0.0
"""Stands for the bound of a help."""
HELPS = 3
"""Times a bare Python."""
MEASURED = {
    "sum -h": HELP,
    "sum create --help": HELP,
    "sum create walks --help": HELP,
    "train --encrypt-to x --help": HELP,
    "publish model.skops --help": HELP,
    "log breast-cancer": 0.6,
    "verify breast-cancer": 0.6,
    "verify rows.json": 0.6,
    "doctor": 0.6,
    "project list": 0.6,
    "sum show walks": 1.0,
    "sum predict walks --text tram": 1.0,
    "competition show": 1.0,
    "predict breast-cancer rows.json": 2.0,
    "sum add walks --text tram --label city --from bob": 2.0,
    "train": 3.0,
}
"""The most that each may take: CPU seconds."""

BEGINNING = """\
init --dataset breast_cancer
train
migrate registry
migrate sum
migrate competition
publish
publish rows.json --name rows
sum create walks --csv walks.csv --text-column text --from alice
competition create digits.csv --target target --prize 1 --criterion 0.9 --test-groups 2 --from alice
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args([each for each in sys.argv[1:] if each.startswith("--r") or each.isdigit()]).runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin(folder)
        commands = [[sys.executable, "-c", "pass"], *([diln(), *each.split()] for each in MEASURED)]
        rounds = [[seconds(folder, each) for each in commands] for _ in range(runs + 1)][1:]
    bare, *others = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"{'CPU':>8}  {'pass':>6}  {'at most':>8}")
    print(f"{bare:6.3f} s  {1:5.1f}×            python -c pass")
    failed = False
    for command, took in zip(MEASURED, others, strict=True):
        most = HELPS * bare if MEASURED[command] == HELP else MEASURED[command] * max(1, bare / BARE)
        missed = took > most
        failed |= missed
        told = " (missed)" if missed else ""
        print(f"{took:6.3f} s  {took / bare:5.1f}×  {most:6.3f} s  diln {command}{told}")
    return int(failed)


def begin(folder: Path) -> None:
    """One of everything that the commands work with."""
    from sklearn.datasets import load_breast_cancer, load_digits

    load_digits(as_frame=True).frame.to_csv(folder / "digits.csv", index=False)
    load_breast_cancer(as_frame=True).data.head(2).to_json(folder / "rows.json", orient="records")
    lines = [*(["river deer,nature", "tram tower,city", "forest rain,nature", "street crowd,city"] * 25)]
    (folder / "walks.csv").write_text("\n".join(["text,label", *lines]))
    for each in BEGINNING.splitlines():
        seconds(folder, [diln(), *each.split()])


def diln() -> str:
    return str(Path(sys.executable).with_name("diln"))


def seconds(folder: Path, command: list[str]) -> float:
    """User and system time of a process and its children."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
