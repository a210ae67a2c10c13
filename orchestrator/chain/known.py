"""Which contracts of others this folder has used: paying any other is asked about first."""

import json
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address

from orchestrator.chain.connection import Chain
from orchestrator.chain.locking import exclusive
from orchestrator.files import replace_file
from orchestrator.nesting import is_nested_deeper
from orchestrator.types import Address

PATIENCE = 10.0


class KnownContracts:
    """The contracts that were created from the state folder `home` on `chain`, or agreed to, by their kind.

    One small file for each chain; the genesis tells a restarted development chain from the one before it. A
    file that is damaged knows nothing, so that the question is asked again. Every method may raise
    NodeUnavailable.
    """

    def __init__(self, home: Path, chain: Chain) -> None:
        self._folder = home / "known"
        self._chain = chain

    def knows(self, address: Address) -> bool:
        """Whether the contract was created or agreed to from here, as whatever kind."""
        return any(address.lower() in (each.lower() for each in found) for found in self._read().values())

    def last(self, kind: str) -> Address | None:
        """The contract of a kind, such as `competition`, that was remembered last."""
        found = self._read().get(kind)
        return to_checksum_address(found[-1]) if found and is_address(found[-1]) else None

    def all(self, kind: str = "") -> list[Address]:
        """The contracts of a kind, in the order in which they were remembered last; without one, of all."""
        found = [each for name, those in self._read().items() if kind in ("", name) for each in those]
        return [to_checksum_address(each) for each in found if is_address(each)]

    def remember(self, address: Address, kind: str) -> None:
        """Keep a contract as known and as the last of its kind.

        Raises ChainError if others hold the file, StorageError if it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with exclusive(self._file.with_suffix(".lock"), PATIENCE, "other commands note what they use"):
            known = self._read()
            others = [each for each in known.get(kind, []) if each.lower() != address.lower()]
            self._write({**known, kind: [*others, address]})

    @property
    def _file(self) -> Path:
        return self._folder / f"{self._chain.chain_id}-{self._chain.genesis_hash[2:10]}.json"

    def _read(self) -> dict[str, list[str]]:
        try:
            text = self._file.read_text(encoding="utf-8")
            content = {} if is_nested_deeper(text, 2) else json.loads(text)
            return {str(kind): [str(each) for each in found] for kind, found in content.items()}
        except (FileNotFoundError, ValueError, AttributeError, TypeError):
            return {}

    def _write(self, known: dict[str, list[str]]) -> None:
        replace_file(self._file, json.dumps(known, indent=2).encode(), 0o600)
