"""The contract and the reference on the same rounds: scores, payouts and balances, to the last digit.

rounds
├── random: any number of rows, two to five classes, values of all 32 bits, with and without a benchmark
├── extreme: the greatest values, the best and the worst ranks
└── strategic characters over several rounds: wei for wei
"""

import numpy as np
import pytest
from web3 import Web3

from orchestrator.systems.tournament import ranks as ranking
from orchestrator.systems.tournament.reference import contribution, correlation
from orchestrator.systems.tournament.simulating import Season
from orchestrator.systems.tournament.targets import Targets, decode_kept
from tests.contracts.tournament.scenario import ETHER, Scenario, deploy_factory
from tests.evm import Evm
from tests.stateful.test_tournament_simulation import CHARACTERS

EXTREMES = [-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1]


@pytest.fixture(scope="module")
def deployed():
    evm = Evm()
    return evm, deploy_factory(evm)


def random_targets(rng, rows):
    classes = rng.integers(0, rng.integers(2, 6), rows)
    classes[:2] = [0, 1]
    values = [
        tuple(
            int(rng.choice(EXTREMES) if rng.random() < 0.2 else rng.integers(-(2**31), 2**31)) for _ in "vt"
        )
        for _ in range(5)
    ]
    if len({values[c][0] for c in classes}) == 1:
        values[1] = (values[0][0] // 2 + 1, values[1][1])
    return Targets(tuple(values), classes, rng.permutation(rows))


@pytest.mark.parametrize("rows", [16, 17, 24, 31, 61, 128, 257])
def test_scores__random_rounds__are_the_same(deployed, rows):
    evm, factory = deployed
    s = Scenario.create(evm, factory, rows=rows, contribution_multiplier=10**9, period=3600)
    rng = np.random.default_rng(rows)
    for number in range(4):
        s.open(number, random_targets(rng, rows))
    for number, targets in s.targets.items():
        s.reveal(number)
        kept = s.call("roundOf", number)[3][12:]
        code = evm.web3.eth.get_code(Web3.to_checksum_address(kept))
        assert decode_kept(bytes(code), rows, True).encode() == targets.encode()
        best = ranking.ranks_of([targets.values[c][0] for c in targets.classes])
        for ranks in (best, rows - 1 - best, targets.benchmark, *(rng.permutation(rows) for _ in range(4))):
            found = s.call("scoresOf", number, ranking.encode(ranks))
            assert found == [correlation(ranks, targets), contribution(ranks, targets)]


@pytest.mark.parametrize("drag", [0, 10_000_000])
def test_money__strategic_characters__is_the_same_to_the_wei(deployed, drag):
    roles = dict(list(CHARACTERS.items())[:7])
    money = {"contribution_multiplier": 5 * 10**8, "drag": drag, "pot": ETHER, "bond": ETHER}
    funded = ("organizer", *roles)
    s = Scenario.create(*deployed, rows=32, funded=funded, threshold=50 * ETHER, **money)
    season = Season(roles, s.rows, seed=drag)
    for number in (0, 3, 6):
        s.open(number, season.targets())
        s.at("begins", number)
        for who, character in roles.items():
            s.enter(who, season.ranks(who), character.weight * ETHER, number)
        s.check()
        if number == 3:
            s.at("resolves", number)
            s.void(number=number)
            for who in roles:
                s.refund(who, number=number)
        else:
            s.reveal(number)
            for who in [who for who, character in roles.items() if not character.silent]:
                s.score(who, number)
        s.check()
    s.at("ends", 6)
    for number in (0, 6):
        s.close(number=number)
        for who in list(s.book.rounds[number].stakes):
            s.expire(who, number=number)
    s.withdraw_all()
