"""
What looking at a competition costs, however many have submitted: requests to the node, counted
├── list, and what a submitter's, organizer's or refuter's keeper does outside of its phase: no more
├── withdraw: no more for what others submitted
└── show: one more for each fifty, where the node takes several calls at once
"""

from collections import Counter
from collections.abc import Callable

from orchestrator.chain.ahead import MOST_AT_ONCE
from orchestrator.systems.competition import overview
from orchestrator.systems.competition.closing import withdraw
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.duties import Role
from tests.unit.chain.wire import Wire, over
from tests.unit.competition.stage import Stage

FEW, MANY = 2, 60


def asked(stage: Stage, look: Callable[[], object]) -> Counter[str]:
    """What a look asks the node for, by method; several calls at once are one request."""
    web3 = stage.session.chain.web3
    real = web3.provider
    wire = Wire(real)
    web3.provider = over(wire)
    try:
        look()
    finally:
        web3.provider = real
    return wire.asked


def commit(stage: Stage, competition: Competition, count: int) -> None:
    """Others submit, without the files that `submit` keeps."""
    deposit = int(competition.terms.deposit)
    for number in range(count):
        word = bytes([number + 1]) * 32
        stage.session.chain.send(
            competition.commit(word), stage.account("stranger"), value=deposit, gas=300_000
        )


def test_looking__many_submissions__asks_what_it_asks_for_few(stage: Stage) -> None:
    competition = stage.create()
    stage.keep(competition, "organizer", roles={Role.ORGANIZER})  # draws the split, opens the training data
    looks: dict[str, Callable[[], object]] = {
        "list": lambda: overview.overview(competition, leaderboard=False),
        "withdraw": lambda: withdraw(stage.session, competition, stage.account("anna")),
        "keep as submitter": lambda: stage.keep(competition, "anna", roles={Role.SUBMITTER}),
        "keep as refuter": lambda: stage.keep(competition, "anna", roles={Role.REFUTER}),
    }
    commit(stage, competition, FEW)
    for look in looks.values():  # the kind of the node is asked for once
        look()
    before = {name: asked(stage, look) for name, look in looks.items()}
    commit(stage, competition, MANY)
    assert competition.progress().committed == FEW + MANY
    after = {name: asked(stage, look) for name, look in looks.items()}
    assert after == before

    shown = asked(stage, lambda: overview.overview(competition))
    assert shown["batch"] == -(-(FEW + MANY) // MOST_AT_ONCE)
    assert len(overview.overview(competition).leaderboard) == FEW + MANY
    assert sum(shown.values()) <= 1.5 * sum(before["list"].values()) + shown["batch"]
