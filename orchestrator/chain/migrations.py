"""What stands on every chain, and how it gets there: migrations/m001_registry.py, m002_sum.py …

A migration is a plan: `def migrate(deploy)` calls `deploy(name, *arguments)` for each contract of one job and
gets the address that the contract has on every chain. What stands is left alone, whoever deployed it, so a
migration may be run by anybody, at any time, again and again.
"""

import importlib.util
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, cast

from orchestrator.chain.accounts import Account
from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.connection import Chain
from orchestrator.chain.deployments import (
    ADDRESSES,
    Deployment,
    Deployments,
    fixed_addresses,
    lock_path,
    refresh_records,
)
from orchestrator.chain.deterministic import SALT, address_of, bring_proxy, creation, require_shanghai
from orchestrator.chain.locking import exclusive
from orchestrator.config import Settings
from orchestrator.errors import ChainError, UsageError
from orchestrator.types import Address, Report

Migration = Callable[["Deploy"], None]
_NAME = re.compile(r"m\d{3}_(\w+)")
LONGEST_QUEUE = 600.0  # seconds, behind another `diln migrate`


class Deploy(Protocol):
    """What a migration is given."""

    def __call__(self, name: str, *arguments: object, needs: Iterable[str] = ()) -> Address:
        """Let the package's contract `name` stand, after those that it `needs`; returns its address.

        What is among the constructor's `arguments` is needed anyway. Raises ChainError for an unknown name.
        """


@dataclass(frozen=True)
class Planned:
    """A contract that is to stand: `init_code` creates it, after the contracts that it `needs`."""

    name: str
    job: str
    init_code: bytes = field(repr=False)
    salt: bytes = SALT
    needs: tuple[str, ...] = ()

    @cached_property
    def address(self) -> Address:
        return address_of(self.init_code, self.salt)


class Plan:
    """All contracts of all migrations, in order, with the addresses that `salt` gives them."""

    def __init__(self, folder: Path | None = None, salt: bytes = SALT) -> None:
        """Raises ChainError for a malformed migration."""
        self._salt = salt
        self._job = ""
        self.contracts: dict[str, Planned] = {}
        for job, run in find_migrations(folder or migrations_folder()):
            self._job = job
            run(self)

    def __call__(self, name: str, *arguments: object, needs: Iterable[str] = ()) -> Address:
        """Plan a contract (what `migrate(deploy)` calls)."""
        artifact = load_artifact(name)
        given = [each.name for each in self.contracts.values() if each.address in arguments]
        init_code = artifact.bytecode + _encoded(artifact.abi, arguments)
        planned = Planned(name, self._job, init_code, self._salt, (*given, *needs))
        self.contracts[name] = planned
        return planned.address

    @property
    def jobs(self) -> list[str]:
        return list(dict.fromkeys(each.job for each in self.contracts.values()))

    def choose(self, names: Iterable[str]) -> list[Planned]:
        """The contracts of jobs, or by their names, and what they need, in order. Raises UsageError."""
        wanted: set[str] = set()
        for name in names:
            found = {each.name for each in self.contracts.values() if name in (each.job, each.name)}
            if not found:
                raise UsageError(
                    f"nothing is named `{name}` that could be deployed",
                    f"Name one of {', '.join(self.jobs)}, or one of their contracts.",
                )
            wanted |= found
        for each in reversed(self.contracts.values()):
            if each.name in wanted:
                wanted.update(each.needs)
        return [each for each in self.contracts.values() if each.name in wanted]


def migrate(
    settings: Settings,
    chain: Chain,
    sender: Account,
    names: Iterable[str] | None = None,
    *,
    progress: Report | None = None,
    folder: Path | None = None,
    fresh: bool = False,
) -> list[Deployment]:
    """Let the contracts of the jobs (or contracts) `names`, or all, stand on `chain`; returns them.

    What stands already is used, whoever deployed it. With `fresh`, contracts of this folder's own are
    deployed under addresses that nobody else knows, and used by it from then on. `progress` is told the
    number of contracts done and in all. Raises UsageError for an unknown name, ChainError for a malformed
    migration or when another process migrates, and what sending raises.
    """
    plan = Plan(folder, secrets.token_bytes(32) if fresh else SALT)
    chosen = plan.choose(plan.jobs if names is None else names)
    deployments = Deployments(settings, chain)
    standing = []
    with exclusive(lock_path(settings, chain), LONGEST_QUEUE, "another command migrates this chain"):
        for number, planned in enumerate(chosen):
            if progress:
                progress(number, len(chosen))
            found = None if fresh else deployments.find(planned.name, planned.address)
            standing.append(found or _deploy(deployments, planned, sender))
        if progress:
            progress(len(chosen), len(chosen))
    return standing


def write_addresses() -> None:
    """Write down, in the package, where each contract stands on every chain, also in its records."""
    load_artifact.cache_clear()
    addresses = {each.name: each.address for each in Plan().contracts.values()}
    ADDRESSES.write_text(json.dumps(addresses, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    fixed_addresses.cache_clear()
    refresh_records()


def _deploy(deployments: Deployments, planned: Planned, sender: Account) -> Deployment:
    chain = deployments.chain
    require_shanghai(chain)
    bring_proxy(chain, sender)
    call = creation(planned.init_code, planned.salt)
    receipt = chain.send(call, sender, once=f"deploy-{planned.address}")
    return deployments.record(planned.name, planned.address, receipt.block_number, receipt.tx_hash)


def _encoded(abi: Sequence[Mapping[str, Any]], arguments: tuple[Any, ...]) -> bytes:
    """A constructor's arguments as they follow its code."""
    from eth_abi.abi import encode

    inputs = [each["inputs"] for each in abi if each["type"] == "constructor"]
    types = [each["type"] for each in (inputs[0] if inputs else ())]
    return encode(types, arguments)


def migrations_folder() -> Path:
    """Where the migrations are: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def find_migrations(folder: Path) -> Iterator[tuple[str, Migration]]:
    """Every migration in `folder`: its job and function, in order. Raises ChainError for a malformed one."""
    paths = sorted(path for path in folder.glob("m*.py") if _NAME.fullmatch(path.stem))
    for first, second in pairwise(path.stem[:4] for path in paths):
        if first == second:
            raise ChainError(f"two migrations have the number {first}", f"Rename one in {folder}.")
    for path in paths:
        yield path.stem[5:], _load(path)


def _load(path: Path) -> Migration:
    spec = importlib.util.spec_from_file_location(f"diln_migrations.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ChainError(f"{path} cannot be loaded", "Check its permissions.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = getattr(module, "migrate", None)
    if not callable(run):
        raise ChainError(f"{path} has no function `migrate`", "Write `def migrate(deploy): ...` in it.")
    return cast(Migration, run)
