"""
What looking at a competition costs, however many have submitted: requests to the node, counted
├── list, and what a submitter's, organizer's or refuter's keeper does outside of its phase: no more
├── withdraw: no more for what others submitted
└── show: no more, and has the best, the last and one's own; with all, one more for each fifty
"""

from collections import Counter
from collections.abc import Callable

from orchestrator.chain.ahead import MOST_AT_ONCE
from orchestrator.kernel.session import Session
from orchestrator.systems.competition import overview
from orchestrator.systems.competition.closing import withdraw
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.duties import Role
from tests.unit.chain.wire import Wire, over
from tests.unit.competition.stage import Stage

FEW, MANY, LAST = 10, 60, 10


def asked(session: Session, look: Callable[[], object]) -> Counter[str]:
    """What a look asks the node for, by method; several calls at once are one request."""
    web3 = session.chain.web3
    real = web3.provider
    wire = Wire(real)
    web3.provider = over(wire)
    try:
        look()
    finally:
        web3.provider = real
    return wire.asked


def commit(stage: Stage, competition: Competition, count: int, role: str = "stranger") -> None:
    """Others submit, without the files that `submit` keeps."""
    deposit = int(competition.terms.deposit)
    for number in range(count):
        word = bytes([number + 1]) * 32
        stage.session.chain.send(competition.commit(word), stage.account(role), value=deposit, gas=300_000)


def test_looking__many_submissions__asks_what_it_asks_for_few(stage: Stage) -> None:
    competition = stage.create()
    stage.keep(competition, "organizer", roles={Role.ORGANIZER})  # draws the split, opens the training data
    anna = stage.account("anna").address
    commit(stage, competition, 1, "anna")
    looks: dict[str, Callable[[], object]] = {
        "show": lambda: overview.overview(competition, last=LAST, own=anna),
        "list": lambda: overview.overview(competition, leaderboard=False),
        "withdraw": lambda: withdraw(stage.session, competition, stage.account("anna")),
        "keep as submitter": lambda: stage.keep(competition, "anna", roles={Role.SUBMITTER}),
        "keep as refuter": lambda: stage.keep(competition, "anna", roles={Role.REFUTER}),
    }
    commit(stage, competition, FEW)
    for look in looks.values():  # the kind of the node is asked for once
        look()
    before = {name: asked(stage.session, look) for name, look in looks.items()}
    commit(stage, competition, MANY)
    assert competition.progress().committed == 1 + FEW + MANY
    after = {name: asked(stage.session, look) for name, look in looks.items()}
    assert after == before

    rows = overview.overview(competition, last=LAST, own=anna).leaderboard
    assert [each.submission.number for each in rows] == [0, *range(FEW + MANY - LAST + 1, FEW + MANY + 1)]
    shown = asked(stage.session, lambda: overview.overview(competition))
    assert shown["batch"] == -(-(1 + FEW + MANY) // MOST_AT_ONCE)
    assert len(overview.overview(competition).leaderboard) == 1 + FEW + MANY
    assert sum(shown.values()) <= 1.5 * sum(before["list"].values()) + shown["batch"]
