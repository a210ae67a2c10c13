"""Every command that sends, each with the world in which it makes sense: what `paidonce` runs."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.integration.federating import federated

if TYPE_CHECKING:
    from tests.integration.paidonce import World

Prepare = Callable[["World"], None]


@dataclass(frozen=True)
class Command:
    """`words` of the command line; `prepare` brings a world to where they make sense.

    `said_before` is in what it says, with exit code 1, when it is done already.
    """

    words: tuple[str, ...]
    prepare: Prepare = lambda _: None
    said_before: str = ""


def foundation(world: "World") -> None:
    """A trained run, contracts, a shared model, and points to compete for."""
    from orchestrator.chain import migrate
    from orchestrator.models.online.planning import plan
    from orchestrator.models.online.training import train as train_shared
    from orchestrator.systems.prove.training import train
    from orchestrator.systems.sum.creating import create
    from tests.unit.competition.stage import write_points
    from tests.unit.pipeline.desk import write_spec
    from tests.unit.sum.conftest import TERMS, table

    train(world.settings, write_spec(world.folder))
    (world.folder / "row.json").write_text('{"length": 1.0, "width": 5.0, "spots": 2.0}')
    write_points(world.folder / "points.csv")
    rows = [f"{text},{label}" for text, label in zip(table().samples, table().labels, strict=True)]
    (world.folder / "walks.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    with world.session() as session:
        alice = session.account("alice")
        migrate(session.settings, session.chain, alice)
        create(session, "walks", plan(train_shared(table(), "perceptron")), alice, TERMS)


def after(*commands: str) -> Prepare:
    """Once these commands, their words parted by bars, are done."""

    def prepare(world: "World") -> None:
        for words in commands:
            ended = world.run(tuple(words.split("|")))
            assert ended.code == 0, f"{words}: {ended.said} {ended.complained}"

    return prepare


def nothing_deployed(world: "World") -> None:
    """A folder and a chain without contracts."""
    with world.session() as session:
        chain, deployments = session.chain, session.deployments
        if world.proxy:
            for each in deployments.list():
                chain.request("anvil_setCode", each.address, "0x")
                chain.request("anvil_setNonce", each.address, "0x0")
    shutil.rmtree(world.folder / ".diln")


def disputed(world: "World") -> None:
    """Bad data, which the model disagrees with by now, are due."""
    from orchestrator.systems.sum.adding import add
    from orchestrator.systems.sum.opening import open_model
    from tests.unit.sum.conftest import CITY, NATURE, Village
    from tests.unit.sum.giving import sample

    with world.session() as session:
        village = Village(session, open_model(session, "walks"))
        for step in range(2):
            for who, words, label in (
                ("poisoner", NATURE, "city"),
                ("contributor", NATURE, "nature"),
                ("contributor", CITY, "city"),
            ):
                add(session, village.opened, [sample(village, words, step, label)], village.account(who))
        session.chain.advance(17 * 86_400 // 2)  # who is unsure waits longer
    after("sum|refund|walks|--from|bob")(world)  # only who was right before takes from others


def fair(stop: str) -> Prepare:
    """A market up to: `give`, `open` (data are sealed), `reveal`, `settle`, `expire` or `withdraw`."""

    def prepare(world: "World") -> None:
        from orchestrator.models.online.planning import plan
        from orchestrator.models.online.training import train
        from orchestrator.systems.market.reference.market import Phase
        from orchestrator.systems.market.sealing import open_sealed
        from tests.unit.market.stage import open_fair
        from tests.unit.sum.conftest import table

        with world.session() as session:
            found = open_fair(session, plan(train(table(), "perceptron")).converted)
            if stop == "give":
                return
            found.give(found.lessons()[:4], "contributor", sealed=True)
            found.pass_to(Phase.OPENING)
            if stop == "open":
                return
            list(open_sealed(session, found.opened, found.account("contributor"), []))
            found.pass_to(Phase.REVEALING)
            if stop == "expire":
                found.pass_deadline()
            if stop in ("reveal", "expire"):
                return
            found.reveal()
            if stop == "withdraw":
                found.settle()

    return prepare


def contest(stop: str, *, optimistic: bool = False) -> Prepare:
    """A competition up to the command `stop`."""

    def prepare(world: "World") -> None:
        from tests.unit.competition.stage import Stage

        with Stage.open(world.settings, world.folder) as stage:
            _contest(stage, stop, optimistic)

    return prepare


def _contest(stage: Any, stop: str, optimistic: bool) -> None:
    from orchestrator.systems.competition import closing, evaluating, submitting, testing
    from orchestrator.systems.competition.baseline import train_baseline
    from orchestrator.systems.competition.training import training_data
    from tests.unit.competition.test_workflows import FAIR, enter, lie

    session, found = stage.session, stage.create(optimistic=optimistic)
    while stop == "challenge" and 0 in found.test_groups():  # only groups to train on can be challenged
        found = stage.create(optimistic=optimistic)
    if stop in ("submit", "challenge"):
        seen = training_data(session, found)
        train_baseline(seen, found.terms, stage.folder / "baseline.skops", kind="linear", hidden=0)
        return
    enter(stage, found, "anna")
    enter(stage, found, "ben", FAIR)
    stage.pass_until(found.schedule().training)
    if stop == "reveal":
        return
    for role in ("anna", "ben"):
        submitting.reveal(session, found, stage.account(role))
    stage.pass_until(found.schedule().reveal)
    if stop == "publish-test":
        return
    testing.open_test(session, found, stage.account("organizer"))
    if stop == "refute":
        lie(stage, found, 1, "ben")
    if stop in ("evaluate", "claim", "refute"):
        return
    for number, role in enumerate(("anna", "ben")):
        evaluating.evaluate(session, found, number, stage.account(role))
    if stop != "finalize":
        closing.finalize(session, found, stage.account("anna"))


def unopened(world: "World") -> None:
    """A competition whose split is not drawn yet."""
    from orchestrator.systems.competition.creating import create, finish, prepare
    from tests.unit.competition.stage import Stage, offer_of

    with Stage.open(world.settings, world.folder) as stage:
        organizer = stage.account("organizer")
        draft = prepare(stage.session, offer_of(stage.folder / "points.csv"), organizer)
        create(stage.session, draft, organizer, wait=False)
        finish(stage.session, draft)


def tournament(stop: str) -> Prepare:
    """A tournament up to the command `stop`; its files are in the folder."""

    def prepare(world: "World") -> None:
        from tests.unit.systems.tournament.conftest import Stage, write_files

        write_files(world.folder)
        with world.session() as session:
            stage = Stage(session, world.folder)
            for role, skill in (("anna", 1.0), ("ben", 0.3)):
                stage.predictions(skill).rename(world.folder / f"{role}.csv")
            if stop == "create":
                (world.folder / "offer.toml").write_text(OFFER)
                return
            found = stage.create()
            if stop in ("open", "fund"):
                return
            stage.open(found)
            stage.at(found, "begins")
            if stop == "enter":
                return
            stage.enter(found, "anna", file=world.folder / "anna.csv")
            stage.at(found, "closes")
            if stop != "reveal":
                _revealed(stage, found, stop)

    return prepare


def _revealed(stage: Any, found: Any, stop: str) -> None:
    from orchestrator.systems.tournament.entering import score
    from orchestrator.systems.tournament.rounds import reveal

    reveal(stage.session, found, 0, stage.account("stranger"))
    if stop == "expire":
        stage.at(found, "ends")
    if stop == "withdraw":
        score(stage.session, found, 0, stage.account("anna"))


def words(text: str) -> tuple[str, ...]:
    """Words that are parted by blanks, where `_` within a word stands for a blank."""
    return tuple(each.replace("_", " ") for each in text.split())


OFFER = """\
name = "stations"
target = "target"
train = "train.csv"
live = ["live-0.csv", "live-1.csv"]
pot = "2"
bond = "1"
contribution_multiplier = 0.5
start = "2h"
period = "4h"
entering = "2h"
resolving = "1h"
scoring = "2h"
"""
PUBLISH = "publish|--from|alice"
ADD = "sum|add|walks|--text|street tram tower|--label|city|--from|bob|--max-price|0.01"
HIDE = f"{ADD}|--sealed"
SIGN = "sum|sign|walks|--text|street tram tower|--label|city|--from|carol|-o|signed.json"
FUND = "sum|fund|walks|1|--for|carol|--from|dave"
CREATE = "competition|create|points.csv|--target|side|--prize|1|--criterion|0.8|--groups|8|--test-groups|3"
GIVE = "market|contribute|fair|--text|street tram|--label|city"
MARKET = "market create topics --test walks.csv --csv walks.csv --text-column text --bounty 1 --yes"


def _given(*commands: str) -> Prepare:
    def prepare(world: "World") -> None:
        fair("give")(world)
        after(*commands)(world)

    return prepare


COMMANDS = {
    # -- prove
    "project-create": Command(words("project create roses --from alice"), said_before="already"),
    "publish": Command(words("publish --from alice")),
    "mark": Command(words("mark flowers@1 deprecated --from alice"), after(PUBLISH)),
    "anchor-log": Command(
        words("anchor-log flowers --from alice"), after(PUBLISH, "predict|flowers@1|row.json|--from|alice")
    ),
    "project-members": Command(
        words("project members flowers --add-publisher bob --from alice"), after(PUBLISH)
    ),
    "project-transfer": Command(words("project transfer flowers --to bob --from alice"), after(PUBLISH)),
    "project-accept": Command(
        words("project accept flowers --from bob"),
        after(PUBLISH, "project|transfer|flowers|--to|bob|--from|alice"),
    ),
    "project-pause": Command(words("project pause flowers --from alice"), after(PUBLISH)),
    "project-unpause": Command(
        words("project unpause flowers --from alice"), after(PUBLISH, "project|pause|flowers|--from|alice")
    ),
    "alias-set": Command(words("alias set flowers@1 best --from alice"), after(PUBLISH)),
    "alias-drop": Command(
        words("alias drop flowers best --from alice"),
        after(PUBLISH, "alias|set|flowers@1|best|--from|alice"),
    ),
    # -- shared models
    "sum-create": Command(words("sum create topics --csv walks.csv --text-column text --from alice")),
    "sum-add": Command(tuple(ADD.split("|"))),
    "sum-hide": Command(tuple(HIDE.split("|"))),
    "sum-reveal": Command(words("sum reveal walks --from bob"), after(HIDE, "chain|advance|60s")),
    "sum-fund": Command(tuple(FUND.split("|"))),
    "sum-relay": Command(words("sum relay signed.json --from dave"), after(SIGN, FUND)),
    "sum-refund": Command(words("sum refund walks --from bob"), after(ADD, "chain|advance|2d")),
    "sum-report": Command(words("sum report walks --from bob"), disputed),
    "sum-keep": Command(words("sum keep walks --once --from bob"), disputed),
    "sum-withdraw": Command(words("sum withdraw walks --from carol"), after(FUND)),
    # -- markets
    "market-create": Command(words(f"{MARKET} --from alice")),
    "market-contribute": Command((*GIVE.split("|"), "--from", "bob"), fair("give")),
    "market-contribute-open": Command((*GIVE.split("|"), "--open", "--from", "bob"), fair("give")),
    "market-fund": Command(words("market fund fair 1 --for carol --from dave"), fair("give")),
    "market-relay": Command(
        words("market relay fair signed.json --pay --from dave"),
        _given(f"{GIVE}|--sign|signed.json|--from|carol"),
    ),
    "market-open": Command(words("market open fair --from bob"), fair("open"), "nothing can be opened"),
    "market-reveal": Command(words("market reveal fair --from alice"), fair("reveal"), "nothing to reveal"),
    "market-settle": Command(words("market settle fair --from dave"), fair("settle")),
    "market-expire": Command(words("market settle fair --from dave"), fair("expire")),
    "market-keep": Command(words("market keep fair --once --from bob"), fair("open")),
    "market-withdraw": Command(words("market withdraw fair --from bob"), fair("withdraw")),
    # -- competitions
    "competition-create": Command((*CREATE.split("|"), "--from", "alice")),
    "competition-draw": Command(words("competition data --from alice"), unopened),
    "competition-challenge": Command(
        words("competition data --challenge 0 --from bob"), contest("challenge"), said_before="challenge"
    ),
    "competition-submit": Command(words("competition submit --from bob"), contest("submit")),
    "competition-reveal": Command(words("competition reveal --from bob"), contest("reveal")),
    "competition-publish-test": Command(
        words("competition publish-test --from alice"), contest("publish-test")
    ),
    "competition-evaluate": Command(words("competition evaluate --all --from erin"), contest("evaluate")),
    "competition-claim": Command(
        words("competition claim --from bob"), contest("claim", optimistic=True), said_before="claimed"
    ),
    "competition-refute": Command(
        words("competition refute --from erin"), contest("refute", optimistic=True)
    ),
    "competition-finalize": Command(words("competition finalize --from erin"), contest("finalize")),
    "competition-withdraw": Command(words("competition withdraw --from bob"), contest("withdraw")),
    "competition-publish": Command(words("competition publish --from bob"), contest("publish")),
    "competition-keep": Command(words("competition keep --once --from bob"), contest("reveal")),
    # -- tournaments
    "tournament-create": Command(words("tournament create offer.toml --from alice"), tournament("create")),
    "tournament-open": Command(
        words("tournament open 0 --targets targets-0.csv --from alice"), tournament("open")
    ),
    "tournament-fund": Command(words("tournament fund 2 --from bob"), tournament("fund")),
    "tournament-enter": Command(
        words("tournament enter 0 anna.csv --stake 1 --from bob"), tournament("enter")
    ),
    "tournament-reveal": Command(words("tournament reveal 0 --from erin"), tournament("reveal")),
    "tournament-score": Command(words("tournament score 0 --from bob"), tournament("score")),
    "tournament-expire": Command(words("tournament expire 0 bob --from erin"), tournament("expire")),
    "tournament-withdraw": Command(words("tournament withdraw --from bob"), tournament("withdraw")),
    "tournament-keep": Command(words("tournament keep --once --from alice"), tournament("reveal")),
    # -- federations
    "federation-create": Command(
        words("federation create federation.toml --from alice"), federated("create")
    ),
    "federation-join": Command(words("federation join --data bob.csv --from bob --yes"), federated("join")),
    "federation-leave": Command(words("federation leave --from bob"), federated("begin")),
    "federation-begin": Command(words("federation step --from erin"), federated("begin")),
    "federation-commit": Command(words("federation step --from bob"), federated("commit")),
    "federation-reveal": Command(words("federation step --from bob"), federated("reveal")),
    "federation-unmask": Command(words("federation step --from bob"), federated("unmask")),
    "federation-share": Command(words("federation step --from bob"), federated("share")),
    "federation-compare": Command(words("federation step --from bob"), federated("compare")),
    "federation-restore": Command(words("federation step --from bob"), federated("restore")),
    "federation-demand": Command(words("federation demand --from erin --yes"), federated("demand")),
    "federation-supply": Command(words("federation supply --from bob"), federated("supply")),
    "federation-forfeit": Command(words("federation forfeit --from erin"), federated("forfeit")),
    "federation-delegate": Command(
        words("federation delegate bob 0.25 --from dave --yes"), federated("delegate")
    ),
    "federation-undelegate": Command(words("federation undelegate bob --from dave"), federated("undelegate")),
    "federation-score": Command(words("federation step --from bob"), federated("score")),
    "federation-judge": Command(words("federation step --from bob"), federated("judge")),
    "federation-claim": Command(words("federation step --from bob --yes"), federated("claim")),
    "federation-refute": Command(words("federation refute --from erin"), federated("refute")),
    "federation-finalize": Command(words("federation step --from alice"), federated("finalize")),
    "federation-publish": Command(words("federation publish --from alice"), federated("publish")),
    "federation-withdraw": Command(words("federation withdraw --from bob"), federated("publish")),
    "federation-watch": Command(
        words("federation watch --others --interval 0.01 --from erin"), federated("close")
    ),
    # -- everything at once
    "migrate": Command(words("migrate --from alice"), nothing_deployed),
    "keep": Command(words("keep --once --from bob"), tournament("score")),
}
