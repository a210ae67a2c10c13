"""What a keeper tells Prometheus, on a port of this machine (the extra `metrics`)."""

from collections.abc import Iterable

from orchestrator.errors import UsageError
from orchestrator.types import Seconds

PREFIX = "diln_keeper_"


class Metrics:
    """Counts what is said, and shows what is due; served at `port` of localhost from now on.

    Raises UsageError where prometheus-client is missing, or the port is taken.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
        except ImportError as error:
            raise UsageError("metrics need prometheus-client", "pip install 'diln[metrics]'") from error
        registry = CollectorRegistry()
        labels = ("system", "duty")
        self._said = Counter(PREFIX + "acts", "What was done.", labels, registry=registry)
        self._failed = Counter(PREFIX + "failures", "What could not be done.", labels, registry=registry)
        self._due = Gauge(PREFIX + "due", "Duties that can be done now.", ("system",), registry=registry)
        self._next = Gauge(PREFIX + "next_due_seconds", "Until the next duty.", registry=registry)
        try:
            self._server, self._thread = start_http_server(port, host, registry=registry)
        except OSError as error:
            raise UsageError(f"port {port} cannot be served: {error.strerror}", "Choose another.") from error

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, system: str, duty: str, *, failed: bool) -> None:
        """A duty was done, or could not be."""
        (self._failed if failed else self._said).labels(system or "node", duty).inc()

    def show(self, due: Iterable[tuple[str, Seconds]], now: Seconds) -> None:
        """What is due, by system and time, as of `now`."""
        self._due.clear()
        later = []
        for system, at in due:
            if at <= now:
                self._due.labels(system).inc()
            else:
                later.append(at - now)
        self._next.set(min(later, default=float("inf")))
