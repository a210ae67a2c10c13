"""One market: what its contract and its events tell, as values."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from eth_utils.abi import function_abi_to_4byte_selector

from orchestrator.bindings import market as abi
from orchestrator.bindings.market import Contributed, Hidden, Paid, PortionRevealed
from orchestrator.chain import Receipt
from orchestrator.models.online.clone import Clone
from orchestrator.systems.market.index import ContributionIndex
from orchestrator.systems.market.records import Contribution, Participant, Payment, Portion, State
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import Rules
from orchestrator.systems.market.reference.samples import Domain, count_batch
from orchestrator.types import Address

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call


class MarketContract(Clone):
    """A market."""

    contract: abi.PredictionMarket

    @cached_property
    def rules(self) -> Rules:
        return Rules.unpack(self.contract.settings.rules)

    @cached_property
    def index(self) -> ContributionIndex:
        """What its events tell of contributions. Refresh it before a look."""
        return ContributionIndex(self.contract)

    @property
    def domain(self) -> Domain:
        """Where its commitments count."""
        return Domain(self.chain.chain_id, self.address)

    @property
    def stake(self) -> int:
        """For each sample, or each contribution, in the token's smallest unit."""
        return self.rules.stake * self.unit

    @property
    def fee(self) -> int:
        """What each contribution pays for being measured, in the token's smallest unit."""
        return self.rules.fee * self.unit

    def price_of(self, batches: Iterable[bytes]) -> int:
        """What contributing these batches takes: stakes and fees."""
        return sum(self.rules.price(count_batch(batch)) for batch in batches) * self.unit

    def state(self) -> State:
        return State.unpack(self.contract.state())

    def phase(self) -> Phase:
        """Where it stands now."""
        return Phase(self.contract.phase())

    def balance(self, who: Address) -> int:
        """What `withdraw` would pay."""
        return self.contract.balance_of(who)

    def count(self) -> int:
        """How many contributions there were."""
        return self.state().contributions

    def participants(self) -> list[Participant]:
        """In the order of their first contributions."""
        every = range(self.state().participants)
        return [Participant.unpack(each) for each in self.contract.read_each(list[int], "participant", every)]

    def contributions(self) -> list[Contribution]:
        """All contributions in their order."""
        return self.index.refresh().all()

    def added(self, receipt: Receipt) -> list[Contribution]:
        """The contributions that a transaction made."""
        sealed, told = self.contract.emitted(Hidden, receipt), self.contract.emitted(Contributed, receipt)
        return [*map(_contribution, sealed), *map(_contribution, told)]

    def portions(self) -> list[Portion]:
        """What is known of the test set."""
        return [
            Portion(event.index, event.salt, event.data, event.tx_hash)
            for event in self.contract.events(PortionRevealed)
        ]

    def payments(self) -> list[Payment]:
        """What was credited, in this order: tips for cranking, then what everybody is owed in the end."""
        return [Payment(event.account, event.amount) for event in self.contract.events(Paid)]

    def proof_in(self, portion: Portion) -> list[bytes] | None:
        """The Merkle proof that revealed a portion; None if another contract carried it."""
        transaction = self.chain.transaction(portion.transaction)
        if transaction.get("to") != self.address:
            return None
        return proof_of(bytes(transaction["input"]))

    def contribute(self, batches: Sequence[bytes], maximum: int) -> "Call":
        """A contribution for each batch; `maximum` is the most to pay for all."""
        if len(batches) == 1:
            return self.contract.contribute(batches[0], maximum)
        return self.contract.contribute_batch(batches, maximum)


SELECTOR, WORD = 4, 32
_PROOF_AT = {  # the place of `proof` among the arguments, by the function's selector
    function_abi_to_4byte_selector(
        {"type": "function", "name": name, "inputs": [{"type": each} for each in inputs]}
    ): len(inputs) - 1
    for name, inputs in (
        ("revealTrial", ("bytes", "bytes32", "bytes32[]")),
        ("reveal", ("uint256", "bytes", "bytes32", "bytes32[]")),
    )
}


def proof_of(data: bytes) -> list[bytes] | None:
    """The proof in a call that reveals a portion; None where there is none.

    Anyone may send such a call: it is read as Solidity reads it, which looks at no byte of the padding.
    """
    place, arguments = _PROOF_AT.get(data[:SELECTOR]), data[SELECTOR:]
    if place is None:
        return None
    at = _word(arguments, WORD * place)
    count = _word(arguments, at) if at is not None else None
    if at is None or count is None or at + WORD * (count + 1) > len(arguments):
        return None
    return [arguments[at + WORD * i : at + WORD * (i + 1)] for i in range(1, count + 1)]


def _word(data: bytes, at: int) -> int | None:
    return int.from_bytes(data[at : at + WORD], "big") if at + WORD <= len(data) else None


def _contribution(event: Hidden | Contributed) -> Contribution:
    return Contribution(
        index=event.index,
        contributor=event.contributor,
        samples=event.samples,
        batch=event.data if isinstance(event, Contributed) else None,
        commitment=event.commitment if isinstance(event, Hidden) else None,
        transaction=event.tx_hash,
    )
