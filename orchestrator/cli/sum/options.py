"""What the commands of `diln sum` share: options, printing."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.models.options import amount, moment
from orchestrator.console import Shown, Table

if TYPE_CHECKING:
    from orchestrator.systems.sum.claiming import ClaimResult
    from orchestrator.systems.sum.opening import SharedModel
    from orchestrator.systems.sum.records import Contribution

ReferenceArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A shared model's name or address.")]
MaximumOption = Annotated[
    str | None,
    typer.Option("--max-price", "--maximum", metavar="COINS", help="The most to deposit for a sample."),
]


def contribution_facts(opened: "SharedModel", contribution: "Contribution", state: str) -> dict[str, Any]:
    facts, shared = contribution.facts, opened.shared
    return {
        "number": contribution.number,
        "label": opened.descriptor.labels[facts.label],
        "deposit": amount(opened, facts.deposit * shared.unit),
        "surprise": facts.surprise,
        "due": moment(shared.due_at(contribution)),
        "state": state,
        "transaction": contribution.transaction,
    }


def outcome_facts(opened: "SharedModel", outcome: "ClaimResult") -> dict[str, Any]:
    told = outcome.contribution
    return {
        "verb": outcome.verb,
        "done": Shown(bool(outcome.receipt) and not outcome.looked, _done(outcome)),
        "number": told.number if told else None,
        "label": opened.descriptor.labels[told.facts.label] if told else None,
        "amount": amount(opened, outcome.amount),
        "transaction": outcome.receipt.tx_hash if outcome.receipt else Shown(None, outcome.refusal),
        "refusal": outcome.refusal or None,
    }


def _done(outcome: "ClaimResult") -> str:
    if not outcome.receipt:
        return f"no {outcome.verb}"
    return f"first look, to {outcome.verb}" if outcome.looked else outcome.verb


def outcomes_table(facts: list[dict[str, Any]]) -> Table:
    return Table(facts, ["done", "number", "label", "amount", "transaction"], "nothing is due")
