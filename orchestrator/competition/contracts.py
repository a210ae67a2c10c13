"""The competition contracts, one class each: reading gives values, writing gives what `Chain.send` takes."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.competition.records import (
    Challenge,
    Deadlines,
    Group,
    Outcome,
    Phase,
    Progress,
    Refutation,
    Result,
    Status,
    Submission,
    Terms,
)
from orchestrator.errors import ChainError
from orchestrator.types import Address, Seconds, Wei

if TYPE_CHECKING:
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import EventData

    from orchestrator.chain import Chain


class Bound:
    """A contract of the package at `address`; its events are looked for from `first_block` on."""

    name: str

    def __init__(self, chain: "Chain", address: Address, first_block: int = 0) -> None:
        self.chain = chain
        self.address = address
        self.first_block = first_block

    @cached_property
    def contract(self) -> "Contract":
        return self.chain.contract(self.name, self.address)

    def events(self, name: str, **filters: Any) -> "Iterator[EventData]":
        """The events `name`, oldest first; `filters` maps indexed arguments to the value they must have."""
        event = self.contract.events[name]
        return self.chain.events(event(), from_block=self.first_block, filters=filters)

    def _read(self, function: str, *args: Any) -> Any:
        return self.chain.call(self.contract.functions[function](*args))

    def _write(self, function: str, *args: Any) -> "ContractFunction":
        built: ContractFunction = self.contract.functions[function](*args)
        return built


class CompetitionFactory(Bound):
    """Makes competitions, and knows those that it made."""

    name = "CompetitionFactory"

    def create(self, terms: Terms) -> "ContractFunction":
        """With ETH as the token, prize and bond are sent along."""
        return self._write("create", terms.as_tuple())

    def is_competition(self, address: Address) -> bool:
        return bool(self._read("isCompetition", address))

    def competitions(self, organizer: Address | None = None) -> "list[Competition]":
        """All competitions, oldest first; only those of `organizer`, if one is given."""
        filters = {"organizer": organizer} if organizer else {}
        return [
            Competition(self.chain, event["args"]["competition"], event["blockNumber"])
            for event in self.events("CompetitionCreated", **filters)
        ]

    def competition(self, address: Address) -> "Competition | None":
        """The competition at `address`; None if this factory did not make it."""
        for event in self.events("CompetitionCreated", competition=address):
            return Competition(self.chain, address, event["blockNumber"])
        return None


class CompetitionReader(Bound):
    """What one competition says of itself."""

    name = "Competition"

    @cached_property
    def terms(self) -> Terms:
        return Terms.read(self._read("terms"))

    def progress(self) -> Progress:
        drawn_at, *done, outcome, board = self._read("progress")
        committed, revealed, concluded, refuted, opened, unanswered = done
        counts = (committed, revealed, concluded, refuted, opened, unanswered)
        return Progress(Seconds(drawn_at), *counts, Outcome(outcome), board)

    def phase(self) -> Phase:
        return Phase(self._read("phase"))

    def deadlines(self) -> Deadlines:
        """Raises ContractReverted before the split is drawn."""
        return Deadlines(*(Seconds(each) for each in self._read("deadlines")))

    def test_groups(self) -> list[int]:
        """Which groups are for testing, ascending; none until the split is drawn."""
        mask = self._read("testMask")
        return [group for group in range(self.terms.groups) if mask >> group & 1]

    def submission(self, number: int) -> Submission:
        submitter, status, *rest = self._read("submission", number)
        return Submission(number, submitter, Status(status), *rest)

    def submissions(self) -> list[Submission]:
        """All of them, in order of commitment."""
        return [self.submission(number) for number in range(self.progress().committed)]

    def result(self, number: int) -> Result:
        """Raises ContractReverted for a submission that was not revealed."""
        return Result(*self._read("resultOf", number))

    def model_bytes(self, number: int) -> bytes:
        """The encoded model of a revealed submission. Raises ChainError if the node does not show it."""
        for event in self.events("Revealed", submission=number):
            return bytes(event["args"]["encoded"])
        raise ChainError(f"the node does not show the model of submission {number}", "It may lag: try again.")

    def is_kept(self, number: int) -> bool:
        """Whether a revealed model is kept as code, so that it can be called."""
        return bool(self.chain.code(self.result(number).model))

    def ranking(self) -> list[int]:
        """Numbers of the submissions in the ranking, best first."""
        return list(self._read("ranking"))

    def credit(self, account: Address) -> Wei:
        return Wei(self._read("credit", account))

    def payout(self, number: int) -> Wei:
        """What `withdraw` would pay; 0 while the competition is open."""
        return Wei(self._read("payoutOf", number))

    def challenge_of(self, group: int) -> Challenge:
        return Challenge(*self._read("challengeOf", group))

    def commitment(self, submitter: Address, model_hash: bytes, salt: bytes) -> bytes:
        return bytes(self._read("commitmentOf", submitter, model_hash, salt))

    def predict(self, features: bytes) -> int:
        """The winner's prediction. Raises ContractReverted if there is no winner."""
        return int(self._read("predict", features))

    def predict_with(self, number: int, features: bytes) -> int:
        """The prediction of any revealed submission whose model is kept as code."""
        return int(self._read("predictWith", number, features))


