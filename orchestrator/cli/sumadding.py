"""`diln sum add`, `reveal`, `sign`, `relay` and `fund`: the ways in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.consent import YesOption, agree
from orchestrator.cli.console import err, out, print_json, print_one, print_table, progress_bar
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    SigningOption,
    StorageOption,
    chosen_sender,
)
from orchestrator.cli.sumcommon import (
    CsvOption,
    EncoderOption,
    FeaturesOption,
    MaximumOption,
    NumbersOption,
    ReferenceArgument,
    Samples,
    TextColumn,
    TextOption,
    amount_in,
    anything_from,
    connection_from,
    contribution_facts,
    encode_many,
    opened_from,
    outcome_facts,
    print_outcomes,
    print_rows,
    samples_from,
    text_column_of,
    when,
)
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.sum.adding import Addition, Sample
    from orchestrator.sum.connection import Connection
    from orchestrator.sum.hiding import Hiding
    from orchestrator.sum.opening import Found, Opened
    from orchestrator.types import Wei

LabelOption = Annotated[str | None, typer.Option(help="The sample's label.")]
LabelColumn = Annotated[str, typer.Option(metavar="NAME", help="The CSV's column of labels.")]


def add(
    reference: ReferenceArgument,
    label: LabelOption = None,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    maximum: MaximumOption = None,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Commit now, show nothing; `diln sum reveal` opens it later.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Add what is open already once more.")] = False,
    yes: YesOption = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Add a sample, or a CSV of samples, with a deposit that comes back if the model comes to agree."""
    from orchestrator.sum.adding import add as add_samples
    from orchestrator.sum.hiding import hide

    if hidden and again:
        raise UsageError("what is hidden is not told from what was added", "Leave out --again.")
    with connection_from(network, sender, storage, home) as connection, progress_bar("adding") as progress:
        opened = opened_from(connection, reference, encoder)
        column = text_column_of(opened, csv, text_column, label_column)
        given = samples_from(text, numbers, features, csv, column, label, label_column)
        samples = _labelled(opened, given)
        account = connection.account(chosen_sender(connection.settings))
        most = None if maximum is None else opened.shared.money.parse(maximum)
        if not dry_run:
            _agree(
                connection,
                opened,
                terms_of(opened, len(samples), most),
                yes=yes,
                json=json,
            )
        if hidden:
            hiding = hide(
                connection, opened, samples, account, maximum=most, dry_run=dry_run, progress=progress
            )
            _print_hiding(opened, hiding, dry_run, json)
            return
        addition = add_samples(
            connection,
            opened,
            samples,
            account,
            maximum=most,
            again=again,
            dry_run=dry_run,
            progress=progress,
        )
        _print_addition(opened, addition, dry_run, json)


def reveal(
    reference: ReferenceArgument,
    maximum: MaximumOption = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Reveal the samples that were added with --hidden, and let the model learn them."""
    from orchestrator.sum.hiding import hidden
    from orchestrator.sum.hiding import reveal as reveal_all

    with connection_from(network, sender, storage, home) as connection:
        opened = opened_from(connection, reference, encoder)
        account = connection.account(chosen_sender(connection.settings))
        most = None if maximum is None else opened.shared.money.parse(maximum)
        done = reveal_all(connection, opened, account, maximum=most)
        facts = [outcome_facts(opened, each, json) for each in done]
        waiting = sum(each.secret is not None for each in hidden(connection, opened, account.address))
    if json:
        print_json(facts)
        return
    print_outcomes(facts)
    if waiting:
        out.print(f"{waiting} wait for the next block, or for a lower price: run it again")


def sign(
    reference: ReferenceArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file for whoever relays it.")
    ],
    label: LabelOption = None,
    text: TextOption = None,
    numbers: NumbersOption = None,
    features: FeaturesOption = None,
    csv: CsvOption = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = "label",
    maximum: MaximumOption = None,
    lasts: Annotated[str, typer.Option(help="How long it may be relayed.")] = "1d",
    ahead: Annotated[
        int, typer.Option(help="How many were signed before and are not relayed yet.", min=0)
    ] = 0,
    wallet: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sign in the name of this contract wallet.")
    ] = None,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: SigningOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Sign samples that anybody may relay. Nothing is sent, and no fee is paid."""
    from orchestrator.provenance.disk import replace_file
    from orchestrator.sum.relaying import sign as sign_samples
    from orchestrator.times import seconds

    with connection_from(network, sender, storage, home) as connection:
        opened = opened_from(connection, reference, encoder)
        column = text_column_of(opened, csv, text_column, label_column)
        given = samples_from(text, numbers, features, csv, column, label, label_column)
        signed = sign_samples(
            opened,
            tuple(_labelled(opened, given)),
            connection.account(chosen_sender(connection.settings)),
            maximum=None if maximum is None else opened.shared.money.parse(maximum),
            lasts=seconds(lasts),
            ahead=ahead,
            wallet=connection.address(wallet, paid=True) if wallet else None,
        )
        replace_file(output, signed.to_bytes())
        facts = {
            "contributor": signed.contributor,
            "samples": len(signed.samples),
            "number": signed.nonce,
            "at most": amount_in(opened, signed.maximum, json),
            "until": when(signed.deadline),
            "file": str(output),
        }
    print_one(facts, json)


def relay(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="What `diln sum sign` wrote.")],
    pay: Annotated[
        bool, typer.Option("--pay", help="Pay what the contributor's balance lacks for the deposit.")
    ] = False,
    yes: YesOption = False,
    encoder: EncoderOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Send what somebody else has signed, and pay the fee for it. The deposit stays the contributor's."""
    from orchestrator.sum.relaying import check_chain, read_signed
    from orchestrator.sum.relaying import relay as relay_signed

    with connection_from(network, sender, storage, home) as connection:
        signed = read_signed(file)
        check_chain(signed, connection.chain)
        opened = opened_from(connection, signed.contract, encoder)
        account = connection.account(chosen_sender(connection.settings))
        if pay and not dry_run:
            sentences = [
                f"what you pay is a gift to {signed.contributor}: the deposit is its own in the end",
                *terms_of(opened, len(signed.samples), signed.maximum),
            ]
            _agree(connection, opened, sentences, yes=yes, json=json)
        addition = relay_signed(connection, opened, signed, account, pay=pay, dry_run=dry_run)
        _print_addition(opened, addition, dry_run, json)


