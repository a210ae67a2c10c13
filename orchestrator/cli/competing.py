"""The part of `diln competition` for those who compete, check and are paid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.chain import Account, ether
from orchestrator.cli.console import out, print_facts, print_json, progress_bar
from orchestrator.cli.options import (
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    ask_password,
    chosen_sender,
    settings_from,
)
from orchestrator.competition import (
    baseline,
    candidates,
    closing,
    evaluating,
    publishing,
    submitting,
    watching,
)
from orchestrator.competition.training import training_data
from orchestrator.competition.venue import Venue
from orchestrator.errors import UsageError
from orchestrator.learning.integer import readable_score

if TYPE_CHECKING:
    from orchestrator.competition.contracts import Competition

competition = typer.Typer(help="Compete for a prize that a contract pays.", no_args_is_help=True)

CompetitionArgument = Annotated[
    str, typer.Argument(metavar="COMPETITION", help="latest, an address, or the start of one.")
]
NumberOption = Annotated[
    int | None, typer.Option("--submission", metavar="N", help="Your only one, unless given.")
]


def opened(network: str | None, sender: str | None, home: Path | None, storage: str | None = None) -> Venue:
    return Venue(settings_from(network=network, sender=sender, home=home, storage=storage), ask_password)


def chosen_account(venue: Venue) -> Account:
    return venue.account(chosen_sender(venue.settings))


def print_result(facts: dict[str, Any], json: bool) -> None:
    """Facts for people (lists joined, empty ones left out) or for machines."""
    if json:
        print_json(facts)
        return
    print_facts(
        {
            key: ", ".join(map(str, value)) if isinstance(value, list) else value
            for key, value in facts.items()
        }
    )


@competition.command(name="train-baseline")
def train_baseline(
    reference: CompetitionArgument = "latest",
    output: Annotated[Path, typer.Option(metavar="FILE")] = Path("baseline.skops"),
    kind: Annotated[str, typer.Option(help="linear, mlp or forest.")] = "mlp",
    hidden: Annotated[int, typer.Option(help="Neurons of the hidden layer.")] = 16,
    seed: Annotated[int, typer.Option()] = 0,
    opening: Annotated[str | None, typer.Option(metavar="CID")] = None,
    network: NetworkOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Train a model to start from, and say what the contract would give it on held-out groups."""
    with opened(network, None, home, storage) as venue:
        found = venue.find(reference)
        seen = training_data(venue, found, opening)
        made = baseline.train_baseline(seen, found.terms, output, kind=kind, hidden=hidden, seed=seed)
    facts = {
        "file": str(made.file),
        **_measured(made.measured),
        "measured on": f"{made.held_out} samples held out",
        "trained on": f"{made.trained_on} samples",
    }
    print_result(facts, json)


