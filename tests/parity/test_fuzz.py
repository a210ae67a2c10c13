"""Two readers, one language: whatever the contracts read, Python reads, and the reverse.

├── ten thousand mutated inputs of all encodings, in every run
├── what an attack used to be: a tree model without trees
└── a million (slow; `python -m tests.parity.fuzz` prints the figures)
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.parity import fuzz, readers
from tests.parity.machine import fastest_machine


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fuzz.Contract]:
    with fastest_machine(tmp_path_factory.mktemp("node")) as machine:
        yield fuzz.Contract(machine)


def check(contract: fuzz.Contract, count: int, seed: int) -> None:
    found = fuzz.run(contract, count, seed)
    assert sum(each.inputs for each in found.values()) >= count
    assert [each for tally in found.values() for each in tally.differences] == []
    for name, tally in found.items():  # neither all refused nor all read, or the fuzzer tries nothing
        assert 0.05 < tally.read / tally.inputs < 0.95, name


def test_readers__ten_thousand_mutated_inputs__no_difference(contract: fuzz.Contract) -> None:
    check(contract, 10_000, seed=1)


@pytest.mark.parametrize(
    "encoded",
    [
        "000300010200030001180000000000009aa732cd",  # no trees: it passed the contract only
        "000d000002000d000118000100050006d30315c900040006e50000000b880003ffff000001ffff000001ffff000000269fb31e3b7c"
        "2b451de6163d",  # the first tree begins with the fifth node
    ],
)
def test_model__found_to_differ_once__refused_by_both(contract: fuzz.Contract, encoded: str) -> None:
    model = bytes.fromhex(encoded)
    (theirs,) = contract.read(readers.READERS["model"], [model])
    assert theirs == fuzz.digest(readers.READERS["model"].read(model)) == bytes(32)


def test_compare__readers_that_differ__are_told(
    contract: fuzz.Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = readers.READERS["sparse features"]
    monkeypatch.setitem(readers.READERS, "sparse features", replace(honest, read=lambda data: data[4:]))
    assert fuzz.compare(contract, "sparse features", 200, seed=2).differences


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_readers__a_million_mutated_inputs__no_difference(contract: fuzz.Contract, seed: int) -> None:
    check(contract, 100_000, seed)
