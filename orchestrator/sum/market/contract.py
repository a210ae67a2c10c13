"""One market's contract: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from orchestrator.chain import Receipt
from orchestrator.learning.onchain.market import Phase
from orchestrator.learning.onchain.market_rules import Rules
from orchestrator.learning.onchain.samples import Place, decode_run
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

    def stake_of(self, runs: Iterable[bytes]) -> int:
        """What contributing these runs puts at stake."""
        counts = (sum(1 for _ in decode_run(run)) for run in runs)
        return sum(map(self.rules.weight, counts)) * self.stake

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
        transaction = cast(Any, self.chain.web3.eth.get_transaction(cast(Any, portion.transaction)))
        if transaction.get("to") != self.address:
            return None
        try:
            _, arguments = self.contract.decode_function_input(transaction["input"])
        except ValueError:
            return None
        return [bytes(each) for each in arguments.get("proof", ())]

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
        """A contribution for each run; `maximum` is the most to stake for all."""
        if len(runs) == 1:
            return self._write("contribute", runs[0], maximum)
        return self._write("contributeBatch", list(runs), maximum)

    def contribute_for(
        self, contributor: Address, runs: Sequence[bytes], maximum: int, deadline: int, signature: bytes
    ) -> "ContractFunction":
        """Relay what `contributor` signed; what the value exceeds is its own."""
        return self._write("contributeFor", contributor, list(runs), maximum, deadline, signature)

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
