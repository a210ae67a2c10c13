"""Geth and Clef themselves, where they are on the PATH (`go install` makes them of go-ethereum v1.13.15).

├── a chain of known signers (Clique): it is read, long extra data and all; that its rules are too old is said
└── a key in Clef, a chain of `geth --dev`: migrate, publish and verify; Clef is asked for each signature
"""

import hashlib
import json
import secrets
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from web3.types import Wei

from orchestrator.chain import connect
from orchestrator.cli.dispatch import run
from orchestrator.config import Settings
from tests.integration.nodes import settings_for, wait_for
from tests.ports import free_port

GETH, CLEF = shutil.which("geth"), shutil.which("clef")
ETHER = 10**18
RULES = "".join(
    f"function {name}(asked) {{ return 'Approve' }}\n"
    for name in ("ApproveListing", "ApproveTx", "ApproveSignData", "OnSignerStartup")
)
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (GETH and CLEF), reason="geth and clef are not on the PATH"),
]

Say = Callable[..., str]


@contextmanager
def geth(home: Path, *options: str) -> Iterator[Settings]:
    settings = settings_for(home / "state", free_port())
    port = str(settings.network.url).rsplit(":", 1)[1]
    command = [str(GETH), "--datadir", str(home / "chain"), "--nodiscover", "--maxpeers", "0", "--ipcdisable"]
    command += ["--http", "--http.port", port, "--authrpc.port", str(free_port()), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(settings, process)
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def clef(home: Path, key: bytes, chain_id: int) -> Iterator[str]:
    """Clef with one key, which approves of everything; its URL."""
    home.mkdir()
    rules, password = home / "rules.js", "a password of some length"
    rules.write_text(RULES)
    (home / "key").write_text(key.hex())
    where = ["--keystore", str(home / "keys"), "--configdir", str(home / "config"), "--suppress-bootwarn"]
    address = EthAccount.from_key(key).address

    def clef(*arguments: str, answers: int = 2) -> None:
        command = [str(CLEF), *where, "--lightkdf", *arguments]
        typed = f"{password}\n" * answers
        subprocess.run(command, input=typed, capture_output=True, text=True, timeout=120, check=True)

    clef("init")
    clef("importraw", str(home / "key"))
    clef("setpw", address, answers=3)
    clef("attest", hashlib.sha256(rules.read_bytes()).hexdigest(), answers=1)
    port = str(free_port())
    serving = ["--rules", str(rules), "--http", "--http.port", port, "--ipcdisable", "--nousb", "--advanced"]
    process = subprocess.Popen(
        [str(CLEF), *where, *serving, "--chainid", str(chain_id)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    process.stdin.write(f"{password}\n".encode())
    process.stdin.flush()
    try:
        wait_for_port(int(port), process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(timeout=60)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Until something listens there, for a minute."""
    for _ in range(600):
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "it ended at once"
        time.sleep(0.1)
    raise AssertionError("nobody listens")


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Say:
    """Type a command in an empty folder; what it printed."""
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE", "ETH_RPC_URL"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def say(line: str, code: int = 0) -> str:
        capfd.readouterr()
        ended = run(shlex.split(line))
        out, err = capfd.readouterr()
        assert ended == code, out + err
        return str(out + err)

    return say


def test_clique__read_with_its_long_extra_data__too_old_to_deploy_is_said(tmp_path: Path, say: Say) -> None:
    signer = EthAccount.from_key(secrets.token_bytes(32)).address
    forks = (
        "homestead",
        "eip150",
        "eip155",
        "eip158",
        "byzantium",
        "constantinople",
        "petersburg",
        "istanbul",
    )
    genesis = {
        "config": {f"{fork}Block": 0 for fork in (*forks, "berlin", "london")}
        | {"chainId": 7777, "clique": {"period": 0, "epoch": 30000}},
        "difficulty": "1",
        "gasLimit": "30000000",
        "extradata": "0x" + "00" * 32 + signer[2:].lower() + "00" * 65,
        "alloc": {signer: {"balance": hex(10 * ETHER)}},
    }
    (tmp_path / "genesis.json").write_text(json.dumps(genesis))
    begin = [str(GETH), "--datadir", str(tmp_path / "chain"), "init", str(tmp_path / "genesis.json")]
    subprocess.run(begin, capture_output=True, timeout=120, check=True)
    with geth(tmp_path, "--syncmode", "full") as settings:
        url = settings.network.url
        with connect(settings) as chain:
            assert (chain.chain_id, chain.web3.eth.get_balance(signer)) == (7777, 10 * ETHER)
            assert len(chain.web3.eth.get_block("latest")["proofOfAuthorityData"]) == 32 + 20 + 65
        assert "7777" in say(f"chain show --rpc-url {url}")
        assert "is not deployed" in say(f"project list --rpc-url {url}", 1)
        assert "rules from before Shanghai" in say(f"migrate --from alice --rpc-url {url}", 1)


def test_clef__signs_all_that_the_first_job_needs__on_geth(tmp_path: Path, say: Say) -> None:
    key = secrets.token_bytes(32)
    who = EthAccount.from_key(key).address
    with geth(tmp_path, "--dev", "--dev.period", "1", "--rpc.allow-unprotected-txs") as settings:
        url = str(settings.network.url)
        with connect(settings) as chain:
            [rich, *_] = chain.web3.eth.accounts
            sent = chain.web3.eth.send_transaction({"from": rich, "to": who, "value": Wei(ETHER)})
            chain.web3.eth.wait_for_transaction_receipt(sent)
            chain_id = chain.chain_id
        with clef(tmp_path / "clef", key, chain_id) as signer:
            there = f"--rpc-url {url} --signer {signer}"
            assert who in say(f"account list {there}")
            say(f"migrate {there}")
            Path("model.bin").write_bytes(b"a model of some framework")
            say(f"publish model.bin --name wine {there}")
            found = say(f"verify model.bin --project {who}/wine --signed-by {who} --rpc-url {url}")
        assert "It holds." in found
