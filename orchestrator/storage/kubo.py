"""A Kubo daemon as a mirror and a source of blocks, over Kubo's RPC.

It gets what is pinned as a CAR file. The blocks that it sends are verified by whoever asked for them: neither
Kubo nor its client checks anything.
"""

import contextlib
import io
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.config import StorageConfig
from orchestrator.errors import ConfigError, StorageError, StorageUnavailable
from orchestrator.storage.cid import Cid
from orchestrator.storage.unixfs import MAX_BLOCK

if TYPE_CHECKING:
    from ipfshttpclient import Client
    from ipfshttpclient.exceptions import Error


# The client's own patch of `requests`, for Unix sockets, uses what urllib3 has deprecated.
os.environ.setdefault("PY_IPFS_HTTP_CLIENT_PATCH_REQUESTS", "no")

PAUSES = (0.5, 1.0, 2.0)
"""Seconds between the tries at a daemon that hangs: four tries in all."""
QUIET = 3.0
"""Seconds for which peers are searched before that is told."""

_ABSENT = ("not found", "could not find", "not pinned", "context deadline exceeded")

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class KuboDaemon:
    """The few RPC calls that are needed, with time-outs, tries and errors that say what to do."""

    name = "Kubo"

    def __init__(
        self,
        client: "Client",
        address: str,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = StorageConfig.timeout,
        many: "Client | None" = None,
    ) -> None:
        """Use an ipfshttpclient `client`; `address` is for messages.

        The daemon searches its peers for a block for `patience` seconds, once. Several threads may use the
        client `many` at once.
        """
        self._client, self._many = client, many or client
        self._address = address
        self._sleep = sleep
        self._patience = patience

    def load(self, cid: Cid) -> bytes | None:
        """Return what the daemon says is a block, unverified; None if neither it nor a peer gave one in time.

        Raises StorageUnavailable if it is down, slow or refuses.
        """
        told = f"Kubo asks its peers for {cid}, {self._patience:g} s at most"
        waiting = threading.Timer(QUIET, _log.warning, [told])
        waiting.daemon = True
        waiting.start()
        try:
            return self._try(lambda: self._read(cid, self._client, self._patience))
        except _NotFound:
            return None
        finally:
            waiting.cancel()

    def seek(self, cid: Cid, seconds: float) -> bytes | None:
        """The same in one try of so many seconds, by as many threads at once as like."""
        try:
            return self._try(lambda: self._read(cid, self._many, seconds), pauses=())
        except _NotFound:
            return None

    def reject(self, cid: Cid) -> None:
        _log.warning("the Kubo daemon at %s sent a damaged block for %s", self._address, cid)

    def push(self, root: Cid, car: Callable[[], Iterable[bytes]]) -> None:
        """Upload a graph and pin its root. Raises StorageError unless the daemon confirms just that."""
        answers = self._try(lambda: self._import(car()))
        roots = [answer["Root"] for answer in answers if "Root" in answer]
        faults = [entry["PinErrorMsg"] for entry in roots if entry.get("PinErrorMsg")]
        if faults:
            raise StorageError(
                f"the Kubo daemon did not pin {root}: {faults[0]}", "Look at the daemon's log."
            )
        if [Cid.parse(entry["Cid"]["/"]) for entry in roots] != [root]:
            raise StorageError(f"the Kubo daemon did not confirm {root}", "Look at the daemon's log.")

    def unpin(self, root: Cid) -> None:
        """Take the daemon's pin away, if there is one."""
        with contextlib.suppress(_NotFound):
            self._try(lambda: self._client.pin.rm(str(root)))

    def addresses(self) -> list[str]:
        """Return where other nodes reach the daemon, as multiaddrs. Raises StorageUnavailable."""
        return list(self._try(self._client.id)["Addresses"] or ())

    def reach(self) -> None:
        """Raises StorageUnavailable if the daemon does not answer."""
        self._try(self._client.id)

    def close(self) -> None:
        self._client.close()

    def _read(self, cid: Cid, client: "Client", seconds: float) -> bytes:
        block = b""
        # Kubo itself ends the search, before its silence would be taken for that of a daemon that hangs.
        search, silence = (
            {"timeout": f"{round(seconds, 3):g}s"},
            (min(5.0, seconds), seconds + min(5.0, seconds / 4)),
        )
        with client.block.get(str(cid), stream=True, opts=search, timeout=silence) as parts:
            for part in parts:
                block += part
                if len(block) > MAX_BLOCK:  # too large to be accepted: no need to read the rest
                    break
        return block

    def _import(self, car: Iterable[bytes]) -> list[Any]:
        with self._client.dag.imprt(_Stream(car), stream=True) as answers:
            return [answer.as_json() for answer in answers]

    def _try(self, call: Callable[[], _T], pauses: Sequence[float] = PAUSES) -> _T:
        """Call, and again after `pauses` while the daemon hangs. Raises StorageUnavailable, or _NotFound."""
        import requests
        from ipfshttpclient import exceptions

        for pause in (*pauses, None):
            try:
                return call()
            except exceptions.ConnectionError as error:
                raise StorageUnavailable(
                    f"no Kubo daemon answers at {self._address}", "Start it with `ipfs daemon`."
                ) from error
            except exceptions.StatusError as error:
                reason = self._judge(error)
            except (exceptions.Error, requests.RequestException) as error:
                reason = str(error)
            if pause is not None:
                self._sleep(pause)
        raise StorageUnavailable(
            f"the Kubo daemon at {self._address} did not answer in {_tries(len(pauses) + 1)}: {reason}",
            "Check whether it is overloaded; set a longer `timeout` under `storage:` if it is only slow.",
        )

    def _judge(self, error: "Error") -> str:
        """Return the reason if another try may help; raise what is final."""
        response = getattr(error.original, "response", None)
        status = getattr(response, "status_code", 500)
        if status in (401, 403):
            raise StorageUnavailable(
                f"the Kubo daemon at {self._address} refuses access ({status})",
                "Set DILN_KUBO_TOKEN to a token that its `API.Authorizations` knows.",
            ) from error
        if any(words in str(error) for words in _ABSENT):
            raise _NotFound from error
        if status in (429, 502, 503, 504):
            return str(error)
        raise StorageUnavailable(
            f"the Kubo daemon at {self._address} failed: {error}", "Look at the daemon's log."
        ) from error


