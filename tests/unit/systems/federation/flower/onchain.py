"""A federation of five parties on a real contract, for Flower's servers and nodes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestrator.bindings.federation import (
    Created,
    Federation,
    FederationFactory,
    Mode,
    Pay,
    Policy,
    Privacy,
    Rule,
    Terms,
)
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template
from orchestrator.learning.aggregation.chunks import encode, model_root
from orchestrator.systems.federation.finding import Descriptor, store
from orchestrator.types import ZERO_ADDRESS, Digest
from tests.unit.systems.federation.flower.memory import SIZE, initial

PARTIES = ("alice", "bob", "carol", "dave", "erin")
HOUR, GWEI = 3600, 10**9


def described(session: Session) -> Digest:
    """Where the arrays of the model are told."""
    arrays = {name: each.numpy() for name, each in initial().items()}
    said = Descriptor("digits", template=Template.of(arrays).to_json())
    return store(session, said.to_bytes())


def federation(session: Session, salt: int, parties: Sequence[str] = PARTIES, **changes: Any) -> Federation:
    """A federation that all `parties` joined, organized by alice."""
    alice = session.account("alice")
    given: dict[str, Any] = {
        "organizer": alice.address,
        "currency": ZERO_ADDRESS,
        "inviter": ZERO_ADDRESS,
        "descriptor": described(session),
        "genesis": model_root(np.zeros(SIZE, np.int64)),
        "genesis_cid": store(session, encode(np.zeros(SIZE, np.int64), 4)),
        "unit": GWEI,
        "policy": Policy.TRUSTED,
        "rule": Rule.MEAN,
        "pay": Pay.EQUAL,
        "mode": Mode.OPTIMISTIC,
        "privacy": Privacy.OPEN,
        "size": SIZE,
        "width": 4,
        "max_weight": 65_535,
        "seats": len(parties),
        "quorum": 3,
        "rounds": 4,
        "max_voids": 2,
        "obliged": False,
        "reward": 1_000_000,
        "fee": 100_000,
        "tip": 10_000,
        "deposit": 500_000,
        "fine": 100_000,
        "bond": 300_001,
        "stake": 50_000,
        "start": int(session.chain.now()) + HOUR,
    }
    zeros = "committee", "trim", "faulty", "keep", "difficulty", "bound", "epsilon", "shift", "judging"
    given |= dict.fromkeys(zeros, 0)
    given |= dict.fromkeys(("committing", "revealing", "turn", "challenge"), HOUR) | {"supply": HOUR // 4}
    terms = Terms(**(given | changes))
    factory = session.deployed(FederationFactory, "FederationFactory")
    budget = terms.rounds * terms.reward * terms.unit
    receipt = session.send(factory.create(terms, salt.to_bytes(32, "big")), alice, value=budget)
    [created] = factory.emitted(Created, receipt)
    found = Federation(session.chain, created.instance, receipt.block_number)
    for name in parties:
        session.send(found.join(b""), session.account(name), value=terms.deposit * terms.unit)
    session.send(found.begin(), alice)
    return found
