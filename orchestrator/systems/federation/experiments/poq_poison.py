"""Committees against parties who send random updates, and lie as scorers."""

from dataclasses import replace

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, away, last, runs, with_bad
from orchestrator.systems.federation.simulation.characters import Poisoner
from orchestrator.systems.federation.simulation.judging import ruled
from orchestrator.systems.federation.simulation.playing import Plan, Played, Policy
from orchestrator.types import Report

SEEDS, ROUNDS, CLIP = range(6), 12, 4.0
"""After some ten rounds, the models of honest parties alone get no better."""

WORST, PLAN = 5, Plan(NETWORK, rounds=ROUNDS, clip=CLIP)


@experiment(
    "Random updates three times as long as honest ones, by parties who also lie as scorers",
    "Lu et al., 2020 (proof of training quality)",
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    for bad in counted(range(WORST + 1), progress):
        cast, meek = (with_bad(Poisoner(norm=norm), bad) for norm in (3 * CLIP, CLIP))
        five, nine = (
            runs(replace(PLAN, policy=Policy.COMMITTEE, committee=size), cast, SEEDS) for size in (5, 9)
        )
        mean = runs(PLAN, cast, SEEDS)
        short = runs(PLAN, meek, SEEDS)
        alone = runs(PLAN, away(bad, cast), SEEDS)
        rows.append(
            {
                "poisoners": bad,
                "committee_of_5": last(five),
                "committee_of_9": last(nine),
                "plain_mean": last(mean),
                "mean_of_short_poison": last(short),
                "honest_alone": last(alone),
                "bad_rejected": _rejected(five, range(bad)),
                "bad_rejected_by_9": _rejected(nine, range(bad)),
                "good_rejected": _rejected(five, range(bad, PARTIES)),
                "liars_win_5": ruled(bad, 5, PARTIES),
                "liars_win_7": ruled(bad, 7, PARTIES),
                "liars_win_9": ruled(bad, 9, PARTIES),
            }
        )
    lines = ("committee_of_5", "committee_of_9", "plain_mean", "mean_of_short_poison", "honest_alone")
    return Outcome(rows, _checks(rows), Picture("poisoners", lines))


def _checks(rows: list[Row]) -> list[Check]:
    upto = rows[:WORST]
    gains = [row["committee_of_5"] - row["plain_mean"] for row in rows[1:WORST]]
    return [
        Check.at_least(
            "accuracy with a committee of 9, up to 4 of 10", [row["committee_of_9"] for row in upto], 0.955
        ),
        Check.at_least(
            "the same with a committee of 5",
            [row["committee_of_5"] for row in upto],
            0.955,
            "With 4 of 10, liars rule a quarter of the committees of five: so offers take nine.",
        ),
        Check.at_most("what it loses against honest parties alone", _behind(upto, "committee_of_9"), 0.01),
        Check.at_most("what a committee of 5 loses", _behind(upto, "committee_of_5"), 0.01),
        Check("it is better than the plain mean", min(gains) > 0, f"least gain {min(gains):.4f}"),
        Check.at_most("few honest updates are refused", [row["good_rejected"] for row in upto], 0.02),
        Check.at_least(
            "accuracy with poison as short as honest updates",
            [row["mean_of_short_poison"] for row in upto],
            0.958,
            "It is let in. Most of what is lost is lost without it: honest parties alone have fewer rows.",
        ),
        Check.at_most(
            "what poison as short as honest updates costs", _behind(upto, "mean_of_short_poison"), 0.015
        ),
        Check(
            "half of ten is the cliff: many more of them get in",
            rows[5]["bad_rejected_by_9"] < rows[4]["bad_rejected_by_9"] - 0.2,
            f"rejected {rows[4]['bad_rejected_by_9']} of 4 and {rows[5]['bad_rejected_by_9']} of 5",
        ),
        Check(
            "liars win committees of 9 only with half of all seats",
            rows[4]["liars_win_9"] == 0 < rows[5]["liars_win_9"],
            f"{rows[4]['liars_win_9']} and {rows[5]['liars_win_9']} of all draws",
        ),
    ]


def _behind(rows: list[Row], name: str) -> list[float]:
    """By how much accuracy a column is behind the honest parties alone."""
    return [row["honest_alone"] - row[name] for row in rows]


def _rejected(played: list[Played], seats: range) -> float | None:
    """The share of the updates of `seats` that were not in."""
    sent = sum(each.tallies[seat].sent for each in played for seat in seats)
    taken = sum(each.tallies[seat].accepted for each in played for seat in seats)
    return round(1 - taken / sent, 3) if sent else None
