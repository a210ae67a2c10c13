"""The mock ChainProbe, deployed through the door that everybody uses."""

from typing import Any

from web3.contract import Contract

from orchestrator.chain import Account, Chain
from tests.evm import artifact


def deploy_probe(chain: Chain, sender: Account, opens_at: int = 0) -> Contract:
    compiled = artifact("ChainProbe")
    factory = chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    receipt = chain.send(factory.constructor(opens_at), sender)
    assert receipt.contract_address
    return bind_probe(chain, receipt.contract_address)


def bind_probe(chain: Chain, address: Any) -> Contract:
    return chain.web3.eth.contract(address=address, abi=artifact("ChainProbe")["abi"])
