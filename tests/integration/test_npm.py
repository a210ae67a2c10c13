"""The npm package: Solidity compiles against it, JavaScript reads it, and its types name all of it."""

import json
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.chain.compiler import solc_binary
from orchestrator.chain.deployments import fixed_addresses
from orchestrator.config import PUBLIC, load_settings

ROOT = Path(__file__).parents[2]
USER = """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Factory} from "@diln/contracts/kernel/Factory.sol";
import {IPredictionMarket} from "@diln/contracts/market/IPredictionMarket.sol";
import {Weights} from "@diln/contracts/models/online/Weights.sol";
import {IModelRegistry} from "@diln/contracts/registry/IModelRegistry.sol";
import {SumFactory} from "@diln/contracts/sum/SumFactory.sol";

contract User is Factory {
    function worth(IPredictionMarket market, address who) external view returns (uint256) {
        return market.balanceOf(who) / uint96(Weights.argument(Weights.MONEY));
    }

    function isThere(IModelRegistry registry, SumFactory factory) external view returns (bool) {
        return address(registry).code.length != 0 && address(factory).code.length != 0;
    }
}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, installed in a folder beside those that it depends on."""
    folder = tmp_path_factory.mktemp("npm") / "node_modules"
    (folder / "@diln").mkdir(parents=True)
    for name in ("@openzeppelin", "solady"):
        if not (ROOT / "node_modules" / name).is_dir():
            pytest.skip(f"needs {name}: npm ci")
        (folder / name).symlink_to(ROOT / "node_modules" / name)
    runpy.run_path(str(ROOT / "contracts" / "npm.py"))["build"](folder / "@diln" / "contracts")
    return folder / "@diln" / "contracts"


def test_package__solidity__compiles_against_it(package: Path, solc_installed: None) -> None:
    modules = package.parents[1]
    request = {
        "language": "Solidity",
        "sources": {"User.sol": {"content": USER}},
        "settings": {
            "remappings": [f"{name}=node_modules/{name}" for name in ("@diln", "@openzeppelin", "solady")],
            "outputSelection": {"*": {"User": ["abi"]}},
        },
    }
    compiler = solc_binary(ROOT, load_settings(folder=ROOT, environ={}).compiler.version)
    command = [str(compiler), "--standard-json", "--base-path", ".", "--allow-paths", str(ROOT)]
    done = subprocess.run(
        command, input=json.dumps(request), cwd=modules.parent, capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout[done.stdout.index("{") :])
    assert [each for each in result.get("errors", ()) if each["severity"] == "error"] == []
    assert result["contracts"]["User.sol"]["User"]["abi"][1]["name"] == "isThere"


def test_package__javascript__has_abis_and_addresses(package: Path) -> None:
    if not shutil.which("node"):
        pytest.skip("needs Node")
    script = "import('@diln/contracts').then(p => console.log(JSON.stringify(p)))"
    (package.parents[2] / "try.mjs").write_text(script)
    done = subprocess.run(
        ["node", "try.mjs"], cwd=package.parents[2], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert told["addresses"] == dict(fixed_addresses())
    published = {each.get("name") for each in told["modelRegistryAbi"] if each["type"] == "function"}
    assert {"publish", "createProject", "promote"} <= published
    assert told["modelRegistryAbi"] == json.loads((package / "abi" / "ModelRegistry.json").read_text())
    declared = (package / "index.d.ts").read_text()
    assert all(f"export declare const {name}: " in declared for name in told)
    assert '"name": "@diln/contracts"' in (package / "package.json").read_text()
    assert not list(package.rglob("*.py"))
    shipped = {path.name: path.read_text() for path in PUBLIC.glob("*.json")}
    assert {path.name: path.read_text() for path in (package / "deployments").iterdir()} == shipped
