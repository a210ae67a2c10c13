"""What it costs not to act: each of the acts that a party owes is missed once, on the contract itself.

DeepChain has a deadline for each of its steps, at which a deposit is lost. Here, whoever misses one loses the
fine to those who acted, the round goes on without it, and in the end all that came in has gone out.
"""

from collections.abc import Callable

from orchestrator.bindings.federation import Part
from orchestrator.chain.naming import checked_address
from orchestrator.systems.federation.experiments.base import Check, Experiment, Outcome, Picture, Row
from orchestrator.systems.federation.experiments.onchain import Stage, begin, session
from orchestrator.systems.federation.joining import withdraw
from orchestrator.systems.federation.rounds import claims, pending_claim
from orchestrator.types import Report

PARTIES = ("alice", "bob", "carol", "dave", "erin")
COMMITTEE, QUORUM = 3, 3
DEAD = checked_address("0x000000000000000000000000000000000000dEaD")
"""Where burnt amounts are credited."""


def _commit(stage: Stage, but: str = "") -> None:
    stage.commit(*(name for name in stage.names if name != but))
    if but:
        stage.pass_()


def _reveal(stage: Stage, committed: tuple[str, ...], but: str = "") -> None:
    stage.reveal(*(name for name in committed if name != but))
    if but:
        stage.pass_()


def _judged(stage: Stage, missing: str = "") -> str:
    """Score; `missing` is nothing, "speak" or "judge". Returns who misses it."""
    stage.draw()
    members = stage.members()
    silent = members[-1] if missing else ""
    others = [name for name in members if name != silent]
    stage.speak(*(others if missing == "speak" else members))
    if missing == "speak":
        terms, since = stage.federation.terms, stage.federation.state().since
        stage.session.chain.advance_to(since + terms.committing + terms.revealing + terms.judging)
    stage.judge(*others)
    if missing:
        stage.pass_()
    return silent


def _claimed(stage: Stage) -> None:
    stage.claim(stage.leader())
    stage.finalize()


def _not_committed(stage: Stage) -> str:
    _commit(stage, but="erin")
    _reveal(stage, stage.names[:-1])
    _judged(stage)
    _claimed(stage)
    return "erin"


def _not_revealed(stage: Stage) -> str:
    _commit(stage)
    _reveal(stage, stage.names, but="erin")
    _judged(stage)
    _claimed(stage)
    return "erin"


def _not_scored(missing: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        _commit(stage)
        _reveal(stage, stage.names)
        silent = _judged(stage, missing)
        _claimed(stage)
        return silent

    return act


def _not_aggregated(stage: Stage) -> str:
    _commit(stage)
    _reveal(stage, stage.names)
    _judged(stage)
    first = stage.leader()
    order = stage.federation.judgement().order
    second = next(name for name in stage.names if stage.seat(name) == (order >> 8 & 255) - 1)
    # The second turn; there are as many as updates that are in, and one that is anybody's.
    turns = stage.federation.terms.turn * stage.federation.judgement().accepted.bit_count()
    stage.session.chain.advance_to(stage.federation.clock().ends_at - turns)
    stage.claim(second)
    stage.finalize()
    return first


def _not_shown(stage: Stage) -> str:
    _commit(stage)
    _reveal(stage, stage.names)
    _judged(stage)
    leader = stage.leader()
    stage.claim(leader)
    silent = next(name for name in reversed(stage.names) if name != leader)
    found, asked = stage.federation, pending_claim(stage.federation)
    assert asked is not None  # noqa: S101 (it was claimed)
    asker, about = stage.account("judy"), (Part.UPDATE, stage.account(silent).address, 0, asked)
    stage.session.send(found.demand(*about), asker, value=found.terms.stake * found.terms.unit)
    stage.session.chain.advance(found.terms.supply)
    stage.session.send(found.forfeit(*about), asker)
    stage.claim(stage.leader())
    stage.finalize()
    return silent


ACTS: dict[str, Callable[[Stage], str]] = {
    "commit": _not_committed,
    "reveal": _not_revealed,
    "commit to scores": _not_scored("speak"),
    "reveal scores": _not_scored("judge"),
    "claim first": _not_aggregated,
    "show what is demanded": _not_shown,
}


def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    with session() as opened:
        for number, (name, play) in enumerate(ACTS.items()):
            stage = begin(
                opened,
                PARTIES,
                policy="quality",
                pay="equal",
                committee=COMMITTEE,
                quorum=QUORUM,
                rounds=1,
                obliged=True,
                supply="1h",
            )
            rows.append({"missed": name} | _measured(stage, play))
            if progress:
                progress(number + 1, len(ACTS))
    fine = rows[0]["fine"]
    checks = [
        Check(
            "each missing act costs its party exactly the fine",
            all(row["lost"] == row["fine"] for row in rows),
            ", ".join(str(row["lost"]) for row in rows) + f"; the fine is {fine} gwei",
        ),
        Check(
            "the round goes on without it",
            all(row["rounds"] == 1 for row in rows),
            f"{sum(row['rounds'] for row in rows)} of {len(rows)} rounds were finalized",
        ),
        Check(
            "all that came in goes out",
            all(row["left"] == 0 for row in rows),
            ", ".join(str(row["left"]) for row in rows) + " wei are left",
        ),
    ]
    return Outcome(rows, checks, Picture("missed", ("lost", "fine"), "gwei", bars=True), {})


def _measured(stage: Stage, play: Callable[[Stage], str]) -> Row:
    """What the missing act cost, and what the contract holds when all have taken what is theirs."""
    found, chain = stage.federation, stage.session.chain
    before = {name: found.party_of(stage.account(name).address).deposit for name in stage.names}
    silent = play(stage)
    lost = before[silent] - found.party_of(stage.account(silent).address).deposit
    done = found.state().done
    for name in (*stage.names, "judy"):
        withdraw(stage.session, found, stage.account(name))
    left = chain.balance(found.address) - found.balance_of(DEAD)
    return {
        "lost": lost // found.terms.unit if lost % found.terms.unit == 0 else lost / found.terms.unit,
        "fine": found.terms.fine,
        "claims": len(claims(found)),
        "rounds": done,
        "left": left,
    }


EXPERIMENT = Experiment(
    "deepchain-timeouts",
    "What each act costs that a party owes and does not do",
    "Weng et al., 2019 (DeepChain), on the contract",
    run,
    slow=True,
)
