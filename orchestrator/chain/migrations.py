"""Run the numbered migrations, once each: m001_….py, m002_….py

A migration deploys contracts and wires them. Killed in the middle, it goes on where it was: what stands is
not deployed again, and what was sent is waited for.
"""

import importlib.util
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from orchestrator.chain.accounts import Account
from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.connection import Chain
from orchestrator.chain.deployments import Deployment, Deployments, Sent, code_hash, lock_path
from orchestrator.chain.locking import exclusive
from orchestrator.chain.receipts import Receipt
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from orchestrator.types import Address

Progress = Callable[[int, int], None]
_NAME = re.compile(r"m\d{3}_\w+")
LONGEST_QUEUE = 600.0  # seconds, behind another `diln migrate`


class Deployer:
    """What a migration gets: deploys contracts from `sender` on `chain`, each once."""

    def __init__(self, deployments: Deployments, sender: Account, migration: str) -> None:
        self.chain = deployments.chain
        self.sender = sender
        self._deployments = deployments
        self._migration = migration

    def __call__(self, name: str, *arguments: Any) -> Address:
        """Deploy the package's contract `name`, unless this migration did so before; returns its address.

        Raises ContractReverted, InsufficientFunds, ChainError for an unknown name.
        """
        known = {each.name: each for each in self._deployments.list()}.get(name)
        if known and known.migration == self._migration:
            return known.address
        receipt = self._resumed(name) or self._sent(name, arguments)
        address = cast(Address, receipt.contract_address)
        self._deployments.record(
            Deployment(
                name=name,
                address=address,
                arguments=arguments,
                transaction=receipt.tx_hash,
                block=receipt.block_number,
                sender=self.sender.address,
                code_hash=code_hash(self.chain.code(address)),
                migration=self._migration,
            )
        )
        return address

    def address(self, name: str) -> Address:
        """Where an earlier migration, or this one, deployed `name`. Raises NotDeployed."""
        return self._deployments.get(name)

    def _resumed(self, name: str) -> Receipt | None:
        sent = self._deployments.sent(name)
        if sent is None or sent.migration != self._migration:
            return None
        return self.chain.receipt(sent.transaction)

    def _sent(self, name: str, arguments: tuple[Any, ...]) -> Receipt:
        artifact = load_artifact(name)
        factory = self.chain.web3.eth.contract(abi=cast(Any, artifact.abi), bytecode=artifact.bytecode)

        def write_down(tx_hash: str) -> None:
            self._deployments.record_sent(
                Sent(name, arguments, tx_hash, self.sender.address, self._migration)
            )

        return self.chain.send(factory.constructor(*arguments), self.sender, before_send=write_down)


def migrate(
    settings: Settings,
    chain: Chain,
    sender: Account,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> list[Deployment]:
    """Run what has not been run on `chain`; returns all contracts that are deployed there.

    On a development chain that was restarted, everything is run again. `progress` is told the number of
    migrations done and in all. Raises ChainError for a malformed migration or when another process migrates,
    and what sending raises.
    """
    migrations = find_migrations(folder or migrations_folder())
    deployments = Deployments(settings, chain)
    with exclusive(lock_path(settings, chain), LONGEST_QUEUE, "another command migrates this chain"):
        deployments.start_anew()
        for number, (name, run) in enumerate(migrations):
            if progress:
                progress(number, len(migrations))
            if name not in deployments.migrated():
                run(Deployer(deployments, sender, name))
                deployments.record_migrated(name)
        if progress:
            progress(len(migrations), len(migrations))
        return deployments.list()


def migrations_folder() -> Path:
    """Where the migrations are: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def find_migrations(folder: Path) -> list[tuple[str, Callable[[Deployer], None]]]:
    """Every migration in `folder` with its function, in order. Raises ChainError for a malformed one."""
    paths = sorted(path for path in folder.glob("m*.py") if _NAME.fullmatch(path.stem))
    numbers = [path.stem[:4] for path in paths]
    for first, second in pairwise(numbers):
        if first == second:
            raise ChainError(f"two migrations have the number {first}", f"Rename one in {folder}.")
    return [(path.stem, _load(path)) for path in paths]


def _load(path: Path) -> Callable[[Deployer], None]:
    spec = importlib.util.spec_from_file_location(f"diln_migrations.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ChainError(f"{path} cannot be loaded", "Check its permissions.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = getattr(module, "migrate", None)
    if not callable(run):
        raise ChainError(f"{path} has no function `migrate`", "Write `def migrate(deploy): ...` in it.")
    return cast(Callable[[Deployer], None], run)
