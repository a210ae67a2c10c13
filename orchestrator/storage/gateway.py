"""Blocks from an IPFS gateway, which is not trusted: what it sends is hashed like all else.

It must be a trustless gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/), as public ones are.
"""

import logging

from orchestrator.errors import StorageUnavailable
from orchestrator.storage.cid import Cid
from orchestrator.storage.remote import Answer, Remote
from orchestrator.storage.unixfs import MAX_BLOCK

_BLOCK = "application/vnd.ipld.raw"
_ABSENT = (404, 410, 412)
_log = logging.getLogger(__name__)


class Gateway:
    """A source of blocks, for reading only."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def load(self, cid: Cid) -> bytes | None:
        """Return what the gateway says is a block, unverified; None if it has none.

        Raises StorageUnavailable if it is down, slow or refuses.
        """
        answer = self._ask(cid)
        if answer.status == 200:
            return answer.body
        if answer.status in _ABSENT:
            return None
        if answer.status == 504:  # it has searched the network for as long as it does
            raise StorageUnavailable(
                f"{self._remote.shown} did not find {cid} in time", "Check that some node still provides it."
            )
        raise StorageUnavailable(
            f"{self._remote.shown} refuses to send {cid} (status {answer.status})",
            "Check whether it is a trustless gateway that serves everybody; try another.",
        )

    def seek(self, cid: Cid, seconds: float) -> bytes | None:
        """The same in one try of so many seconds, by as many threads at once as like."""
        answer = self._ask(cid, seconds)
        return answer.body if answer.status == 200 else None

    def _ask(self, cid: Cid, seconds: float | None = None) -> Answer:
        return self._remote.ask(
            "GET", f"/ipfs/{cid}", MAX_BLOCK + 1, {"Accept": _BLOCK}, seconds, params={"format": "raw"}
        )

    def reject(self, cid: Cid) -> None:
        _log.warning("%s sent a damaged block for %s", self._remote.shown, cid)

    def close(self) -> None:
        self._remote.close()


__all__ = ["Gateway"]
