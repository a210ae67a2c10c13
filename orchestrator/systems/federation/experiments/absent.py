"""Parties that are often away, and parties that are always a round late."""

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, last, runs, with_bad
from orchestrator.systems.federation.simulation.characters import Absent, Slow
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

AWAY = (0.0, 0.2, 0.5, 0.8)
SEEDS, ROUNDS = range(3), 12


@experiment("Accuracy by the share of parties that are away or late", "McMahan et al., 2017 (FedAvg)")
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    plan = Plan(NETWORK, rounds=ROUNDS)
    for away in counted(AWAY, progress):
        late = round(away * PARTIES)
        rows.append(
            {
                "share": away,
                "absent": last(runs(plan, [Absent(chance=away)] * PARTIES, SEEDS)),
                "a_round_late": last(runs(plan, with_bad(Slow(), late), SEEDS)),
            }
        )
    full = rows[0]["absent"]
    checks = [
        Check.at_least("with 20 and 50 % away", [row["absent"] for row in rows[1:3]], full - 0.015),
        Check.at_least("with 80 % away", [rows[3]["absent"]], full - 0.025),
        Check.at_least("with half of them a round late", [rows[2]["a_round_late"]], full - 0.02),
    ]
    return Outcome(rows, checks, Picture("share", ("absent", "a_round_late")))
