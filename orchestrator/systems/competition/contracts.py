"""The competition contract, with what takes more than one call."""

from collections.abc import Sequence
from functools import cached_property

from orchestrator.bindings import competition as abi
from orchestrator.errors import ChainError
from orchestrator.systems.competition.records import Deadlines, Submission, Terms
from orchestrator.types import Address, Seconds


class Competition(abi.Competition):
    """The competition at `address`."""

    @cached_property
    def terms(self) -> Terms:
        return Terms(**vars(super().terms))

    def schedule(self) -> Deadlines:
        """When the phases end. Raises ContractReverted before the split is drawn."""
        return Deadlines(*map(Seconds, self.deadlines()))

    def test_groups(self) -> list[int]:
        """Which groups are for testing, ascending; none until the split is drawn."""
        mask = self.test_mask()
        return [group for group in range(self.terms.groups) if mask >> group & 1]

    def submission(self, number: int) -> Submission:
        return Submission(**vars(super().submission(number)), number=number)

    def submissions(self) -> list[Submission]:
        """All of them, in order of commitment."""
        return self.several(range(self.progress().committed))

    def submissions_of(self, submitter: Address) -> list[Submission]:
        """Those of one submitter, in order of commitment, however many others there are."""
        return self.several([each.submission for each in self.events(abi.Committed, submitter=submitter)])

    def refuted_by(self, refuter: Address) -> list[Submission]:
        """The submissions whose claims an account has refuted."""
        return self.several([each.submission for each in self.events(abi.Refuted, refuter=refuter)])

    def several(self, numbers: Sequence[int]) -> list[Submission]:
        """The submissions of these numbers, many in a request."""
        found = self.read_each(abi.Submission, "submission", numbers)
        return [Submission(**vars(each), number=number) for number, each in zip(numbers, found, strict=True)]

    def results(self, numbers: Sequence[int]) -> dict[int, abi.ResultOf]:
        """Of several. Raises ContractReverted for a submission that was not revealed."""
        return dict(zip(numbers, self.read_each(abi.ResultOf, "resultOf", numbers), strict=True))

    def payouts(self, numbers: Sequence[int]) -> dict[int, int]:
        """What `withdraw` would pay for each."""
        return dict(zip(numbers, self.read_each(int, "payoutOf", numbers), strict=True))

    def model_bytes(self, number: int) -> bytes:
        """The encoded model of a revealed submission. Raises ChainError if the node does not show it."""
        for event in self.events(abi.Revealed, submission=number):
            return event.encoded
        raise ChainError(f"the node does not show the model of submission {number}", "It may lag: try again.")

    def is_kept(self, number: int) -> bool:
        """Whether a revealed model is kept as code, so that it can be called."""
        return bool(self.chain.code(self.result_of(number).model))
