"""A registry on an embedded chain, and accounts by role."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import Account, Accounts, Chain, Receipt, connect, load_artifact
from orchestrator.config import Settings, load_settings
from orchestrator.provenance import ModelRegistry
from orchestrator.types import Address, Digest


class Lab:
    """A fresh chain with a registry on it. Each role is an account of its own."""

    def __init__(self, settings: Settings, chain: Chain, registry: Address | None = None) -> None:
        self.settings = settings
        self.chain = chain
        self._accounts = Accounts(settings).list()
        self._roles: dict[str, Account] = {}
        self.registry = ModelRegistry(chain, registry) if registry else self.deploy_registry()

    def deploy_registry(self) -> ModelRegistry:
        artifact = load_artifact("ModelRegistry")
        factory: Any = self.chain.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = self.chain.send(factory.constructor(), self.account("deployer"))
        return ModelRegistry(self.chain, receipt.contract_address)

    def account(self, role: str) -> Account:
        return self._roles.setdefault(role, self._accounts[len(self._roles)])

    def address(self, role: str) -> Address:
        return self.account(role).address

    def send(self, call: Any, role: str = "owner") -> Receipt:
        return self.chain.send(call, self.account(role))

    def create_project(
        self,
        name: str = "tumours",
        participants: tuple[str, ...] = (),
        threshold: int = 0,
        owner: str = "owner",
    ) -> Digest:
        addresses = [self.address(role) for role in participants]
        self.send(self.registry.contract.create_project(name, [], addresses, threshold), owner)
        return self.registry.project_id(self.address(owner), name)


@pytest.fixture(scope="session")
def template(tmp_path_factory: Any) -> tuple[Path, Address]:
    """A state folder whose chain has a registry, to be copied, and the registry's address."""
    home = tmp_path_factory.mktemp("template") / "home"
    settings = load_settings(home=home, environ={})
    with connect(settings) as chain:
        return home, Lab(settings, chain).registry.address


@pytest.fixture
def lab(template: tuple[Path, Address], tmp_path: Path) -> Iterator[Lab]:
    home, address = template
    shutil.copytree(home, tmp_path / "home")
    settings = load_settings(home=tmp_path / "home", environ={})
    with connect(settings) as chain:
        yield Lab(settings, chain, address)
