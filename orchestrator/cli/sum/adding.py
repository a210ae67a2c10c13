"""`diln sum add`, `reveal`, `sign`, `relay` and `fund`: the ways in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.models.options import EncoderOption, LabelledSampleOptions, amount, encode_many, moment
from orchestrator.cli.sum import shared
from orchestrator.cli.sum.options import (
    MaximumOption,
    ReferenceArgument,
    contribution_facts,
    outcome_facts,
    outcomes_table,
)
from orchestrator.console import (
    SENDS,
    SIGNS,
    Answer,
    Consent,
    DryRunOption,
    Facts,
    Table,
    command,
    err,
    lazy_imports,
    progress_bar,
)
from orchestrator.errors import UsageError
from orchestrator.files import replace_file
from orchestrator.times import seconds

with lazy_imports():
    from orchestrator.systems.sum import adding, opening, records, relaying, sealing

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.encoding import Sample
    from orchestrator.systems.sum.opening import SharedModel
    from orchestrator.types import Wei


@command(shared, sender=SENDS)
def add(
    session: "Session",
    reference: ReferenceArgument,
    given: LabelledSampleOptions,
    consent: Consent,
    maximum: MaximumOption = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Commit now, show nothing; `diln sum reveal` opens it later.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Add samples again that are open already.")] = False,
    encoder: EncoderOption = None,
    dry_run: DryRunOption = False,
) -> Answer:
    """Add a sample, or a CSV of samples, with a deposit that comes back if the model comes to agree."""
    if sealed and again:
        raise UsageError("sealed samples are not compared with those added before", "Leave out --again.")
    with progress_bar("adding") as progress:
        opened, account = opening.open_model(session, reference, encoder), session.sender
        samples, most = _labelled(opened, given, again=again), _most(opened, maximum)
        if not dry_run:
            _ask(consent, session, opened, terms_of(opened, len(samples), most))
        how: dict[str, Any] = {"maximum": most, "dry_run": dry_run, "progress": progress}
        if sealed:
            return _sealed_samples(opened, sealing.seal(session, opened, samples, account, **how), dry_run)
        return _added(opened, adding.add(session, opened, samples, account, again=again, **how), dry_run)


@command(shared, sender=SENDS)
def reveal(
    session: "Session",
    reference: ReferenceArgument,
    maximum: MaximumOption = None,
    encoder: EncoderOption = None,
) -> Answer:
    """Reveal the samples that were added with --sealed, and let the model learn them."""
    opened, account = opening.open_model(session, reference, encoder), session.sender
    most = _most(opened, maximum)
    facts = [outcome_facts(opened, each) for each in sealing.reveal(session, opened, account, maximum=most)]
    waiting = sum(
        each.secret is not None for each in sealing.sealed_samples(session, opened, account.address)
    )
    more = [f"{waiting} wait for the next block, or for a lower price: run it again"] if waiting else []
    return Answer(facts, outcomes_table(facts), *more)


@command(shared, sender=SIGNS)
def sign(
    session: "Session",
    reference: ReferenceArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file for whoever relays it.")
    ],
    given: LabelledSampleOptions,
    maximum: MaximumOption = None,
    lasts: Annotated[str, typer.Option(help="How long it may be relayed.")] = "1d",
    ahead: Annotated[
        int, typer.Option(help="How many were signed before and are not relayed yet.", min=0)
    ] = 0,
    wallet: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sign in the name of this contract wallet.")
    ] = None,
    encoder: EncoderOption = None,
) -> Facts:
    """Sign samples that anybody may relay. Nothing is sent, and no fee is paid."""
    opened, account = opening.open_model(session, reference, encoder), session.sender
    samples, most = tuple(_labelled(opened, given, again=True)), _most(opened, maximum)
    signs = session.address(wallet, paid=True) if wallet else None
    signed = relaying.sign(
        opened, samples, account, maximum=most, lasts=seconds(lasts), ahead=ahead, wallet=signs
    )
    replace_file(output, signed.to_bytes())
    facts = {"contributor": signed.contributor, "samples": len(signed.samples), "number": signed.nonce}
    told = {"at_most": amount(opened, signed.maximum), "until": moment(signed.deadline)}
    return Facts({**facts, **told, "file": str(output)})


@command(shared, sender=SENDS)
def relay(
    session: "Session",
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What `diln sum sign` wrote.")],
    consent: Consent,
    pay: Annotated[
        bool, typer.Option("--pay", help="Pay what is missing from the contributor's balance.")
    ] = False,
    maximum: Annotated[
        str | None,
        typer.Option(
            "--max-price", "--maximum", metavar="COINS", help="The most that you pay for all its samples."
        ),
    ] = None,
    encoder: EncoderOption = None,
    dry_run: DryRunOption = False,
) -> Answer:
    """Send what somebody else has signed, and pay the fee for it. The deposit stays the contributor's."""
    signed = relaying.read_signed(file)
    relaying.check_chain(signed, session.chain)
    opened, account = opening.open_model(session, signed.contract, encoder), session.sender
    most = _most(opened, maximum)
    if pay and not dry_run:
        sentences = [
            f"what you pay is a gift to {signed.contributor}, who gets the deposit in the end",
            *terms_of(opened, len(signed.samples), signed.maximum),
        ]
        _ask(consent, session, opened, sentences)
    done = relaying.relay(session, opened, signed, account, pay=pay, maximum=most, dry_run=dry_run)
    return _added(opened, done, dry_run)


