"""All commands of `diln tournament`, in the order of its help."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.host.listen import on_page
from orchestrator.cli.keeping import kept
from orchestrator.cli.showing import arguments, listed
from orchestrator.cli.tournament import tournament
from orchestrator.console import (
    SENDS,
    Answer,
    Consent,
    Facts,
    Shown,
    Stream,
    Table,
    command,
    err,
    lazy_imports,
)
from orchestrator.console import amount as amount_of
from orchestrator.console.results import IN_PART
from orchestrator.errors import UsageError
from orchestrator.times import instant, show_moment

with lazy_imports():
    from orchestrator.kernel import finding as instances
    from orchestrator.systems.tournament import (
        baseline,
        creating,
        duties,
        entering,
        finding,
        leaderboard,
        rounds,
        simulating,
        verifying,
    )

if TYPE_CHECKING:
    from orchestrator.bindings.tournament import Tournament
    from orchestrator.kernel.session import Session

Reference = Annotated[str, typer.Option("--tournament", metavar="NAME", help="latest, a name or an address.")]
Number = Annotated[int, typer.Argument(metavar="ROUND")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT")]
Targets = Annotated[Path | None, typer.Option(metavar="FILE", help="CSV or Parquet: id, target, benchmark.")]
ONE = 10**9


@command(tournament, sender=SENDS)
def create(
    session: "Session",
    offer: Annotated[Path, typer.Argument(metavar="TOML", help="Terms and files; docs/tournament.md.")],
    again: Annotated[bool, typer.Option("--again", help="Make another one from the same offer.")] = False,
) -> Answer:
    """Publish data and make a tournament; nothing is staked yet."""
    organizer = session.sender
    made = creating.plan(session, creating.read_offer(offer), offer.parent, organizer)
    if not again:
        creating.require_new(session, made)
    for sentence in creating.promises(made):
        err.print(sentence)
    done = creating.create(session, made, organizer)
    err.print(on_page(session, f"tournaments/{done.address}"))
    facts = _facts(session, done)
    return Answer(facts, Facts(facts), after=lambda: creating.finish(session, made))


@command(tournament, "open", sender=SENDS)
def open_(
    session: "Session",
    number: Number,
    consent: Consent,
    reference: Reference = "latest",
    targets: Targets = None,
    later: Annotated[bool, typer.Option("--later", help="Only seal the targets; `keep` opens.")] = False,
) -> Facts:
    """Commit to the targets of a round, with pot and bond."""
    found, organizer = finding.find(session, reference), session.sender
    if later:
        if targets:
            rounds.prepare(session, found, number, targets, organizer)
        sealed = rounds.prepared(session, found, number)
        return Facts({"round": number, "commitment": sealed and sealed.commitment.hex()})
    agreed = consent.about(session.known, found.address, finding.KIND)
    receipt = rounds.open_round(session, found, number, organizer, agreed, targets)
    return Facts({"round": number, "opened": receipt is not None})


@command(tournament)
def data(
    session: "Session",
    number: Number,
    reference: Reference = "latest",
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where to write them.")] = Path("tournament"),
    predict: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a public baseline's.")] = None,
) -> Facts:
    """Get the training data and the rows of a round."""
    if predict and predict.exists():
        raise UsageError(f"there is a file {predict} already", "Name another, or move it away.")
    found = finding.find(session, reference)
    files = [str(each) for each in baseline.download(session, found, number, folder)]
    written = predict and str(baseline.predict(session, found, number, predict))
    return Facts({"files": files, "predictions": written})


@command(tournament, sender=SENDS)
def enter(
    session: "Session",
    number: Number,
    predictions: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet: id, prediction.")],
    consent: Consent,
    stake: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="In all; as it was, unless given.")
    ] = None,
    reference: Reference = "latest",
) -> Facts:
    """Stake on sealed predictions; again, to replace them."""
    found = finding.find(session, reference)
    money = finding.money_of(found)
    amount = None if stake is None else money.parse(stake)
    agreed = consent.about(session.known, found.address, finding.KIND)
    done = entering.enter(session, found, number, predictions, session.sender, amount, agreed)
    facts = {"round": number, "stake": amount_of(money, done.entry.stake), "gas": done.gas_used}
    return Facts({**facts, "commitment": done.entry.commitment.hex()})


@command(tournament, sender=SENDS)
def reveal(
    session: "Session", number: Number, reference: Reference = "latest", targets: Targets = None
) -> Facts:
    """Show the targets of a round, once its entries are closed."""
    found = finding.find(session, reference)
    receipt = rounds.reveal(session, found, number, session.sender, targets)
    done = Shown(receipt is not None, "now" if receipt else "before")
    return Facts({"round": number, "revealed": done})


@command(tournament, sender=SENDS)
def score(
    session: "Session",
    number: Number,
    reference: Reference = "latest",
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Restores what was lost from .diln.")
    ] = None,
) -> Facts:
    """Have the contract score your entry, and pay or burn."""
    found = finding.find(session, reference)
    done = entering.score(session, found, number, session.sender, predictions)
    contributed = done.contribution / ONE if found.terms.contribution_multiplier else None
    scores = {"correlation": done.correlation / ONE, "contribution": contributed}
    return Facts({"round": number, **scores, "payout": _change(found, done.payout)})


@command(tournament, sender=SENDS)
def expire(
    session: "Session",
    number: Number,
    who: Annotated[str, typer.Argument(metavar="ENTRANT")],
    reference: Reference = "latest",
) -> Facts:
    """Settle an entry that was not scored in time, for the tip."""
    found = finding.find(session, reference)
    entrant = session.address(who)
    call = found.expire(number, entrant)
    receipt = finding.act(session, call, session.sender, "expire", number, entrant)
    return Facts({"round": number, "expired": entrant, "gas": receipt.gas_used})


@command(tournament)
def show(session: "Session", reference: Reference = "latest") -> Answer:
    """Show terms and rounds."""
    found = finding.find(session, reference)
    facts, rows = _facts(session, found), [_round(each) for each in rounds.opened_rounds(found)]
    return Answer({**facts, "rounds": rows}, Facts(facts), Table(rows, empty="no round was opened"))


@command(tournament, "list")
def list_(session: "Session") -> Answer:
    """List the tournaments on this chain."""
    columns = ["tournament", "name", "organizer", "rows", "pot", "bond"]
    found = finding.tournaments(session)
    names = finding.names(session, found)
    return listed(found, lambda each: _facts(session, each, names[each.address]), columns)


@command(tournament, "leaderboard")
def leaderboard_(
    session: "Session",
    reference: Reference = "latest",
    picture: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw scores over rounds.")] = None,
) -> Table:
    """List entrants by their mean correlation."""
    found = finding.find(session, reference)
    if picture:
        title = finding.name_of(session, found) or found.address
        leaderboard.draw(leaderboard.performances(found), session.names, title, picture)
    rows = [asdict(each) | {"payout": _change(found, each.payout)} for each in leaderboard.leaderboard(found)]
    named = [row | {"who": Shown(row["who"], session.name_of(row["who"]))} for row in rows]
    return Table(named, empty="nobody was settled yet")


@command(tournament)
def history(session: "Session", reference: Reference = "latest") -> Table:
    """List all that happened."""
    found = finding.find(session, reference)
    money = finding.money_of(found)
    told = instances.history(found, leaderboard.KINDS)
    forms = dict.fromkeys(leaderboard.SCORES, _share) | dict.fromkeys(leaderboard.AMOUNTS, money.json)
    rows = [arguments(each, forms) for each in told]
    return Table(rows, ["block", "event", "round", "who"], "nothing happened yet")


@command(tournament, sender=SENDS)
def fund(session: "Session", amount: Amount, consent: Consent, reference: Reference = "latest") -> Facts:
    """Have at least an amount free, to stake it later: what is missing is paid in."""
    found, payer = finding.find(session, reference), session.sender
    money = finding.money_of(found)
    agreed = consent.about(session.known, found.address, finding.KIND)
    paid = finding.fund(session, found, payer, money.parse(amount), agreed)
    free = found.balance_of(payer.address)
    return Facts({"paid": amount_of(money, paid), "free": amount_of(money, free)})


@command(tournament, sender=SENDS)
def withdraw(
    session: "Session",
    reference: Reference = "latest",
    leave: Annotated[
        str, typer.Option("--leave", metavar="AMOUNT", help="What stays free there, to be staked.")
    ] = "0",
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Who gets it; you, unless given.")] = None,
) -> Facts:
    """Take out what no round holds."""
    receiver = session.address(to, paid=True) if to else None
    found, owner = finding.find(session, reference), session.sender
    money = finding.money_of(found)
    wanted = max(0, found.balance_of(owner.address) - money.parse(leave))
    taken = finding.withdraw(session, found, owner, wanted, receiver)
    return Facts({"withdrawn": amount_of(money, taken)})


@command(tournament)
def verify(session: "Session", number: Number, reference: Reference = "latest") -> Answer:
    """Recompute every score and payout of a round."""
    found = verifying.verify(finding.find(session, reference), number)
    facts = asdict(found) | {"difference": found.difference or None, "unseen": list(found.unseen)}
    told = {"recomputed": f"{found.entries} entries", "difference": found.difference or "none"}
    if found.unseen:
        told["scores not seen"] = f"{len(found.unseen)}, sent by other contracts; their payouts agree"
    if not found.public and not found.difference:
        told = {"recomputed": "nothing: the targets of this round are not public"}
        return Answer(facts, Facts(told), code=IN_PART)
    return Answer(facts, Facts(told), code=1 if found.difference else IN_PART if found.unseen else 0)


@command(tournament)
def simulate(
    session: "Session",
    reference: Reference = "latest",
    count: Annotated[int, typer.Option("--rounds", min=1, help="How many to play.")] = 20,
    stake: Annotated[str, typer.Option(metavar="AMOUNT", help="Of each character in a round.")] = "1",
    seed: Annotated[int, typer.Option(min=0, help="Another one plays other predictions.")] = 0,
) -> Answer:
    """Let characters play by a tournament's terms; nothing is sent."""
    found = finding.find(session, reference)
    money = finding.money_of(found)
    terms, staked = verifying.money_terms(found.terms), money.parse(stake)
    outcomes, burnt = simulating.simulate(terms, found.terms.rows, count, staked, seed)
    rows = [asdict(each) | {"change": _change(found, each.change)} for each in outcomes]
    return Answer({"characters": rows, "burnt": money.json(burnt)}, Table(rows))


