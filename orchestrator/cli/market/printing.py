"""How markets are shown: as a whole, by participant, and what a replay found."""

from typing import TYPE_CHECKING, Any

from orchestrator.cli.models.options import amount, moment, when
from orchestrator.console import Answer, Facts, Shown, Table, lazy_imports, progress_bar

with lazy_imports():
    from orchestrator import times
    from orchestrator.models.online import clone
    from orchestrator.systems.market import leaderboard as boards
    from orchestrator.systems.market import simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.kernel.session import Session
    from orchestrator.systems.market.creating import Draft
    from orchestrator.systems.market.leaderboard import Leaderboard
    from orchestrator.systems.market.opening import PredictionMarket
    from orchestrator.systems.market.participating import Submission
    from orchestrator.systems.market.simulation import MarketScenario

BILLION = 10**9
MEASURED = 90  # days until all may be returned
LOSSES = ("accuracy", "f1", "hinge")


def market_shown(session: "Session", opened: "PredictionMarket") -> Answer:
    """All of a market, and who participates."""
    found = boards.leaderboard(session, opened)
    facts = market_facts(session, opened) | settlement(opened, found)
    rows = leaderboard_rows(session, opened, found)
    return Answer(facts | {"participants": rows}, Facts(facts), _leaderboard_table(rows))


def market_facts(session: "Session", opened: "PredictionMarket") -> dict[str, Any]:
    """What is offered, by which rules, and where it stands."""
    market, descriptor = opened.shared, opened.descriptor
    rules, state = market.rules, market.state()
    until = market.contract.deadline()
    per = "sample" if rules.weighted else "contribution"
    return {
        "name": opened.name,
        "address": market.address,
        "contract": market.composition.name,
        "provider": Shown(market.creator, session.name_of(market.creator)),
        "labels": list(descriptor.labels),
        "encoder": descriptor.encoder.kind,
        "phase": market.phase().name.lower(),
        "until": moment(until) if until else None,
        "outcome": state.outcome.name.lower(),
        "bounty": amount(opened, state.bounty),
        "bond": _and(amount(opened, state.bond), ", burnt if the provider does not reveal"),
        "tips_left": amount(opened, state.tips),
        "stake": _and(amount(opened, market.stake), f" for each {per}"),
        "stake_for_each": Shown(per, ""),
        "fee": _and(amount(opened, market.fee), " for each contribution"),
        "loss": LOSSES[rules.loss],
        "test_set": portions_of(rules.portions, rules.samples),
        "validation": Shown(rules.validation, f"{rules.validation} portions" if rules.validation else ""),
        "trial_portion": state.trial,
        "revealed": len(market.portions()),
        "kept": Shown(
            {"margin": rules.margin / 1000}, f"what avoids {rules.margin / 10:g} % of the loss at first"
        ),
        "drops_out": Shown(
            {"threshold": rules.threshold / 1000, "strikes": rules.strikes},
            f"below {rules.threshold / 1000:g} of the stake, {_times(rules.strikes)}",
        ),
        "passes": rules.passes,
        "takes_contributions": Shown(rules.duration, f"for {_span(rules.duration)}"),
        "sealing": Shown(
            rules.open_wait, f"opened within {_span(rules.open_wait)}" if rules.open_wait else "not possible"
        ),
        "revealed_within": Shown(rules.reveal_wait, _span(rules.reveal_wait)),
        "measured_within": Shown(MEASURED * 86_400, f"{MEASURED} days, or everything returns"),
        "contributions": Shown(state.contributions, f"{state.contributions} of {rules.capacity}"),
        "capacity": Shown(rules.capacity, ""),
        "sealed": state.sealed,
    }


def portions_of(portions: int, samples: int) -> Shown:
    return Shown({"portions": portions, "samples": samples}, f"{portions} portions of {samples}")


def _and(money: Shown, words: str) -> Shown:
    return Shown(money.value, money.text + words)


def escrowed(draft: "Draft", provider: str) -> "Iterator[str]":
    """What a provider puts down by creating a market, who gets it, and when it is lost: before it is paid."""
    offer, rules, money = draft.offer, draft.offer.rules, draft.offer.money
    bounty, bond, tips = map(money.show, (offer.bounty, offer.bond, offer.provided))
    yield f"A bounty of {bounty}, a bond of {bond} and tips of {tips} go from {provider} to a new market."
    yield (
        "Contributors are paid the share of the bounty that their data avoid of the loss, at most all "
        "of it; the tips pay for measuring. What nobody earned returns to you."
    )
    wait = times.show_duration(rules.reveal_wait)
    yield (
        f"The bond is burnt if you do not reveal the trial portion within {wait}, or the others within "
        f"{wait} after contributions and opening: bounty and tips then go to contributors. Else it returns."
    )
    yield (
        f"Contributors stake {money.show(rules.stake * clone.unit_of(money))} for each "
        f"{'sample' if rules.weighted else 'contribution'}: what they lose of it is burnt, and never yours."
    )
    yield f"If nobody measures within {MEASURED} days, everything returns."
    if draft.accuracy == 1 and LOSSES[rules.loss] != "hinge":
        yield "The model makes no mistake on your test set: no data can avoid a loss, so nobody is paid."