def _labelled(opened: "SharedModel", given: LabelledSampleOptions, *, again: bool) -> "list[Sample]":
    """The samples that fit the model; of equal ones only the first, unless `again`. Says what is left out."""
    samples = given.samples(opened)
    kept, xs, dropped = encode_many(opened, samples)
    labels = [opened.descriptor.label(samples.labels[number]) for number in kept]
    found = list(zip(xs, labels, strict=True))
    once = found if again else list(dict.fromkeys(found))
    if equal := len(found) - len(once):
        dropped["the model sees the same as in an earlier row (--again adds them too)"] = equal
    for why, count in dropped.most_common():
        err.print(f"left out of {len(samples.rows)} rows: {count}, because {why}", markup=False)
    return once


def _most(opened: "SharedModel", maximum: str | None) -> "Wei | None":
    return None if maximum is None else opened.shared.money.parse(maximum)


def _ask(consent: Consent, session: "Session", opened: "SharedModel", sentences: list[str]) -> None:
    consent.ask(session.known, opened.shared.address, records.KIND, sentences)


def terms_of(opened: "SharedModel", count: int, maximum: "Wei | None") -> list[str]:
    """What somebody pays who gives `count` samples, what can be lost, when, and to whom: in sentences."""
    contract, terms = opened.shared, opened.shared.terms
    at_once = min(count, adding.AT_ONCE)
    price = contract.price(at_once)

    def days(seconds: int) -> str:
        return _counted(seconds / 86_400, "day")

    most = price if maximum is None else min(price, maximum)
    total = f"{contract.money.show(most * at_once)} now"
    if count > adding.AT_ONCE:
        dearest = contract.money.show(terms.cost_weight * 3600 * contract.unit) if maximum is None else ""
        later = dearest or contract.money.show(maximum or 0)
        total += f", and up to {later} for each of {count - adding.AT_ONCE} that follow at once"
    return [
        f"{opened.name} ({contract.address}) takes a deposit for {_counted(count, 'sample')}: {total}",
        f"it comes back after {days(terms.refund_wait)} to {days(16 * terms.refund_wait)}, if the model then "
        "agrees",
        f"if not, for {days(terms.take_gap)} or longer, contributors with reputation share it; of what "
        f"they leave, half goes to {contract.creator} after {days(terms.creator_wait)}, or to anyone after "
        f"{days(terms.any_wait)}",
    ]


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _added(opened: "SharedModel", done: "adding.Addition", dry_run: bool) -> Answer:
    rows = [contribution_facts(opened, each, "added") for each in done.added]
    rows += [contribution_facts(opened, each, "known") for each in done.known]
    table = Table(rows, ["number", "label", "deposit", "surprise", "due", "state"])
    return _sent({"contributions": rows}, table, done.gas_used, dry_run)


def _sealed_samples(opened: "SharedModel", done: "sealing.Sealing", dry_run: bool) -> Answer:
    rows = [
        {
            "commitment": each.commitment.hex(),
            "deposit": amount(opened, each.deposit * opened.shared.unit),
            "returned_from": moment(each.release_at),
            "state": state,
        }
        for state, found in (("sealed", done.made), ("known", done.known))
        for each in found
    ]
    return _sent({"commitments": rows}, Table(rows), done.gas_used, dry_run)


def _sent(value: dict[str, object], table: Table, gas: int, dry_run: bool) -> Answer:
    seen = [table] if table.rows else []
    told = f"{gas} gas{' would be used by the first transaction' if dry_run else ''}"
    return Answer(value | {"gas": gas, "dry_run": dry_run}, *seen, told)