class Competition(CompetitionReader):
    """The competition at `address`, with a builder for each transaction; a builder sends nothing."""

    def draw_split(self) -> "ContractFunction":
        return self._write("drawSplit")

    def challenge(self, group: int) -> "ContractFunction":
        """The stake is sent along."""
        return self._write("challenge", group)

    def answer(self, number: int, group: Group) -> "ContractFunction":
        return self._write("answer", number, group.as_tuple())

    def slash_withheld(self, group: int) -> "ContractFunction":
        return self._write("slashWithheld", group)

    def slash_undrawn(self) -> "ContractFunction":
        return self._write("slashUndrawn")

    def slash_unopened(self) -> "ContractFunction":
        return self._write("slashUnopened")

    def commit(self, commitment: bytes) -> "ContractFunction":
        """The deposit is sent along."""
        return self._write("commit", commitment)

    def reveal(self, number: int, model: bytes, salt: bytes) -> "ContractFunction":
        return self._write("reveal", number, model, salt)

    def open_test(self, first: int, groups: Sequence[Group]) -> "ContractFunction":
        """The `first`-th test group and those behind it; what is open when it arrives is skipped."""
        return self._write("openTest", first, [group.as_tuple() for group in groups])

    def keep(self, number: int, model: bytes) -> "ContractFunction":
        return self._write("keep", number, model)

    def evaluate(self, number: int, samples: int, model: bytes) -> "ContractFunction":
        return self._write("evaluate", number, samples, model)

    def claim(self, number: int, predictions: bytes) -> "ContractFunction":
        """The claim bond is sent along."""
        return self._write("claim", number, predictions)

    def refute(self, evidence: Refutation) -> "ContractFunction":
        return self._write("refute", evidence.as_tuple())

    def settle(self, number: int) -> "ContractFunction":
        return self._write("settle", number)

    def finalize(self, model: bytes = b"") -> "ContractFunction":
        """With the winner's model, that is kept as code, too."""
        return self._write("finalize", model)

    def withdraw(self, number: int, to: Address) -> "ContractFunction":
        return self._write("withdraw", number, to)

    def withdraw_credit(self, account: Address, to: Address) -> "ContractFunction":
        return self._write("withdrawCredit", account, to)

    def withdraw_reward(self, number: int, to: Address) -> "ContractFunction":
        return self._write("withdrawReward", number, to)

    def withdraw_stake(self, group: int, to: Address) -> "ContractFunction":
        return self._write("withdrawStake", group, to)
