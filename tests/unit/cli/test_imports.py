"""What commands that read import: none of what takes longer than all that they do."""

import csv
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli import main
from tests.unit.cli.conftest import ROOT

HEAVY = {
    "Crypto.PublicKey",
    "aiohttp",
    "joblib",
    "lightgbm",
    "matplotlib",
    "onnx",
    "pandas",
    "py_ecc",
    "pyarrow",
    "scipy",
    "skops",
    "sklearn",
    "xgboost",
}
EMBEDDED = {"eth", "eth_bloom", "lru", "orchestrator.chain.embedded", "trie"}
"""What the embedded chain takes."""
READING = [
    ["log", "thing"],
    ["verify", "thing"],
    ["verify", "thing.bin"],
    ["doctor"],
    ["project", "list"],
    ["sum", "show", "walks"],
    ["sum", "predict", "walks", "--text", "a tram"],
    ["competition", "show"],
    ["tournament", "show"],
]
CODE = (
    "import sys\n"
    "from orchestrator.cli import main\n"
    "try: main(sys.argv[1:])\n"
    "except SystemExit as ended: print('MODULES', ended.code, *sys.modules)"
)
OFFER = """\
name = "ranks"
id = "id"
target = "target"
train = "train.csv"
live = ["live.csv"]
source = "made up"
pot = "1"
start = "2h"
"""


def diln(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--from", "alice"])
    assert not ended.value.code, words


def table(path: Path, header: list[str], rows: Iterator[list[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One of everything that can be read."""
    path = tmp_path_factory.mktemp("reading")
    draw = random.Random(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        Path("thing.bin").write_bytes(b"any bytes")
        words = {"nature": "river forest deer rain", "city": "tram tower market crowd"}
        texts = [[" ".join(draw.sample(words[each].split(), 2)), each] for each in [*words] * 30]
        table(Path("walks.csv"), ["text", "label"], iter(texts))
        numbers = [[draw.random(), draw.random(), each % 2] for each in range(400)]
        table(Path("numbers.csv"), ["a", "b", "y"], iter(numbers))
        rows = [[f"p{each}", draw.random(), each % 5 / 4] for each in range(256)]
        table(Path("train.csv"), ["id", "a", "target"], iter(rows[:128]))
        table(Path("live.csv"), ["id", "a"], iter([each[:2] for each in rows[128:]]))
        Path("offer.toml").write_text(OFFER)
        for job in ("registry", "sum", "competition", "tournament"):
            diln("migrate", job)
        diln("publish", "thing.bin", "--name", "thing")
        diln("sum", "create", "walks", "--csv", "walks.csv", "--text-column", "text")
        terms = ["--prize", "1", "--criterion", "0.1", "--test-groups", "2"]
        diln("competition", "create", "numbers.csv", "--target", "y", *terms)
        diln("tournament", "create", "offer.toml")
        yield path


def modules_of(words: list[str], folder: Path) -> tuple[str, set[str]]:
    """The exit code of a command, and all modules that it has imported, with their packages."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    _, _, told = done.stdout.rpartition("MODULES")
    code, *modules = told.split() or [done.stderr]
    return code, {*modules, *(each.partition(".")[0] for each in modules)}


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading__modules__none_is_heavy(words: list[str], folder: Path) -> None:
    code, modules = modules_of(words, folder)
    assert code in ("0", "None")
    assert modules & HEAVY == set()


@pytest.mark.parametrize("words", [["chain", "show"], *READING], ids=" ".join)
def test_reading__of_a_node__imports_no_embedded_chain(words: list[str], folder: Path) -> None:
    code, modules = modules_of([*words, "--rpc-url", "http://127.0.0.1:1"], folder)
    assert code == "1"  # nobody is there: all that it begins with is imported
    assert "orchestrator.chain.transport" in modules
    assert modules & (HEAVY | EMBEDDED) == set()
