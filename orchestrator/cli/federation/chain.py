"""`diln federation create`, `join`, `leave`, `step`, `watch`, `status` …: what a contract holds to."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.federation import federation
from orchestrator.cli.host.listen import on_page
from orchestrator.cli.keeping import kept
from orchestrator.cli.showing import arguments, demo_steps, listed
from orchestrator.config import EMBEDDED
from orchestrator.console import (
    SENDS,
    SIGNS,
    VIEWS,
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
from orchestrator.text import shown
from orchestrator.times import instant, show_moment

with lazy_imports():
    from orchestrator.kernel import system
    from orchestrator.systems.federation import (
        answering,
        backing,
        creating,
        demanding,
        duties,
        finding,
        joining,
        outcomes,
        overview,
        party,
        publishing,
        refuting,
        remarks,
        rounds,
        verifying,
    )
    from orchestrator.systems.federation import demo as story

if TYPE_CHECKING:
    from orchestrator.bindings.federation import Federation
    from orchestrator.kernel.money import Currency
    from orchestrator.kernel.session import Session

Reference = Annotated[str, typer.Option("--federation", metavar="NAME", help="latest, a name or an address.")]


@command(federation, sender=SENDS)
def create(
    session: "Session",
    offer: Annotated[Path, typer.Argument(metavar="TOML", help="The terms; docs/federate.md.")],
    again: Annotated[
        bool, typer.Option("--again", help="Make it even if a finished federation has its answer.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="CSV", help="Rows that have to fit, such as your own; they stay here."
        ),
    ] = None,
) -> Answer:
    """Publish a first model and make a federation, with its budget, unless another has answered."""
    organizer = session.sender
    made = creating.plan(session, creating.read_offer(offer), organizer, data)
    finish = partial(creating.finish, session, made)
    for found in () if again else answering.answers(session, made):
        if not found.lacks:
            return _answered(session, found, finish)
        err.print(f"{found.federation.address} was asked the same; its answer is not taken: {found.lacks}.")
    err.print(*creating.promises(made), sep="\n")
    done = creating.create(session, made, organizer)
    err.print(on_page(session, f"federations/{done.address}"))
    facts = _facts(session, done)
    return Answer({**facts, "answer": None}, Facts(facts), after=finish)


def _answered(session: "Session", found: "answering.Cached", after: Callable[[], None]) -> Answer:
    """An answer that was there before: whose it is, and what it is worth, before what it is."""
    terms, money = found.federation.terms, joining.money_of(found.federation)
    deposit = money.show(joining.amount(found.federation, terms.deposit))
    names = ", ".join(map(session.name_of, found.parties))
    said = (
        f"This was asked and answered before, in a federation of {session.name_of(terms.organizer)}: "
        f"{found.rounds} rounds, the last of them of {names}, who deposited {deposit} each. Every round "
        "was computed again here, and is right. Who is behind these addresses, and on what rows they "
        "trained, nobody can tell. Nothing was created or paid; --again makes a federation of your own."
    )
    answer = {
        "rounds": found.rounds,
        "parties": list(found.parties),
        "record": found.record.hex() if found.record else None,
        "cid": found.cid,
        "version": found.version.number if found.version else None,
    }
    facts = _facts(session, found.federation)
    shown = {**facts, **{name: value for name, value in answer.items() if name not in ("parties", "rounds")}}
    return Answer({**facts, "answer": answer}, said, Facts(shown), after=after)


@command(federation, sender=SENDS)
def join(
    session: "Session",
    consent: Consent,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="CSV", help="Your rows, to train; not if an app does, or to judge only."
        ),
    ] = None,
    reference: Reference = "latest",
    admission: Annotated[
        str, typer.Option(metavar="HEX", help="The inviter's signature, where one is needed.")
    ] = "",
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="BUDGET", help="How much privacy your updates may spend; the terms', unless given."
        ),
    ] = None,
) -> Answer:
    """Take a seat with a deposit."""
    found = finding.find(session, reference)
    agreed = consent.about(session.known, found.address, finding.KIND)
    given = _signature(admission)
    seat = joining.join(session, found, session.sender, data, agreed, given, epsilon, err.print)
    facts = {"seat": seat.seat, "deposit": amount_of(joining.money_of(found), seat.deposit)}
    return Answer(facts, Facts(facts), *_shared_by_hand(session))


def _shared_by_hand(session: "Session") -> list[str]:
    """What to do where nobody else reads this folder's store, though others read the chain."""
    settings = session.settings
    if settings.storage.kind != EMBEDDED or settings.storage.pinning or settings.network.name == EMBEDDED:
        return []
    return [
        "Your updates stay in this folder's store, and whoever aggregates needs all of a round: use Kubo "
        "(`--storage kubo`), or send them after each reveal (`diln pin export --all -o FILE`, and the others "
        "`diln pin import FILE`)."
    ]


