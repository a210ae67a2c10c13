"""`diln federation status`, `list`, `history`, `verify`: what a contract says, and whether it is right."""

from typing import TYPE_CHECKING, Any

from orchestrator.cli.federation import federation, telling
from orchestrator.cli.federation.options import Reference, facts_of
from orchestrator.cli.showing import choice, listed
from orchestrator.console import VIEWS, Answer, Facts, Shown, Table, command, lazy_imports
from orchestrator.console import amount as amount_of
from orchestrator.console.results import IN_PART
from orchestrator.text import shown
from orchestrator.times import instant, show_moment

with lazy_imports():
    from orchestrator.kernel import system
    from orchestrator.systems.federation import (
        finding,
        joining,
        outcomes,
        overview,
        party,
        remarks,
        rounds,
        verifying,
    )

if TYPE_CHECKING:
    from orchestrator.bindings.federation import Federation
    from orchestrator.kernel.money import Currency
    from orchestrator.kernel.session import Session


@command(federation, sender=VIEWS)
def status(session: "Session", reference: Reference = "latest") -> Answer:
    """Show the round, its phase, and every party."""
    found = finding.find(session, reference)
    view, money = overview.view(session, found), joining.money_of(found)
    facts = facts_of(session, found) | _stage(session, view) | _learned(session, found)
    rows = [_seat(session, money, each) for each in view.seats]
    out = [_out(session, each) for each in outcomes.left_out(found, rounds.last_finished(found))]
    told = list(remarks.remarks(system.Look(session, found, session.sender))) if session.viewer else []
    value = {**facts, "parties": rows, "left_out": out, "remarks": told}
    return Answer(value, Facts(facts), Table(rows, empty="nobody joined yet"), Table(out), *told)


def _stage(session: "Session", view: "overview.View") -> dict[str, Any]:
    until = show_moment(view.ends_at, session.chain.now())
    return {
        "phase": choice(view.phase),
        "until": Shown(instant(view.ends_at), until) if view.ends_at else None,
        "round": view.round,
        "finished": view.done,
        "void": view.voids,
    }


def _learned(session: "Session", found: "Federation") -> dict[str, Any]:
    """What is learned, and how good the model is on the own rows; nothing of it where it is not at hand."""
    about, who = finding.described(session, found), session.viewer
    right = party.accuracy(session, found, who) if about and who else None
    return {
        "source": shown(about.source) or None if about else None,
        "target": shown(about.target) or None if about else None,
        "features": list(map(shown, about.features)) if about else [],
        "classes": list(map(shown, about.classes)) if about else [],
        "accuracy": Shown(right, f"{right:.1%} of your rows" if right is not None else "not known"),
    }


def _out(session: "Session", out: "outcomes.LeftOut") -> dict[str, Any]:
    return {"round": out.round, "party": Shown(out.party, session.name_of(out.party)), "why": out.why}


def _seat(session: "Session", money: "Currency", seat: "overview.Seat") -> dict[str, Any]:
    return {
        "seat": seat.seat,
        "party": Shown(seat.party, session.name_of(seat.party)),
        "deposit": amount_of(money, seat.deposit),
        "free": amount_of(money, seat.free),
        "active": seat.active,
        "committed": seat.committed,
        "revealed": seat.revealed,
        "scores": seat.scoring,
        "epsilon": seat.epsilon,
        "left": seat.left,
    }


@command(federation, "list")
def list_(session: "Session") -> Answer:
    """List the federations on this chain."""
    columns = ["federation", "name", "policy", "rule", "reward", "deposit"]
    found = finding.federations(session)
    names = finding.names(session, found)
    return listed(found, lambda each: facts_of(session, each, names[each.address]), columns)


@command(federation)
def history(session: "Session", reference: Reference = "latest") -> Answer:
    """List all that happened."""
    found = finding.find(session, reference)
    events = overview.history(found)
    rows = telling.told(found, events)
    seen = [row | {"about": outcomes.about(each)} for row, each in zip(rows, events, strict=True)]
    columns = ["block", "event", "round", "party", "seat", "about"]
    return Answer(rows, Table(seen, columns, "nothing happened yet"))


@command(federation)
def verify(session: "Session", reference: Reference = "latest") -> Answer:
    """Fetch and recompute every round; name the first lie."""
    found = list(verifying.verify(session, finding.find(session, reference)))
    rows = [_checked(session, each) for each in found]
    code = 1 if any(each.fault for each in found) else IN_PART if any(each.doubt for each in found) else 0
    columns = ["federation", "round", "updates", "model", "left_out", "fault"]
    return Answer(rows, Table(rows, columns, "no round is finalized yet"), code=code)


def _checked(session: "Session", each: "verifying.Checked") -> dict[str, Any]:
    names = ", ".join(session.name_of(one.party) for one in each.out)
    return {
        "federation": each.federation,
        "round": each.round,
        "updates": each.updates,
        "model": Shown(each.model.hex(), f"{each.model.hex()[:16]}…"),
        "left_out": Shown([_out(session, one) for one in each.out], names or "none"),
        "fault": Shown(each.fault or None, each.sentence or "none"),
        "doubt": Shown(each.doubt or None, ""),
    }
