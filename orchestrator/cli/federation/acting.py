"""`diln federation refute`, `demand`, `delegate`, `sign`, `withdraw` …: single acts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.federation import federation
from orchestrator.cli.federation.options import Reference
from orchestrator.cli.showing import demo_steps
from orchestrator.console import (
    SENDS,
    SIGNS,
    Answer,
    BoundedConsent,
    Consent,
    Facts,
    Shown,
    Stream,
    command,
    lazy_imports,
)
from orchestrator.console import amount as amount_of

with lazy_imports():
    from orchestrator.systems.federation import (
        backing,
        demanding,
        finding,
        joining,
        publishing,
        refuting,
        rounds,
    )
    from orchestrator.systems.federation import demo as story

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


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
def demand(session: "Session", consent: BoundedConsent, reference: Reference = "latest") -> Facts:
    """Ask on-chain, with a stake, for updates and models that nobody provides."""
    found = finding.find(session, reference)
    if rounds.pending_claim(found) is None:
        asks = demanding.missing(session, found, found.state().revealed)
    else:
        fault = refuting.check(session, found)
        asks = list(fault.asks) if fault else []
    agreed = consent.within(session.known, found.address, finding.KIND, joining.money_of(found))
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
    """Back a party with an amount, where that counts: policies stake and delegates."""
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
    """Recompute every round, and sign the last model for its publisher; your update has to be in it."""
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
    """Watch hospitals train together, with a poisoner, a dropout and a liar."""
    steps = demo_steps(folder, lambda *where: story.demo(*where), "`diln federation create`")
    return Stream(steps, whole=True)
