"""Worlds in which a command of a federation makes sense: what `acts` prepares."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from tests.integration.paidonce import World

PARTIES = ("alice", "bob", "carol")
MASKED = {"privacy": "masked", "policy": "trusted", "pay": "equal", "committee": 0, "rule": "mean"}
UNMASKING = "unmask", "share", "restore", "compare"
ELECTED = {"policy": "delegates", "pay": "equal", "committee": 1}
OFFER = """\
name = "clinics"
target = "ill"
features = ["height", "weight"]
classes = ["no", "yes"]
reward = "1"
deposit = "0.5"
policy = "quality"
committee = 3
"""


def federated(stop: str) -> Callable[["World"], None]:
    """A federation of one round up to the act `stop` of bob's, or of a stranger's.

    `create`, `join`, `begin`, `commit`, `reveal`, `demand` (carol's update is gone), `supply` (bob's is
    demanded), `forfeit` (in vain), `score`, `judge`, `claim`, `refute`, `finalize`, `publish` (the round
    stands), `close` (too few joined in time), `delegate` and `undelegate` (parties are elected); `unmask`,
    `share` and `restore` (updates are masked; carol is silent, and nobody or all have shown their shares);
    `compare` (all have told, and carol has another seed than alice).
    """

    def prepare(world: "World") -> None:
        from orchestrator.systems.federation.cranking import crank
        from tests.unit.systems.federation.stage import begin, rows

        if stop == "create":
            (world.folder / "federation.toml").write_text(OFFER)
            return
        with world.session() as session:
            if stop in ("delegate", "undelegate"):
                _back(session, begin(session, world.folder, *PARTIES, **ELECTED), stop)
                return
            there = [name for name in PARTIES if name != "bob" or stop not in ("join", "close")]
            terms = MASKED if stop in UNMASKING else {}
            federation = begin(session, world.folder, *there, **terms)
            rows(world.folder, "bob")
            if stop == "close":
                session.chain.advance(federation.terms.start - int(session.chain.now()))
            if stop in ("join", "begin", "close"):
                return
            crank(session, federation, session.account("dave"))
            if stop in UNMASKING:
                _unmask(session, federation, stop)
            else:
                _play(session, federation, stop)

    return prepare


def _back(session: Any, federation: Any, stop: str) -> None:
    from orchestrator.systems.federation import backing

    if stop == "undelegate":
        bob = session.account("bob").address
        units = backing.units_of(federation, "0.25")
        backing.delegate(session, federation, session.account("dave"), bob, units)


def _unmask(session: Any, federation: Any, stop: str) -> None:
    """Where bob's seeds are due; where carol's are, and alice and bob have shown their shares, or not."""
    from orchestrator.learning.privacy.masks import Peer
    from orchestrator.systems.federation import party, unmasking

    real, liar = Peer.seed, 2 if stop == "compare" else -1

    def seed(peer: Peer, round_: int, other: int) -> bytes:
        return bytes(31) + b"\1" if (peer.seat, other) == (liar, 0) else real(peer, round_, other)

    with patch.object(Peer, "seed", seed):
        for act in (party.commit, party.reveal):
            for each in PARTIES:
                act(session, federation, session.account(each))
        if stop == "compare":
            for each in PARTIES:
                unmasking.tell(session, federation, session.account(each))
    if stop in ("unmask", "compare"):
        return
    for each in ("alice", "bob"):
        unmasking.tell(session, federation, session.account(each))
    _wait(session, federation, before=federation.terms.judging // 4)
    for each in ("alice", "bob") if stop == "restore" else ():  # else bob's next step would restore
        unmasking.share(session, federation, session.account(each))


def _play(session: Any, federation: Any, stop: str) -> None:
    from orchestrator.bindings.federation import Part
    from orchestrator.learning.aggregation.chunks import CHUNK, chunk_count
    from orchestrator.systems.federation import aggregating, cranking, demanding, party, rounds, scoring
    from orchestrator.systems.federation.finding import cid_of

    acts = {
        "commit": party.commit,
        "reveal": party.reveal,
        "score": scoring.commit_scores,  # the first draws the committee
        "judge": scoring.reveal_scores,
    }
    for name, act in acts.items():
        if name == stop:
            return
        for each in PARTIES:
            act(session, federation, session.account(each))
        if name == "reveal" and stop == "demand":
            carol = session.account("carol").address
            [shown] = [each for each in rounds.revealed_in(federation, 1) if each.party == carol]
            length = chunk_count(federation.terms.size) * CHUNK * federation.terms.width
            session.storage.unpin(cid_of(shown.cid, length))
            session.storage.gc()
            return
        if name == "reveal" and stop in ("supply", "forfeit"):
            asked = demanding.Ask(Part.UPDATE, session.account("bob").address, (0,))
            demanding.ask(session, federation, session.account("dave"), [asked])
            if stop == "forfeit":
                session.chain.advance(federation.terms.supply + 60)
            return
    _wait(session, federation, before=federation.terms.turn)  # it is anybody's turn
    if stop == "claim":
        return
    right = aggregating.expected(session, federation)
    made = aggregating.altered(right, 3) if stop == "refute" else right
    aggregating.claim(session, federation, session.account("bob"), result=made)
    if stop == "refute":
        return
    _wait(session, federation)
    if stop != "finalize":
        cranking.crank(session, federation, session.account("dave"))


def _wait(session: Any, federation: Any, before: int = 0) -> None:
    """Until the phase is over, or so many seconds `before`."""
    session.chain.advance(federation.clock().ends_at - before + 60 - int(session.chain.now()))
