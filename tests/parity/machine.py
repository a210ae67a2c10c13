"""The fastest EVM at hand for long runs: Anvil where it is installed, else py-evm."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from orchestrator.chain import start_node
from orchestrator.chain.node import find_anvil
from orchestrator.errors import NodeUnavailable
from tests.evm import Evm, artifact
from tests.integration.nodes import settings_for
from tests.ports import free_port


class Node:
    """As much of `Evm` as a comparison takes, on a running node: views cost milliseconds there."""

    def __init__(self, url: str) -> None:
        self.web3 = Web3(HTTPProvider(url))

    def deploy(self, name: str, *args: Any) -> Any:
        compiled = artifact(name)
        factory = self.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        sent = factory.constructor(*args).transact({"from": self.web3.eth.accounts[0]})
        return factory(self.web3.eth.wait_for_transaction_receipt(sent)["contractAddress"])

    def call(self, call: Any) -> Any:
        return call.call({"gas": 30_000_000})


@contextmanager
def fastest_machine(folder: Path) -> Iterator["Evm | Node"]:
    try:
        find_anvil()
    except NodeUnavailable:
        yield Evm()
        return
    settings = settings_for(folder, free_port(), chain_id=31337)
    process = start_node(settings)
    try:
        yield Node(settings.network.url)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
