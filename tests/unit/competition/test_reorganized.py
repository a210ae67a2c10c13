"""
A node that goes over to another fork, before any of its answers
├── overview: of one fork
└── keeper: what is due on one of them
"""

from pathlib import Path

import pytest

from orchestrator.chain import Chain
from orchestrator.config import Settings
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.closing import finalize
from orchestrator.systems.competition.duties import SYSTEM, Role
from orchestrator.systems.competition.overview import overview
from tests.unit.chain.faults import answers, forked, mixes
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_growth import commit


@pytest.mark.parametrize("development", [True, False])
def test_overview__another_fork_at_any_moment__is_of_one(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, development: bool
) -> None:
    competition, chain = stage.create(), stage.session.chain
    stage.keep(competition, "organizer", roles={Role.ORGANIZER})  # draws the split

    def differ(settings: Settings) -> None:
        with Session(settings) as session:
            commit(Stage(session, tmp_path), competition, 3, "anna")

    forks = forked(chain, stage.session.settings, tmp_path, differ)
    commit(stage, competition, 1)
    chain.web3.provider = forks
    monkeypatch.setitem(vars(chain), "development", development)
    found, one, other = answers(forks, lambda: overview(competition))
    assert (len(one.leaderboard), len(other.leaderboard)) == (1, 3)
    assert all(each in (one, other) for each in found)

    monkeypatch.setattr(Chain, "look", lambda chain, read: read())
    assert mixes(forks, lambda: overview(competition), len(found), one, other)


def test_due__another_fork_at_any_moment__is_of_one(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    competition, chain = stage.create(), stage.session.chain

    def differ(settings: Settings) -> None:
        with Session(settings) as session:
            there = SYSTEM.open(session, competition.address)
            Stage(session, tmp_path).pass_until(there.schedule().final)
            finalize(session, there, session.account("bob"))

    forks = forked(chain, stage.session.settings, tmp_path, differ)
    commit(stage, competition, 1)
    chain.web3.provider = forks
    keeper = Keeper(stage.session, [(SYSTEM, competition)], [stage.account("stranger")], others=True)
    found, one, other = answers(forks, lambda: {each.duty for each in keeper.due()})
    assert (one, other) == ({"reveal", "close the competition"}, set())
    assert all(each in (one, other) for each in found)

    monkeypatch.setattr(Chain, "look", lambda chain, read: read())
    assert mixes(forks, lambda: {each.duty for each in keeper.due()}, len(found), one, other)
