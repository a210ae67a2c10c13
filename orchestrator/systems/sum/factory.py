"""Where shared models are created, listed and told from other contracts."""

from collections.abc import Iterator
from functools import cache

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.bindings.market import PredictionMarket
from orchestrator.bindings.sum import Created as CreatedEvent
from orchestrator.bindings.sum import Sum, SumFactory
from orchestrator.chain import Chain, artifact_names, load_artifact
from orchestrator.errors import ChainError, NodeUnavailable, NotDeployed
from orchestrator.kernel.session import Session
from orchestrator.systems.sum.market.contract import MarketContract
from orchestrator.systems.sum.records import Created
from orchestrator.systems.sum.shared import SharedModel
from orchestrator.types import Address, Digest

_BEFORE = bytes.fromhex("363d3d373d3d3d363d73")  # ERC-1167 around the implementation's address
_AFTER = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
_CLONE = len(_BEFORE) + 20 + len(_AFTER)
_CREATOR = 20  # bytes, between a clone's code and its arguments
_CREATE = keccak(text="create(address,bytes32,bytes)")[:4]
_SALT = slice(36, 68)
_MODEL = frozenset({"initialize", "predictBatch", "addBatch"})
_MARKET = frozenset({"initialize", "offer", "crank"})


def factory_of(session: Session) -> "Factory":
    """The factory of shared models on this chain. Raises NotDeployed before `diln migrate`."""
    return session.deployed(Factory, "SumFactory")


class Factory(SumFactory):
    """Makes shared models and markets, and knows those that it made."""

    def created(self, address: Address | None = None) -> Iterator[Created]:
        """All models that this factory created, or the one at `address`; oldest first."""
        filters = {"sum": address} if address else {}
        for event in self.events(CreatedEvent, None, None, **filters):
            yield Created(
                address=event.sum,
                implementation=event.implementation,
                creator=event.creator,
                arguments=event.args,
                salt=self._salt(event.tx_hash, event.creator),
                block=event.block_number,
                transaction=event.tx_hash,
            )

    def _salt(self, transaction: str, creator: Address) -> Digest | None:
        """What the creator called `create` with; None if another contract made the call, or is unknown.

        It stands at a fixed place, where the contract reads it: whatever else strangers put into a call is
        not looked at.
        """
        try:
            found = self.chain.transaction(transaction)
        except NodeUnavailable:
            raise
        except ChainError:
            return None
        data = bytes(found["input"])
        if found.get("to") != self.address or found["from"] != creator or len(data) < _SALT.stop:
            return None
        return Digest(data[_SALT]) if data[:4] == _CREATE else None

    def open(self, created: Created) -> SharedModel | MarketContract:
        """Bind what was created. Raises as `recognize` does."""
        return bind(self.chain, created.address, created.block)


def bind(chain: Chain, address: Address, block: int = 0) -> SharedModel | MarketContract:
    """The shared model or the market at `address`. Raises as `recognize` does."""
    composition = recognize(chain, address)
    if composition in _with(_MARKET):
        return MarketContract(composition, PredictionMarket(chain, address, block))
    return SharedModel(composition, Sum(chain, address, block))


def recognize(chain: Chain, address: Address) -> str:
    """Which of the package's compositions the contract at `address` is a clone of, told by its code.

    Raises NotDeployed where there is no contract, ChainError for one that is no clone, or of unknown code.
    """
    code = chain.code(address)
    hint = "Look at `diln sum list`, and at --network."
    if not code:
        raise NotDeployed(f"there is no contract at {address} on network `{chain.network.name}`", hint)
    if not code.startswith(_BEFORE) or code[_CLONE - len(_AFTER) : _CLONE] != _AFTER:
        raise ChainError(f"the contract at {address} is not a shared model", hint)
    implementation = to_checksum_address(code[len(_BEFORE) : len(_BEFORE) + 20])
    behind = chain.code(implementation)
    for name in compositions():
        if load_artifact(name).matches(behind) and _measured(chain, address, name):
            return name
    raise ChainError(
        f"the contract at {address} runs code that is not of this package (at {implementation})",
        "Do not trust it with a deposit, or use the version of DILN that it was made with.",
    )


def _measured(chain: Chain, address: Address, composition: str) -> bool:
    """Whether a market measures by the package's code; its address is a constant of the market's own."""
    if composition not in _with(_MARKET):
        return True
    artifact = load_artifact(composition.removesuffix("Market") + "Measurer")
    return artifact.matches(chain.code(PredictionMarket(chain, address).measurer))


def arguments_of(code: bytes) -> tuple[Address, bytes]:
    """A clone's creator, and the arguments it was created with."""
    end = _CLONE + _CREATOR
    return to_checksum_address(code[_CLONE:end]), code[end:]


def compositions() -> tuple[str, ...]:
    """The package's contracts that are whole shared models, or markets."""
    return _with(_MODEL) + _with(_MARKET)


@cache
def _with(wanted: frozenset[str]) -> tuple[str, ...]:
    """The package's contracts that have all these functions."""
    found = []
    for name in artifact_names():
        functions = {entry.get("name") for entry in load_artifact(name).abi if entry["type"] == "function"}
        if wanted <= functions and load_artifact(name).bytecode:
            found.append(name)
    return tuple(found)
