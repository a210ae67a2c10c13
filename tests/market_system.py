"""A prediction market in tests: created by the factory, beside its Python reference."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from eth_tester import EthereumTester
from web3.contract import Contract

from orchestrator.merkle import PositionTree
from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import OnChainModel, SparsePerceptron
from orchestrator.systems.market.reference.market import BURNT, Market, Phase
from orchestrator.systems.market.reference.measuring import ONE
from orchestrator.systems.market.reference.rules import HOUR, Rules
from orchestrator.systems.market.reference.samples import (
    Domain,
    contribution_commitment,
    encode_batch,
    portion_leaf,
)
from tests.evm import EVERYTHING, Backend, Evm
from tests.sum_system import ETHER, GWEI, Workshop

DIMS = 24
BOUNTY, BOND = 10**18, 3 * 10**17
DEAD = "0x000000000000000000000000000000000000dEaD"
SMALL = Rules(portions=4, samples=12, duration=24 * HOUR, tip=0, margin=0)
ALL = 10**6
ANY = 10**30  # a maximum that never binds


def truth(seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(-100, 100, DIMS)


def draw(rng: np.random.Generator, count: int, wrong: float = 0.0) -> tuple[list[bytes], list[int]]:
    """Samples of the true rule, of which the share `wrong` has the other label."""
    xs, ys = [], []
    for _ in range(count):
        features = (rng.permutation(DIMS - 1)[: int(rng.integers(1, 8))] + 1).tolist()
        xs.append(encode_sparse(features))
        ys.append(int(truth()[features].sum() > 0) ^ int(rng.random() < wrong))
    return xs, ys


def run_of(seed: int, count: int, wrong: float = 0.0) -> bytes:
    return encode_batch(*draw(np.random.default_rng(seed), count, wrong))


def poison(times: int = 15) -> tuple[bytes, int]:
    """The opposite of the truth, feature by feature, until a perceptron believes it; and how many samples."""
    weights = truth()
    features = [f for _ in range(times) for f in range(1, DIMS)]
    return encode_batch(
        [encode_sparse([f]) for f in features], [int(weights[f] <= 0) for f in features]
    ), len(features)


def perceptron(rate: int = 64) -> SparsePerceptron:
    return SparsePerceptron(DIMS, rate=rate).with_weights(np.zeros((1, DIMS)))


@cache
def workshop() -> Workshop:
    """A chain with more accounts than usual: markets have many roles."""
    backend = Backend.from_mnemonic("test " * 11 + "junk", num_accounts=64)
    shop = Workshop(Evm(EthereumTester(backend)))
    for name in ("SumFactory", "SparsePerceptronMarket", "NaiveBayesMarket"):
        shop.deploy(name)  # now, so that no snapshot goes back before it
    return shop


@dataclass
class MarketSystem:
    """A clone (`market`), its reference (`reference`) and the provider's test set."""

    evm: Evm
    market: Contract
    reference: Market
    portions: list[bytes]
    salts: list[bytes]
    trial: int = -1
    secrets: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    batches: list[bytes | None] = field(default_factory=list)

    @property
    def do(self) -> Any:
        return self.market.functions

    @property
    def domain(self) -> Domain:
        return Domain(self.evm.web3.eth.chain_id, self.market.address)

    @property
    def tree(self) -> PositionTree:
        provider = self.evm.role("provider")
        pairs = enumerate(zip(self.portions, self.salts, strict=True))
        return PositionTree([portion_leaf(self.domain, provider, i, run, salt) for i, (run, salt) in pairs])

    def proof(self, index: int) -> list[bytes]:
        return self.tree.proof(index)

    @property
    def stake(self) -> int:
        """For a weight of 1, in wei."""
        return self.reference.rules.stake * self.reference.unit

    def price(self, *counts: int) -> int:
        """What contributions of so many samples cost, in wei."""
        return sum(map(self.reference.rules.price, counts)) * self.reference.unit

    # -- the steps, each in the contract and in the reference -----------------------------------------------

    def offer(self, bounty: int = BOUNTY, bond: int = BOND, tips: int = 0) -> None:
        value = bounty + bond + tips
        self.evm.send(self.do.offer(self.tree.root, bounty, bond, tips), "provider", value)
        self.reference.offer(bounty, bond, tips, self.evm.now, value)

    def choose(self, sender: str = "anyone") -> int:
        self.evm.tester.mine_blocks(2)
        receipt = self.evm.send(self.do.choose(), sender)
        self.trial = self.evm.events(self.market, "TrialChosen", receipt)[0]["index"]
        return self.trial

    def reveal_trial(self) -> None:
        i = self.trial
        self.evm.send(self.do.revealTrial(self.portions[i], self.salts[i], self.proof(i)), "provider")
        self.reference.reveal_trial(i, self.portions[i], self.evm.now)

    def begin(self, trial: int = 0, **money: int) -> "MarketSystem":
        """Up to participation, the trial portion being `trial`: what is measured hangs on which it is."""
        while True:
            before, reference = self.evm.snapshot(), deepcopy(self.reference)
            self.offer(**money)
            if self.choose() == trial:
                self.reveal_trial()
                return self
            self.evm.revert(before)
            self.reference = reference
            self.evm.tester.mine_blocks(1)

    def contribute(self, who: str, run: bytes, samples: int) -> int:
        value = self.price(samples)
        self.evm.send(self.do.contribute(run, value), who, value)
        self.batches.append(run)
        return self.reference.contribute(who, run, self.evm.now, value)

    def contribute_batch(self, who: str, runs: list[bytes], counts: list[int], short: int = 0) -> int:
        """As one batch, for a maximum that is `short` of the stake."""
        value = self.price(*counts)
        self.evm.send(self.do.contributeBatch(runs, max(0, value - short)), who, value)
        self.batches += runs
        return self.reference.contribute(who, runs, self.evm.now, value, value - short)

    def commit(self, who: str, run: bytes, samples: int) -> int:
        value, salt = self.price(samples), bytes([len(self.batches)]) * 32
        commitment = contribution_commitment(self.domain, self.evm.role(who), run, salt)
        self.evm.send(self.do.commit(commitment, samples, value), who, value)
        self.batches.append(None)
        index = self.reference.commit(who, samples, self.evm.now, value)
        self.secrets[index] = run, salt
        return index

    def open(self, index: int, sender: str = "anyone") -> None:
        run, salt = self.secrets[index]
        self.evm.send(self.do.open(index, run, salt), sender)
        self.batches[index] = run
        self.reference.open(index, run, self.evm.now)

    def close(self) -> None:
        """Let participation and opening pass."""
        self.evm.advance(self.reference.rules.duration + self.reference.rules.open_wait)

    def reveal(self, index: int) -> Any:
        call = self.do.reveal(index, self.portions[index], self.salts[index], self.proof(index))
        receipt = self.evm.send(call, "provider")
        self.reference.reveal(index, self.portions[index], self.evm.now)
        return receipt

    def reveal_all(self) -> None:
        for index in range(len(self.portions)):
            if index != self.trial and index not in self.reference.portions:
                self.reveal(index)

    def due(self) -> list[bytes]:
        """The data of the contributions whose turn is next."""
        measuring = self.reference.measuring
        assert measuring is not None
        participants = self.reference.participants
        later = list(enumerate(self.reference.contributions))[measuring.next :]
        found = [self.batches[i] for i, c in later if not participants[c.participant].dropped]
        lesson = [self.portions[self.trial]] if measuring.lessons else []
        return lesson + [run for run in found if run is not None]

    def crank(self, work: int = ALL, sender: str = "cranker", most: int = 100) -> Any:
        data = self.due()[:most]
        receipt = self.evm.send(self.do.crank(data, work), sender)
        self.reference.crank(sender, data, work, self.evm.now)
        return receipt

    def measure(self, work: int = ALL) -> None:
        """Crank to the end."""
        while self.reference.stage == Phase.REWARDING:
            self.crank(work)
            self.check()

    def pay(self, most: int = ALL) -> None:
        self.evm.send(self.do.pay(most), "anyone")
        self.reference.pay(most, self.evm.now)

    def expire(self, choice_lost: bool = False) -> None:
        self.evm.send(self.do.expire(), "anyone")
        self.reference.expire(self.evm.now, choice_lost)

    def settle(self, work: int = ALL) -> None:
        """From participation to the end."""
        self.close()
        self.reveal_all()
        self.measure(work)
        self.pay()

    def share(self) -> int:
        """Which share of the first loss was avoided, in billionths."""
        m = self.reference.measuring
        assert m is not None
        return (m.first.paying - m.last.paying) * ONE // m.first.paying

    # -- what must always hold ------------------------------------------------------------------------------

    def balance(self, who: str) -> int:
        return self.do.balanceOf(DEAD if who == BURNT else self.evm.role(who)).call()

    def check(self) -> None:
        """The contract is where its reference is, wei for wei and word for word, and holds what it owes."""
        reference, packed = self.reference, self.do.state().call()
        assert (packed[0] & 0xFF, packed[0] >> 8 & 0xFF) == (reference.stage, reference.outcome)
        pot = packed[4] >> 128
        assert pot == reference.pot
        owed = {who: amount for who, amount in reference.balances.items() if amount}
        assert {who: self.balance(who) for who in owed} == owed
        assert self.holdings() == pot + sum(owed.values())
        assert self.do.words(0, self.do.length().call()).call() == reference.model.words()
        if reference.measuring:
            self._check_measuring(packed[1])

    def _check_measuring(self, cursor: int) -> None:
        m = self.reference.measuring
        assert m is not None
        assert cursor & 0xFF == m.at_pass
        assert cursor >> 8 & 0xFFFF == m.next
        assert bool(cursor >> 24 & 0xFF) == m.measuring
        assert cursor >> 64 & (1 << 56) - 1 == m.gains
        losses = [cursor >> at & 0xFFFFFFFF for at in (120, 152, 184, 216)]
        assert losses == [m.first.paying, m.first.validating, m.last.paying, m.last.validating]
        assert cursor >> 248 == m.lessons
        for number, p in enumerate(self.reference.participants):
            _, high = self.do.participant(number).call()
            score = high >> 40 & (1 << 64) - 1
            score -= (score >> 63) << 64
            assert (bool(high >> 16 & 0xFF), score, high >> 104) == (p.dropped, p.score, p.forfeit)

    def holdings(self) -> int:
        token = self.do.money().call()[0]
        if token == ETHER:
            return self.evm.web3.eth.get_balance(self.market.address)
        return self.evm.at("MarketToken", token).functions.balanceOf(self.market.address).call()

    def empty(self) -> None:
        """Everybody withdraws; nothing remains."""
        for who, amount in list(self.reference.balances.items()):
            if amount and who == BURNT:
                self.evm.send(self.do.withdrawFor(DEAD), "anyone")
            elif amount:
                self.evm.send(self.do.withdraw(self.evm.role(who), EVERYTHING), who)
            if amount:
                self.reference.withdraw(who)
        assert self.holdings() == 0


def create(
    rules: Rules = SMALL,
    model: OnChainModel | None = None,
    test_set: Sequence[bytes] | None = None,
    token: str = ETHER,
    seed: int = 9,
    shop: Workshop | None = None,
    unit: int = GWEI,
    **changes: int,
) -> MarketSystem:
    """A market that was created and nothing more."""
    rules = replace(rules, **changes)
    model = model or perceptron()
    runs = list(test_set or [run_of(seed + i, rules.samples) for i in range(rules.portions)])
    name = model.part + "Market"
    terms: Any = rules
    system = (shop or workshop()).create(model, terms, name, token, unit, creator="provider")
    salts = [bytes([seed % 256, i]) * 16 for i in range(len(runs))]
    return MarketSystem(system.evm, system.sum, Market(model, rules, unit), runs, salts)
