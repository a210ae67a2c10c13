"""`diln sum create` and `simulate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.console import err, labelled, out, print_json, print_one, progress_bar
from orchestrator.cli.options import (
    DryRunOption,
    FromOption,
    HomeOption,
    JsonOption,
    NetworkOption,
    StorageOption,
    chosen_sender,
)
from orchestrator.cli.sumcommon import (
    TextColumn,
    connection_from,
    print_rows,
)
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.sum.creating import Plan

FRAIL = 0.05  # what wrong labels may cost before it is said


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    csv: Annotated[Path, typer.Option("--csv", metavar="FILE", exists=True, help="Samples, with a header.")],
    label_column: Annotated[str, typer.Option(metavar="NAME", help="The column of labels.")] = "label",
    text_column: TextColumn = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, help="A skops file (or a run's folder) to begin with."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="bayes, which bears wrong labels best; or perceptron, logistic, centroid.")
    ] = "bayes",
    words: Annotated[int, typer.Option(help="The most frequent words to know.", min=1)] = 1000,
    buckets: Annotated[int | None, typer.Option(help="Hash words into so many features.", min=2)] = None,
    test_share: Annotated[float, typer.Option(help="The share of samples to test on.")] = 0.2,
    test_csv: Annotated[
        Path | None,
        typer.Option("--test-csv", metavar="FILE", exists=True, help="Test on these samples instead."),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate, in the trained model's units.")] = None,
    game: Annotated[
        bool, typer.Option("--game", help="Give points, levels and badges too; --cost-weight may be 0.")
    ] = False,
    cost_weight: Annotated[
        int,
        typer.Option(help="Deposit: cost weight × 3600 / √seconds since the last contribution, in units."),
    ] = 1000,
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Deposits in this ERC-20 token; default: ether.")
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(
            help="A unit, in the token's smallest; default: 10⁻⁹ of a coin (of ether: gwei).", min=1
        ),
    ] = None,
    refund_wait: Annotated[str, typer.Option(help="Until a sure contribution is due.")] = "7d",
    take_gap: Annotated[str, typer.Option(help="Between a report and its take.")] = "1d",
    creator_wait: Annotated[str, typer.Option(help="Until the creator may sweep.")] = "14d",
    any_wait: Annotated[str, typer.Option(help="Until anyone may sweep.")] = "28d",
    network: NetworkOption = None,
    sender: FromOption = None,
    storage: StorageOption = None,
    home: HomeOption = None,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Put a model in a contract: trained here from --csv, or read from --model (then --csv tests it)."""
    from orchestrator.sum.creating import create as create_model
    from orchestrator.sum.money import read_money
    from orchestrator.sum.records import ETHER, Terms
    from orchestrator.times import seconds

    terms = Terms(
        cost_weight, seconds(refund_wait), seconds(take_gap), seconds(creator_wait), seconds(any_wait)
    )
    with connection_from(network, sender, storage, home) as connection:
        with err.status("training and quantizing"):
            plan = plan_from(
                csv, text_column, label_column, model, kind, words, buckets, test_share, test_csv, rate
            )
        account = connection.account(chosen_sender(connection.settings))
        money = read_money(connection.chain, connection.address(token, paid=True) if token else ETHER)
        made = create_model(
            connection,
            name,
            plan,
            account,
            terms,
            incentive="Game" if game else "Stake",
            token=money.token,
            unit=unit or money.unit,
            dry_run=dry_run,
        )
    quality = plan.quality
    facts: dict[str, Any] = {
        "name": name,
        "address": made.address,
        "model": made.descriptor.model,
        "incentive": "points and badges" if game else "deposits",
        "deposits in": money.symbol,
        "labels": list(made.descriptor.labels),
        "descriptor": made.descriptor.digest.hex(),
        "held out": quality.rows,
        "doubt": plan.doubt,
        "skipped": plan.skipped,
        "accuracy": round(quality.trained, 4),
        "accuracy on-chain": round(quality.quantized, 4),
        "quantization loss": round(quality.loss, 4),
        "after 20 % wrong labels": None if plan.flipped is None else round(plan.flipped, 4),
        "gas": made.receipt.gas_used if made.receipt else 0,
        "transaction": made.receipt.tx_hash if made.receipt else "created before",
    }
    if plan.doubt and not json:
        doubt = f"{plan.doubt}; give --test-csv FILE"
        err.print(labelled("the accuracy may flatter the model: ", "yellow", doubt))
    if plan.flipped is not None and plan.flipped < quality.quantized - FRAIL and not json:
        told = (
            f"{quality.quantized:.3f} becomes {plan.flipped:.3f} when the last fifth of what it is given is "
            "wrong; --kind bayes bears more"
        )
        err.print(labelled("wrong labels spoil this model: ", "yellow", told))
    print_one(facts, json)


def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a TOML file.")],
    on_chain: Annotated[bool, typer.Option("--on-chain", help="Through the real contracts.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The reviews: imdb_500words.npz or the folder aclImdb."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="Run it with so many seeds, and tell what each team gains.", min=0)
    ] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="For PNG and JSON.")] = Path(),
    json: JsonOption = False,
) -> None:
    """Let good and bad agents grow a model, and see who gains."""
    from orchestrator.cli.marketprinting import simulate_market
    from orchestrator.sum.market.simulation import is_market
    from orchestrator.sum.simulation.running import simulate as run
    from orchestrator.sum.simulation.running import simulate_seeds, write
    from orchestrator.sum.simulation.scenario import load_scenario

    if is_market(scenario):
        simulate_market(scenario, json)
        return
    loaded = load_scenario(scenario)
    if seeds:
        with progress_bar("simulating", unit="runs") as progress:
            gains = simulate_seeds(loaded, seeds, data=data, on_chain=on_chain, progress=progress)
        columns = ["team", "mean", "lowest", "highest", "reputation", "runs"]
        print_rows(columns, [each.to_json() for each in gains], json)
        return
    with progress_bar("simulating", unit="days") as progress:
        result = run(loaded, data=data, on_chain=on_chain, progress=progress)
    files = write(result, output)
    summary = result.summary()
    if json:
        print_json(summary | {"files": [str(file) for file in files]})
        return
    print_one(summary, json)
    for file in files:
        out.print(f"wrote {file}", markup=False)


def plan_from(
    csv: Path,
    text_column: str | None,
    label_column: str,
    model: Path | None,
    kind: str,
    words: int,
    buckets: int | None,
    test_share: float,
    test_csv: Path | None,
    rate: float | None,
) -> "Plan":
    """A model of integers, trained from a CSV or read from a file and tested with it. Raises UsageError."""
    from orchestrator.sum.creating import plan
    from orchestrator.sum.training import KINDS, read_pipeline, read_table, train

    known = next((each for each in KINDS if each == kind), None)
    if known is None:
        raise UsageError(f"there is no kind `{kind}`", f"Choose one of {', '.join(KINDS)}.")
    if not 0 < test_share < 1:
        raise UsageError("the share to test on lies between 0 and 1", "Such as 0.2.")
    table = read_table(csv, text_column, label_column)
    test = read_table(test_csv, text_column, label_column) if test_csv else None
    if model:
        trained = read_pipeline(model, table, test_share, test=test)
    else:
        trained = train(table, known, words=words, buckets=buckets, share=test_share, test=test)
    return plan(trained, rate)
