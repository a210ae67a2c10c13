"""A chain with the factory on it, a model made of two topics, and people by role."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import Plan, plan
from orchestrator.models.online.training import Table, train
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.opening import SharedModel, open_model
from orchestrator.systems.sum.records import DAY, Terms
from tests import world
from tests.world import World

TERMS = Terms(cost_weight=1_000, refund_wait=DAY, take_gap=DAY // 2, creator_wait=3 * DAY, any_wait=5 * DAY)
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


class Village(World):
    """A shared model and the people around it."""

    ROLES: ClassVar[dict[str, str]] = {
        "creator": "alice",
        "contributor": "bob",
        "poisoner": "carol",
        "keeper": "dave",
    }

    def __init__(self, session: Session, opened: SharedModel) -> None:
        super().__init__(session, session.settings.home)
        self.opened = opened

    def balance(self, role: str) -> int:
        return self.opened.shared.balance(self.account(role).address)


def begin(session: Session, _: Path) -> None:
    create(session, "walks", plan(train(table(), "perceptron")), session.account("alice"), TERMS)


template = world.template(begin=begin)


@pytest.fixture
def village(template: Path, tmp_path: Path) -> Iterator[Village]:
    with world.copied(template, tmp_path) as session:
        yield Village(session, open_model(session, "walks"))
