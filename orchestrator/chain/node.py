"""Start a local node: Anvil, with the development accounts and a state that survives it."""

import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from orchestrator.chain.connection import Chain
from orchestrator.chain.development import BALANCE, MNEMONIC, NAMES
from orchestrator.config import Network, Settings
from orchestrator.errors import ChainError, NodeUnavailable

PORT = 8545
CHAIN_ID = 31337
STATE_FILE = "anvil.json"
_CLONE = Path(__file__).resolve().parents[2]
"""Where `npm ci` puts it, if this is a clone."""

_HOW_TO_GET_IT = (
    "It is looked for on PATH, in node_modules of this folder and of those above it. "
    "Install it with `npm install -g @foundry-rs/anvil` or from https://getfoundry.sh,"
    " or work without a node: --network embedded."
)


def start_node(
    settings: Settings,
    *,
    port: int | None = None,
    output: int | IO[bytes] | None = subprocess.DEVNULL,
    patience: float = 30.0,
) -> subprocess.Popen[bytes]:
    """Start Anvil on 127.0.0.1 and wait until it answers. Whoever calls ends the process (SIGINT saves all).

    `port` is that of a local `settings.network`, else 8545. `output` is where Anvil's own words go (as in
    subprocess). Raises NodeUnavailable where Anvil is not installed or is silent for `patience` seconds.
    """
    port = port or _port(settings)
    _require_free(port)
    settings.home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        node_command(settings.home, port), stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
    try:
        _wait_until_ready(process, settings.home, port, patience)
    except BaseException:
        process.terminate()  # not kill: npm's wrapper must pass it on
        process.wait()
        raise
    return process


def node_command(home: Path, port: int) -> list[str]:
    """The command line of Anvil. Raises NodeUnavailable where it is not installed."""
    return [
        str(find_anvil()),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--chain-id", str(CHAIN_ID), "--mnemonic", MNEMONIC),
        *("--accounts", str(len(NAMES)), "--balance", str(BALANCE // 10**18)),
        *("--state", str(home / STATE_FILE), "--state-interval", "10"),
    ]


def find_anvil(folder: Path | None = None) -> Path:
    """Anvil on PATH, or in `node_modules` of `folder` (the working folder), of one above it, of DILN's clone.

    Raises NodeUnavailable with the ways to get it.
    """
    found = shutil.which("anvil")
    if found:
        return Path(found)
    start = (folder or Path.cwd()).resolve()
    for place in (start, *start.parents, _CLONE):
        beside = place / "node_modules" / ".bin" / "anvil"
        if beside.is_file():
            return beside
    raise NodeUnavailable("Anvil is not installed", _HOW_TO_GET_IT)


def _port(settings: Settings) -> int:
    return (settings.network.local and urlsplit(settings.network.url or "").port) or PORT


def _require_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise NodeUnavailable(
                f"port {port} of this machine is taken ({error.strerror})",
                "Perhaps a node is running already; end what uses the port, or choose another with --port.",
            ) from error


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path, port: int, patience: float) -> None:
    from orchestrator.chain.transport import RetryingProvider

    network = Network("node", f"http://127.0.0.1:{port}", timeout=2.0)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NodeUnavailable(
                f"Anvil ended at once (exit code {process.returncode})",
                "See what it says when it is run by hand: " + shlex.join(node_command(home, port)),
            )
        try:
            Chain(network, RetryingProvider(network), home)
        except ChainError:
            time.sleep(0.1)
        else:
            return
    raise NodeUnavailable(f"Anvil did not answer within {patience:.0f} s", "Try again.")
