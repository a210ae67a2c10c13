"""The whole job on a chain of known signers: Anvil, told by a proxy as an old Clique chain would tell it.

├── blocks carry 97 bytes of extra data and no base fee; only old transactions are taken, at one price
├── there are no `finalized`, `safe` and `pending` blocks, no fee history
└── anna and ben, with keys of their own: migrate, project, sign, publish, verify, predict, prove, revoke
"""

import http.client
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import Accounts, connect
from orchestrator.cli.dispatch import run
from orchestrator.config import Settings
from tests.integration.doubles import Request, Service, running
from tests.integration.jobs import ROW
from tests.unit.chain.faults import signers_chain
from tests.unit.pipeline.desk import write_spec

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("anvil_installed")]

Say = Callable[..., str]


@pytest.fixture
def signers(anvil: Settings) -> Iterator[Service]:
    """A proxy before Anvil."""
    port = int(str(anvil.network.url).rsplit(":", 1)[1])

    def ask(method: str, params: Any) -> Any:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            question = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
            line.request("POST", "/", json.dumps(question), {"Content-Type": "application/json"})
            return json.loads(line.getresponse().read())
        finally:
            line.close()

    def answered(asked: dict[str, Any]) -> dict[str, Any]:
        told = signers_chain(ask, asked["method"], asked.get("params") or [])
        return {**told, "id": asked["id"]}

    def respond(request: Request) -> None:
        asked = json.loads(request.body)
        told = [*map(answered, asked)] if isinstance(asked, list) else answered(asked)
        request.answer(200, json.dumps(told).encode())

    with running(respond) as service:
        yield service


@pytest.fixture
def say(signers: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Say:
    """Type a command in an empty folder; what it printed."""
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DILN_PASSWORD", "a password of some length")
    monkeypatch.setenv("ETH_RPC_URL", signers.url)
    monkeypatch.chdir(tmp_path)

    def say(line: str, code: int = 0) -> str:
        capfd.readouterr()
        ended = run(shlex.split(line))
        out, err = capfd.readouterr()
        assert ended == code, out + err
        return str(out + err)

    return say


def test_job__on_a_chain_of_known_signers__from_migration_to_proof(
    anvil: Settings, signers: Service, say: Say, tmp_path: Path
) -> None:
    with connect(anvil) as chain:
        for name in ("anna", "ben"):
            say(f"account new {name}")
            key = Accounts(replace(anvil, home=tmp_path / ".diln")).get(name)
            chain.request("anvil_setBalance", key.address, hex(10**20))
        begun = chain.head().number

    say("migrate --from alice", 1)  # nobody sends with a key that all know
    write_spec(tmp_path)
    say("train")
    say("migrate --from anna")
    say("project create flowers --participant anna --participant ben --threshold 2 --from anna")
    say("publish latest --project anna/flowers --from anna", 1)
    say("sign latest --project anna/flowers --from ben")
    assert "flowers@1" in say("publish latest --project anna/flowers --require-gate --from anna")
    assert "nothing was sent" in say("publish latest --project anna/flowers --from anna")

    model = next((tmp_path / ".diln" / "models" / "flowers").glob("*/model.skops"))
    demands = "--project anna/flowers --signed-by ben --min-signatures 2 --status deployable --not-older 1d"
    assert "It holds." in say(f"verify {model} {demands}")
    forged = bytearray(model.read_bytes())
    forged[len(forged) // 2] ^= 1
    (tmp_path / "forged.skops").write_bytes(forged)
    say(f"verify forged.skops {demands}", 1)

    (tmp_path / "rows.json").write_text(json.dumps([ROW]))
    assert "lily" in say("predict anna/flowers rows.json")
    say("anchor-log anna/flowers --from anna")
    say("prove 0 anna/flowers")
    assert "It holds." in say("verify prediction-0.json --project anna/flowers")
    assert "flowers@1" in say("log anna/flowers")
    say("mark anna/flowers@1 revoked --reason leak --from anna")
    assert "leak" in say("predict anna/flowers rows.json", 1)

    with connect(anvil) as chain:
        kinds = {
            transaction["type"]
            for number in range(begun + 1, chain.head().number + 1)
            for transaction in chain.request("eth_getBlockByNumber", hex(number), True)["transactions"]
        }
    assert kinds == {"0x0"}
    assert signers.requests
