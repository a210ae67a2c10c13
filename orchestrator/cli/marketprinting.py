"""How markets are shown: as a whole, by participant, and what a replay found."""

import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.cli.console import out, print_json, print_one, progress_bar
from orchestrator.cli.sumcommon import print_rows, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.sum.connection import Connection
    from orchestrator.sum.market.participating import Lot
    from orchestrator.sum.market.standing import Standing
    from orchestrator.sum.opening import OpenedMarket

BILLION = 10**9
MEASURED = 90  # days until all may be returned
LOSSES = ("accuracy", "f1", "hinge")


def print_market(connection: "Connection", opened: "OpenedMarket", json: bool) -> None:
    """All of a market, and who participates."""
    from orchestrator.sum.market.standing import standing

    facts, found = market_facts(connection, opened), standing(connection, opened)
    rows = standing_rows(connection, opened, found, json)
    if json:
        print_json(facts | settlement(opened, found, json) | {"participants": rows})
        return
    print_one(facts | settlement(opened, found, json), json)
    if rows:
        print_rows(list(rows[0]), rows, json)


def market_facts(connection: "Connection", opened: "OpenedMarket") -> dict[str, Any]:
    """What is offered, by which rules, and where it stands."""
    market, descriptor, money = opened.shared, opened.descriptor, opened.shared.money
    rules, state = market.rules, market.state()
    until = market.deadline()
    return {
        "name": opened.name,
        "address": market.address,
        "contract": market.composition,
        "provider": connection.name_of(market.creator),
        "labels": list(descriptor.labels),
        "encoder": descriptor.encoder.kind,
        "phase": market.phase().name.lower(),
        "until": when(until) if until else None,
        "outcome": state.outcome.name.lower(),
        "bounty": money.show(state.bounty),
        "bond": f"{money.show(state.bond)}, burnt if the provider does not reveal",
        "tips left": money.show(state.tips),
        "stake": f"{money.show(market.stake)} for each {'sample' if rules.weighted else 'contribution'}",
        "fee": f"{money.show(market.fee)} for each contribution",
        "loss": LOSSES[rules.loss],
        "test set": f"{rules.portions} portions of {rules.samples}",
        "validation": f"{rules.validation} portions" if rules.validation else None,
        "trial portion": state.trial,
        "revealed": len(market.portions()),
        "kept": f"what avoids {rules.margin / 10:g} % of the loss at first",
        "drops out": f"below {rules.threshold / 1000:g} of the stake, {rules.strikes} times",
        "passes": rules.passes,
        "takes contributions": f"for {_span(rules.duration)}",
        "hiding": f"opened within {_span(rules.open_wait)}" if rules.open_wait else "not possible",
        "revealed within": _span(rules.reveal_wait),
        "measured within": f"{MEASURED} days, or everything returns",
        "contributions": f"{state.contributions} of {rules.capacity}",
        "hidden": state.hidden,
    }


def losable(opened: "OpenedMarket", lot: "Lot", hidden: bool) -> "Iterator[str]":
    """What may be lost by contributing, when and to whom: before it is paid."""
    market, rules, money = opened.shared, opened.shared.rules, opened.shared.money
    closes = int(market.state().closes_at)
    yield f"You put {money.show(lot.stake)} at stake and pay {money.show(lot.fee)} for being measured."
    yield (
        f"Samples that avoid less than {rules.margin / 10:g} % of the loss at first are taken back, unpaid; "
        "those that make it worse cost what they spoil, up to the stake, which is burnt."
    )
    if rules.threshold == 1000 and rules.strikes == 1:
        yield "Whoever spoils more than it has earned before drops out, with all that it has given."
    if hidden:
        opening = f"from {when(closes)} to {when(closes + rules.open_wait)}"
        yield f"They are to be opened {opening}, or the stake is burnt: `diln sum watch` does it."
    reveals = when(closes + rules.open_wait + rules.reveal_wait)
    bounty = money.show(market.state().bounty)
    yield (
        f"If the provider does not reveal its test set by {reveals}, stake and fee come back, and a share of "
        f"{bounty}. If nobody measures within {MEASURED} days after that, stake and the fee's rest come back."
    )
    if not lot.helps:
        yield (
            "On what is known of the test set, your samples improve nothing any more: "
            f"{lot.before:.1%} are right without them, {lot.after:.1%} with them."
        )


def standing_rows(
    connection: "Connection", opened: "OpenedMarket", found: "Standing", json: bool
) -> list[dict[str, Any]]:
    """A row for each participant; money as text for people, in the smallest unit for machines."""
    money = opened.shared.money

    def amount(value: int | None) -> Any:
        return value if json else "?" if value is None else money.show(value)

    return [
        {
            "name": connection.name_of(row.who),
            "contributions": row.contributions,
            "samples": row.samples,
            "hidden": row.hidden,
            "loss avoided": None if row.score is None else row.score / BILLION,
            "dropped": row.dropped,
            "staked": amount(row.staked),
            "fees": amount(row.fees),
            "paid" if found.final else "expected": amount(row.amount),
            "gain": amount(row.gain),
        }
        for row in found.rows
    ]


def settlement(opened: "OpenedMarket", found: "Standing", json: bool) -> dict[str, Any]:
    """How the market ends, as far as that is known here."""
    money, reckoning = opened.shared.money, found.reckoning
    if reckoning is None:
        return {"settlement": "unknown until the test set is"}

    def amount(value: int) -> Any:
        return value if json else money.show(value)

    return {
        "settlement": "paid, and as the reference says" if found.final else "expected",
        "ends": reckoning.outcome.name.lower(),
        "loss at first": None if reckoning.first is None else reckoning.first / BILLION,
        "loss in the end": None if reckoning.last is None else reckoning.last / BILLION,
        "to participants": amount(sum(due.amount for due in reckoning.dues)),
        "to the provider": amount(reckoning.provider),
        "tips paid": amount(reckoning.tips),
        "burnt": amount(reckoning.burnt) if reckoning.burnt else None,
    }


def print_standing(connection: "Connection", opened: "OpenedMarket", json: bool) -> None:
    """Who gets what."""
    from orchestrator.sum.market.standing import standing

    found = standing(connection, opened)
    rows = standing_rows(connection, opened, found, json)
    if rows or json:
        print_rows(list(rows[0]) if rows else [], rows, json)
    else:
        out.print("nobody has contributed")


def print_replay(connection: "Connection", opened: "OpenedMarket", json: bool) -> None:
    """What the events and the Python reference come to, compared with the chain."""
    from orchestrator.sum.market.standing import standing

    found = standing(connection, opened)
    facts = {"contributions": opened.shared.count(), "identical": found.final or None}
    print_one(facts | settlement(opened, found, json), json)


def simulate_market(scenario: str, json: bool) -> None:
    """Let strategic participants play against honest ones, and print what it brings them, in bounties."""
    from orchestrator.sum.market.simulation import load_market, run

    loaded = load_market(scenario)
    with progress_bar("simulating", unit="seeds") as progress:
        rows = [row.to_json() for row in run(loaded, progress)]
    if not json:
        out.print(f"{loaded.title}: mean and worst of {loaded.seeds} seeds, in bounties", markup=False)
    print_rows(list(rows[0]), rows, json)


def _span(seconds: int) -> str:
    return str(datetime.timedelta(seconds=seconds))
