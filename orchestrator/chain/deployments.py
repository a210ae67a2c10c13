"""Which contract stands where.

Contracts have the same address on every chain (see `deterministic`), so nobody needs a file to find them.
What is kept, in one JSON file for each chain, is where they begin: the block from which events are read.
`.diln/deployments/` holds what this folder found or, with `--fresh`, deployed for itself. A record of the
package, `deployments/<chainId>.json`, tells how to reach a public chain, where contracts will stand, and
by which transactions they were created, if they were, so that old blocks need not be searched; each is looked
at before it is believed.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from eth_utils.crypto import keccak
from hexbytes import HexBytes

from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.connection import Chain
from orchestrator.chain.deterministic import PROXY, SALT, address_of
from orchestrator.chain.failures import as_diln_errors
from orchestrator.config import PUBLIC, Settings
from orchestrator.errors import ChainError, NotDeployed, UsageError
from orchestrator.files import replace_file
from orchestrator.git import git
from orchestrator.types import Address

ADDRESSES = Path(__file__).parent / "addresses.json"


@dataclass(frozen=True)
class Deployment:
    """A contract on a chain, since `block`; `code_hash` is the Keccak-256 of its code there."""

    name: str
    address: Address
    block: int
    code_hash: str
    transaction: str = ""


class Deployments:
    """The contracts on `chain`. Every method may raise ChainError: a record cannot be read or written."""

    def __init__(self, settings: Settings, chain: Chain, shipped: Path | None = None) -> None:
        self.chain = chain
        # The genesis tells a restarted development chain from the one that the record is about.
        self.path = settings.deployments_dir / f"{chain.chain_id}-{chain.genesis_hash[2:10]}.json"
        self._shipped = (shipped or PUBLIC) / f"{chain.chain_id}.json"

    def get(self, name: str) -> Address:
        """Where the contract `name` stands. Raises NotDeployed."""
        return self.entry(name).address

    def entry(self, name: str) -> Deployment:
        """The contract `name`: this folder's own, else the one that everybody uses. Raises NotDeployed."""
        known = fixed_addresses().get(name)
        found = self.find(name, known) if known else self._standing(name)
        if found is None:
            raise NotDeployed(
                f"{name} is not deployed on network `{self.chain.network.name}`",
                f"Run `diln migrate {name}`.",
            )
        return found

    def find(self, name: str, address: Address) -> Deployment | None:
        """The contract `name` where this folder knows it, else at `address`; None if it stands nowhere."""
        return self._standing(name) or self._adopted(name, address)

    def list(self) -> list[Deployment]:
        """All contracts that stand, sorted by name."""
        known, records = fixed_addresses(), self._records()
        places = {**known, **{name: each.address for name, each in records.items()}}
        with self.chain.ahead(*(partial(self.chain.code, each) for each in places.values())):
            found = [self.find(name, known[name]) for name in known]
            others = [self._standing(name) for name in records if name not in known]
        return sorted((each for each in (*found, *others) if each), key=lambda each: each.name)

    def record(self, name: str, address: Address, block: int, transaction: str = "") -> Deployment:
        """Keep a contract in place of an earlier one of this name. Raises ChainError where nothing stands."""
        code = self.chain.code(address)
        if not code:
            raise ChainError(f"there is no contract at {address} after its deployment", "Run it again.")
        found = Deployment(name, address, block, code_hash(code), transaction)
        self._write({**_contracts(self._read(self.path)), name: asdict(found)})
        return found

    def publish(self, standing: Iterable[Deployment], dest: Path) -> tuple[Deployment, ...]:
        """Write the record of this chain, as the package ships it, with contracts that stand; returns them.

        What the package's own record says of others stays. Raises UsageError for contracts of this folder
        alone, ChainError where the node does not show the transaction that created one.
        """
        found = tuple(self._with_transaction(each) for each in standing)
        shipped = self._read(self._shipped) or {"name": _name(self.chain.network.name), "rpc": None}
        chain = {"chainId": self.chain.chain_id, "genesis": self.chain.genesis_hash}
        _write_record(dest, chain | shipped | {"commit": _commit()}, found)
        return found

    def _with_transaction(self, known: Deployment) -> Deployment:
        if known.address != fixed_addresses().get(known.name):
            raise UsageError(
                f"{known.name} at {known.address} is this folder's own: nobody else would find it",
                "Record the contracts at the usual addresses, in a folder without --fresh.",
            )
        with as_diln_errors():
            block = self.chain.web3.eth.get_block(cast(Any, known.block))
        for sent in (
            known.transaction,
            *(HexBytes(cast(Any, each)).to_0x_hex() for each in block["transactions"]),
        ):
            found = replace(known, transaction=sent)
            if self._created(found):
                return found
        raise ChainError(
            f"no transaction of block {known.block} created {known.name} through the proxy",
            "Ask a node that has all blocks.",
        )

    def _standing(self, name: str) -> Deployment | None:
        """What is recorded as `name`, if the chain has its code there."""
        found = self._records().get(name)
        return found if found and code_hash(self.chain.code(found.address)) == found.code_hash else None

    def _adopted(self, name: str, address: Address) -> Deployment | None:
        """What somebody else deployed at the usual address."""
        code = self.chain.code(address)
        if not code or not load_artifact(name).matches(code):
            return None
        found = Deployment(name, address, 0, code_hash(code))
        told = Deployment(**_contracts(self._read(self._shipped)).get(name, asdict(found)))
        if told.address == address and type(told.block) is int and self._created(told):
            found = replace(found, block=told.block, transaction=told.transaction)
        else:
            found = replace(found, block=self._first_block(address))
        with suppress(ChainError):  # it is found again, where nothing can be written
            self._write({**_contracts(self._read(self.path)), name: asdict(found)})
        return found

    def _created(self, told: Deployment) -> bool:
        """Whether that transaction, in that block, created the contract; a record is not believed without."""
        if not re.fullmatch("0x[0-9a-f]{64}", str(told.transaction)):
            return False
        try:
            with as_diln_errors():
                sent = self.chain.web3.eth.get_transaction(cast(Any, told.transaction))
                receipt = self.chain.web3.eth.get_transaction_receipt(cast(Any, told.transaction))
        except ChainError:
            return False
        data = bytes(sent["input"])
        return (
            sent.get("to") == PROXY
            and address_of(data[32:], data[:32]) == told.address
            and (receipt["status"], receipt["blockNumber"]) == (1, told.block)
        )

    def _first_block(self, address: Address) -> int:
        """The block that created the contract; 0 where the node does not know old states."""
        low, high = 0, self.chain.head().number
        try:
            while low < high:
                middle = (low + high) // 2
                with as_diln_errors():
                    code = self.chain.web3.eth.get_code(address, cast(Any, middle))
                low, high = (low, middle) if code else (middle + 1, high)
        except ChainError:
            return 0
        return low

    def _records(self) -> dict[str, Deployment]:
        return {name: Deployment(**found) for name, found in _contracts(self._read(self.path)).items()}

    def _read(self, path: Path) -> dict[str, Any]:
        """The record in a file; nothing where there is none of this chain."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            for found in content["contracts"].values():
                Deployment(**found)
            if content["genesis"] != self.chain.genesis_hash:  # another chain with the same id
                return {}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ChainError(f"{path} cannot be read: {error.strerror}", "Check its permissions.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChainError(
                f"{path} is damaged", "Move it away: what others deployed is found without it."
            ) from error
        return dict(content)

    def _write(self, contracts: Mapping[str, Any]) -> None:
        """All or nothing: write beside, then rename."""
        content = {"chainId": self.chain.chain_id, "genesis": self.chain.genesis_hash, "contracts": contracts}
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
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def refresh_records(folder: Path = PUBLIC) -> None:
    """Write into the package's records where each contract of this release stands on every chain."""
    for path in folder.glob("*.json"):
        _write_record(path, json.loads(path.read_text(encoding="utf-8")))


