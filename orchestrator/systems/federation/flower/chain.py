"""The ledger of a federation's contract, for whoever holds one of its seats and runs Flower's server."""

import time
from collections.abc import Callable, Sequence

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import Account
from orchestrator.errors import ChainError, DataError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import Integers, model_root
from orchestrator.systems.federation import aggregating
from orchestrator.systems.federation.cranking import crank
from orchestrator.systems.federation.envelopes import Place
from orchestrator.systems.federation.finding import store
from orchestrator.systems.federation.flower.ledger import Counted, Terms
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.rounds import finished, opened, phase_of, seats_of, settings_of
from orchestrator.types import Address, Digest

LOOK = 12.0  # seconds between two looks


def sleeping(most: float = LOOK) -> Callable[[int], None]:
    """Waits for the next look, so many seconds at most."""
    return lambda seconds: time.sleep(min(seconds, most))


def left_of(federation: Federation) -> int:
    """Seconds until the phase ends, one at least."""
    return max(1, federation.clock().ends_at - int(federation.chain.now()))


class ContractLedger:
    """`account` sends everything, holds a seat and puts up the bond; `wait` lets so many seconds pass.

    On development chains `session.chain.advance` is such a `wait`. Raises as `Session.send` does, and
    UsageError where updates are masked.
    """

    def __init__(
        self,
        session: Session,
        federation: Federation,
        account: Account,
        wait: Callable[[int], None] | None = None,
    ) -> None:
        if is_masked(federation):
            raise UsageError("Flower's strategies see single updates, and this federation's are masked")
        self._session, self._federation, self._account = session, federation, account
        self._wait = wait or sleeping()
        terms = federation.terms
        place = Place(session.chain.chain_id, federation.address)
        self.terms = Terms(place, settings_of(federation), terms.size, terms.width, terms.max_weight)

    def round(self) -> int:
        return self._federation.state().round

    def model_root(self) -> Digest:
        ends = finished(self._federation)
        return ends[-1].claim.model_root if ends else self._federation.terms.genesis

    def seat_of(self, party: Address) -> int | None:
        return seats_of(self._federation).get(party)

    def commit(self, entries: Sequence[bytes]) -> None:
        self._session.send(self._federation.commit_signed(b"".join(entries)), self._account)
        self._until(Phase.REVEALING)

    def reveal(self, entries: Sequence[bytes]) -> list[Counted]:
        if entries:
            self._session.send(self._federation.reveal(b"".join(entries)), self._account)
        self._until(Phase.CLAIMING)
        mask, seats = self._federation.judgement().accepted, seats_of(self._federation)
        found = opened(self._session, self._federation, self.round(), mask, seats)
        return [Counted(each.revealed.party, each.seat, each.update, each.weight) for each in found]

    def keep(self, data: bytes) -> Digest:
        return store(self._session, data)

    def claim(self, model: Integers) -> None:
        expected = aggregating.expected(self._session, self._federation)
        if expected.root != model_root(model):
            raise DataError("the contract's rule gives another model than was joined here")
        number = self.round()
        aggregating.claim(self._session, self._federation, self._account, result=expected)
        while (state := self._federation.state()).round == number and not state.closed:
            if phase_of(self._federation) is not Phase.CHALLENGING:
                raise ChainError("the claim did not stand", "`diln federation history` tells who refuted it.")
            if not crank(self._session, self._federation, self._account):
                self._wait(left_of(self._federation))

    def _until(self, wanted: Phase) -> None:
        """Wait for a phase of this round. Raises ChainError where it does not come."""
        while (phase := phase_of(self._federation)) is not wanted:
            if phase > wanted or phase is Phase.JOINING:
                raise ChainError(f"the federation is {phase.word}, and never came to {wanted.word}")
            if not crank(self._session, self._federation, self._account):
                self._wait(left_of(self._federation))
