"""The contract's arithmetic and Python's agree bit for bit: random rounds, ties and extremes among them.

Every run plays some. DILN_PARITY_ROUNDS=10000 plays that many, on Anvil where it is installed;
DILN_PARITY_FIRST=5000 begins there, so that a long run can be done in pieces.
"""

import itertools
import os
from contextlib import nullcontext

import numpy as np
import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation import Rule, Settings, Update, aggregate, apply
from orchestrator.learning.aggregation.chunks import decode, encode
from orchestrator.learning.aggregation.gram import gram, packed, trace
from orchestrator.learning.aggregation.quantizing import LARGEST_SHIFTS
from orchestrator.learning.privacy.masks import Peer, due_of, keccak_mask, public_key, unmask
from orchestrator.systems.federation.masking import most
from tests.contracts.federation.scenario import TERMS
from tests.evm import Evm
from tests.parity.machine import fastest_machine

FEW = 64
ROUNDS, FIRST = (
    int(os.environ.get(f"DILN_PARITY_{name}", most)) for name, most in (("ROUNDS", FEW), ("FIRST", 0))
)
RULES = list(Rule)
SIZE = 64  # two chunks


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    with nullcontext(Evm()) if ROUNDS <= FEW else fastest_machine(tmp_path_factory.mktemp("node")) as machine:
        contract = machine.deploy("FederationProbe")
        yield lambda name, *args: machine.call(contract.functions[name](*args))


def updates_of(rng, width: int, count: int) -> list[Update]:
    """Random ones, and some that tie, are nothing, or are as large as they can be."""
    limit = 2 ** (8 * width - 1)
    kind = rng.integers(5)
    found = []
    for _ in range(count):
        shift = int(rng.choice([0, rng.integers(LARGEST_SHIFTS[width] + 1), LARGEST_SHIFTS[width]]))
        raw = rng.integers(-limit, limit, SIZE)
        if kind == 1:
            raw = rng.choice([-limit, limit - 1], SIZE)
        elif kind == 2:
            raw, shift = rng.integers(-2, 3, SIZE), 0
        elif kind == 3 and found and rng.random() < 0.5:
            raw, shift = found[0].raw, found[0].shift
        elif kind == 4 and rng.random() < 0.5:
            raw = np.zeros(SIZE, np.int64)
        found.append(Update(raw, width, shift))
    return found


def test_rules__random_rounds__agree(probe):
    for number in range(FIRST, ROUNDS):
        rng = np.random.default_rng([12, number])
        rule = RULES[number % len(RULES)]
        width, count = int(rng.choice([1, 2, 4])), int(rng.integers(1, 17))
        settings = Settings(
            rule,
            keep=int(rng.integers(1, 8)),
            faulty=int(rng.integers(1, 6)) if rule is Rule.MULTI_KRUM else 0,
            trim=int(rng.integers(1, 4)) if rule is Rule.TRIMMED_MEAN else 0,
            bound=int(rng.choice([0, 1, rng.integers(1, 2**40)])) if rule.clips else 0,
        )
        own = updates_of(rng, width, count)
        weights = [int(rng.choice([1, 65535, rng.integers(1, 65536)])) for _ in own]
        model = rng.choice([-(2**31), 2**31 - 1, rng.integers(-(2**31), 2**31)], SIZE)
        values = np.stack([each.values for each in own])
        found = aggregate(settings, values, weights)
        terms = TERMS | {
            "rule": RULES.index(rule),
            "width": width,
            "trim": settings.trim,
            "faulty": settings.faulty,
            "keep": settings.keep if number % len(RULES) > 3 else 0,
            "bound": settings.bound,
            "pay": 2,
        }
        factors = sum(factor << 16 * place for place, factor in enumerate(found.factors))
        after = apply(model, found.delta)
        for chunk in range(2):
            cut = slice(chunk * 32, chunk * 32 + 32)
            picked = [own[place] for place in found.selected]
            given = [
                (encode(each.raw[cut], width), each.shift, weights[place])
                for each, place in zip(picked, found.selected, strict=True)
            ]
            kept = (
                sum(found.factors[place] << 16 * row for row, place in enumerate(found.selected))
                if factors
                else 0
            )
            right, off = after[cut].copy(), after[cut].copy()
            off[int(rng.integers(32))] ^= 1
            for claimed, follows in ((right, True), (off, False)):
                got = probe("follows", terms, encode(model[cut], 4), encode(claimed, 4), given, kept)
                assert got is follows, (number, rule)
        products = list(trace(values))
        before = b""
        for chunk, expected in enumerate(products):
            given = [(encode(each.raw[chunk * 32 : chunk * 32 + 32], width), each.shift, 1) for each in own]
            before = probe("step", terms, before, given)
            assert before == packed(expected), (number, chunk)
        accepted = int(sum(1 << int(seat) for seat in rng.permutation(16)[:count]))
        seats = [seat for seat in range(16) if accepted >> seat & 1]
        selected = sum(1 << seats[place] for place in found.selected)
        wide = sum(factor << 16 * seats[place] for place, factor in enumerate(found.factors))
        merits = sum(merit << 16 * seat for seat, merit in zip(seats, found.merits(values), strict=True))
        got = probe("follow", terms, packed(gram(values)), count, accepted)
        assert tuple(got) == (selected, wide, merits), (number, rule)


