"""Which contract stands where: one JSON file for each chain, `deployments/<chain id>.json`.

Two chains may share an id (every Anvil has 31337), so the file also names the chain's genesis block, and each
contract's code is compared with the record whenever its address is asked for.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from orchestrator.chain.connection import Chain
from orchestrator.config import Settings
from orchestrator.errors import ChainError, NotDeployed, WrongChain
from orchestrator.types import Address


@dataclass(frozen=True)
class Deployment:
    """A contract on a chain: `arguments` of its constructor, `code_hash` the Keccak-256 of its code there."""

    name: str
    address: Address
    arguments: tuple[Any, ...]
    transaction: str
    block: int
    sender: Address
    code_hash: str
    migration: str


@dataclass(frozen=True)
class Sent:
    """A deployment on its way: written down before anybody sees the transaction."""

    name: str
    arguments: tuple[Any, ...]
    transaction: str
    sender: Address
    migration: str


class Deployments:
    """The record of `chain`. Every method raises ChainError for a file that cannot be read or written."""

    def __init__(self, settings: Settings, chain: Chain) -> None:
        self.chain = chain
        self.path = settings.deployments_dir / f"{chain.chain_id}.json"

    def get(self, name: str) -> Address:
        """Where the contract `name` stands.

        Raises NotDeployed if it was never deployed here or is gone, WrongChain if the record is of another
        chain with this id.
        """
        return self.entry(name).address

    def entry(self, name: str) -> Deployment:
        """The whole record of the contract `name`. Raises as `get` does."""
        found = self._contracts().get(name)
        if found is None:
            raise NotDeployed(
                f"{name} is not deployed on network `{self.chain.network.name}`", "Run `diln migrate`."
            )
        if not self.stands(found):
            raise NotDeployed(
                f"{name} no longer stands at {found.address}: the node was restarted or reset",
                "Run `diln migrate` to deploy it again.",
            )
        return found

    def list(self) -> list[Deployment]:
        """All recorded contracts, sorted by name, whether or not they still stand. Raises WrongChain."""
        return [found for _, found in sorted(self._contracts().items())]

    def stands(self, found: Deployment) -> bool:
        """Whether the chain has the recorded code at the recorded address."""
        return code_hash(self.chain.code(found.address)) == found.code_hash

    def record(self, deployment: Deployment) -> None:
        """Keep a deployment, in place of an earlier one of the same name."""
        content = self._read()
        content["contracts"][deployment.name] = _shown(deployment)
        content["sent"].pop(deployment.name, None)
        self._write(content)

    def record_sent(self, sent: Sent) -> None:
        """Keep what is about to be sent, so that a restart finds it."""
        content = self._read()
        content["sent"][sent.name] = _shown(sent)
        self._write(content)

    def sent(self, name: str) -> Sent | None:
        """What was sent, but not recorded as deployed."""
        found = self._read()["sent"].get(name)
        return Sent(**{**found, "arguments": tuple(found["arguments"])}) if found else None

    def migrated(self) -> tuple[str, ...]:
        """The migrations that are done, in order."""
        return tuple(self._read()["migrations"])

    def record_migrated(self, name: str) -> None:
        content = self._read()
        content["migrations"] = [*content["migrations"], name]
        self._write(content)

    def start_anew(self) -> None:
        """Put the record of an earlier development chain aside, if this is not the chain that it is about."""
        try:
            lost = any(not self.stands(found) for found in self.list())
        except WrongChain:
            lost = True
        if lost and self.chain.development:
            stamp = self.path.stat().st_mtime_ns
            self.path.rename(self.path.with_name(f"{self.chain.chain_id}.until-{stamp}.json"))

    def _contracts(self) -> dict[str, Deployment]:
        contracts = self._read()["contracts"]
        return {
            name: Deployment(**{**found, "arguments": tuple(found["arguments"])})
            for name, found in contracts.items()
        }

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            genesis, _ = content["genesis"], [content[key] for key in ("contracts", "migrations", "sent")]
            for found in content["contracts"].values():
                Deployment(**found)
        except FileNotFoundError:
            return self._empty()
        except OSError as error:
            raise ChainError(
                f"{self.path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChainError(
                f"{self.path} is damaged", "Restore it from a backup, or move it away and migrate again."
            ) from error
        if genesis != self.chain.genesis_hash:
            raise WrongChain(
                f"{self.path} is about another chain with id {self.chain.chain_id}: its first block differs",
                "A node that was restarted is a new chain: run `diln migrate`."
                if self.chain.development
                else "Point the network's `url` to the chain that you deployed to.",
            )
        return dict(content)

    def _empty(self) -> dict[str, Any]:
        return {
            "chainId": self.chain.chain_id,
            "genesis": self.chain.genesis_hash,
            "contracts": {},
            "migrations": [],
            "sent": {},
        }

    def _write(self, content: Mapping[str, Any]) -> None:
        """All or nothing: write beside, then rename."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.write(json.dumps(content, indent=2, sort_keys=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            raise ChainError(
                f"{self.path} cannot be written: {error.strerror}", "Check the disk's space and permissions."
            ) from error
        finally:
            beside.unlink(missing_ok=True)


def code_hash(code: bytes) -> str:
    """Keccak-256 of a contract's code, 0x-hex (what EXTCODEHASH gives)."""
    return "0x" + keccak(code).hex()


def lock_path(settings: Settings, chain: Chain) -> Path:
    """Whoever changes the record of `chain` over several steps holds this lock."""
    return settings.deployments_dir / f".{chain.chain_id}.lock"


def _shown(record: Deployment | Sent) -> dict[str, Any]:
    shown = asdict(record)
    return {**shown, "arguments": [_plain(each) for each in record.arguments]}


def _plain(argument: Any) -> Any:
    """A constructor's argument as JSON; numbers beyond 2**53 as text, which every reader gets right."""
    if isinstance(argument, bytes):
        return "0x" + argument.hex()
    if isinstance(argument, list | tuple):
        return [_plain(each) for each in argument]
    if isinstance(argument, int) and abs(argument) > 2**53:
        return str(argument)
    return argument
