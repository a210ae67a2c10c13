"""Money in a prediction market, at its worst; that of balances is in tests/contracts/kernel/test_funds.py.

amounts
├── the largest that are taken → wei for wei
└── of a single unit → wei for wei
times
├── at the last second → the provider may; a second later → anybody may expire
└── closed by count and expired in one transaction → refused
"""

import pytest

from orchestrator.systems.market.reference.market import Outcome, Phase
from orchestrator.systems.market.reference.rules import F1, HINGE
from tests.evm import Reverted
from tests.market_system import ANY, BOND, BOUNTY, MarketSystem, create, run_of, workshop

GOOD, OTHER = run_of(100, 10), run_of(101, 10)


def refused(error: str):
    return pytest.raises(Reverted, match=f"^\\('?{error}\\b|^{error}\\b")


def tokened(**rules: int):
    token = workshop().evm.deploy("MarketRogueToken")
    return token, create(token=token.address, **rules)


def endow(s: MarketSystem, token, who: str, amount: int) -> None:
    s.evm.send(token.functions.transfer(s.evm.role(who), amount))
    s.evm.send(token.functions.approve(s.market.address, amount), who)


# -- amounts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules", [{}, {"loss": HINGE, "validation": 1}, {"loss": F1, "strikes": 15}], ids=str
)
def test_settle__largest_amounts__wei_for_wei(rules: dict[str, int]) -> None:
    """A bounty, bond and tips of 2^96 − 1 each, stakes of 2^48 − 1 units."""
    token, s = tokened(stake=2**48 - 1, tip=2**24 - 1, threshold=1_000, **rules)
    most = 2**96 - 1
    for who, amount in (("provider", 3 * most), ("contributor", 10**26), ("rival", 10**26)):
        endow(s, token, who, amount)
        s.evm.send(s.do.fund(s.evm.role(who), amount), who)
        s.reference.fund(who, amount)
    s.evm.send(s.do.offer(s.tree.root, most, most, most), "provider")
    s.reference.offer(most, most, most, s.evm.now)
    s.choose()
    s.reveal_trial()
    for who, run in (("contributor", GOOD), ("rival", run_of(7, 10, wrong=0.5)), ("contributor", OTHER)):
        s.evm.send(s.do.contribute(run, ANY), who)
        s.reference.contribute(who, run, s.evm.now)
        s.batches.append(run)
    s.settle()
    s.check()
    s.empty()


def test_settle__single_units__wei_for_wei() -> None:
    """Shares of less than a wei go to the provider; nobody is paid what is not there."""
    s = create(stake=1, passes=1, strikes=15, threshold=0).begin(bounty=3, bond=1, tips=1)
    for i in range(5):
        s.contribute(f"contributor {i}", run_of(700 + i, 4, wrong=0.5 * (i % 2)), 4)
    s.settle()
    s.check()
    s.empty()


def test_contribute__more_than_the_pot_can_hold__refused() -> None:
    """A bounty, bond and stake of 2^128 − 1 together fit; whoever could pay as much again is refused."""
    token = workshop().evm.deploy("SumToken", 0)
    s = create(token=token.address, stake=2**48 - 1, unit=2**80)
    for who, amount in (("provider", 2**80), ("contributor", 2 * s.stake)):
        s.evm.send(token.functions.mint(s.evm.role(who), amount))
        s.evm.send(token.functions.approve(s.market.address, amount), who)
        s.evm.send(s.do.fund(s.evm.role(who), amount), who)
        s.reference.fund(who, amount)
    s.evm.send(s.do.offer(s.tree.root, 2**80 - 2, 1, 0), "provider")
    s.reference.offer(2**80 - 2, 1, 0, s.evm.now)
    s.choose()
    s.reveal_trial()
    call = s.do.contribute(run_of(1, 1), s.stake)
    s.evm.send(call, "contributor")
    assert s.do.state().call()[4] >> 128 == 2**128 - 1
    with refused("Underfunded"):
        s.evm.send(call, "contributor")


# -- times ---------------------------------------------------------------------------------------------------


def at(s: MarketSystem, time: int) -> None:
    """Make the next block's time `time`."""
    s.evm.tester.time_travel(time)


@pytest.mark.parametrize("late", [0, 1])
def test_reveal__at_the_last_second__allowed_and_not_expired(late: int) -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.close()
    index = (s.trial + 1) % 4
    until = s.do.deadline().call()
    at(s, until + late)
    assert s.evm.web3.eth.get_block("pending")["timestamp"] == until + late
    reveal = s.do.reveal(index, s.portions[index], s.salts[index], s.proof(index))
    if late:
        with refused("TooLate"):
            s.evm.send(reveal, "provider")
        s.expire()
        assert s.reference.outcome == Outcome.DEFAULTED
    else:
        with refused("TooEarly"):
            s.evm.call(s.do.expire(), "anyone")
        s.evm.send(reveal, "provider")


def test_expire__in_the_transaction_that_closed_it__refused() -> None:
    """Filling the market up and calling the provider late in one go: it has its time to reveal."""
    s = create(capacity=1).begin()
    attacker = s.evm.deploy("SumAttacker")
    value = 10 * s.stake
    calls = [s.market.encode_abi("contribute", args=[GOOD, ANY]), s.market.encode_abi("expire")]
    with pytest.raises(Reverted):
        s.evm.send(attacker.functions.run(s.market.address, calls, [value, 0]), "attacker", value)
    assert s.do.phase().call() == Phase.PARTICIPATION


def test_crank__revealed_and_measured_in_one_transaction__the_same() -> None:
    """Nothing is gained by doing all in one block: the order of contributions stands since participation."""
    results = []
    for together in (False, True):
        s = create(portions=2, capacity=2, seed=9)
        s.begin()
        for who, run in (("contributor", GOOD), ("rival", OTHER)):
            s.contribute(who, run, 10)
        index = 1 - s.trial
        calls = [
            s.market.encode_abi("reveal", args=[index, s.portions[index], s.salts[index], s.proof(index)]),
            s.market.encode_abi("crank", args=[[s.portions[s.trial], GOOD, OTHER], 1_000]),
            s.market.encode_abi("pay", args=[10]),
        ]
        attacker = s.evm.deploy("SumAttacker")
        if together:
            s.evm.send(attacker.functions.run(s.market.address, calls, [0] * 3), "attacker")
        else:
            for call in calls:
                s.evm.send(attacker.functions.run(s.market.address, [call], [0]), "attacker")
        s.reference.reveal(index, s.portions[index], s.evm.now)
        s.reference.crank("attacker", [s.portions[s.trial], GOOD, OTHER], 1_000, s.evm.now)
        s.reference.pay(10, s.evm.now)
        s.check()
        s.empty()
        results.append(s.reference.outcome)
    assert results == [Outcome.SETTLED] * 2


def test_measurer__called_directly__touches_no_market() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.close()
    s.reveal_all()
    before = s.do.state().call()
    code = s.evm.at("SparsePerceptronMeasurer", s.do.measurer().call())
    with pytest.raises(Reverted):
        s.evm.send(code.functions.crank([GOOD], 10**6), "attacker")
    assert s.do.state().call() == before
    assert s.holdings() == BOUNTY + BOND + 10 * s.stake
