"""A Safe on Anvil: what `--calldata` prints, two of its two owners sign, and it does what the command would.

The contracts of the Safe (npm: @safe-global/safe-contracts) are deployed as their makers compiled them.
"""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Accounts, Chain, connect
from orchestrator.cli.dispatch import run
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from tests.integration.nodes import ROOT

pytestmark = pytest.mark.integration

BUILT = ROOT / "node_modules" / "@safe-global" / "safe-contracts" / "build" / "artifacts" / "contracts"
NOBODY = "0x" + "00" * 20
DOMAIN = [{"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}]
SAFE_TX = [
    {"name": name, "type": kind}
    for name, kind in (
        ("to", "address"),
        ("value", "uint256"),
        ("data", "bytes"),
        ("operation", "uint8"),
        ("safeTxGas", "uint256"),
        ("baseGas", "uint256"),
        ("gasPrice", "uint256"),
        ("gasToken", "address"),
        ("refundReceiver", "address"),
        ("nonce", "uint256"),
    )
]


class Safe:
    """A Safe of which all owners must sign."""

    def __init__(self, chain: Chain, owners: list[Account]) -> None:
        self.chain = chain
        self.owners = sorted(owners, key=lambda each: int(each.address, 16))  # as it wants signatures
        sender = owners[0]
        singleton = self._deploy("Safe.sol/Safe", sender)
        factory = self._deploy("proxies/SafeProxyFactory.sol/SafeProxyFactory", sender)
        addresses = [owner.address for owner in owners]
        setup = singleton.encode_abi(
            "setup", [addresses, len(owners), NOBODY, b"", NOBODY, NOBODY, 0, NOBODY]
        )
        create = factory.functions.createProxyWithNonce(singleton.address, setup, 0)
        address = create.call({"from": sender.address})
        chain.send(create, sender)
        self.contract = chain.web3.eth.contract(address=address, abi=singleton.abi)

    @property
    def address(self) -> str:
        return str(self.contract.address)

    def execute(self, proposed: dict[str, Any], signers: list[Account]) -> None:
        """Have it send what was proposed, signed by `signers`, in the order of their addresses."""
        data = bytes.fromhex(proposed["data"][2:])
        fields: list[Any] = [proposed["to"], int(proposed["value"]), data, 0]
        fields += [0, 0, 0, NOBODY, NOBODY]
        message = {
            "types": {"EIP712Domain": DOMAIN, "SafeTx": SAFE_TX},
            "primaryType": "SafeTx",
            "domain": {"chainId": self.chain.chain_id, "verifyingContract": self.address},
            "message": dict(zip((field["name"] for field in SAFE_TX), [*fields, self._nonce()], strict=True)),
        }
        signatures = b"".join(signer.sign_typed_data(message) for signer in signers)
        self.chain.send(self.contract.functions.execTransaction(*fields, signatures), signers[0])

    def _nonce(self) -> int:
        return int(self.contract.functions.nonce().call())

    def _deploy(self, name: str, sender: Account) -> Contract:
        built = json.loads((BUILT / f"{name}.json").read_text())
        contract = self.chain.web3.eth.contract(abi=built["abi"], bytecode=built["bytecode"])
        receipt = self.chain.send(contract.constructor(), sender)
        return self.chain.web3.eth.contract(address=receipt.contract_address, abi=built["abi"])


@pytest.fixture
def typed(anvil: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Any:
    """Type a command in an empty folder; what it printed."""
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ETH_RPC_URL", str(anvil.network.url))
    monkeypatch.chdir(tmp_path)

    def say(line: str, code: int = 0) -> str:
        capfd.readouterr()
        assert run(shlex.split(line)) == code, capfd.readouterr()
        return str(capfd.readouterr().out)

    return say


def test_calldata__executed_by_a_safe_of_two__project_and_version_are_the_safes(
    anvil: Settings, typed: Any, tmp_path: Path
) -> None:
    if not BUILT.is_dir():
        pytest.skip("needs the Safe's contracts: npm ci")
    chain = connect(anvil)
    alice, bob = (Accounts(anvil).get(name) for name in ("alice", "bob"))
    safe = Safe(chain, [alice, bob])
    typed("migrate --from alice")

    made = f"project create wine --participant alice --from {safe.address} --calldata"
    proposed = json.loads(typed(made))
    assert (proposed["from"], proposed["chainId"]) == (safe.address, chain.chain_id)
    with pytest.raises(ChainError):
        safe.execute(proposed, [alice])
    assert typed("project list") == "no project was created yet\n"
    safe.execute(proposed, safe.owners)
    assert safe.address in typed(f"project show {safe.address}/wine")

    (tmp_path / "model.bin").write_bytes(b"a model of some framework")
    typed("describe model.bin --name wine")
    typed(f"sign wine --project {safe.address}/wine --from alice")
    proposed = json.loads(
        typed(f"publish wine --project {safe.address}/wine --from {safe.address} --calldata")
    )
    typed(f"verify model.bin --project {safe.address}/wine", code=1)
    safe.execute(proposed, safe.owners)
    typed(f"verify model.bin --project {safe.address}/wine --signed-by alice --min-signatures 1")
    assert "version" in typed(f"log {safe.address}/wine")
    chain.close()
