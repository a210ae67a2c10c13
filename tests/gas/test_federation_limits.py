"""No step takes more gas than a transaction may have: sixteen seats, and the greatest terms of each function.

Of vectors with 2^19 numbers only the last group of chunks is made up, and the nodes beside its way to the
root: more is not looked at on-chain.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation.chunks import leaf
from orchestrator.learning.aggregation.gram import TAG, gram, packed
from orchestrator.merkle import climb, proof_of, root_of
from tests.contracts.federation.scenario import HOUR, RULES, Revealed, Scenario
from tests.evm import Evm
from tests.gas.test_federation_gas import LIMIT, SIXTEEN, beginning, evm, factory, policy_round, quality_round

__all__ = ["beginning", "evm", "factory"]  # fixtures

SIZE = 2**19
CHUNKS, GROUP, LEAVES = SIZE // 32, 16, 256
LAST = CHUNKS - 1
TERMS = {"size": SIZE, "stake": 97, "supply": 2048, "turn": 2 * HOUR, "challenge": 3 * HOUR}
MORE: dict[int, dict[str, Any]] = {
    3: {"trim": 2, "quorum": 5},
    4: {"faulty": 6, "keep": 15, "quorum": 15},
    5: {"keep": 8, "quorum": 8},
    6: {"keep": 8, "quorum": 8},
    7: {"keep": 8, "quorum": 8},
}
UPDATE, MODEL, TRACE = range(3)
NOTHING = b"\0" * 32
NO_CLAIM = ("0x" + "00" * 20, 0, NOTHING, NOTHING, 0, 0, 0, 0, NOTHING, 0)
FULL = sum(0x7FFF << 16 * seat for seat in range(16))


@dataclass(frozen=True)
class Deep:
    """A vector of int32 of which the last sixteen chunks are known."""

    data: bytes
    above: tuple[bytes, ...]
    width: int = 4
    shift: int = 0

    @classmethod
    def random(cls, seed: int) -> "Deep":
        rng = np.random.default_rng([16, seed])
        return cls(rng.bytes(GROUP * 128), tuple(rng.bytes(32) for _ in range(10)))

    @property
    def nodes(self) -> list[bytes]:
        return [leaf(CHUNKS - GROUP + k, self.data[128 * k : 128 * k + 128]) for k in range(GROUP)]

    @property
    def root(self) -> bytes:
        return climb(root_of(self.nodes), self.above, CHUNKS // GROUP - 1, CHUNKS // GROUP)

    @property
    def last(self) -> tuple[bytes, tuple[bytes, ...]]:
        """The last chunk, with its proof."""
        return self.data[-128:], (*proof_of(self.nodes, GROUP - 1), *self.above)

    def digest(self, weight: int, cid: bytes) -> bytes:
        return keccak(self.root + weight.to_bytes(2, "big") + bytes([self.shift]) + cid)


@dataclass
class Largest:
    """Sixteen updates of the greatest size, revealed."""

    s: Scenario
    model: Deep

    @classmethod
    def begin(cls, evm: Evm, factory: Any, **changes: Any) -> "Largest":
        model = Deep.random(99)
        terms = TERMS | {"genesis": model.root} | changes
        s = Scenario.create(evm, factory, *SIXTEEN, model=np.zeros(1, np.int64), **terms)
        s.begin()
        for who in SIXTEEN:
            seat, weight = s.seat(who), s.terms["maxWeight"]
            own = Deep.random(seat)
            s.updates[who] = Revealed(s.evm.role(who), seat, own, weight, keccak(own.root), keccak(own.root))
        s.send("commitSigned", b"".join(map(s.signed_commitment, SIXTEEN)))
        s.reveal(*SIXTEEN)
        return cls(s, model)

    def claim(self, root: bytes, gram_root: bytes = NOTHING, factors: int = 0) -> tuple[Any, ...]:
        s = self.s
        accepted, order, merits = s.call("judgement")
        tail = accepted, factors, merits
        extra = (
            gram_root + b"".join(each.to_bytes(32, "big") for each in tail) if gram_root != NOTHING else b""
        )
        value = s.terms["bond"] * s.terms["unit"]
        s.send("claim", 1, accepted, root, NOTHING, extra, sender="anna", value=value)
        head = s.evm.role("anna"), s.seat("anna"), root, NOTHING, accepted
        return (*head, *tail, gram_root, s.leader(order))

    def chunks(self) -> list[tuple[Any, ...]]:
        """The last chunk of every update."""
        return [
            (own.party, own.update.root, own.weight, 0, own.cid, *own.update.last)
            for own in sorted(self.s.updates.values(), key=lambda own: own.seat)
        ]


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_gas__federation__largest__refute_chunk(gas_snapshot, evm, factory, rule):
    largest = Largest.begin(evm, factory, rule=rule, **MORE.get(rule, {}))
    false = Deep.random(98)
    traced, clips = RULES[rule].needs_gram, RULES[rule].clips
    c = largest.claim(false.root, b"\x01" * 32 if traced else NOTHING, FULL if clips else 0)
    pair = LAST, *largest.model.last, *false.last
    receipt = largest.s.refute("refuteChunk", c, largest.s.link, largest.chunks(), pair, announced=False)
    name = f"federation: refute {RULES[rule]}, 16 x 32 int32 of 524,288"
    gas_snapshot(name, receipt["gasUsed"], at_most=LIMIT)


def test_gas__federation__largest__refute_step(gas_snapshot, evm, factory):
    largest = Largest.begin(evm, factory, rule=1)
    rng = np.random.default_rng(1)
    before, wrong, above = rng.bytes(136 * 16), rng.bytes(32), tuple(rng.bytes(32) for _ in range(13))
    last = keccak(TAG + (LAST - 1).to_bytes(4, "big") + before)
    c = largest.claim(Deep.random(98).root, climb(wrong, (last, *above), LAST, CHUNKS), FULL)
    evidence = c, largest.chunks(), LAST, before, (wrong, *above), wrong, (last, *above)
    receipt = largest.s.refute("refuteStep", *evidence, announced=False)
    gas_snapshot(
        "federation: refute a step of the trace, 16 x 32 int32 of 524,288", receipt["gasUsed"], at_most=LIMIT
    )


@pytest.mark.parametrize("rule", [0, 1, 4, 5, 6, 7])
def test_gas__federation__largest__refute_selection(gas_snapshot, evm, factory, rule):
    """With the merits, which are dearest: pay by alignment."""
    largest = Largest.begin(evm, factory, rule=rule, pay=2, maxWeight=1, **MORE.get(rule, {}))
    values = np.random.default_rng(2).integers(-(2**31), 2**31, (16, 64))
    matrix, above = packed(gram(values)), tuple(keccak(bytes([k])) for k in range(14))
    node = keccak(TAG + LAST.to_bytes(4, "big") + matrix)
    c = largest.claim(Deep.random(98).root, climb(node, above, LAST, CHUNKS), 1)
    receipt = largest.s.refute("refuteSelection", c, matrix, above, announced=False)
    gas_snapshot(
        f"federation: refute the selection of {RULES[rule]}, 16 by alignment",
        receipt["gasUsed"],
        at_most=LIMIT,
    )


def test_gas__federation__largest__demands(gas_snapshot, evm, factory):
    """A part of an update, the model and the trace: asked for, shown, and what is not shown falls."""
    largest = Largest.begin(evm, factory, rule=1)
    s, own = largest.s, largest.s.updates["ben"]
    leaves = [keccak(bytes([k])) for k in range(LEAVES)]
    above = tuple(keccak(bytes([k, 1])) for k in range(6))
    claimed = Deep.random(98)
    gram_root = climb(root_of(leaves), above, CHUNKS // LEAVES - 1, CHUNKS // LEAVES)
    c = largest.claim(claimed.root, gram_root, FULL)
    ben, anna, value = s.evm.role("ben"), s.evm.role("anna"), s.terms["stake"] * s.terms["unit"]
    group = CHUNKS // GROUP - 1
    head = (anna, NOTHING, 0, 0, NOTHING)
    shown = {
        "update": (
            UPDATE,
            ben,
            group,
            (ben, own.update.root, own.weight, 0, own.cid, own.update.data, own.update.above),
        ),
        "model": (MODEL, anna, group, (*head, claimed.data, claimed.above)),
        "trace": (TRACE, anna, CHUNKS // LEAVES - 1, (*head, b"".join(leaves), above)),
    }
    gas = {}
    for name, (part, party, index, data) in shown.items():
        asked = s.send("demand", part, party, index, c, sender="refuter", value=value)
        gas[name] = [asked["gasUsed"], s.send("supply", part, index, c, data)["gasUsed"]]
    for name, (demand, supply) in gas.items():
        assert demand < LIMIT
        gas_snapshot(f"federation: supply a part of the {name}, of 524,288", supply, at_most=LIMIT)
    s.send("demand", UPDATE, ben, 0, c, sender="refuter", value=value)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", UPDATE, ben, 0, c)  # with the claim that stands on it
    c = largest.claim(claimed.root, gram_root, FULL)
    s.send("demand", MODEL, anna, 0, c, sender="refuter", value=value)
    s.evm.advance(s.terms["supply"])
    s.send("forfeit", MODEL, anna, 0, c)


@pytest.mark.parametrize(("revealed", "end"), [(0, "skip"), (8, "finalize")])
def test_gas__federation__sixteen_seats__most_are_fined(gas_snapshot, evm, factory, revealed, end):
    s = Scenario.create(evm, factory, *SIXTEEN)
    s.begin()
    s.commit_signed(*SIXTEEN)
    if revealed:
        s.reveal(*SIXTEEN[:revealed])
        s.until()
        receipt = s.finalize(s.claim("anna"))
    else:
        s.until()
        receipt = s.send("skip")
    gas_snapshot(f"federation: {end}, {16 - revealed} of 16 are fined", receipt["gasUsed"], at_most=LIMIT)


@pytest.mark.parametrize("policy", [2, 3, 4])
def test_gas__federation__sixteen_voters__none_votes(evm, factory, policy):
    """And what else there is to do at sixteen seats."""
    terms = {"policy": policy, "judging": HOUR, "quorum": 3} | ({"committee": 16} if policy == 4 else {})
    s = Scenario.create(evm, factory, *SIXTEEN, **terms, rounds=9)
    s.begin()
    acts = []
    if policy > 2:
        value = 7 * s.terms["unit"]
        acts.append(s.send("delegate", s.evm.role("paul"), 7, sender="stranger", value=value))
        acts.append(s.send("undelegate", s.evm.role("paul"), 7, sender="stranger"))
    acts.append(s.send("leave", sender="paul"))
    acts.append(s.join("paul"))
    s.revealed(*SIXTEEN)
    s.until()
    acts.append(s.send("skip"))
    assert max(act["gasUsed"] for act in acts) < LIMIT
    assert policy_round(s, SIXTEEN) < LIMIT


def test_gas__federation__sixteen_seats__a_committee_of_fifteen(evm, factory):
    terms = {"policy": 1, "judging": HOUR, "committee": 15, "quorum": 3, "pay": 1}
    s = Scenario.create(evm, factory, *SIXTEEN, rounds=9, **terms)
    s.begin()
    for each in (False, True):
        for steps in quality_round(s, SIXTEEN, each=each).values():
            assert max(step["gasUsed"] for step in steps) < LIMIT