def fund(
    reference: ReferenceArgument,
    amount: Annotated[str, typer.Argument(metavar="COINS", help="What the balance shall be at least.")],
    beneficiary: Annotated[
        str | None, typer.Option("--for", metavar="ACCOUNT", help="Whose balance; default: the sender's.")
    ] = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Fill up a balance that deposits are taken from. A token is approved for exactly what is paid in."""
    from orchestrator.sum.money import fill_up

    with connection_from(network, sender, storage, home) as connection:
        opened = anything_from(connection, reference)
        shared, account = opened.shared, connection.account(chosen_sender(connection.settings))
        whose = connection.address(beneficiary, paid=True) if beneficiary else account.address
        wanted = shared.money.parse(amount)
        sentence = (
            f"{connection.name_of(whose)} will have {shared.money.show(wanted)} there, and can withdraw it"
        )
        _agree(connection, opened, [sentence], yes=yes, json=json)
        receipts = fill_up(connection, shared, whose, wanted, account)
        paid = shared.amounts("Funded", receipts[-1]) if receipts else 0
        facts = {
            "paid in": amount_in(opened, paid, json),
            "for": whose,
            "balance": amount_in(opened, shared.balance(whose), json),
            "transaction": receipts[-1].tx_hash if receipts else "there was enough",
        }
    print_one(facts, json)


def _labelled(opened: "Opened", given: Samples) -> "list[Sample]":
    kept, xs, dropped = encode_many(opened, given)
    labels = [opened.descriptor.label(given.labels[number]) for number in kept]
    for why, count in dropped.most_common():
        err.print(f"{count} of {len(given.rows)} rows are left out: {why}", markup=False)
    return list(zip(xs, labels, strict=True))


def _agree(connection: "Connection", opened: "Found", sentences: list[str], *, yes: bool, json: bool) -> None:
    from orchestrator.sum.records import KIND

    agree(connection.known, opened.shared.address, KIND, sentences, yes=yes, json=json)


def terms_of(opened: "Opened", count: int, maximum: "Wei | None") -> list[str]:
    """What somebody pays who gives `count` samples, what can be lost, when, and to whom: in sentences."""
    from orchestrator.sum.adding import AT_ONCE

    shared, terms = opened.shared, opened.shared.terms
    at_once = min(count, AT_ONCE)
    price = shared.price(at_once)
    day = 86_400

    def days(seconds: int) -> str:
        return f"{seconds / day:g} days"

    most = price if maximum is None else min(price, maximum)
    total = f"{shared.money.show(most * at_once)} now"
    if count > AT_ONCE:
        dearest = shared.money.show(terms.cost_weight * 3600 * shared.unit) if maximum is None else ""
        later = dearest or shared.money.show(maximum or 0)
        total += f", and up to {later} for each of {count - AT_ONCE} that follow at once"
    return [
        f"{opened.name} ({shared.address}) takes a deposit for {count} samples: {total}",
        f"it comes back after {days(terms.refund_wait)} to {days(16 * terms.refund_wait)}, if the model then "
        "agrees",
        f"if not, for {days(terms.take_gap)} or longer, contributors with reputation share it; of what "
        f"they leave, half goes to {shared.creator} after {days(terms.creator_wait)}, or to anyone after "
        f"{days(terms.any_wait)}",
    ]


def _print_addition(opened: "Opened", addition: "Addition", dry_run: bool, json: bool) -> None:
    rows = [contribution_facts(opened, each, "added", json) for each in addition.added]
    rows += [contribution_facts(opened, each, "known", json) for each in addition.known]
    if json:
        print_json({"contributions": rows, "gas": addition.gas_used, "dry run": dry_run})
        return
    if rows:
        columns = ["number", "label", "deposit", "surprise", "due", "state"]
        print_table(columns, [[row[column] for column in columns] for row in rows])
    _print_gas(addition.gas_used, dry_run)


def _print_hiding(opened: "Opened", hiding: "Hiding", dry_run: bool, json: bool) -> None:
    shared = opened.shared
    rows = [
        {
            "commitment": each.commitment.hex(),
            "deposit": amount_in(opened, each.deposit * shared.unit, json),
            "returned from": when(each.release_at),
            "state": state,
        }
        for state, found in (("hidden", hiding.made), ("known", hiding.known))
        for each in found
    ]
    if json:
        print_json({"commitments": rows, "gas": hiding.gas_used, "dry run": dry_run})
        return
    if rows:
        print_rows(["commitment", "deposit", "returned from", "state"], rows, json=False)
    _print_gas(hiding.gas_used, dry_run)


def _print_gas(gas: int, dry_run: bool) -> None:
    out.print(f"{gas} gas{' would be used by the first transaction' if dry_run else ''}")