def _signature(admission: str) -> bytes:
    try:
        return bytes.fromhex(admission.removeprefix("0x"))
    except ValueError:
        raise UsageError("an admission is a signature in hexadecimal", "Copy it whole.") from None


@command(federation, sender=SENDS)
def leave(session: "Session", reference: Reference = "latest") -> Facts:
    """Give your seat up, before you commit to a round or when all is over."""
    found = finding.find(session, reference)
    joining.leave(session, found, session.sender)
    free = found.balance_of(session.sender.address)
    return Facts({"free": amount_of(joining.money_of(found), free)})


@command(federation, sender=SENDS)
def step(session: "Session", consent: Consent, reference: Reference = "latest") -> Stream | Answer:
    """Do whatever is due for you: train, commit, reveal, score, aggregate, refute, go on."""
    return _watched(session, consent, reference, others=True, once=True, interval=1.0)


@command(federation, sender=SENDS)
def watch(
    session: "Session",
    consent: Consent,
    reference: Reference = "latest",
    others: Annotated[bool, typer.Option("--others", help="Also refute and crank for the others.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
) -> Stream | Answer:
    """Do what is due, round after round, until all is over."""
    return _watched(session, consent, reference, others=others, once=False, interval=interval)


@command(federation, sender=VIEWS)
def status(session: "Session", reference: Reference = "latest") -> Answer:
    """Show the round, its phase, and every party."""
    found = finding.find(session, reference)
    view, money = overview.view(session, found), joining.money_of(found)
    facts = _facts(session, found) | _stage(session, view) | _learned(session, found)
    rows = [_seat(session, money, each) for each in view.seats]
    out = [_out(session, each) for each in outcomes.left_out(found, rounds.last_finished(found))]
    told = list(remarks.remarks(system.Look(session, found, session.sender))) if session.viewer else []
    value = {**facts, "parties": rows, "left_out": out, "remarks": told}
    return Answer(value, Facts(facts), Table(rows, empty="nobody joined yet"), Table(out), *told)


def _stage(session: "Session", view: "overview.View") -> dict[str, Any]:
    until = show_moment(view.ends_at, session.chain.now())
    return {
        "phase": view.phase.word,
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
    return listed(found, lambda each: _facts(session, each, names[each.address]), columns)


@command(federation)
def history(session: "Session", reference: Reference = "latest") -> Table:
    """List all that happened."""
    told = overview.history(finding.find(session, reference))
    rows = [arguments(each, about=outcomes.about(each)) for each in told]
    return Table(rows, ["block", "event", "round", "party", "seat", "about"], "nothing happened yet")


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


@command(federation, sender=SENDS)
def refute(session: "Session", reference: Reference = "latest") -> Facts:
    """Recompute the pending claim, and refute it if it is wrong."""
    found = finding.find(session, reference)
    fault = refuting.check(session, found)
    if fault is None:
        what = "there is no claim" if rounds.pending_claim(found) is None else "the claim is right"
        return Facts({"fault": Shown(None, what), "reward": None})
    reward = refuting.refute(session, found, session.sender, fault)
    return Facts({"fault": fault.sentence, "reward": amount_of(joining.money_of(found), reward)})


@command(federation, sender=SENDS)
def demand(session: "Session", consent: Consent, reference: Reference = "latest") -> Facts:
    """Ask on-chain, at a stake, for updates and models that nobody gives."""
    found = finding.find(session, reference)
    if rounds.pending_claim(found) is None:
        asks = demanding.missing(session, found, found.state().revealed)
    else:
        fault = refuting.check(session, found)
        asks = list(fault.asks) if fault else []
    agreed = consent.about(session.known, found.address, finding.KIND)
    return Facts({"demanded": demanding.ask(session, found, session.sender, asks, agreed)})


@command(federation, sender=SENDS)
def supply(session: "Session", reference: Reference = "latest") -> Facts:
    """Show on-chain what is demanded of you; the stakes are yours."""
    return Facts({"shown": demanding.show(session, finding.find(session, reference), session.sender)})


@command(federation, sender=SENDS)
def forfeit(session: "Session", reference: Reference = "latest") -> Facts:
    """Close demands that nobody answered in time: the update is out, or the claim falls."""
    return Facts({"closed": demanding.close(session, finding.find(session, reference), session.sender)})


@command(federation, sender=SENDS)
def delegate(
    session: "Session",
    party: Annotated[str, typer.Argument(metavar="PARTY", help="An account's name or an address.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="In coins; what is missing of it is paid.")],
    consent: Consent,
    reference: Reference = "latest",
) -> Facts:
    """Have an amount behind a party, where it weighs: policies stake and delegates."""
    found = finding.find(session, reference)
    agreed = consent.about(session.known, found.address, finding.KIND)
    units = backing.units_of(found, amount)
    behind = backing.delegate(session, found, session.sender, session.address(party), units, agreed)
    return Facts({"behind": amount_of(joining.money_of(found), behind)})


@command(federation, sender=SENDS)
def undelegate(
    session: "Session",
    party: Annotated[str, typer.Argument(metavar="PARTY", help="An account's name or an address.")],
    leave: Annotated[str, typer.Option("--leave", metavar="AMOUNT", help="What stays, in coins.")] = "",
    reference: Reference = "latest",
) -> Facts:
    """Take back, between rounds, what you put behind a party."""
    found = finding.find(session, reference)
    stays = backing.units_of(found, leave) if leave else 0
    free = backing.undelegate(session, found, session.sender, session.address(party), stays)
    return Facts({"free": amount_of(joining.money_of(found), free)})


@command(federation, sender=SIGNS, storage=True)
def sign(
    session: "Session",
    owner: Annotated[str, typer.Option("--for", metavar="OWNER", help="Who is going to publish it.")],
    reference: Reference = "latest",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="For the signature, to be sent.")
    ] = None,
) -> Facts:
    """Recompute every round, and sign the last model for who publishes it; your update has to be in it."""
    found = finding.find(session, reference)
    file = publishing.sign(session, found, session.address(owner), session.sender, output)
    return Facts({"party": session.sender.address, "file": str(file)})


@command(federation, sender=SENDS)
def publish(
    session: "Session",
    signatures: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILES]...", help="What parties' `sign` wrote.")
    ] = None,
    reference: Reference = "latest",
    needed: Annotated[
        int | None,
        typer.Option("--threshold", min=1, help="How many must sign, you among them; default: as before."),
    ] = None,
) -> Facts:
    """Put the model of the last round into the registry."""
    found = finding.find(session, reference)
    done = publishing.publish(session, found, session.sender, signatures or (), needed)
    facts = {"version": done.version.number, "sha256": done.manifest.artifact_hash.hex()}
    cid, signers = str(done.manifest.artifact_cid), session.registry.anchor_of(done.version).signers
    return Facts({**facts, "cid": cid, "signed_by": list(signers), "gas": done.gas_used})


@command(federation, sender=SENDS)
def withdraw(
    session: "Session",
    reference: Reference = "latest",
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Who gets it; you, unless given.")] = None,
) -> Answer:
    """Take out what you earned; when all is over, the deposit, too."""
    receiver = session.address(to, paid=True) if to else None
    found = finding.find(session, reference)
    taken = joining.withdraw(session, found, session.sender, receiver)
    facts = {"withdrawn": amount_of(joining.money_of(found), taken)}
    return Answer(facts, Facts(facts) if taken else "there is nothing to withdraw")


@command(federation)
def demo(
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything in this empty folder to look at.")
    ] = None,
) -> Stream:
    """Watch hospitals train together, with a poisoner, one that vanishes and a lie."""
    steps = demo_steps(folder, lambda *where: story.demo(*where), "`diln federation create`")
    return Stream(steps, whole=True)


