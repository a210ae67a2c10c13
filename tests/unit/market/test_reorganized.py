"""What everybody gets is told of one block, whatever the chain drops meanwhile."""

from pathlib import Path

import pytest

from orchestrator.chain import Chain
from orchestrator.kernel.session import Session
from orchestrator.systems.market.opening import open_market
from tests.unit.chain.faults import answers, forked, mixes
from tests.unit.market.stage import Fair
from tests.unit.sum.test_reorganized import on_the_fork


def test_standing__another_fork_at_any_moment__is_of_one(
    fair: Fair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = fair.session.chain

    def differ(fork: Session) -> None:
        there = Fair(fork, open_market(fork, "fair"))
        there.give(there.lessons()[:2])
        there.give(there.lessons(wrong=True)[2:6], "poisoner")

    forks = forked(chain, fair.session.settings, tmp_path, on_the_fork(differ))
    fair.give(fair.lessons()[:4])
    chain.web3.provider = forks
    found, one, other = answers(forks, lambda: fair.leaderboard().rows)
    assert (len(one), len(other)) == (1, 2)
    assert all(each in (one, other) for each in found)

    monkeypatch.setattr(Chain, "look", lambda chain, read: read())
    assert mixes(forks, lambda: fair.leaderboard().rows, 60, one, other)
