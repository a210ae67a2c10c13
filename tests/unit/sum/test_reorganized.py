"""
A node that goes over to another fork, before any of its answers
├── claims: of one fork, by a ledger that knew the other
└── standing of a market: of one fork
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import Chain
from orchestrator.config import Settings
from orchestrator.kernel.session import Session
from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.claiming import claims, settle
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.records import DAY
from tests.unit.chain.faults import answers, forked, mixes
from tests.unit.sum.conftest import CITY, NATURE, Village
from tests.unit.sum.giving import sample


def on_the_fork(act: Callable[[Session], Any]) -> Callable[[Settings], None]:
    def differ(settings: Settings) -> None:
        with Session(settings) as session:
            act(session)

    return differ


@pytest.mark.parametrize("development", [True, False])
def test_claims__another_fork_at_any_moment__are_of_one(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, development: bool
) -> None:
    session, opened = village.session, village.opened
    contributor, poisoner = village.account("contributor"), village.account("poisoner")
    [first] = add(session, opened, [sample(village, CITY, 0, "city")], contributor).added
    [second] = add(session, opened, [sample(village, NATURE, 0, "nature")], contributor).added
    session.chain.advance(2 * DAY)

    def differ(fork: Session) -> None:
        model = open_model(fork, "walks")
        list(settle(fork, model, fork.account("bob"), ["refund"], numbers=[first.number]))
        while model.shared.contract.predict(second.x) == second.facts.label:
            add(fork, model, [sample(village, NATURE, 0, "city")], fork.account("carol"), again=True)

    forks = forked(session.chain, session.settings, tmp_path, on_the_fork(differ))
    add(session, opened, [sample(village, CITY, 2, "nature")], poisoner)
    session.chain.mine()
    session.chain.web3.provider = forks
    monkeypatch.setitem(vars(session.chain), "development", development)

    def read() -> list[tuple[Any, ...]]:
        found = claims(opened, contributor.address)
        return [
            (each.contribution.id, each.record.left, each.due_at, each.verb, each.worth) for each in found
        ]

    found, one, other = answers(forks, read)
    assert ([each[3] for each in one], [each[3] for each in other]) == (
        ["refund", "refund"],
        [None],
    )
    assert all(each in (one, other) for each in found)

    monkeypatch.setattr(Chain, "look", lambda chain, read: read())
    assert mixes(forks, read, len(found), one, other)
