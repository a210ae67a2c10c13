"""
What looking at a market costs, however many have contributed
├── show, leaderboard, contribute, keep: no more requests among many, and of new contributions only
├── forecast: goes on from what it kept; from the start where that is damaged, or of other data
└── what the chain dropped: a contribution opened there is sealed again, and so is to be opened
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.market.printing import market_shown
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.systems.market import duties, forecasting
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.market.participating import plan
from orchestrator.systems.market.provider import check_portions
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.sealing import open_sealed, openable
from tests.unit.chain.faults import forked
from tests.unit.competition.test_growth import asked
from tests.unit.market.stage import Fair
from tests.unit.sum.test_reorganized import on_the_fork

FEW, MANY = 10, 50


def contribute(fair: Fair, count: int, role: str = "poisoner") -> None:
    """Somebody gives the same sample so often."""
    batch = fair.plan(fair.lessons()[:1]).batches[0]
    for _ in range(0, count, FEW):
        value = fair.market.price_of([batch] * FEW)
        call = fair.market.contract.contribute_batch([batch] * FEW, value)
        fair.session.chain.send(call, fair.account(role), value=value, gas=8_000_000)


def test_looking__many_contributions__asks_what_it_asks_for_few(fair: Fair) -> None:
    session, new = fair.session, fair.lessons()[4:5]

    def again() -> Fair:
        """As another command sees it."""
        for index in session.chain._indexes:
            index.close()
        return Fair(session, open_market(session, fair.market.address))

    def kept() -> list[object]:
        turns = Keeper(session, [(duties.SYSTEM, again().opened)], [fair.account("stranger")])
        return list(turns.turn())

    looks: dict[str, Callable[[], object]] = {
        "contribute": lambda: plan(session, again().opened, new, fair.account("poisoner")),
        "keep": kept,
        "leaderboard": lambda: again().leaderboard(),
        "show": lambda: market_shown(session, again().opened),
    }
    contribute(fair, FEW)
    for look in looks.values():
        look()
    before = {name: asked(session, look) for name, look in looks.items()}
    contribute(fair, MANY)
    assert fair.market.count() == FEW + MANY
    for look in looks.values():
        look()
    assert {name: asked(session, look) for name, look in looks.items()} == before


def test_forecast__kept_damaged_or_of_other_data__is_what_it_is_from_the_start(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, lessons = fair.session, fair.lessons()
    portions = check_portions(session, fair.opened)
    learned = list[int]()
    genuine = forecasting._learn_if_better
    monkeypatch.setattr(
        forecasting, "_learn_if_better", lambda *given: (learned.append(1), genuine(*given))[1]
    )

    def found() -> tuple[int, tuple[float, float]]:
        """How many contributions were learned now, and the forecast."""
        learned.clear()
        told = forecasting.forecast(session, fair.opened, portions, lessons[6:])
        return len(learned) // forecasting.FOLDS, told

    fair.give(lessons[:2], at_once=1)
    assert found()[0] == 2
    fair.give(lessons[2:6], at_once=2)
    count, told = found()
    assert (count, found()) == (2, (0, told))
    [file] = (session.settings.home / "cache").glob("*.forecast")
    content = bytearray(file.read_bytes())
    for place in (0, 33, len(content) - 1):
        damaged = bytearray(content)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        assert found() == (4, told)
    file.write_bytes(content[:-1])
    assert found() == (4, told)
    trial = next(iter(portions))
    assert found()[0] == 0
    portions[trial] = b""
    assert found()[0] == 4


def test_keep__block_that_opened_it_was_dropped__is_opened_again(fair: Fair, tmp_path: Path) -> None:
    """Nobody acts on what the chain does not say now: the index takes back what the dropped block told."""
    session, contributor, stranger = fair.session, fair.account("contributor"), fair.account("stranger")
    fair.give(fair.lessons()[:4], sealed=True, at_once=2)
    fair.give(fair.lessons()[4:6])
    fair.pass_to(Phase.OPENING)

    def differ(fork: Session) -> None:
        fork.chain.mine()

    forks = forked(session.chain, session.settings, tmp_path, on_the_fork(differ))
    sealed = openable(session, fair.market, contributor.address)
    assert [each.index for each in sealed] == [0, 1]
    assert openable(session, fair.market, stranger.address) == sealed  # their data are here
    assert [each.index for each in open_sealed(session, fair.opened, contributor)] == [0, 1]
    assert openable(session, fair.market, contributor.address) == []
    told = fair.market.contributions()
    assert [(each.batch is not None, each.commitment is not None) for each in told] == [
        *[(True, True)] * 2,
        (True, False),
    ]
    assert [each.transaction for each in told[:2]] == [each.transaction for each in sealed]
    session.chain.web3.provider = forks
    forks.begin(0)  # gone over to where nothing was opened
    assert openable(session, fair.market, contributor.address) == sealed
    given = fair.market.index.given()[contributor.address]
    assert (given.contributions, given.samples, given.sealed) == (3, 6, 4)
