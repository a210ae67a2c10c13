"""Load the served embedded chain with JSON-RPC: small calls one by one, and batches of 20.

    python -m benchmarks.rpc [--seconds 5] [--connections 1 8]

Server and client are two processes of one machine; the chain has 20 blocks. Exits 1 if eight connections get
fewer than 600 small calls a second, or 14,000 in batches.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.serving import Load, cpu_of, pressed
from tests.integration.served import serving_process

LEAST = {"eth_chainId": 600.0, "batches of 20": 14_000.0}
ALICE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
CALLS: dict[str, list[object]] = {
    "eth_chainId": [],
    "eth_blockNumber": [],
    "eth_getBalance": [ALICE, "latest"],
    "eth_getBlockByNumber": ["latest", False],
    "eth_feeHistory": ["0xa", "latest", []],
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    given = parser.parse_args()
    rates: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving_process("chain", "serve", "--home", Path(folder) / "state") as (url, process),
    ):
        port = int(url.rpartition(":")[2])
        for _ in range(20):
            _once(url, {"id": 1, "method": "evm_mine"})
        for name, body, calls in bodies():
            for connections in given.connections:
                load, spent = _measure(port, body, connections, given.seconds, process)
                rates[name] = load.rate * calls
                print(
                    f"{name:22} {connections:2} clients {rates[name]:8,.0f} calls/s"
                    f" {spent * 1e6 / calls:6.0f} µs CPU"
                )
    return int(any(rates[name] < least for name, least in LEAST.items()))


def bodies() -> list[tuple[str, bytes, int]]:
    """Each load's name, its request, and the calls in it."""
    single = [(name, _request(call(name, params)), 1) for name, params in CALLS.items()]
    return [*single, ("batches of 20", _request([call("eth_chainId", [])] * 20), 20)]


def call(method: str, params: list[object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _request(asked: object) -> bytes:
    body = json.dumps(asked).encode()
    head = ["POST / HTTP/1.1", "Host: 127.0.0.1:PORT", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _measure(
    port: int, request: bytes, connections: int, seconds: float, process: "subprocess.Popen[str]"
) -> tuple[Load, float]:
    """A load, and the server's seconds of CPU for each request of it."""
    before = cpu_of(process.pid)
    load = asyncio.run(pressed(port, request.replace(b"PORT", str(port).encode()), connections, seconds))
    return load, (cpu_of(process.pid) - before) / max(1, len(load.delays))


def _once(url: str, asked: object) -> None:
    import urllib.request

    body = json.dumps(asked).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        answer.read()


if __name__ == "__main__":
    sys.exit(main())
