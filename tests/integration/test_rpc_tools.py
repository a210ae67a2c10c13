"""The tools of others do the same ten steps on the served embedded chain as on Anvil.

Chain id, balance, height, fees, deployment, estimate, transaction, event, read, the state of a past block.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web3 import HTTPProvider, Web3

from orchestrator.chain import load_artifact
from orchestrator.chain.development import ADDRESSES, private_key
from orchestrator.chain.embedded import CHAIN_ID
from orchestrator.config import Settings
from tests.forge import FORGE, provide_compiler
from tests.integration.served import ROOT, serving

ARTIFACT = ROOT / "orchestrator/chain/artifacts/ModelRegistry.json"
PAGE = ROOT / "page"
CAST = PAGE / "node_modules/.bin/cast"
FOUND = {
    "rich": True,
    "fees": 2,
    "deployed": "success",
    "estimated": True,
    "status": "success",
    "event": True,
    "earlier": "0x",
    "sender": True,
}

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "embedded":
        with serving("chain", "serve", "--home", tmp_path_factory.mktemp("rpc") / "state") as served:
            yield served
    else:
        anvil: Settings = request.getfixturevalue("anvil")
        yield str(anvil.network.url)


def chain_id(url: str) -> int:
    return int(Web3(HTTPProvider(url)).eth.chain_id)


def key(name: str) -> str:
    return "0x" + bytes(private_key(name)).hex()


@pytest.mark.parametrize(("tool", "sender"), [("viem", "bob"), ("ethers", "carol")])
def test_javascript__ten_steps__show_the_same(url: str, tool: str, sender: str) -> None:
    if not (shutil.which("node") and (PAGE / "node_modules" / tool).is_dir()):
        pytest.skip(f"needs {tool}: npm ci in page/")
    done = subprocess.run(
        ["node", PAGE / f"test/rpc/{tool}.mjs", url, key(sender), ARTIFACT],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {**FOUND, "name": f"by {tool}", "chain": chain_id(url)}


def test_web3__ten_steps__show_the_same(url: str) -> None:
    web3, sender = Web3(HTTPProvider(url)), ADDRESSES[4]
    artifact = load_artifact("ModelRegistry")
    before = web3.eth.block_number
    fees = web3.eth.fee_history(1, "latest", [50])
    factory: Any = web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    deployed = send(web3, factory.constructor(), "erin", sender)
    contract = web3.eth.contract(address=deployed["contractAddress"], abi=artifact.abi)  # type: ignore[call-overload]
    create = contract.functions.createProject("by web3", [sender], [], 0)
    gas, project = create.estimate_gas({"from": sender}), create.call({"from": sender})
    receipt = send(web3, create, "erin", sender)
    [event] = contract.events.ProjectCreated().get_logs(from_block=before)
    block = web3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    found = {
        "rich": web3.eth.get_balance(sender) > 0,
        "fees": len(fees["baseFeePerGas"]),
        "deployed": "success" if deployed["status"] else "reverted",
        "estimated": gas >= receipt["gasUsed"],
        "status": "success" if receipt["status"] else "reverted",
        "event": event["args"]["projectId"] == project,
        "earlier": web3.eth.get_code(contract.address, before).to_0x_hex(),
        "sender": block["transactions"][0]["from"] == sender,  # type: ignore[index]
    }
    assert found == FOUND
    assert contract.functions.project(project).call()[0] == "by web3"


def send(web3: Web3, call: Any, name: str, sender: str) -> Any:
    unsigned = call.build_transaction({"from": sender, "nonce": web3.eth.get_transaction_count(sender)})
    signed = web3.eth.account.sign_transaction(unsigned, private_key(name))
    return web3.eth.wait_for_transaction_receipt(
        web3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.05
    )


@pytest.mark.parametrize("kind", [[], ["--legacy"]], ids=["type 2", "legacy"])
def test_cast__ten_steps__show_the_same(url: str, kind: list[str], tmp_path: Path) -> None:
    if not CAST.exists():
        pytest.skip("needs cast: npm ci in page/ (Linux on x86-64)")

    def cast(*arguments: str) -> str:
        done = subprocess.run(
            [CAST, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "HOME": str(tmp_path), "ETH_RPC_URL": url},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    sender, by = ADDRESSES[3], ["--private-key", key("dave"), *kind, "--json"]
    before = cast("block-number")
    code = json.loads(ARTIFACT.read_text())["bytecode"]
    deployed = json.loads(cast("send", *by, "--create", code))
    address = deployed["contractAddress"]
    call = ["createProject(string,address[],address[],uint8)(bytes32)", "by cast", f"[{sender}]", "[]", "0"]
    project = cast("call", "--from", sender, address, *call)
    gas = int(cast("estimate", "--from", sender, address, *call))
    receipt = json.loads(cast("send", *by, address, *call))
    logs = json.loads(
        cast(
            "logs",
            "--json",
            "--from-block",
            before,
            "--address",
            address,
            "ProjectCreated(bytes32,address,string)",
        )
    )
    found = {
        "rich": int(cast("balance", sender)) > 0,
        "fees": len(json.loads(cast("rpc", "eth_feeHistory", "0x1", "latest", "[50]"))["baseFeePerGas"]),
        "deployed": {"0x1": "success"}.get(deployed["status"]),
        "estimated": gas >= int(receipt["gasUsed"], 16),
        "status": {"0x1": "success"}.get(receipt["status"]),
        "event": logs[0]["topics"][1] == project,
        "earlier": cast("code", "--block", before, address),
        "sender": cast("tx", receipt["transactionHash"], "from").lower() == sender.lower(),
    }
    assert found == FOUND
    assert int(cast("chain-id")) == chain_id(url)
    view = "project(bytes32)((string,address,address,bool,uint8,uint8,uint32,uint32))"
    assert '"by cast"' in cast("call", address, view, project)
    assert cast("receipt", receipt["transactionHash"], "blockNumber") == str(int(receipt["blockNumber"], 16))


SCRIPT = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

contract Counter {
    event Counted(address indexed who, uint256 total);
    uint256 public total;

    function count(uint256 by) external returns (uint256) {
        total += by;
        emit Counted(msg.sender, total);
        return total;
    }
}

contract Steps {
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external {
        require(msg.sender.balance > 0, "poor");
        vm.startBroadcast();
        Counter counter = new Counter();
        for (uint256 step = 1; step <= 9; ++step) counter.count(step);
        vm.stopBroadcast();
        require(counter.total() == 45, "lost");
    }
}
"""


def test_forge_script__ten_transactions__are_mined(url: str, tmp_path: Path, solc_installed: None) -> None:
    if not FORGE.exists():
        pytest.skip("needs forge: npm ci (Linux on x86-64)")
    provide_compiler()
    (tmp_path / "Steps.s.sol").write_text(SCRIPT)
    (tmp_path / "foundry.toml").write_text(
        f'[profile.default]\nsrc = "."\nscript = "."\nsolc = "{ROOT}/.build/forge/solc"\noffline = true\n'
        'evm_version = "shanghai"\n'
    )
    done = subprocess.run(
        [
            FORGE,
            "script",
            "Steps.s.sol:Steps",
            "--rpc-url",
            url,
            "--broadcast",
            "--private-key",
            key("frank"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [kept] = (tmp_path / "broadcast").rglob("run-latest.json")
    receipts = json.loads(kept.read_text())["receipts"]
    assert [each["status"] for each in receipts] == ["0x1"] * 10
    assert sum(len(each["logs"]) for each in receipts) == 9


def test_chain_serve__the_embedded_chain__says_its_id(tmp_path: Path) -> None:
    with serving("chain", "serve", "--home", tmp_path / "state") as url:
        assert chain_id(url) == CHAIN_ID
