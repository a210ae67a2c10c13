"""What it costs not to act: each of the acts that a party owes is missed once, on the contract itself.

DeepChain has a deadline for each of its steps, at which a deposit is lost. Here, whoever misses one loses the
fine to those who acted, the round goes on without it, and in the end all that came in has gone out.
"""

from orchestrator.bindings.federation import Part
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.onchain import Stage, begin, session
from orchestrator.systems.federation.joining import withdraw
from orchestrator.systems.federation.rounds import claims, judged_at, pending_claim
from orchestrator.types import BURN_ADDRESS, Report

PARTIES = ("alice", "bob", "carol", "dave", "erin")
COMMITTEE, QUORUM = 3, 3


ACTS = ("commit", "reveal", "commit to scores", "reveal scores", "claim first", "show what is demanded")


def _played(stage: Stage, missed: str) -> str:
    """A round in which one of ACTS is missed; returns who misses it."""
    *others, silent = stage.names
    there = others if missed == "commit" else list(stage.names)
    stage.commit(*there)
    if missed == "commit":
        stage.pass_()
    stage.reveal(*(others if missed == "reveal" else there))
    if missed == "reveal":
        stage.pass_()
    silent = _judged(stage, missed) or silent
    leader = stage.leader()
    if missed == "claim first":
        silent, leader = leader, _after_its_turn(stage)
    stage.claim(leader)
    if missed == "show what is demanded":
        silent = _hidden(stage, leader)
        stage.claim(stage.leader())
    stage.finalize()
    return silent


def _judged(stage: Stage, missed: str) -> str:
    """Score; returns who of the committee misses it, if somebody does."""
    stage.draw()
    members = stage.members()
    missing = missed in ("commit to scores", "reveal scores")
    others = members[:-1] if missing else members
    if missed == "commit to scores":
        stage.speak(*others)
        stage.session.chain.advance_to(judged_at(stage.federation))
    else:
        stage.speak(*members)
    stage.judge(*others)
    if missing:
        stage.pass_()
    return members[-1] if missing else ""


def _after_its_turn(stage: Stage) -> str:
    """Wait for the second turn, of as many as updates are in, and one that is anybody's; whose it is."""
    judged = stage.federation.judgement()
    turns = stage.federation.terms.turn * judged.accepted.bit_count()
    stage.session.chain.advance_to(stage.federation.clock().ends_at - turns)
    return next(name for name in stage.names if stage.seat(name) == (judged.order >> 8 & 255) - 1)


def _hidden(stage: Stage, leader: str) -> str:
    """Demand an update in vain; whose it is."""
    silent = next(name for name in reversed(stage.names) if name != leader)
    found, asked = stage.federation, pending_claim(stage.federation)
    assert asked is not None  # noqa: S101 (it was claimed)
    asker, about = stage.account("judy"), (Part.UPDATE, stage.account(silent).address, 0, asked)
    stage.session.send(found.demand(*about), asker, value=found.terms.stake * found.terms.unit)
    stage.session.chain.advance(found.terms.supply)
    stage.session.send(found.forfeit(*about), asker)
    return silent


@experiment(
    "What each act costs that a party owes and does not do", "Weng et al., 2019 (DeepChain), on the contract"
)
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    with session() as opened:
        for name in counted(ACTS, progress):
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
            rows.append({"missed": name} | _measured(stage, name))
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
    return Outcome(rows, checks, Picture("missed", ("lost", "fine"), "gwei", bars=True))


def _measured(stage: Stage, missed: str) -> Row:
    """What the missing act cost, and what the contract holds when all have taken what is theirs."""
    found, chain = stage.federation, stage.session.chain
    before = {name: found.party_of(stage.account(name).address).deposit for name in stage.names}
    silent = _played(stage, missed)
    lost = before[silent] - found.party_of(stage.account(silent).address).deposit
    done = found.state().done
    for name in (*stage.names, "judy"):
        withdraw(stage.session, found, stage.account(name))
    left = chain.balance(found.address) - found.balance_of(BURN_ADDRESS)
    return {
        "lost": lost // found.terms.unit if lost % found.terms.unit == 0 else lost / found.terms.unit,
        "fine": found.terms.fine,
        "claims": len(claims(found)),
        "rounds": done,
        "left": left,
    }