def _write_record(dest: Path, record: Mapping[str, Any], deployed: Iterable[Deployment] = ()) -> None:
    """Write `record` with all contracts of this release: where each stands on every chain, once deployed.

    What was deployed here, as `record` or `deployed` tells it, has its block and transaction, too.
    """
    told = {**_contracts(record), **{each.name: asdict(each) for each in deployed}}
    contracts = {}
    for name, address in sorted(fixed_addresses().items()):
        bare = {"name": name, "address": address, "block": None, "code_hash": None, "transaction": None}
        known = told.get(name, bare)
        contracts[name] = known if known["transaction"] and known["address"] == address else bare
    stands = any(each["transaction"] for each in contracts.values())
    content = {key: record[key] for key in ("chainId", "genesis", "name", "rpc")}
    content |= {"salt": f"0x{SALT.hex()}", "commit": record["commit"] if stands else None}
    replace_file(dest, (json.dumps(content | {"contracts": contracts}, indent=2) + "\n").encode())


def _contracts(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", record.get("contracts", {}))


def _name(network: str) -> str | None:
    """The network's, unless it is an address, which may hold somebody's key."""
    return None if "://" in network else network


def _commit() -> str | None:
    """The commit of the sources that this package runs from; None outside a clean checkout."""
    sources = PUBLIC.parents[1]
    try:
        changed = git(sources, "status", "--porcelain", "--", "contracts", "orchestrator")
        anothers = git(sources, "rev-parse", "--show-prefix")
        return None if changed or anothers else git(sources, "rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def fixed_addresses() -> Mapping[str, Address]:
    """Where each contract stands on every chain, by name, as `diln compile` wrote it down."""
    content: dict[str, Address] = json.loads(ADDRESSES.read_text(encoding="utf-8"))
    return content


def code_hash(code: bytes) -> str:
    """Keccak-256 of a contract's code, 0x-hex (what EXTCODEHASH gives)."""
    return "0x" + keccak(code).hex()


def lock_path(settings: Settings, chain: Chain) -> Path:
    """Whoever changes the record of `chain` over several steps holds this lock."""
    return settings.deployments_dir / f".{chain.chain_id}.lock"