def _watched(
    session: "Session", consent: Consent, reference: str, *, others: bool, once: bool, interval: float
) -> Stream | Answer:
    found = finding.find(session, reference)
    agreed = consent.about(session.known, found.address, finding.KIND)
    return kept(session, duties.SYSTEM, found, interval, once=once, others=others, consent=agreed)


def _facts(session: "Session", found: "Federation", name: str | None = None) -> dict[str, Any]:
    terms, money = found.terms, joining.money_of(found)
    return {
        "federation": found.address,
        "name": finding.name_of(session, found) if name is None else name,
        "organizer": Shown(terms.organizer, session.name_of(terms.organizer)),
        "policy": terms.policy.word,
        "rule": terms.rule.word,
        "pay": terms.pay.word,
        "privacy": terms.privacy.word,
        "epsilon": terms.epsilon / 1000 or None,
        "rounds": terms.rounds,
        "quorum": terms.quorum,
        "reward": amount_of(money, joining.amount(found, terms.reward)),
        "deposit": amount_of(money, joining.amount(found, terms.deposit)),
        "fine": amount_of(money, joining.amount(found, terms.fine)),
        "bond": amount_of(money, joining.amount(found, terms.bond)),
        "parameters": terms.size,
        "descriptor": finding.cid_of(terms.descriptor),
    }