@command(tournament, sender=SENDS)
def keep(
    session: "Session",
    consent: Consent,
    reference: Reference = "latest",
    others: Annotated[bool, typer.Option("--others", help="Also what pays anybody.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
) -> Stream | Answer:
    """Keep your duties: open, reveal, score, take back, close."""
    found = finding.find(session, reference)
    agreed = consent.about(session.known, found.address, finding.KIND)
    return kept(session, duties.SYSTEM, found, interval, once=once, others=others, consent=agreed)


def _facts(session: "Session", found: "Tournament", name: str | None = None) -> dict[str, Any]:
    terms, money = found.terms, finding.money_of(found)
    return {
        "tournament": found.address,
        "name": finding.name_of(session, found) if name is None else name,
        "organizer": Shown(terms.organizer, session.name_of(terms.organizer)),
        "rows": terms.rows,
        **{name: amount_of(money, getattr(terms, name)) for name in creating.AMOUNTS},
        "most_of_a_stake": Shown(terms.clip / ONE, f"{terms.clip / ONE:.2%}"),
        "descriptor": instances.cid_of(terms.descriptor),
        "current_round": current if (current := rounds.current_number(found)) >= 0 else None,
    }


def _round(view: "rounds.RoundView") -> dict[str, Any]:
    times = {name: Shown(instant(at), show_moment(at, view.now)) for name, at in vars(view.times).items()}
    return {"round": view.number, "phase": view.phase, **times}


def _share(score: int) -> float:
    return score / ONE


def _change(found: "Tournament", amount: int) -> Shown:
    money = finding.money_of(found)
    return Shown(money.json(amount), f"{'-' if amount < 0 else '+'}{money.show(abs(amount))}")
