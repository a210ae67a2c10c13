"""Random markets on the Python reference: whatever was done, all is paid, nobody is owed less than nothing.

The reference pays what the contract pays, wei for wei; here it is played so often that rare endings come up.
"""

import random
from typing import Any

import numpy as np
import pytest

from orchestrator.models.online.references import NaiveBayes, OnChainModel, SparsePerceptron
from orchestrator.systems.market.reference.market import Market, Outcome, Phase
from orchestrator.systems.market.reference.measuring import ONE
from orchestrator.systems.market.reference.rules import HOUR, MEASURE_WAIT, Rules
from tests.market_system import DIMS, poison, run_of

PURSE = 10**30
WHO = ("contributor", "rival", "poisoner", "sleeper")


def rules(rng: random.Random) -> Rules:
    return Rules(
        stake=rng.choice([1, 1_000, 10**6, 10**9, 2**48 - 1]),
        tip=rng.choice([0, 1, 10**4]),
        duration=24 * HOUR,
        portions=3,
        samples=4,
        capacity=100,
        threshold=rng.choice([0, 500, 1_000]),
        margin=rng.choice([0, 0, 100, 300]),
        strikes=rng.choice([1, 1, 2, 15]),
        passes=rng.choice([1, 1, 2, 3]),
        loss=rng.randrange(3),
        validation=rng.randrange(2),
        weighted=rng.randrange(2),
    )


def model(rng: random.Random) -> OnChainModel:
    if rng.random() < 0.5:
        return NaiveBayes(DIMS, 2).with_counts([[1, 1]] * DIMS)
    return SparsePerceptron(DIMS, rate=64).with_weights(np.zeros((1, DIMS)))


def played(seed: int) -> Market:
    rng = random.Random(seed)
    market = Market(model(rng), rules(rng), unit=rng.choice([1, 10**9]))
    for who in ("provider", *WHO):
        market.fund(who, PURSE)
    market.offer(
        rng.choice([1, 10**9, 10**18, 2**96 - 1]), rng.choice([1, 10**17]), rng.choice([0, 10**13]), 0
    )
    lesson = run_of(rng.randrange(1_000), 4)
    market.reveal_trial(0, lesson, 0)
    runs, sealed = [lesson], []
    for _ in range(rng.randrange(1, 9)):
        who, wrong = rng.choice(WHO), rng.choice([0.0, 0.0, 0.3, 1.0])
        run, count = run_of(rng.randrange(1_000), size := rng.randrange(1, 30), wrong), size
        if rng.random() < 0.1:
            run, count = poison()
        runs.append(run)
        if rng.random() < 0.3:
            sealed.append((market.commit(who, count, 1), run))
        else:
            market.contribute(who, run, 1)
    for index, run in sealed:
        if rng.random() < 0.6:
            market.open(index, run, 2)
    end(market, rng, runs)
    return market


def end(market: Market, rng: random.Random, runs: list[bytes]) -> None:
    now = market.closes_at + market.rules.open_wait
    ending = rng.choice(["settled"] * 6 + ["defaulted", "returned"])
    if market.phase(now) == Phase.REVEALING and (ending == "defaulted" or not market.opened):
        market.expire(market.deadline(now) + 1)
    else:
        for index in (1, 2):
            market.reveal(index, run_of(rng.randrange(1_000), 4, rng.choice([0.0, 0.0, 1.0])), now)
        if ending == "returned":
            market.crank("cranker", runs, rng.randrange(30), now)
        while market.stage == Phase.REWARDING and ending == "settled":
            market.crank("cranker", runs, rng.choice([3, 50, 10**6]), now)
        if market.stage == Phase.REWARDING:
            market.expire(now + MEASURE_WAIT + 1)
    while market.stage == Phase.PAYING:
        market.pay(rng.randrange(1, 3), now)


def check(market: Market) -> None:
    assert market.stage == Phase.CLOSED
    assert market.pot == 0
    assert min(market.balances.values()) >= 0
    assert sum(market.balances.values()) == 5 * PURSE
    bond, fee = market.bond, market.rules.fee * market.unit
    unopened = (market.staked - market.opened) * market.rules.stake * market.unit
    assert market.balances["burnt"] >= unopened
    if market.outcome == Outcome.DEFAULTED:
        assert market.balances["burnt"] == bond + unopened
        assert market.balances["provider"] <= PURSE - bond
    for p in market.participants:
        staked = p.staked * market.rules.stake * market.unit
        assert market.balances[p.who] >= PURSE - staked - p.given * fee
        if market.outcome == Outcome.SETTLED:
            assert market.balances[p.who] <= PURSE + market.bounty * max(0, p.score) // ONE
    dust = len(market.participants)  # of fees that are shared
    assert market.balances["provider"] <= PURSE + dust


@pytest.mark.parametrize("block", range(4))
def test_market__anything_at_random__all_is_paid_and_nobody_wins_what_others_lose(block: int) -> None:
    outcomes: dict[Any, int] = {}
    for seed in range(100 * block, 100 * block + 100):
        market = played(seed)
        check(market)
        outcomes[market.outcome] = outcomes.get(market.outcome, 0) + 1
    assert outcomes[Outcome.SETTLED] > 20