def losable(opened: "PredictionMarket", submission: "Submission", sealed: bool) -> "Iterator[str]":
    """What may be lost by contributing, when and to whom: before it is paid."""
    market, rules, money = opened.shared, opened.shared.rules, opened.shared.money
    closes = int(market.state().closes_at)
    stake, fee = money.show(submission.stake), money.show(submission.fee)
    yield f"You put {stake} at stake and pay {fee} for being measured."
    yield (
        f"Samples that avoid less than {rules.margin / 10:g} % of the loss at first are taken back, unpaid; "
        "those that make it worse cost what they spoil, up to the stake, which is burnt."
    )
    if rules.threshold == 1000 and rules.strikes == 1:
        yield "If your data spoil more than they have earned before, you drop out, with all your data."
    if sealed:
        opening = f"from {when(closes)} to {when(closes + rules.open_wait)}"
        yield f"Open them {opening}, or the stake is burnt: `diln market keep` does it."
    reveals = when(closes + rules.open_wait + rules.reveal_wait)
    bounty = money.show(market.state().bounty)
    yield (
        f"If the provider does not reveal its test set by {reveals}, stake and fee come back, and a share of "
        f"{bounty}. If nobody measures within {MEASURED} days after that, stake and the fee's rest come back."
    )
    if not submission.helps:
        yield (
            "On what is known of the test set, your samples improve nothing any more: "
            f"{submission.before:.1%} are right without them, {submission.after:.1%} with them."
        )


def leaderboard_rows(
    session: "Session", opened: "PredictionMarket", found: "Leaderboard"
) -> list[dict[str, Any]]:
    """A row for each participant."""

    def told(value: int | None) -> Shown:
        return Shown(None, "?") if value is None else amount(opened, value)

    return [
        {
            "name": session.name_of(row.who),
            "address": row.who,
            "contributions": row.contributions,
            "samples": row.samples,
            "sealed": row.sealed,
            "loss_avoided": None if row.score is None else row.score / BILLION,
            "dropped": row.dropped,
            "staked": told(row.staked),
            "fees": told(row.fees),
            "paid" if found.final else "expected": told(row.amount),
            "gain": told(row.gain),
        }
        for row in found.rows
    ]


def _leaderboard_table(rows: list[dict[str, Any]]) -> Table:
    columns = [name for name in (rows[0] if rows else ()) if name != "address"]
    return Table(rows, columns, empty="nobody has contributed")


def settlement(opened: "PredictionMarket", found: "Leaderboard") -> dict[str, Any]:
    """How the market ends, as far as that is known here."""
    settlement = found.settlement
    if settlement is None:
        return {"settlement": Shown("unknown", "unknown until the test set is")}

    return {
        "settlement": Shown("paid", "paid, and as the reference says") if found.final else "expected",
        "ends": settlement.outcome.name.lower(),
        "loss_at_first": None if settlement.first is None else settlement.first / BILLION,
        "loss_in_the_end": None if settlement.last is None else settlement.last / BILLION,
        "to_participants": amount(opened, sum(due.amount for due in settlement.dues)),
        "to_the_provider": amount(opened, settlement.provider),
        "tips_paid": amount(opened, settlement.tips),
        "burnt": amount(opened, settlement.burnt) if settlement.burnt else None,
    }


def leaderboard_shown(session: "Session", opened: "PredictionMarket") -> Table:
    """Who gets what."""
    rows = leaderboard_rows(session, opened, boards.leaderboard(session, opened))
    return _leaderboard_table(rows)


def replay_shown(session: "Session", opened: "PredictionMarket") -> Facts:
    """What the events and the Python reference come to, compared with the chain."""
    found = boards.leaderboard(session, opened)
    facts = {
        "contributions": opened.shared.count(),
        "identical": Shown(found.final or None, "yes" if found.final else ""),
    }
    return Facts(facts | settlement(opened, found))


def simulated(loaded: "MarketScenario", seeds: int) -> Answer:
    """What it brings to play against honest participants, in bounties."""
    if seeds:
        loaded = loaded.model_copy(update={"seeds": seeds})
    with progress_bar("simulating", unit="seeds") as progress:
        rows = [row.to_json() for row in simulation.run(loaded, progress)]
    title = f"{loaded.title}: mean and worst of {loaded.seeds} seeds, in bounties"
    return Answer(rows, title, Table(rows))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _span(seconds: int) -> str:
    return times.show_duration(seconds)
