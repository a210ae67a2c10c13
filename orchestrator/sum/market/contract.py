"""One market's contract: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eth_utils.abi import function_abi_to_4byte_selector

from orchestrator.chain import Receipt
from orchestrator.learning.onchain.market import Phase
from orchestrator.learning.onchain.market_rules import Rules
from orchestrator.learning.onchain.samples import Place, count_run
from orchestrator.sum.clone import Clone
from orchestrator.sum.market.records import Given, Participant, Payment, Portion, State
from orchestrator.types import Address, Seconds

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

Proof = Sequence[bytes]


class MarketContract(Clone):
    """The market at `address`. Builders send nothing; give what they return to `Chain.send`."""

    @cached_property
    def rules(self) -> Rules:
        return Rules.unpack(self.settings[0])

    @property
    def place(self) -> Place:
        """Where its commitments count."""
        return Place(self.chain.chain_id, self.address)

    @property
    def stake(self) -> int:
        """For each sample, or each contribution, in the token's smallest unit."""
        return self.rules.stake * self.unit

    @property
    def fee(self) -> int:
        """What each contribution pays for being measured, in the token's smallest unit."""
        return self.rules.fee * self.unit

    def price_of(self, runs: Iterable[bytes]) -> int:
        """What contributing these runs takes: stakes and fees."""
        return sum(self.rules.price(count_run(run)) for run in runs) * self.unit

    # -- reading --------------------------------------------------------------------------------------------

    def state(self) -> State:
        return State.unpack(self._read("state"))

    def phase(self) -> Phase:
        """Where it stands now."""
        return Phase(self._read("phase"))

    def deadline(self) -> Seconds:
        """Until when the phase lasts; zero if time does not decide it."""
        return Seconds(self._read("deadline"))

    def root(self) -> bytes:
        """What the provider has committed to."""
        return bytes(self._read("root"))

    def balance(self, who: Address) -> int:
        """What `withdraw` would pay."""
        return int(self._read("balanceOf", who))

    def nonce(self, who: Address) -> int:
        """How many of its signatures were relayed."""
        return int(self._read("nonceOf", who))

    def count(self) -> int:
        """How many contributions there were."""
        return self.state().contributions

    def participants(self) -> list[Participant]:
        """In the order of their first contributions."""
        return [Participant.unpack(self._read("participant", i)) for i in range(self.state().participants)]

    def given(self) -> list[Given]:
        """All contributions in their order."""
        found: dict[int, Given] = {}
        for name in ("Hidden", "Contributed"):
            for event in self.events(name):
                told = _given(event)
                earlier = found.get(told.index)
                found[told.index] = told if earlier is None else _opened(earlier, told)
        return [found[index] for index in sorted(found)]

    def added(self, receipt: Receipt) -> list[Given]:
        """The contributions that a transaction made."""
        names = ("Hidden", "Contributed")
        return [_given(event) for name in names for event in self._events_of(name, receipt)]

    def portions(self) -> list[Portion]:
        """What is known of the test set."""
        return [
            Portion(
                event["args"]["index"],
                bytes(event["args"]["salt"]),
                bytes(event["args"]["data"]),
                event["transactionHash"].to_0x_hex(),
            )
            for event in self.events("PortionRevealed")
        ]

    def payments(self) -> list[Payment]:
        """What was credited, in this order: tips for cranking, then what everybody is owed in the end."""
        return [Payment(event["args"]["account"], event["args"]["amount"]) for event in self.events("Paid")]

    def proof_in(self, portion: Portion) -> list[bytes] | None:
        """The Merkle proof that revealed a portion; None if another contract carried it."""
        transaction = self.chain.transaction(portion.transaction)
        if transaction.get("to") != self.address:
            return None
        return proof_of(bytes(transaction["input"]))

    # -- writing --------------------------------------------------------------------------------------------

    def offer(self, root: bytes, bounty: int, bond: int, tips: int) -> "ContractFunction":
        return self._write("offer", root, bounty, bond, tips)

    def reveal_trial(self, run: bytes, salt: bytes, proof: Proof) -> "ContractFunction":
        return self._write("revealTrial", run, salt, list(proof))

    def reveal(self, index: int, run: bytes, salt: bytes, proof: Proof) -> "ContractFunction":
        return self._write("reveal", index, run, salt, list(proof))

    def choose(self) -> "ContractFunction":
        return self._write("choose")

    def expire(self) -> "ContractFunction":
        return self._write("expire")

    def contribute(self, runs: Sequence[bytes], maximum: int) -> "ContractFunction":
        """A contribution for each run; `maximum` is the most to pay for all."""
        if len(runs) == 1:
            return self._write("contribute", runs[0], maximum)
        return self._write("contributeBatch", list(runs), maximum)

    def contribute_for(
        self,
        contributor: Address,
        runs: Sequence[bytes],
        maximum: int,
        deadline: int,
        signature: bytes,
        gift: int = 0,
    ) -> "ContractFunction":
        """Relay what `contributor` signed.

        What the sender pays for it moves in the same transaction: ether as its value, or `gift` tokens that
        it has approved.
        """
        return self._write("contributeFor", contributor, list(runs), maximum, deadline, signature, gift)

    def commit(self, commitment: bytes, samples: int, maximum: int) -> "ContractFunction":
        return self._write("commit", commitment, samples, maximum)

    def open(self, index: int, run: bytes, salt: bytes) -> "ContractFunction":
        return self._write("open", index, run, salt)

    def crank(self, data: Sequence[bytes], work: int) -> "ContractFunction":
        return self._write("crank", list(data), work)

    def pay(self, most: int) -> "ContractFunction":
        return self._write("pay", most)

    def evaluate(self, run: bytes, most: int) -> "ContractFunction":
        return self._write("evaluate", run, most)


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


def _given(event: Any) -> Given:
    args = event["args"]
    return Given(
        index=args["index"],
        contributor=args["contributor"],
        samples=args["samples"],
        run=bytes(args["data"]) if "data" in args else None,
        commitment=bytes(args["commitment"]) if "commitment" in args else None,
        transaction=event["transactionHash"].to_0x_hex(),
    )


def _opened(hidden: Given, told: Given) -> Given:
    return Given(told.index, told.contributor, told.samples, told.run, hidden.commitment, hidden.transaction)