def test_masked_sums__random_rounds__agree(probe):
    """Whoever is gone or disagrees: the contract takes off the masks that Python put on."""
    private = [PrivateKey(bytes([seat + 1]) * 32) for seat in range(16)]
    for number in range(FIRST // 8, max(ROUNDS // 8, 1)):
        rng = np.random.default_rng([14, number])
        among = sorted(int(seat) for seat in rng.permutation(16)[: rng.integers(3, 17)])
        there = sorted(int(seat) for seat in rng.permutation(among)[: rng.integers(1, len(among) + 1)])
        keys = {seat: public_key(private[seat]) for seat in among}
        peers = {seat: Peer(private[seat], seat, keys, b"parity") for seat in there}
        limit = most(len(among))
        hidden = rng.integers(-limit, limit + 1, (len(there), SIZE))
        if number % 3 == 1:
            hidden = rng.choice([-limit, limit, 0, -1], (len(there), SIZE))
        if number % 3 == 2:
            hidden = rng.integers(-2, 3, (len(there), SIZE))
        seeds = {(a, b): peers[a].seed(number, b) for a in there for b in among}
        pairs = list(itertools.combinations(there, 2))
        apart = [
            pairs[at] for at in rng.permutation(len(pairs))[: rng.integers(len(pairs) + 1) * (number % 2)]
        ]
        words = [peers[seat].mask(number, each) for seat, each in zip(there, hidden, strict=True)]
        for a, b in apart:  # one of both masks with another seed, and says so
            liar, other = (a, b) if rng.integers(2) else (b, a)
            false = bytes([0, *rng.bytes(31)])
            wrong = keccak_mask(false, SIZE) - keccak_mask(seeds[liar, other], SIZE)
            words[there.index(liar)] += wrong if liar < other else -wrong
            seeds[liar, other] = false
        disagree = {seat: [sum(pair) - seat for pair in apart if seat in pair] for seat in there}
        committed = {seat: [keccak(seeds[seat, other]) for other in among] for seat in there}
        sheets = []
        for seat in there:
            told = [
                seeds[seat, other] if other in due_of(among, seat, there, disagree[seat]) else hashed
                for other, hashed in zip(among, committed[seat], strict=True)
            ]
            sheets.append(bytes(64) + b"".join(told))
        model = rng.choice([-(2**31), 2**31 - 1, int(rng.integers(-(2**31), 2**31))], SIZE)
        after = apply(model, hidden.sum(axis=0) // len(there))
        gone = {seat: {own: seeds[own, seat] for own in there} for seat in set(among) - set(there)}
        gone |= {seat: {other: seeds[other, seat] for other in disagree[seat]} for seat in there}
        personal = {seat: peers[seat].seed(number, seat) for seat in there}
        assert (unmask(dict(zip(there, words, strict=True)), personal, gone) == hidden.sum(axis=0)).all()
        masks = [sum(1 << seat for seat in seats) for seats in (among, there)]
        matrix = sum(1 << 16 * a + b | 1 << 16 * b + a for a, b in apart)
        plain = {seat: bytes(64) + b"".join(committed[seat]) for seat in there}
        for seat, sheet in zip(there, sheets, strict=True):
            due = due_of(among, seat, there, disagree[seat])
            assert probe("asCommitted", sheet, masks[0], sum(1 << other for other in due)) == plain[seat]
        entries = b"".join(bytes(52) + plain[seat] for seat in sorted(there))
        assert probe("disagreeing", entries, len(entries) // len(there), *masks) == matrix, number
        for chunk in range(2):
            cut = slice(chunk * 32, chunk * 32 + 32)
            given = [
                (seat, each[cut].astype(">u4").tobytes(), sheet)
                for seat, each, sheet in zip(there, words, sheets, strict=True)
            ]
            right, off = after[cut].copy(), after[cut].copy()
            off[int(rng.integers(32))] ^= 1
            for claimed, follows in ((right, True), (off, False)):
                models = encode(model[cut], 4), encode(claimed, 4)
                assert probe("followsMasked", *masks, matrix, chunk, *models, given) is follows, number


def test_medians__random_scores__agree(probe):
    for number in range(FIRST, ROUNDS):
        rng = np.random.default_rng([13, number])
        count = int(rng.integers(1, 16))
        own = [int(seat) for seat in sorted(rng.permutation(16)[:count])]
        top = int(rng.choice([2, 100, 65536]))
        scores = rng.integers(0, top, (count, 16))
        words = [bytes(32)] * 16
        for judge, row in zip(own, scores, strict=True):
            words[judge] = sum(int(score) << 16 * seat for seat, score in enumerate(row)).to_bytes(32, "big")
        got = probe("medians", words, sum(1 << judge for judge in own))
        for seat in range(16):
            column = sorted(int(scores[row, seat]) for row in range(count) if own[row] != seat)
            if column:
                assert got >> 16 * seat & 0xFFFF == column[(len(column) - 1) // 2], (number, seat)


def test_decode__what_was_encoded__comes_back():
    rng = np.random.default_rng(1)
    for width in (1, 2, 4):
        raw = rng.integers(-(2 ** (8 * width - 1)), 2 ** (8 * width - 1), SIZE)
        assert decode(encode(raw, width), width, SIZE).tolist() == raw.tolist()
