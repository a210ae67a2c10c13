"""Real daemons for tests: Ganache, and Kubo with a repository of its own. `start_node` starts Anvil."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.chain.development import MNEMONIC
from orchestrator.config import Settings, StorageConfig
from tests.integration.nodes import ROOT, settings_for, wait_for
from tests.ports import free_port

GANACHE = ROOT / "node_modules" / ".bin" / "ganache"
IPFS = os.environ.get("DILN_IPFS") or shutil.which("ipfs")


@contextmanager
def running_ganache(home: Path) -> Iterator[Settings]:
    """Ganache on its newest rules (Shanghai), which funds the development accounts."""
    settings = settings_for(home, free_port(), chain_id=1337)
    command = [
        str(GANACHE),
        *("--server.host", "127.0.0.1", "--server.port", str(settings.network.url).split(":")[-1]),
        *("--chain.hardfork", "shanghai", "--chain.chainId", "1337"),
        *("--wallet.mnemonic", MNEMONIC, "--wallet.defaultBalance", "10000"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(settings, process)
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=30)


class Kubo:
    """One repository, and its daemon while that runs."""

    def __init__(self, home: Path, profile: str = "") -> None:
        self.home = home
        self.port = free_port()
        self._daemon: subprocess.Popen[bytes] | None = None
        self.ipfs("init", "--profile=test" + (f",{profile}" if profile else ""))
        self.ipfs("config", "Addresses.API", f"/ip4/127.0.0.1/tcp/{self.port}")
        self.ipfs("config", "Addresses.Gateway", "")

    @property
    def config(self) -> StorageConfig:
        return StorageConfig("kubo", f"/ip4/127.0.0.1/tcp/{self.port}/http", timeout=20)

    def ipfs(self, *arguments: str | Path) -> bytes:
        command = [str(IPFS), *map(str, arguments)]
        done = subprocess.run(command, env=self._environment(), capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def cid(self, path: Path, *options: str) -> str:
        """Return what `ipfs add` says, without adding."""
        command = ("add", "--quieter", "--only-hash", "--recursive", "--hidden", *options, path)
        return self.ipfs(*command).decode().strip()

    def start(self, *, offline: bool = True) -> None:
        log = (self.home / "daemon.log").open("wb")
        with log:
            command = [str(IPFS), "daemon", *(["--offline"] if offline else [])]
            self._daemon = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._daemon.poll() is None, (self.home / "daemon.log").read_text()
            time.sleep(0.1)
        raise AssertionError("the daemon did not start")

    def connect(self, other: "Kubo") -> None:
        """Tell this daemon where another is; neither asks anybody else."""
        addresses = other.ipfs("id", "--format=<addrs>").decode().split()
        self.ipfs("swarm", "connect", next(each for each in addresses if "/127.0.0.1/tcp/" in each))

    def stop(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(30)
            self._daemon = None

    def _environment(self) -> dict[str, str]:
        return os.environ | {"IPFS_PATH": str(self.home / "repository"), "IPFS_TELEMETRY": "off"}
