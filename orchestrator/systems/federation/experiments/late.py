"""What becomes of updates that are late: four ways, at equal time, where the slow have rows of their own.

Half of ten parties take longer than a round to train. Either a round waits for them, and there are half as
many; or they are lost; or the round closes at the fifth reveal, so that five who are fast shut the others
out; or the update comes with the next round, as `party` does it. A committee of five is drawn from those
who revealed: where a round closes at the fifth, colluders who reveal first are not outnumbered by the rest.
"""

from dataclasses import dataclass, field

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, away, last, runs
from orchestrator.systems.federation.simulation.characters import Character, Honest, View
from orchestrator.systems.federation.simulation.judging import ruled
from orchestrator.systems.federation.simulation.networks import Floats
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

SEEDS, ROUNDS, SLOW, ALPHA = range(3), 12, 5, 0.3
COMMITTEE, COLLUDERS = 5, (1, 2, 3, 4)


@dataclass(frozen=True)
class Late(Honest):
    """Begins in one round, and is done in the next."""

    held: list[Floats] = field(default_factory=list)

    def update(self, view: View) -> Floats | None:
        if self.held:
            return self.held.pop()
        self.held.append(view.trained() - view.weights)
        return None


@experiment("Late updates: waited for, lost, shut out, or in the next round", "Nguyen et al., 2022 (FedBuff)")
def run(progress: Report | None = None) -> Outcome:
    honest: list[Character] = [Honest()] * PARTIES
    fast = away(SLOW, honest)
    ways: dict[str, tuple[int, list[Character]]] = {
        "waits for all": (ROUNDS // 2, honest),
        "late are lost": (ROUNDS, fast),
        "closes at the fifth": (ROUNDS, fast),
        "late come with the next": (ROUNDS, [*[Late()] * SLOW, *honest[SLOW:]]),
    }
    rows: list[Row] = []
    for way, (rounds, cast) in counted(ways.items(), progress):
        plan = Plan(NETWORK, rounds=rounds)
        played = runs(plan, cast, SEEDS, ALPHA)
        sent = sum(tally.accepted for each in played for tally in each.tallies[:SLOW])
        among = COMMITTEE if way == "closes at the fifth" else PARTIES
        draws = {f"liars_win_with_{bad}": ruled(bad, COMMITTEE, among) for bad in COLLUDERS}
        rows.append({"way": way, "accuracy": last(played), "updates_of_the_slow": sent, **draws})
    lost, early, carried = rows[1:]
    checks = [
        Check.at_least(
            "late updates that come with the next round help", [carried["accuracy"]], lost["accuracy"] + 0.01
        ),
        Check(
            "closing at the fifth reveal shuts the slow out",
            early["updates_of_the_slow"] == 0 < carried["updates_of_the_slow"],
            f"{early['updates_of_the_slow']} and {carried['updates_of_the_slow']} of their updates are in",
        ),
        Check(
            "where the first five are all there are, three colluders have every committee of five",
            early["liars_win_with_3"] == 1 > 0.1 > carried["liars_win_with_3"],
            f"{early['liars_win_with_3']:.3f} and {carried['liars_win_with_3']:.3f} of all rounds",
        ),
    ]
    return Outcome(rows, checks, Picture("way", ("accuracy",), bars=True))
