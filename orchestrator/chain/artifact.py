"""The compiled contracts that ship with the package."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.chain.compiler import ARTIFACTS
from orchestrator.errors import ChainError

Abi = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    `bytecode` creates it; `deployed_bytecode` is what then stands on the chain, but for the `immutables`:
    places (offset, length), in bytes, that the constructor fills in.
    """

    name: str
    abi: Abi = field(repr=False)
    bytecode: bytes = field(repr=False)
    deployed_bytecode: bytes = field(repr=False)
    source: str
    source_hash: str
    compiler: Mapping[str, Any] = field(repr=False)
    immutables: tuple[tuple[int, int], ...] = ()

    def matches(self, code: bytes) -> bool:
        """Whether `code`, as it stands on a chain, is this contract."""
        return self._blank(code) == self._blank(self.deployed_bytecode)

    def _blank(self, code: bytes) -> bytes:
        blanked = bytearray(code)
        for start, length in self.immutables:
            blanked[start : start + length] = bytes(length)
        return bytes(blanked)


@cache
def load_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """The contract `name`. Raises ChainError if the package has none of that name."""
    path = folder / f"{name}.json"
    if not name.isidentifier() or not path.is_file():
        known = ", ".join(artifact_names(folder)) or "none"
        raise ChainError(f"there is no contract named {name}", f"The package holds: {known}.")
    content = json.loads(path.read_text(encoding="utf-8"))
    return Artifact(
        name=name,
        abi=content["abi"],
        bytecode=bytes.fromhex(content["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(content["deployedBytecode"][2:]),
        source=content["source"],
        source_hash=content["sourceHash"],
        compiler=content["compiler"],
        immutables=tuple((start, length) for start, length in content.get("immutables", ())),
    )


def artifact_names(folder: Path = ARTIFACTS) -> Iterator[str]:
    """The names of all contracts in the package, sorted."""
    return (path.stem for path in sorted(folder.glob("*.json")))


def joined(abis: Iterable[Abi]) -> Abi:
    """Several ABIs in one, each entry once: of a contract that runs the others' code."""
    found: dict[object, Mapping[str, Any]] = {}
    for entry in (each for abi in abis for each in abi):
        types = tuple(each["type"] for each in entry.get("inputs", ()))
        found.setdefault((entry["type"], entry.get("name"), types), entry)
    return tuple(found.values())
