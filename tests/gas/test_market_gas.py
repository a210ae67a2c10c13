"""What a prediction market costs, and that its largest steps fit into a transaction (EIP-7825: 2^24 gas).

As on IMDB: a sparse perceptron of 1000 words, samples of 20 features spread evenly over them, 100 test
samples to a portion. The largest steps: models as wide as a market takes them, and contributions as long.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import NaiveBayes, OnChainModel, SparsePerceptron
from orchestrator.systems.market.reference.rules import LESSONS, Rules
from orchestrator.systems.market.reference.samples import encode_batch, portion_leaf
from tests.evm import Reverted
from tests.market_system import ANY, MarketSystem, create
from tests.sum_system import Workshop

CAP = 16_700_000
WORDS = 1_000
RULES = Rules(portions=2, samples=100, max_bytes=8_192, threshold=0, margin=0, tip=0)
Check = Callable[..., None]


def even(count: int, size: int, dims: int, classes: int = 2, labels: int | None = None) -> bytes:
    """`count` samples of `size` features each, spread evenly over `dims`."""
    xs = [
        encode_sparse(1 + (shift + i * (dims - 1) // size) % (dims - 1) for i in range(size))
        for shift in range(count)
    ]
    return encode_batch(xs, [i % classes if labels is None else labels for i in range(count)])


def begun(rules: Rules, model: OnChainModel, portion: bytes, trial: bytes) -> tuple[MarketSystem, int]:
    """A market in participation, portion 1 the trial one (so that figures do not depend on the choice)."""
    s = create(rules, model, test_set=[portion, trial], shop=Workshop())
    s.salts = [plain_salt(s, i) for i in range(2)]
    while True:
        before = s.evm.snapshot()
        reference = s.reference.__class__(s.reference.model, s.reference.rules, s.reference.unit)
        s.offer()
        if s.choose() == 1:
            break
        s.evm.revert(before)
        s.reference = reference
        s.evm.tester.mine_blocks(1)
    s.reveal_trial()
    return s, s.trial


def plain_salt(s: MarketSystem, index: int) -> bytes:
    """A salt without zero bytes in it or in the leaf, which would cost less as calldata."""
    provider = s.evm.role("provider")
    for seed in range(1, 256):
        salt = bytes([seed]) * 32
        if 0 not in portion_leaf(s.domain, provider, index, s.portions[index], salt):
            return salt
    raise AssertionError("no such salt")


UNTAUGHT = even(100, 20, WORDS + 1, labels=0)
"""What a blank model says anyhow."""


def used(s: MarketSystem, call: Any, who: str, value: int = 0) -> int:
    return s.evm.send(call, who, value)["gasUsed"]


def perceptron(dims: int, classes: int = 2) -> SparsePerceptron:
    rows = 1 if classes == 2 else classes
    return SparsePerceptron(dims, classes).with_weights(np.zeros((rows, dims)))


def bayes(dims: int) -> NaiveBayes:
    """With counts so high that logarithms are as dear as they get."""
    return NaiveBayes(dims, 2).with_counts(np.full((dims, 2), 60_000))


def test_gas__market_like_imdb(gas_snapshot: Check) -> None:
    s, _ = begun(RULES, perceptron(WORDS + 1), even(100, 20, WORDS + 1), UNTAUGHT)
    run, value = even(10, 20, WORDS + 1), 10 * s.stake
    s.contribute("contributor", run, 10)
    gas_snapshot(
        "market: contribute 10 samples of 20 features",
        used(s, s.do.contribute(run, ANY), "contributor", value),
    )
    s.batches.append(run)
    s.reference.contribute("contributor", run, s.evm.now, value)
    commitment = b"\x11" * 32
    gas_snapshot(
        "market: commit 10 sealed samples", used(s, s.do.commit(commitment, 10, ANY), "contributor", value)
    )
    s.batches.append(None)
    s.reference.commit("contributor", 10, s.evm.now, value)
    s.contribute("rival", even(10, 20, WORDS + 1, labels=1), 10)
    batch = [even(10, 20, WORDS + 1)] * 5
    gas = used(s, s.do.contributeBatch(batch, ANY), "contributor", 5 * value)
    gas_snapshot("market: contribute a batch of 5, per 10 samples of 20 features", gas // 5)
    s.batches += batch
    s.reference.contribute("contributor", batch, s.evm.now, 5 * value)
    s.close()
    gas_snapshot("market: reveal a portion of 100 samples of 20 features", s.reveal(0)["gasUsed"])
    gas_snapshot(
        "market: learn 100 samples of the trial portion thrice, and keep", s.crank(work=300)["gasUsed"]
    )
    whole = s.crank(work=100)["gasUsed"]
    gas_snapshot("market: measure 100 test samples of 20 features", whole)
    gas_snapshot("market: learn 10 samples of 20 features, the first", s.crank(work=1)["gasUsed"])
    gas_snapshot("market: measure 100 test samples and keep, the first", s.crank(work=100, most=0)["gasUsed"])
    gas_snapshot(
        "market: learn 10 samples of 20 features, measure by 100, keep", s.crank(work=101)["gasUsed"]
    )
    s.measure()
    gas_snapshot("market: pay 2 participants and the provider", used(s, s.do.pay(9), "anyone"))


def test_gas__creating_and_offering(gas_snapshot: Check) -> None:
    shop = Workshop()
    system = shop.create(perceptron(WORDS + 1), RULES, "SparsePerceptronMarket", creator="provider")  # type: ignore[arg-type]
    gas_snapshot("market: deploy for a sparse perceptron of 1000", system.gas)
    implementation = shop.evm.web3.eth.get_block("latest")["number"] - 1
    (deployed,) = shop.evm.web3.eth.get_block(implementation)["transactions"]
    gas = shop.evm.web3.eth.get_transaction_receipt(deployed)["gasUsed"]
    gas_snapshot("market: deploy the implementation and its measurer, once per chain", gas, at_most=CAP)
    call = system.do.offer(b"\x11" * 32, 10**18, 10**17, 10**16)
    gas = shop.evm.send(call, "provider", 10**18 + 10**17 + 10**16)["gasUsed"]
    gas_snapshot("market: offer", gas)


def largest(s: MarketSystem, size: int, lanes: int, classes: int, labels: int | None) -> tuple[bytes, int]:
    """The longest contribution that the market takes."""
    rows = 1 if classes == 2 else classes
    samples = min(
        s.reference.rules.max_bytes // (3 + 2 * size), 6_000_000 // (1_000 * rows)
    )  # none costs less
    while True:
        run = even(samples, size, lanes, classes, labels)
        try:
            s.evm.call(s.do.contribute(run, ANY), "contributor", samples * s.stake)
        except Reverted as error:
            assert error.error in ("TooMuchWork", "b''")  # noqa: PT017 – or out of gas
            samples = samples * 3 // 4
        else:
            return run, samples


@pytest.mark.parametrize(
    ("model", "lanes", "size", "test"),
    [
        (perceptron(4_088), 4_088, 255, 45),
        pytest.param(perceptron(4_088), 4_088, 1, 1_500, marks=pytest.mark.slow),
        pytest.param(perceptron(400, 10), 400, 399, 8, marks=pytest.mark.slow),
        pytest.param(perceptron(15, 256), 15, 14, 6, marks=pytest.mark.slow),
        pytest.param(bayes(2_000), 2_000, 200, 10, marks=pytest.mark.slow),
    ],
    ids=["wide samples", "short samples", "10 classes", "256 classes", "naive Bayes"],
)
def test_gas__largest_steps__fit_into_a_transaction(
    model: Any, lanes: int, size: int, test: int, gas_snapshot: Check, request: pytest.FixtureRequest
) -> None:
    """Weights for every word of the model change at once, all for the first time.

    A blank linear model calls everything 0, as the trial portion does, so that it is left to contributions to
    write its words; one that counts has written them when the trial portion is learned.
    """
    rules = Rules(
        portions=2,
        samples=test,
        max_bytes=16_384,
        threshold=0,
        margin=0,
        tip=0,
        strikes=15,
        stake=10**9,
        capacity=100,
    )
    test_set, trial = (even(test, size, lanes, model.n_labels, label) for label in (1, 0))
    s, _ = begun(rules, model, test_set, trial)
    for who, labels in (("contributor", 1), ("rival", None)):
        s.contribute(who, *largest(s, size, lanes, model.n_labels, labels))
    s.close()
    key = f"market: largest steps, {request.node.callspec.id}, "
    gas_snapshot(key + "reveal", s.reveal(0)["gasUsed"], at_most=CAP)
    s.crank(work=LESSONS * test - 1)
    gas_snapshot(key + "learn the trial portion and keep", s.crank(work=1)["gasUsed"], at_most=CAP)
    s.crank(work=test)
    gas_snapshot(key + "learn", s.crank(work=1)["gasUsed"], at_most=CAP)
    s.crank(work=test - 1, most=0)
    gas_snapshot(key + "keep", s.crank(work=1, most=0)["gasUsed"], at_most=CAP)
    s.crank(work=1)
    s.measure(max(1, test // 3))
