"""Differential fuzzing: whatever a contract reads in some bytes, Python reads too, and the reverse.

    python -m tests.parity.fuzz --inputs 1000000 --seed 1

Valid encodings are mutated: bits flipped, fields set to their extremes, pieces cut out, put in, doubled and
swapped with those of others. Contract and Python must refuse the same, and read the same in the rest.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from eth_utils.crypto import keccak

from tests.evm import Evm
from tests.parity.machine import Node, fastest_machine
from tests.parity.readers import READERS, Hashed, Random, Reader

BATCH = 50
EXTREMES = (b"\x00", b"\xff", b"\x00\x00", b"\xff\xff", b"\x7f\xff", b"\x80\x00", b"\xff\xfe", b"\x00\x01")
KEPT = 64  # inputs that were read, to be spliced and mutated further


@dataclass
class Tally:
    """How many inputs of an encoding were tried, and how many of them both sides read."""

    inputs: int = 0
    read: int = 0
    differences: list[str] = field(default_factory=list)


def mutated(rng: Random, data: bytes, other: bytes) -> bytes:
    """`data` with one to three changes; `other` is what pieces are taken from."""
    for _ in range(int(rng.integers(0, 4))):
        data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, data, other)
    return data


def _flip(rng: Random, data: bytes, _: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :] if data else data


def _extreme(rng: Random, data: bytes, _: bytes) -> bytes:
    piece, at = EXTREMES[int(rng.integers(len(EXTREMES)))], _place(rng, data)
    return data[:at] + piece + data[at + len(piece) :]


def _near(rng: Random, data: bytes, _: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + bytes([(data[at] + int(rng.integers(-2, 3))) % 256]) + data[at + 1 :] if data else data


def _cut(rng: Random, data: bytes, _: bytes) -> bytes:
    at, length = _place(rng, data), _length(rng)
    return data[:at] + data[at + length :] if rng.random() < 0.5 else data[: len(data) - length]


def _extend(rng: Random, data: bytes, _: bytes) -> bytes:
    at = len(data) if rng.random() < 0.5 else _place(rng, data)
    return data[:at] + rng.bytes(_length(rng)) + data[at:]


def _double(rng: Random, data: bytes, _: bytes) -> bytes:
    at, length = _place(rng, data), _length(rng)
    return data[: at + length] + data[at:]


def _swap(rng: Random, data: bytes, _: bytes) -> bytes:
    at, length = _place(rng, data), _length(rng)
    return data[:at] + data[at + length : at + 2 * length] + data[at : at + length] + data[at + 2 * length :]


def _splice(rng: Random, data: bytes, other: bytes) -> bytes:
    at = _place(rng, data)
    if rng.random() < 0.5:
        return data[:at] + other[at:]
    length = _length(rng)
    return data[:at] + other[at : at + length] + data[at + length :]


MUTATIONS = (_flip, _extreme, _near, _near, _cut, _extend, _double, _swap, _splice)


def _place(rng: Random, data: bytes) -> int:
    """Anywhere, and more often near the beginning, where the fields are."""
    return int(rng.integers(min(len(data), 16 if rng.random() < 0.4 else len(data)) or 1))


def _length(rng: Random) -> int:
    return int(rng.choice([1, 1, 2, 4, 5, 32, 32]))


def inputs(rng: Random, reader: Reader) -> Iterator[bytes]:
    """Mutations of valid encodings, without end."""
    pool = [reader.valid(rng) for _ in range(8)]
    while True:
        if rng.random() < 0.2:
            fresh = reader.valid(rng)
            pool = [*pool[-KEPT:], fresh]
        first, second = (pool[int(rng.integers(len(pool)))] for _ in range(2))
        yield mutated(rng, first, second)


class Contract:
    """The readers of the contracts, on whatever EVM is the fastest here."""

    def __init__(self, machine: Evm | Node) -> None:
        self.machine = machine
        parts = [machine.deploy(name).address for name in ("ModelRunner", "ModelRegistry")]
        self.mocks = {
            "FuzzReaders": machine.deploy("FuzzReaders", *parts),
            "FuzzRooms": machine.deploy("FuzzRooms"),
        }

    def read(self, reader: Reader, batch: list[bytes]) -> list[bytes]:
        """A digest for each input; zeros where it was refused."""
        functions = self.mocks[reader.mock].functions
        selector = functions[reader.function](b"").selector
        return list(self.machine.call(functions.read(selector, batch)))


def compare(contract: Contract, name: str, count: int, seed: int) -> Tally:
    """Try `count` inputs of one encoding."""
    reader, found = READERS[name], Tally()
    rng = np.random.default_rng([seed, *name.encode()])
    source = inputs(rng, reader)
    while found.inputs < count:
        batch = [next(source) for _ in range(min(BATCH, count - found.inputs))]
        for data, theirs in zip(batch, contract.read(reader, batch), strict=True):
            found.inputs += 1
            ours = digest(reader.read(data))
            found.read += ours == theirs != bytes(32)
            if ours != theirs:
                sides = [side.hex()[:16] if any(side) else "refuses" for side in (theirs, ours)]
                found.differences.append(f"{name} {data.hex()}: the contract {sides[0]}, Python {sides[1]}")
    return found


def digest(read: bytes | None) -> bytes:
    if read is None:
        return bytes(32)
    return bytes(read) if isinstance(read, Hashed) else keccak(read)


def run(contract: Contract, count: int, seed: int) -> dict[str, Tally]:
    """Try about `count` inputs, the same number of each encoding but a quarter of all models."""
    shares = Counter(dict.fromkeys(READERS, 1)) + Counter({"model": 3, "group": 1, "sample": 1})
    total = sum(shares.values())
    return {name: compare(contract, name, -(-count * shares[name] // total), seed) for name in READERS}


def say(line: str) -> None:
    if line:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started: Any = time.process_time()
    with tempfile.TemporaryDirectory() as folder, fastest_machine(Path(folder)) as machine:
        found = run(Contract(machine), given.inputs, given.seed)
    for name, tally in found.items():
        say(f"{name:24} {tally.inputs:8} inputs {tally.read:8} read {len(tally.differences):4} differences")
        say("".join(f"{each}\n" for each in tally.differences[:5]).rstrip())
    seconds = time.process_time() - started
    say(f"{sum(each.inputs for each in found.values())} inputs, {seconds:.0f} CPU-seconds")
    raise SystemExit(any(each.differences for each in found.values()))


if __name__ == "__main__":
    main()