@competition.command()
def submit(
    reference: CompetitionArgument = "latest",
    model: Annotated[
        Path, typer.Option("--model", metavar="FILE", help="skops, or an encoded integer model.")
    ] = Path("baseline.skops"),
    opening: Annotated[str | None, typer.Option(metavar="CID")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Quantize and score only; send nothing.")
    ] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Quantize a model, predict its score exactly, commit to it with the deposit."""
    with opened(network, sender, home, storage) as venue:
        found = venue.find(reference)
        candidate = submitting.propose(venue, found, model, opening)
        facts: dict[str, Any] = {**_measured(candidate), "measured on": "all training samples"}
        if not dry_run:
            done = submitting.submit(venue, found, candidate, chosen_account(venue))
            facts = {
                "competition": found.address,
                "submission": done.submission.number,
                **facts,
                "model hash": candidate.hash.hex(),
                "gas": done.gas_used,
                "note": None if done.anew else "it had been submitted before; nothing was sent",
            }
    print_result(facts, json)


@competition.command()
def reveal(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help="Restores what was lost from .diln.")
    ] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Reveal your models, after training and before any test data is public."""
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        numbers = submitting.reveal(venue, found, chosen_account(venue), number=number, file=model)
    print_result({"competition": found.address, "revealed": numbers or "nothing was left to reveal"}, json)


@competition.command()
def evaluate(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    everybody: Annotated[bool, typer.Option("--all", help="All submissions, for their tips.")] = False,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Have the contract run a submission on the test data."""
    with opened(network, sender, home) as venue, progress_bar("evaluating", unit="samples") as progress:
        found, account = venue.find(reference), chosen_account(venue)
        numbers = evaluating.revealed(found) if everybody else [_own(found, account, number)]
        used = [evaluating.evaluate(venue, found, each, account, progress) for each in numbers]
        rows = [_score(found, each) | {"gas": gas} for each, gas in zip(numbers, used, strict=True)]
    _print_rows(rows, json)


@competition.command()
def claim(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """In an optimistic competition: post your model's predictions with the bond."""
    with opened(network, sender, home) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        mine = _own(found, account, number)
        evaluating.claim(venue, found, mine, account)
        facts = _score(found, mine)
    print_result(facts, json)


@competition.command()
def refute(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute every claim, and refute those that are wrong."""
    rows = []
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        for each in evaluating.check_claims(found):
            row: dict[str, Any] = {"submission": each.submission, "claim": "holds", "gas": None}
            if each.wrong_at is not None:
                gas = evaluating.refute(venue, found, each, chosen_account(venue))
                row |= {"claim": f"refuted by test sample {each.wrong_at}", "gas": gas}
            rows.append(row)
    _print_rows(rows or ([] if json else [{"claims": "none that can be refuted"}]), json)


@competition.command()
def finalize(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Close the competition by its ranking, or because somebody did not do their part."""
    with opened(network, sender, home) as venue:
        found = venue.find(reference)
        outcome = closing.finalize(venue, found, chosen_account(venue))
        facts = {"competition": found.address, "outcome": outcome.name.lower(), "winners": found.ranking()}
    print_result(facts, json)


@competition.command()
def withdraw(
    reference: CompetitionArgument = "latest",
    network: NetworkOption = None,
    sender: FromOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Pull everything that the competition owes you."""
    with opened(network, sender, home) as venue:
        paid = closing.withdraw(venue, venue.find(reference), chosen_account(venue))
    if json:
        print_json([{"reason": each.reason, "wei": str(each.amount)} for each in paid])
    else:
        print_facts({each.reason: f"{ether(each.amount)} ether" for each in paid} or {"nothing": "is due"})


@competition.command()
def publish(
    reference: CompetitionArgument = "latest",
    number: NumberOption = None,
    licence: Annotated[str | None, typer.Option(metavar="SPDX", help="Such as MIT.")] = None,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Put your model into the model registry, with its licence and the score that the contract gave it."""
    with opened(network, sender, home, storage) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        done = publishing.publish(venue, found, _own(found, account, number), account, licence)
    facts = {
        "status": done.version.status.word,
        "sha256": done.version.artifact_hash.hex(),
        "cid": done.manifest.artifact_cid,
        "manifest cid": done.version.manifest_cid,
        "gas": done.gas_used,
    }
    print_result(facts, json)


@competition.command()
def watch(
    reference: CompetitionArgument = "latest",
    role: Annotated[watching.Role, typer.Option(help="Whose duties to keep.")] = watching.Role.SUBMITTER,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 12.0,
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Keep a role's duties: reveal in time, crank, check every claim and refute wrong ones, be paid."""
    with opened(network, sender, home, storage) as venue:
        found, account = venue.find(reference), chosen_account(venue)
        keep = watching.keep(venue, found, account, role)
        done = keep if once else watching.watch(venue, found, account, role, interval=interval)
        if json:
            print_json(list(done))
        for sentence in () if json else done:
            out.print(sentence, markup=False)


def _print_rows(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        print_json(rows)
        return
    for row in rows:
        print_facts(row)


def _measured(candidate: candidates.Candidate) -> dict[str, Any]:
    """What the contract would compute, next to what the model scored before it was quantized."""
    before, after = candidate.float_score, candidate.score
    return {
        "score": after,
        "before quantization": before,
        "agreement": candidate.agreement,
        "model bytes": len(candidate.encoded),
    }


def _own(found: "Competition", account: Account, number: int | None) -> int:
    if number is not None:
        return number
    mine = [
        each for each in evaluating.revealed(found) if found.submission(each).submitter == account.address
    ]
    if len(mine) != 1:
        raise UsageError(f"{account.name} has {len(mine)} revealed submissions here", "Add --submission N.")
    return mine[0]


def _score(found: "Competition", number: int) -> dict[str, Any]:
    return {
        "submission": number,
        "score": readable_score(found.terms.metric_name, found.result(number).score),
        "rank": next((place for place, each in enumerate(found.ranking(), 1) if each == number), None),
    }
