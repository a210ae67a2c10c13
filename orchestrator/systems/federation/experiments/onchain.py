"""A federation on the embedded chain, for experiments that measure the contract itself.

Updates are drawn at random and scores are all alike: what is measured is the gas of acts, and what it
costs to leave one out.
"""

import csv
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.bindings.federation import Federation
from orchestrator.chain import Account, migrate
from orchestrator.chain.bound import Call
from orchestrator.chain.budget import spending
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update, quantize
from orchestrator.systems.federation import aggregating, cranking
from orchestrator.systems.federation.creating import create, plan
from orchestrator.systems.federation.envelopes import Place, reveal_entry, signed_entry
from orchestrator.systems.federation.finding import store
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.offer import Offer
from orchestrator.systems.federation.rounds import ballot_of, seats_of
from orchestrator.systems.federation.voting import waited_for

FEATURES, CLASSES = ("height", "weight"), ("no", "yes")


@dataclass
class Stage:
    """Who plays, and what they hold; an act returns its gas, and is one transaction for all named."""

    session: Session
    federation: Federation
    names: tuple[str, ...]
    held: dict[str, bytes] = field(default_factory=dict)
    scored: dict[str, bytes] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @property
    def place(self) -> Place:
        return Place(self.session.chain.chain_id, self.federation.address)

    def account(self, name: str) -> Account:
        return self.session.account(name)

    def seat(self, name: str) -> int:
        return seats_of(self.federation)[self.account(name).address]

    def commit(self, *names: str) -> int:
        """Commit to updates drawn at random."""
        number, entries = self.federation.state().round, []
        for name in names:
            update, party = self._update(), self.account(name)
            cid, salt = store(self.session, update.data), secrets.token_bytes(32)
            commitment = self.place.commitment(party.address, number, update.digest(1, cid), salt)
            signed = self.place.message("Update", round=number, commitment=commitment)
            entries.append(signed_entry(commitment, party.sign_typed_data(signed)))
            self.held[name] = reveal_entry(party.address, update.root, 1, update.shift, cid, salt)
        return self._send(self.federation.commit_signed(b"".join(entries)))

    def reveal(self, *names: str) -> int:
        return self._send(self.federation.reveal(b"".join(self.held[name] for name in names)))

    def members(self) -> list[str]:
        """The committee."""
        ballot = ballot_of(self.federation)
        return [name for name in self.names if ballot and ballot.committee >> self.seat(name) & 1]

    def draw(self) -> int:
        """Fix the block that the committee is drawn from, unless all revealed; the first scores draw it."""
        return self._send(self.federation.draw()) if ballot_of(self.federation) is None else 0

    def speak(self, *names: str) -> int:
        """Commit to scores, of which each update has the same."""
        number, entries = self.federation.state().round, []
        for name in names:
            party, salt = self.account(name), secrets.token_bytes(32)
            word = sum(100 << 16 * self.seat(other) for other in self.names if other != name)
            commitment = self.federation.scores_commitment_of(number, self.seat(name), word, salt)
            signed = self.place.message("Scores", round=number, commitment=commitment)
            entries.append(signed_entry(commitment, party.sign_typed_data(signed)))
            self.scored[name] = bytes([self.seat(name)]) + word.to_bytes(32, "big") + salt
        return self._send(self.federation.commit_scores(b"".join(entries)))

    def judge(self, *names: str) -> int:
        return self._send(self.federation.reveal_scores(b"".join(self.scored[name] for name in names)))

    def vote(self) -> int:
        """All who may vote want all updates in."""
        state, voters, entries = self.federation.state(), waited_for(self.federation), []
        for name in self.names:
            if voters >> self.seat(name) & 1:
                signed = self.place.message("Votes", round=state.round, accepted=state.revealed)
                signature = self.account(name).sign_typed_data(signed)
                entries.append(signed_entry(state.revealed.to_bytes(32, "big"), signature))
        return self._send(self.federation.vote_signed(b"".join(entries)))

    def leader(self) -> str:
        """Who may claim first; the first named, where anybody may."""
        first = (self.federation.judgement().order & 255) - 1
        return next((name for name in self.names if self.seat(name) == first), self.names[0])

    def claim(self, name: str) -> int:
        head = self.session.chain.head().number
        aggregating.claim(self.session, self.federation, self.account(name))
        return gas_since(self.session, head)

    def finalize(self) -> int:
        """Let the time for objections pass, and end the round."""
        self.pass_()
        head = self.session.chain.head().number
        cranking.crank(self.session, self.federation, self.account(self.names[0]))
        return gas_since(self.session, head)

    def pass_(self) -> None:
        """Let the phase end."""
        self.session.chain.advance_to(self.federation.clock().ends_at)

    def crank(self) -> None:
        cranking.crank(self.session, self.federation, self.account(self.names[0]))

    def _update(self) -> Update:
        drawn = self.rng.integers(-100, 100, self.federation.terms.size)
        return quantize(drawn.astype(np.int64), self.federation.terms.width)

    def _send(self, call: Call) -> int:
        return self.session.send(call, self.account(self.names[0])).gas_used


def gas_since(session: Session, head: int) -> int:
    """Of all that happened after block `head`."""
    blocks = range(head + 1, session.chain.head().number + 1)
    return sum(int(session.chain.web3.eth.get_block(number)["gasUsed"]) for number in blocks)


@contextmanager
def session() -> Iterator[Session]:
    """A chain and a store of their own, which are gone afterwards."""
    with (
        tempfile.TemporaryDirectory() as folder,
        spending(None),
        Session(load_settings(home=Path(folder) / ".diln", environ={})) as opened,
    ):
        migrate(opened.settings, opened.chain, opened.account("alice"), ["federation"])
        yield opened


def begin(opened: Session, names: Sequence[str], **changes: Any) -> Stage:
    """A federation of alice's that `names` have joined and that has begun."""
    given: dict[str, Any] = {
        "name": f"stage {secrets.token_hex(4)}",
        "target": "ill",
        "features": FEATURES,
        "classes": CLASSES,
        "reward": "1",
        "deposit": "0.5",
        "rule": "mean",
        "seats": len(names),
    }
    offer, organizer = Offer(**given | changes), opened.account("alice")
    made = create(opened, plan(opened, offer, organizer), organizer)
    rows = opened.settings.home / "rows.csv"
    with rows.open("w", newline="", encoding="utf-8") as file:
        row = [0] * len(offer.features)
        csv.writer(file).writerows(
            [[*offer.features, offer.target], *([*row, each] for each in offer.classes)]
        )
    for name in names:
        join(opened, made, opened.account(name), rows)
    stage = Stage(opened, made, tuple(names))
    stage.crank()
    return stage
