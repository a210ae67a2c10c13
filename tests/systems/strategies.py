"""How each system is played in the conformance suite: a beginning, from which keepers alone go on.

A system joins the suite with a row in STRATEGIES.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.kernel.session import Session
from orchestrator.kernel.system import System
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.systems.competition.duties import SYSTEM as COMPETITION
from orchestrator.systems.federation.duties import SYSTEM as FEDERATION
from orchestrator.systems.market.duties import SYSTEM as MARKET
from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.duties import SYSTEM as SUM
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.tournament.duties import SYSTEM as TOURNAMENT
from orchestrator.types import Address
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_workflows import FAIR, GOOD, enter
from tests.unit.market.stage import open_fair
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, table
from tests.unit.sum.giving import sample
from tests.unit.systems.federation.stage import begin as begin_federation
from tests.unit.systems.federation.stage import begin_task
from tests.unit.systems.tournament.conftest import Stage as TournamentStage
from tests.unit.systems.tournament.conftest import write_files


@dataclass(frozen=True)
class Strategy:
    """`begin` makes an instance in which something is due to `people`, and returns its address.

    `owed` is what an account can still withdraw from an instance at its end, in wei. `view` is the part of
    the page where a wallet takes part.
    """

    system: System[Any]
    people: tuple[str, ...]
    begin: Callable[[Session, Path], Address]
    owed: Callable[[Any, Address], int]
    view: str


def competition(session: Session, folder: Path) -> Address:
    """Two enter, one of whom is better."""
    stage = Stage(session, folder)
    found = stage.create()
    enter(stage, found, "anna", GOOD)
    enter(stage, found, "ben", FAIR)
    return found.address


def shared_model(session: Session, folder: Path) -> Address:
    """Good data, and bad data that the model turns against."""
    made = create(session, "walks", plan(train(table(), "perceptron")), session.account("alice"), TERMS)
    village = Village(session, open_model(session, made.address))
    opened, good, bad = village.opened, village.account("contributor"), village.account("poisoner")
    for step in range(3):
        add(session, opened, [sample(village, NATURE, step, "city")], bad)
        for words, label in ((NATURE, "nature"), (CITY, "city")):
            add(session, opened, [sample(village, words, step, label)], good)
    return made.address


def market(session: Session, folder: Path) -> Address:
    """A provider's test set, good data, and bad ones that are sealed."""
    fair = open_fair(session, plan(train(table(), "perceptron")).converted)
    fair.give(fair.lessons()[:6], "contributor")
    fair.give(fair.lessons(wrong=True)[:4], "poisoner", sealed=True)
    return Address(fair.market.address)


def federation(session: Session, folder: Path) -> Address:
    """Three parties of whom a committee is drawn, and a round."""
    return begin_federation(session, folder, "alice", "bob", "carol").address


def by_work(session: Session, folder: Path) -> Address:
    """The same where all vote and one finds a nonce."""
    terms = {"policy": "work", "pay": "equal", "committee": 0}
    return begin_federation(session, folder, "alice", "bob", "carol", **terms).address


def by_stake(session: Session, folder: Path) -> Address:
    """The same where votes weigh what is behind seats, and leaders are drawn by it."""
    terms = {"policy": "stake", "pay": "equal", "committee": 0}
    return begin_federation(session, folder, "alice", "bob", "carol", **terms).address


def by_delegates(session: Session, folder: Path) -> Address:
    """The same where two are elected, and the contract adds updates up."""
    terms = {"policy": "delegates", "pay": "equal", "committee": 2}
    direct = {"mode": "direct", "rule": "mean", "shift": 8}
    return begin_federation(session, folder, "alice", "bob", "carol", **terms, **direct).address


def task(session: Session, folder: Path) -> Address:
    """A supplier's hidden test set, two models, and three who judge them."""
    return begin_task(session, folder, ("bob", "carol"), ("dave", "erin", "frank")).address


def by_sums(session: Session, folder: Path) -> Address:
    """The same where nobody sees an update."""
    terms = {"policy": "trusted", "pay": "equal", "committee": 0, "rule": "mean", "privacy": "masked"}
    return begin_federation(session, folder, "alice", "bob", "carol", **terms).address


def owed_by_federation(found: Any, who: Address) -> int:
    """Free, or free as soon as all is over."""
    return int(found.balance_of(who) + found.party_of(who).deposit)


def tournament(session: Session, folder: Path) -> Address:
    """A round with a good and a bad entry."""
    write_files(folder)
    return TournamentStage(session, folder).entered("anna", "cara").address


STRATEGIES = {
    "competition": Strategy(
        COMPETITION,
        ("alice", "bob", "carol", "erin"),
        competition,
        lambda found, who: (
            found.credit(who) + sum(found.payout_of(n.number) for n in found.submissions_of(who))
        ),
        "competitions",
    ),
    "market": Strategy(
        MARKET,
        ("alice", "bob", "carol", "dave"),
        market,
        lambda opened, who: opened.shared.balance(who),
        "markets",
    ),
    "federation": Strategy(
        FEDERATION,
        ("alice", "bob", "carol", "dave"),
        federation,
        owed_by_federation,
        "federations",
    ),
    "federation, by work": Strategy(
        FEDERATION, ("alice", "bob", "carol", "dave"), by_work, owed_by_federation, "federations"
    ),
    "federation, by stake": Strategy(
        FEDERATION, ("alice", "bob", "carol", "dave"), by_stake, owed_by_federation, "federations"
    ),
    "federation, by delegates": Strategy(
        FEDERATION, ("alice", "bob", "carol", "dave"), by_delegates, owed_by_federation, "federations"
    ),
    "federation, by learning": Strategy(
        FEDERATION,
        ("alice", "bob", "carol", "dave", "erin", "frank"),
        task,
        owed_by_federation,
        "federations",
    ),
    "federation, masked": Strategy(
        FEDERATION, ("alice", "bob", "carol", "dave"), by_sums, owed_by_federation, "federations"
    ),
    "tournament": Strategy(
        TOURNAMENT,
        ("alice", "bob", "dave", "erin"),
        tournament,
        lambda found, who: found.balance_of(who),
        "tournaments",
    ),
    "sum": Strategy(
        SUM,
        ("alice", "bob", "carol", "dave"),
        shared_model,
        lambda opened, who: opened.shared.balance(who),
        "models",
    ),
}
