"""`diln sum create` and `simulate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.host.listen import on_page
from orchestrator.cli.models.options import Training, currency, currency_in
from orchestrator.cli.sum import shared
from orchestrator.console import (
    SENDS,
    Answer,
    DryRunOption,
    Facts,
    Note,
    Shown,
    Table,
    among,
    command,
    err,
    lazy_imports,
    progress_bar,
    status,
)
from orchestrator.errors import UsageError
from orchestrator.times import seconds, show_duration

with lazy_imports():
    from orchestrator.models.online import clone, planning
    from orchestrator.systems.sum import creating, records
    from orchestrator.systems.sum.simulation import running, scenario

if TYPE_CHECKING:
    from orchestrator.kernel.money import Currency
    from orchestrator.kernel.session import Session

FRAIL = 0.05  # what wrong labels may cost before it is said


@dataclass(frozen=True)
class Deposits:
    """What a contribution costs, and when what is left of it goes where."""

    cost_weight: Annotated[
        int,
        typer.Option(help="Deposit: cost weight × 3600 / √seconds since the last contribution, in units."),
    ] = 1000
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Deposits in this ERC-20 token; default: ether.")
    ] = None
    unit: Annotated[
        int | None,
        typer.Option(
            help="A unit, in the token's smallest; default: 10⁻⁹ of a coin (of ether: gwei).", min=1
        ),
    ] = None
    refund_wait: Annotated[str, typer.Option(help="Until a sure contribution is due.")] = "7d"
    take_gap: Annotated[str, typer.Option(help="Between a report and its take.")] = "1d"
    creator_wait: Annotated[str, typer.Option(help="Until the creator may sweep.")] = "14d"
    any_wait: Annotated[str, typer.Option(help="Until anyone may sweep.")] = "28d"

    def terms(self) -> "records.Terms":
        waits = (self.refund_wait, self.take_gap, self.creator_wait, self.any_wait)
        return records.Terms(self.cost_weight, *(seconds(each) for each in waits))


@command(shared, sender=SENDS)
def create(
    session: "Session",
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    csv: Annotated[Path, typer.Option("--csv", metavar="FILE", exists=True, help="Samples, with a header.")],
    training: Training,
    deposits: Deposits,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, help="A skops file (or a run's folder) to begin with."),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="bayes, which tolerates wrong labels best; or perceptron, logistic, centroid.",
            autocompletion=among("bayes", "perceptron", "logistic", "centroid"),
        ),
    ] = "bayes",
    test_share: Annotated[float, typer.Option(help="The share of samples to test on.")] = 0.2,
    test_csv: Annotated[
        Path | None,
        typer.Option("--test-csv", metavar="FILE", exists=True, help="Test on these samples instead."),
    ] = None,
    game: Annotated[
        bool, typer.Option("--game", help="Give points, levels and badges too; --cost-weight may be 0.")
    ] = False,
    dry_run: DryRunOption = False,
) -> Answer:
    """Put a model in a contract: trained here from --csv, or read from --model (then --csv tests it)."""
    terms, money = deposits.terms(), currency_in(session, deposits.token)
    with status("training and quantizing"):
        plan = training.plan(csv, kind, model, share=test_share, test=test_csv)
    incentive, unit = "Game" if game else "Stake", deposits.unit or clone.unit_of(money)
    paid: dict[str, Any] = {"incentive": incentive, "token": money.address, "unit": unit}
    made = creating.create(session, name, plan, session.sender, terms, **paid, dry_run=dry_run)
    if not dry_run:
        err.print(on_page(session, f"models/{made.address}"))
    facts = _facts(name, made, plan, money, game)
    return Answer(facts, *_doubts(plan), Facts(facts))


def _facts(
    name: str,
    made: "creating.CreatedModel",
    plan: "planning.Plan",
    money: "Currency",
    game: bool,
) -> dict[str, Any]:
    return {
        "name": name,
        "address": made.address,
        "model": made.descriptor.model,
        "incentive": Shown("game", "points and badges") if game else Shown("stake", "deposits"),
        "deposits_in": currency(money),
        "labels": list(made.descriptor.labels),
        "descriptor": made.descriptor.digest.hex(),
        **_quality(plan),
        "gas": made.receipt.gas_used if made.receipt else 0,
        "transaction": made.receipt.tx_hash if made.receipt else Shown(None, "created before"),
    }


def _quality(plan: "planning.Plan") -> dict[str, Any]:
    quality = plan.quality
    return {
        "held_out": quality.rows,
        "doubt": plan.doubt,
        "skipped": plan.skipped,
        "accuracy": round(quality.trained, 4),
        "accuracy_on_chain": round(quality.quantized, 4),
        "quantization_loss": round(quality.loss, 4),
        "accuracy_after_wrong_labels": None if plan.flipped is None else round(plan.flipped, 4),
    }


def _doubts(plan: "planning.Plan") -> list[Note]:
    doubts, quantized = [], plan.quality.quantized
    if plan.doubt:
        told = f"{plan.doubt}; give --test-csv FILE"
        doubts.append(Note(told, "the accuracy may flatter the model: "))
    if plan.flipped is not None and plan.flipped < quantized - FRAIL:
        told = (
            f"{quantized:.3f} becomes {plan.flipped:.3f} when the last fifth of what it is given is wrong; "
            "--kind bayes tolerates more"
        )
        doubts.append(Note(told, "wrong labels spoil this model: "))
    return doubts


@command(shared)
def simulate(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a TOML file.")],
    on_chain: Annotated[bool, typer.Option("--on-chain", help="Through the real contracts.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The reviews: imdb_500words.npz or the folder aclImdb."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="Run it with so many seeds, and tell what each team gains.", min=0)
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="For PNG and JSON; default: this folder."),
    ] = None,
) -> Answer | Table:
    """Let good and bad agents grow a model, and see who gains."""
    if seeds and output:
        raise UsageError("with --seeds nothing is written", "Leave out one of --seeds and --output.")
    loaded = scenario.load_scenario(name)
    with progress_bar("simulating", unit="runs" if seeds else "days") as progress:
        if seeds:
            return _gains(
                running.simulate_seeds(loaded, seeds, data=data, on_chain=on_chain, progress=progress)
            )
        result = running.simulate(loaded, data=data, on_chain=on_chain, progress=progress)
    return _simulated(result, output or Path())


def _gains(gains: "list[running.Gains]") -> Table:
    columns = ["team", "mean", "lowest", "highest", "reputation", "runs"]
    return Table([each.to_json() for each in gains], columns)


def _simulated(result: "running.Result", folder: Path) -> Answer:
    files = [str(file) for file in running.write(result, folder)]
    summary = result.summary()
    seen = dict(summary) | {"duration": show_duration(summary["duration"])}
    for agent, has in seen.pop("agents").items():
        seen[f"{agent} has"] = f"{has['share']:.1%} of its start, gave {has['given']}"
    return Answer(summary | {"files": files}, Facts(seen), *(f"wrote {file}" for file in files))
