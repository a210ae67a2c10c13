"""Where fits run: on this machine, or on a Dask or Ray cluster through joblib.

The result does not depend on it: every fit is seeded, and nothing about the engine is kept in the model.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args
from urllib.parse import urlsplit

from orchestrator.errors import EngineError, UsageError

Engine = Literal["local", "dask", "ray"]

CONNECT_SECONDS = 10
"""How long a cluster may take to answer."""

_START_RAY = "start one with `ray start --head`"

HEAVY = 20_000_000
"""Cells times fits from which it is worth two seconds to start processes that import scikit-learn."""


@contextmanager
def running_on(engine: str, address: str | None, work: int) -> Iterator[None]:
    """Within this context joblib runs on `engine`; `work` is cells times fits.

    Raises UsageError for an unknown engine or a missing address, EngineError where an extra is not installed
    or the cluster does not answer.
    """
    if engine not in get_args(Engine):
        raise UsageError(f"There is no engine {engine!r}", f"choose one of {', '.join(get_args(Engine))}")
    if engine == "local":
        context = _local(work)
    elif not address:
        raise UsageError(
            f"The engine {engine} needs an address", "for example --address tcp://127.0.0.1:8786"
        )
    else:
        context = _dask(address) if engine == "dask" else _ray(address)
    with context:
        yield


@contextmanager
def _local(work: int) -> Iterator[None]:
    """Threads for small work (scikit-learn's inner loops hold no lock), else processes."""
    from joblib import parallel_config

    with parallel_config("loky" if work >= HEAVY else "threading", n_jobs=-1):
        yield


@contextmanager
def _dask(address: str) -> Iterator[None]:
    from joblib import parallel_config

    try:
        from distributed import Client
    except ImportError as error:
        raise EngineError("Dask is not installed", "pip install 'diln[dask]'") from error
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise _unreachable("Dask", address, "start one with `dask scheduler` and `dask worker`") from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise EngineError(
                f"The Dask cluster at {address} has no workers", f"`dask worker {address}` adds one"
            )
        with client.as_current(), parallel_config("dask", n_jobs=-1, client=client):
            yield


@contextmanager
def _ray(address: str) -> Iterator[None]:
    from joblib import parallel_config

    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise EngineError("Ray is not installed", "pip install 'diln[ray]'") from error
    _knock(address)
    try:
        ray.init(address=address, logging_level="warning", log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        reason = next(
            (line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__
        )
        raise EngineError(f"The Ray cluster at {address} cannot be used: {reason}", _START_RAY) from error
    try:
        register_ray()
        with parallel_config("ray", n_jobs=-1):
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Ray tries a dead address for minutes; "auto" and names without a port are left to it."""
    place = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        if place.hostname and place.port:
            socket.create_connection((place.hostname, place.port), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _unreachable("Ray", address, _START_RAY) from error


def _unreachable(name: str, address: str, hint: str) -> EngineError:
    return EngineError(f"The {name} cluster at {address} does not answer within {CONNECT_SECONDS} s", hint)