def _tries(count: int) -> str:
    return "time" if count == 1 else f"{count} tries"


class _NotFound(Exception):
    """The daemon does not have what it was asked about."""


class _Stream(io.RawIOBase):
    """A file to read from, made of parts as they come."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts: Iterator[bytes] = iter(parts)

    def read(self, size: int = -1) -> bytes:
        """Return the next part, whatever `size` is: the client sends what it gets."""
        return next(self._parts, b"")


def connect(config: StorageConfig) -> KuboDaemon:
    """Prepare to ask the daemon in `config`; it need not be running.

    Raises ConfigError if the address is not a multiaddr.
    """
    import ipfshttpclient

    headers = {"Authorization": f"Bearer {config.token}"} if config.token else {}
    waits = min(5.0, config.timeout), config.timeout
    try:
        # Not `ipfshttpclient.connect`, which refuses today's versions of Kubo.
        client, many = (
            ipfshttpclient.Client(config.kubo, session=kept, headers=headers, timeout=waits)
            for kept in (True, False)
        )
    except ipfshttpclient.exceptions.AddressError as error:
        raise ConfigError(
            f"`{config.kubo}` is not the address of a Kubo daemon", f"Write it as {StorageConfig.kubo}."
        ) from error
    return KuboDaemon(client, config.kubo, patience=config.timeout, many=many)


__all__ = ["PAUSES", "KuboDaemon", "connect"]
