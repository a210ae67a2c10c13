"""A tournament as those know it who come from numerapi: the same verbs, on a session."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.bindings.tournament import Tournament
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.tournament import leaderboard, reference
from orchestrator.systems.tournament.baseline import download
from orchestrator.systems.tournament.entering import enter
from orchestrator.systems.tournament.finding import find, fund, withdraw
from orchestrator.systems.tournament.index import index_of
from orchestrator.systems.tournament.rounds import current_number, opened_rounds, stakes_of
from orchestrator.systems.tournament.sealing import kept
from orchestrator.systems.tournament.verifying import money_terms

if TYPE_CHECKING:
    import pandas as pd


class TournamentAPI:
    """One tournament for `account`. Amounts are smallest units of its currency, as everywhere in Python."""

    def __init__(
        self, session: Session, account: Account, reference: str = "latest", consent: Consent | None = None
    ) -> None:
        self.session, self.account, self._consent = session, account, consent
        self.tournament: Tournament = find(session, reference)

    def list_rounds(self) -> list[dict[str, Any]]:
        """All rounds that were opened, with their times."""
        return [
            {"number": each.number, "phase": each.phase, **vars(each.times)}
            for each in opened_rounds(self.tournament)
        ]

    def get_current_round(self) -> int:
        """The last round that takes entries. Raises ChainError if there is none."""
        open_now = [each.number for each in opened_rounds(self.tournament) if each.phase == "entering"]
        if not open_now:
            coming = current_number(self.tournament) + 1
            raise ChainError("no round takes entries now", f"The next is {coming}.")
        return open_now[-1]

    def download_dataset(self, folder: Path, number: int | None = None) -> list[Path]:
        """Write the training data and the rows of a round (the current one) into `folder`."""
        return download(self.session, self.tournament, self._number(number), folder)

    def upload_predictions(
        self, predictions: "Path | pd.DataFrame", stake: int | None = None, number: int | None = None
    ) -> str:
        """Enter, or replace one's entry; returns its commitment as hex. Raises as `enter` does."""
        who, consent = self.account, self._consent
        done = enter(self.session, self.tournament, self._number(number), predictions, who, stake, consent)
        return done.entry.commitment.hex()

    def stake_get(self, number: int | None = None) -> int:
        """What is staked on a round."""
        return stakes_of(self.tournament, self._number(number)).get(self.account.address, 0)

    def stake_increase(self, amount: int, predictions: "Path | pd.DataFrame") -> int:
        """Stake `amount` more on the current round, and the predictions with it; returns the whole stake."""
        self.upload_predictions(predictions, self.stake_get() + amount)
        return self.stake_get()

    def stake_decrease(self, amount: int | None = None) -> int:
        """Withdraw what no round holds (a stake stays until its round is settled); returns how much."""
        return withdraw(self.session, self.tournament, self.account, amount)

    def fund(self, amount: int) -> None:
        """Have at least an amount free, to stake it later."""
        fund(self.session, self.tournament, self.account, amount)

    def round_model_performances(self, who: str | None = None) -> list[dict[str, Any]]:
        """Scores and payouts by round: one's own, or those of an account or address."""
        address = self.session.address(who) if who else self.account.address
        return [vars(each) for each in leaderboard.performances(self.tournament, address)]

    def get_leaderboard(self) -> list[dict[str, Any]]:
        """Everyone who was settled, the best first."""
        return [vars(each) for each in leaderboard.leaderboard(self.tournament)]

    def pending_payouts(self) -> list[dict[str, Any]]:
        """What each stake would change by, if the stakes were final: None before targets are public."""
        pending, who, contract = [], self.account.address, self.tournament
        scoring = {each.number for each in opened_rounds(contract) if each.phase == "scoring"}
        for number, _ in index_of(contract).unsettled(who):
            entry, payout = contract.entry_of(number, who), None
            sealed = kept(self.session, contract, entry.commitment.hex())
            if sealed and number in scoring:
                scores, found = contract.scores_of(number, sealed.content), contract.round_of(number)
                given = found.at_risk, entry.stake, scores.correlation, scores.contribution
                gain, burnt = reference.payout(money_terms(contract.terms), *given)
                payout = gain - burnt
            pending.append({"round": number, "stake": entry.stake, "payout": payout})
        return pending

    def _number(self, number: int | None) -> int:
        return self.get_current_round() if number is None else number
