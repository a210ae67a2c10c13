"""Send a transaction once, even if the process is killed between sending and hearing of it."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.chain.accounts import Account
from orchestrator.chain.connection import Chain
from orchestrator.chain.receipts import Receipt
from orchestrator.errors import ContractReverted

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction


class Journal:
    """What was sent, by what it was for, in one small file for each purpose under `folder`.

    An entry is written before anybody else has seen the transaction, so whoever comes back after a crash asks
    the chain about it instead of sending another.
    """

    def __init__(self, folder: Path, chain: Chain) -> None:
        self._folder = folder
        self._chain = chain

    def send(
        self,
        purpose: str,
        function: "ContractFunction",
        sender: Account,
        *,
        value: int = 0,
        dry_run: bool = False,
    ) -> Receipt:
        """Send `function`, unless a transaction for the same `purpose` is on its way or has arrived.

        `purpose` names the effect, such as `publish-<hash>`, and must hold on this chain only once.
        `value` is in wei.
        """
        if dry_run:
            return self._chain.send(function, sender, value=value, dry_run=True)
        earlier = self.earlier(purpose)
        if earlier:
            return earlier
        return self._chain.send(
            function, sender, value=value, before_send=lambda tx_hash: self._note(purpose, tx_hash)
        )

    def earlier(self, purpose: str) -> Receipt | None:
        """The receipt of what an earlier process sent; None if it sent nothing, or it failed or was lost."""
        tx_hash = self._noted(purpose)
        try:
            return self._chain.receipt(tx_hash) if tx_hash else None
        except ContractReverted:
            return None

    def _noted(self, purpose: str) -> str | None:
        """The transaction of an entry; None if there is none, or a power cut tore it."""
        try:
            tx_hash = json.loads(self._file(purpose).read_bytes())["transaction"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return tx_hash if isinstance(tx_hash, str) else None

    def _note(self, purpose: str, tx_hash: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(purpose)
        part = file.with_suffix(".part")
        with part.open("w", encoding="utf-8") as stream:
            json.dump({"transaction": tx_hash}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)

    def _file(self, purpose: str) -> Path:
        # The genesis tells a restarted development chain from the one that the entry speaks of.
        return self._folder / f"{self._chain.chain_id}-{self._chain.genesis_hash[2:10]}-{purpose}.json"
