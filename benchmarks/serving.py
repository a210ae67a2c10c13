"""Load `diln serve` with single-row requests from many connections: rate, delays, CPU, log lines.

    python -m benchmarks.serving [--seconds 10] [--connections 1 8 50] [--servers 1]

A linear model of 30 features in a working folder of its own, on the embedded chain; server and client are two
processes of one machine; with --servers so many share the port. Beside each load, and beside ten clients with
the largest bodies, /health is asked a hundred times a second. Exits 1 if fifty connections get fewer than 500
answers a second, a 99th percentile above half a second, or an answer that is not in the log; or if one in a
thousand of /health takes 0.1 s.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DILN = [sys.executable, "-c", "import orchestrator.cli as cli; cli.main()"]
LEAST_RATE, MOST_P99 = 500.0, 0.5
MOST_HEALTH, PAUSE = 0.1, 0.01
LARGEST = {
    "objects": b"[" + b"{}," * 349_000 + b"{}]",
    "numbers": b"[" + b"1," * 524_000 + b"1]",
    "brackets": b"[" * 1_000_000,
    "rows": b'{"rows":[' + b"{}," * 10_000 + b"{}]}",
}
"""Bodies of a MiB, each refused after it was parsed as far as it can be."""


@dataclass(frozen=True)
class Load:
    """What one load was answered with; delays in seconds, in order."""

    connections: int
    seconds: float
    delays: list[float]
    failed: int
    health: list[float]

    @property
    def rate(self) -> float:
        return len(self.delays) / self.seconds

    def at(self, share: float) -> float:
        return at(self.delays, share)


def at(delays: list[float], share: float) -> float:
    """The delay within which this share of all, in order, was answered."""
    return delays[min(len(delays) - 1, int(share * len(delays)))] if delays else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 50])
    parser.add_argument("--servers", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        publish(folder)
        with served(folder, "--share-port") as (port, process), contextlib.ExitStack() as others:
            beside = ("--share-port", "--port", str(port))
            more = [others.enter_context(served(folder, *beside))[1] for _ in range(given.servers - 1)]
            pids = [each.pid for each in (process, *more)]
            request = question(port)
            loads = []
            for connections in given.connections:
                before = sum(map(cpu_of, pids))
                load = asyncio.run(pressed(port, request, connections, given.seconds))
                spent = (sum(map(cpu_of, pids)) - before) / max(1, len(load.delays))
                loads.append(load)
                print(row(load, spent))
            bodies = [posted(body) for body in LARGEST.values()]
            attack = asyncio.run(pressed(port, bodies[0], 10, given.seconds, *bodies[1:]))
            print(f"the largest bodies, ten at once: {health(attack)}")
        lines = sum(file.read_bytes().count(b"\n") for file in (folder / ".diln/predictions").glob("*.jsonl"))
    answered = sum(len(load.delays) for load in loads)
    print(f"answered {answered}, in the log {lines}")
    most = loads[-1]
    late = most.rate < LEAST_RATE or most.at(0.99) > MOST_P99 or any(load.failed for load in loads)
    slow = any(at(each.health, 0.999) > MOST_HEALTH for each in (*loads, attack))
    return int(late or slow or lines < answered)


def publish(folder: Path) -> None:
    """A logistic regression on scikit-learn's breast cancer data, published on the embedded chain."""
    for command in ("init", "train", "migrate", "publish"):
        subprocess.run([*DILN, command], cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


@contextlib.contextmanager
def served(folder: Path, *flags: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The port of a running `diln serve`, and its process."""
    command = [*DILN, "serve", "breast-cancer", "--port", "0", "--quiet", "--allow-host", "x", *flags]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield port_of(process), process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def port_of(process: "subprocess.Popen[str]") -> int:
    for line in process.stdout or ():
        if found := re.search(r"listening on http://[^ ;]*:(\d+)", line):
            return int(found[1])
    raise RuntimeError("the server ended before it listened")


def question(port: int) -> bytes:
    """A request to predict the row that the server's own OpenAPI gives as an example."""
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json") as answer:
        example = json.load(answer)["components"]["schemas"]["Rows"]["example"]
    return posted(json.dumps(example).encode())


def posted(body: bytes) -> bytes:
    """A request to predict."""
    head = ["POST /predict HTTP/1.1", "Host: x", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def pressed(port: int, request: bytes, connections: int, seconds: float, *others: bytes) -> Load:
    """Ask again and again over each connection, as soon as it has its answer; `others` come in turn."""
    delays: list[float] = []
    healthy: list[float] = []
    began = time.perf_counter()
    end = began + seconds
    asking = [_ask(port, [request, *others], end, delays) for _ in range(connections)]
    failed, *_ = await asyncio.gather(_sum(asking), _ask(port, [HEALTH], end, healthy, PAUSE))
    return Load(connections, time.perf_counter() - began, sorted(delays), failed, sorted(healthy))


async def _sum(asking: list[Coroutine[Any, Any, int]]) -> int:
    return sum(await asyncio.gather(*asking))


async def _ask(port: int, requests: list[bytes], end: float, delays: list[float], pause: float = 0) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    failed, turns = 0, itertools.cycle(requests)
    while (began := time.perf_counter()) < end:
        writer.write(next(turns))
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
        await reader.readexactly(size)
        if head.startswith(b"HTTP/1.1 200"):
            delays.append(time.perf_counter() - began)
        else:
            failed += 1
        if pause:
            await asyncio.sleep(pause)
    writer.close()
    return failed


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(load: Load, spent: float) -> str:
    delays = "  ".join(f"{name} {load.at(share) * 1000:5.0f} ms" for name, share in POINTS)
    return (
        f"{load.connections:3} connections {load.rate:7.0f} requests/s  {delays}  "
        f"{spent * 1000:5.2f} ms CPU a request  {load.failed} failed  {health(load)}"
    )


def health(load: Load) -> str:
    told = "  ".join(f"{name} {at(load.health, share) * 1000:.0f} ms" for name, share in TAIL)
    return f"/health {told}"


POINTS = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
TAIL = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    sys.exit(main())
