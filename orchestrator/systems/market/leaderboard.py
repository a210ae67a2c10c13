"""How a market stands: who has what at stake, and what everybody gets if nothing more happens."""

from dataclasses import dataclass

from orchestrator.kernel.session import Session
from orchestrator.systems.market.opening import PredictionMarket
from orchestrator.systems.market.provider import check_portions, secret_test
from orchestrator.systems.market.records import Given
from orchestrator.systems.market.reference.market import Outcome, Phase
from orchestrator.systems.market.secrets import kept_provider
from orchestrator.systems.market.settlement import Settlement, check, expected_settlement
from orchestrator.types import Address


@dataclass(frozen=True)
class LeaderboardRow:
    """A participant. `score` (billionths), `dropped` and `amount` are None while the test set is unknown."""

    who: Address
    contributions: int
    samples: int
    sealed: int
    staked: int
    fees: int
    score: int | None
    dropped: bool | None
    amount: int | None

    @property
    def gain(self) -> int | None:
        return None if self.amount is None else self.amount - self.staked - self.fees


@dataclass(frozen=True)
class Leaderboard:
    """`rows` are best first. `final`: the chain has paid exactly this, which was checked."""

    rows: tuple[LeaderboardRow, ...]
    settlement: Settlement | None
    final: bool


def leaderboard(session: Session, opened: PredictionMarket) -> Leaderboard:
    """Predict the settlement where the test set is known, to all or here; verify it once it is paid.

    All is read from one block. Raises IntegrityError where the test set does not match its commitments,
    VerificationFailed where the market has paid anything else than the reference.
    """
    return session.chain.look(lambda: _leaderboard(session, opened))


def _leaderboard(session: Session, opened: PredictionMarket) -> Leaderboard:
    market, state = opened.shared, opened.shared.state()
    portions = check_portions(session, opened)
    whole = len(portions) == market.rules.portions
    begun = state.trial in portions and state.outcome is Outcome.OPEN
    if begun and not whole and kept_provider(session, market.address) is not None:
        portions = dict(enumerate(secret_test(session, opened).batches))
        whole = True
    settlement = expected_settlement(opened, portions) if whole or state.outcome is not Outcome.OPEN else None
    final = state.stage is Phase.CLOSED
    if settlement and final:
        check(opened, settlement)
    dues = {due.who: due for due in settlement.dues} if settlement else {}
    rows, given = [], market.index.refresh().given()
    for each in market.participants():
        due, mine = dues.get(each.who), given.get(each.who, Given())
        rows.append(
            LeaderboardRow(
                each.who,
                mine.contributions,
                mine.samples,
                mine.sealed,
                each.staked * market.stake,
                each.given * market.fee,
                due.score if due else None,
                due.dropped if due else None,
                due.amount if due else None,
            )
        )
    rows.sort(key=lambda row: (-(row.gain or 0), -row.samples, row.who))
    return Leaderboard(tuple(rows), settlement, final)
