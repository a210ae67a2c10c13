"""A pinning service, by the IPFS Pinning Service API (https://ipfs.github.io/pinning-services-api-spec/).

It is told what to keep, and it moves no bytes on its own account: it must fetch them from a node that has
them and that it can reach. With a Kubo daemon in use it is told where that is; without, import the CAR file
of `diln pin export` wherever the service takes one, or into a node of yours.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from orchestrator.errors import CidError, StorageError, StorageUnavailable
from orchestrator.nesting import is_nested_deeper
from orchestrator.storage.cid import Cid
from orchestrator.storage.remote import Answer, Remote

_LIMIT = 4 << 20  # bytes of an answer
_DEEPEST = 16
_MOST = 1000  # the API's own limit of what one answer lists
_ORIGINS = 20  # and of addresses
_STATES = ("pinned", "pinning", "queued", "failed")  # the better first

Entry = Mapping[str, Any]


class RemotePin:
    """A mirror that fetches by itself; `origins` gives the addresses of a node that has what is pinned."""

    name = "the pinning service"

    def __init__(self, remote: Remote, origins: Callable[[], Sequence[str]] | None = None) -> None:
        self._remote = remote
        self._origins = origins or list

    def push(self, root: Cid, car: Callable[[], Iterable[bytes]]) -> None:
        """Have `root` pinned there; a request that waits there already is not made again.

        Raises StorageUnavailable if it does not answer, StorageError until all of `root` is there.
        """
        del car  # the service fetches by itself
        requests = [entry for entry in self._requests(root) if entry["status"] != "failed"]
        entry = min(requests, key=_rank) if requests else self._request(root)
        if entry["status"] == "pinned":
            return
        told = entry.get("info")
        details = str(told.get("status_details", "")) if isinstance(told, Mapping) else ""
        raise StorageError(
            f"{self._remote.shown} has not fetched {root}: {entry['status']}"
            + (f", {details[:200]}" if details else ""),
            "It needs a node that has it, such as a Kubo daemon that it can reach. `diln pin push` asks "
            "again.",
        )

    def unpin(self, root: Cid) -> None:
        """Withdraw every request for `root`."""
        for entry in self._requests(root):
            answer = self._remote.ask("DELETE", f"/pins/{quote(entry['requestid'], safe='')}", _LIMIT)
            if answer.status != 404:
                self._accept(answer, 202, 200, 204)

    def reach(self) -> None:
        """Raises StorageError if the service does not answer, or refuses."""
        self._accept(self._remote.ask("GET", "/pins", _LIMIT, params={"limit": "1"}), 200)

    def close(self) -> None:
        self._remote.close()

    def _requests(self, root: Cid) -> list[Entry]:
        query = {"cid": str(root), "status": ",".join(_STATES), "limit": str(_MOST)}
        content = self._json(self._remote.ask("GET", "/pins", _LIMIT, params=query), 200)
        results = content.get("results")
        if not isinstance(results, list):
            raise self._nonsense()
        return [self._checked(entry, root) for entry in results]

    def _request(self, root: Cid) -> Entry:
        pin = {"cid": str(root), "origins": list(self._origins())[:_ORIGINS]}
        return self._checked(self._json(self._remote.ask("POST", "/pins", _LIMIT, json=pin), 202, 200), root)

    def _checked(self, entry: Mapping[str, Any], root: Cid) -> Entry:
        """Return an entry of which everything that is used is as the API says, and about `root`."""
        try:
            about = Cid.parse(str(entry["pin"]["cid"]))
            known = entry["status"] in _STATES and isinstance(entry["requestid"], str)
        except (KeyError, TypeError, CidError):
            raise self._nonsense() from None
        if about != root or not known:
            raise self._nonsense()
        return dict(entry)

    def _json(self, answer: Answer, *expected: int) -> dict[str, Any]:
        self._accept(answer, *expected)
        content = _parsed(answer.body)
        if not isinstance(content, dict):
            raise self._nonsense()
        return content

    def _accept(self, answer: Answer, *expected: int) -> None:
        if answer.status in expected:
            return
        if answer.status in (401, 403):
            raise StorageUnavailable(
                f"{self._remote.shown} refuses access ({answer.status})",
                "Set DILN_PINNING_TOKEN to the access token that it gave you.",
            )
        error = _parsed(answer.body)
        said = error.get("error") if isinstance(error, dict) else None
        reason = str(said.get("details") or said.get("reason")) if isinstance(said, Mapping) else ""
        raise StorageError(
            f"{self._remote.shown} refuses (status {answer.status})"
            + (f": {reason[:200]}" if reason else ""),
            "Check your account there: credit, size limits, permissions of the token.",
        )

    def _nonsense(self) -> StorageError:
        return StorageError(
            f"{self._remote.shown} does not speak the IPFS Pinning Service API",
            "Check the URL under `storage: pinning:`; it is that of the API, not of the service's own pages.",
        )


def _rank(entry: Entry) -> int:
    return _STATES.index(entry["status"])


def _parsed(body: bytes) -> Any:
    """Return JSON, or None for what is none."""
    try:
        text = body.decode("utf-8")
        return None if is_nested_deeper(text, _DEEPEST) else json.loads(text)
    except ValueError:
        return None


__all__ = ["RemotePin"]
