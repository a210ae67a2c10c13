"""A chain with the factory on it, a model made of two topics, and people by role."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.chain import Account, migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import Plan, plan
from orchestrator.models.online.training import Table, train
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.opening import SharedModel, open_model
from orchestrator.systems.sum.records import DAY, Terms

TERMS = Terms(cost_weight=1_000, refund_wait=DAY, take_gap=DAY // 2, creator_wait=3 * DAY, any_wait=5 * DAY)
ROLES = {"creator": "alice", "contributor": "bob", "poisoner": "carol", "keeper": "dave"}
NATURE = "river forest mountain meadow deer"
CITY = "street tram tower market crowd"


def review(words: str, number: int) -> str:
    """A text of three of these words."""
    found = words.split()
    return " ".join(found[(number + step) % len(found)] for step in range(3))


def table() -> Table:
    texts = [review(NATURE if number % 2 else CITY, number // 2) for number in range(60)]
    return Table(texts, ["city" if number % 2 == 0 else "nature" for number in range(60)])


@pytest.fixture(scope="session")
def planned() -> Plan:
    return plan(train(table(), "perceptron"))


class Village:
    """A shared model and the people around it."""

    def __init__(self, session: Session, opened: SharedModel) -> None:
        self.session = session
        self.opened = opened

    def account(self, role: str) -> Account:
        return self.session.account(ROLES[role])

    def balance(self, role: str) -> int:
        return self.opened.shared.balance(self.account(role).address)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, planned: Plan) -> Path:
    """A state folder whose chain has the model, to be copied."""
    home = tmp_path_factory.mktemp("sum") / "home"
    with Session(load_settings(home=home, environ={})) as session:
        alice = session.account("alice")
        migrate(session.settings, session.chain, alice)
        create(session, "walks", planned, alice, TERMS)
    return home


@pytest.fixture
def village(template: Path, tmp_path: Path) -> Iterator[Village]:
    shutil.copytree(template, tmp_path / "home")
    with Session(load_settings(home=tmp_path / "home", environ={})) as session:
        yield Village(session, open_model(session, "walks"))
