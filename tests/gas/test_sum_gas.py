"""What a shared model costs, in the steady state: one hour since the last contribution, every weight changed
before, records taking the slots of settled ones, accounts that hold something. Deposits are paid exactly.

The bound is the base transaction, the calldata and the slots that must be read (2,100) or rewritten (5,000).
It leaves out ERC-1167's 2,700, and the event (about 2,400 for 20 features) but for real reviews.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.chain.sending import LEAST_MARGIN
from orchestrator.models.online.features import encode_dense, encode_sparse
from orchestrator.models.online.references import (
    DensePerceptron,
    NaiveBayes,
    NearestCentroid,
    SparseLogistic,
    SparseNearestCentroid,
    SparsePerceptron,
)
from tests.sum_system import ANY, DAY, GWEI, HOUR, Contribution, Facts, System, Terms, Workshop

Snapshot = Callable[..., None]
WRITE, READ = 5_000, 2_100
WORDS = 1_000
DIMS = WORDS + 1
TWENTY = encode_sparse(range(1, DIMS, WORDS // 20))  # spread evenly: each in a word of its own
SHARED = Path(os.environ.get("DILN_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
REVIEWS = SHARED / "imdb_500words.npz"
needs_reviews = pytest.mark.skipif(not REVIEWS.is_file(), reason=f"{REVIEWS.name} is not here (DILN_SHARED)")


def calldata(receipt: Any, system: System) -> int:
    data = bytes(system.evm.web3.eth.get_transaction(receipt["transactionHash"])["input"])
    return sum(16 if byte else 4 for byte in data)


def bound(receipt: Any, system: System, writes: int, reads: int = 0) -> int:
    return 21_000 + calldata(receipt, system) + WRITE * writes + READ * reads


def settle(system: System, contributions: list[Contribution]) -> None:
    """Let anyone refund or sweep them, long after: their slots are free then."""
    system.evm.advance(200 * DAY)
    against = []
    for each in contributions:
        if system.do.predict(each.x).call() == Facts(each.facts).label:
            system.claim("refund", each, "sweeper")
        else:
            system.claim("sweep", each, "sweeper")
            against.append(each)
    system.evm.advance(DAY + 1)
    for each in against:
        system.claim("sweep", each, "sweeper")


def wrong_for(system: System, x: bytes) -> int:
    return 1 - system.do.predict(x).call()


def hour(system: System) -> None:
    system.evm.advance(HOUR)


def add(system: System, x: bytes, y: int, sender: str = "contributor") -> tuple[Any, Contribution]:
    hour(system)
    receipt = system.evm.send(system.do.add(x, y, ANY), sender, system.price())
    return receipt, system.added(receipt)[0]


def perceptron() -> System:
    """1000 words, all of them changed since the beginning; five slots free."""
    rng = np.random.default_rng(1)
    reference = SparsePerceptron(DIMS, rate=64).with_weights(rng.integers(-3_000, 3_000, (1, DIMS)))
    system = Workshop().create(reference, Terms())
    halves = [encode_sparse(range(1, 501)), encode_sparse(range(501, DIMS))]
    made = [system.add(x, wrong_for(system, x), "warmer") for x in halves * 3]
    made += [system.add(TWENTY, 0, "warmer") for _ in range(4)]
    settle(system, made)
    return system


@pytest.fixture
def warm() -> System:
    return perceptron()


def surprising(system: System, sender: str = "contributor") -> Contribution:
    """A contribution that the model had not known, and agrees with by now. It earns reputation."""
    hour(system)
    contribution = system.seal(TWENTY, wrong_for(system, TWENTY), sender)
    while wrong_for(system, TWENTY) == (contribution.facts >> 8 & 0xFF):
        add(system, TWENTY, contribution.facts >> 8 & 0xFF, "warmer")
    return contribution


def test_create__sparse_perceptron_of_1000(gas_snapshot: Snapshot) -> None:
    workshop = Workshop()
    workshop.deploy("SumFactory")
    rng = np.random.default_rng(1)
    system = workshop.create(SparsePerceptron(DIMS).with_weights(rng.integers(-3_000, 3_000, (1, DIMS))))
    sent = system.evm.web3.eth.get_block("latest", full_transactions=True)["transactions"][0]
    data = sum(16 if byte else 4 for byte in bytes(sent["data"]))
    code = len(system.evm.web3.eth.get_code(system.sum.address))
    least = 21_000 + data + 32_000 + 200 * code + 22_100
    gas_snapshot("sum: deploy sparse perceptron of 1000", system.gas, at_most=2_400_000, bound=least)


def test_add__20_features_right(warm: System, gas_snapshot: Snapshot) -> None:
    receipt, made = add(warm, TWENTY, 1 - wrong_for(warm, TWENTY))
    assert not made.facts & 0x80
    least = bound(receipt, warm, writes=2, reads=19)  # the counters and the record; the other words
    gas_snapshot("sum: add 20 features, right", receipt["gasUsed"], at_most=110_000, bound=least)


def test_add__20_features_wrong(warm: System, gas_snapshot: Snapshot) -> None:
    receipt, made = add(warm, TWENTY, wrong_for(warm, TWENTY))
    assert made.facts & 0x80
    least = bound(receipt, warm, writes=21)
    gas_snapshot("sum: add 20 features, wrong", receipt["gasUsed"], at_most=155_000, bound=least)


def test_add__price_fell_after_the_estimate__needs_more_than_was_estimated(
    warm: System, gas_snapshot: Snapshot
) -> None:
    """The price falls by the second. What is paid above it is credited, to a slot that may be a fresh one.
    So much more than the estimate of the exact price must a sender's margin hold, or the transaction fails.
    """
    hour(warm)
    label, price = 1 - wrong_for(warm, TWENTY), warm.price()

    before = warm.evm.snapshot()
    exact = warm.evm.send(warm.do.add(TWENTY, label, ANY), "newcomer", price)["gasUsed"]
    warm.evm.revert(before)
    paid = warm.evm.send(warm.do.add(TWENTY, label, ANY), "newcomer", price + GWEI)["gasUsed"]
    gas_snapshot(
        "sum: add, more for change to a fresh account", paid - exact, at_most=LEAST_MARGIN, bound=22_100
    )


def test_add__no_slot_free__pays_for_a_new_one(warm: System, gas_snapshot: Snapshot) -> None:
    """What a model's first life costs: the steady state, and 17,100 for a slot that nothing stood in before.

    Only as many contributions pay that as are ever open at once: each that is settled gives its slot to a
    later one, and each can be settled, by whoever wants its deposit, `anyWait` after it is due. So once as
    many are settled as are made, which the wait brings about by itself, none pays it.
    """
    for _ in range(12):
        add(warm, TWENTY, 1 - wrong_for(warm, TWENTY), "warmer")
    right, _ = add(warm, TWENTY, 1 - wrong_for(warm, TWENTY))
    wrong, _ = add(warm, TWENTY, wrong_for(warm, TWENTY))
    _, known = add(warm, TWENTY, 1 - wrong_for(warm, TWENTY))
    settle(warm, [known])
    after, _ = add(warm, TWENTY, 1 - wrong_for(warm, TWENTY))
    assert 22_100 - WRITE - 500 < right["gasUsed"] - after["gasUsed"] <= 22_100 - WRITE
    gas_snapshot("sum: add 20 features, right, a new record slot", right["gasUsed"])
    gas_snapshot("sum: add 20 features, wrong, a new record slot", wrong["gasUsed"])


def test_refund__20_features(warm: System, gas_snapshot: Snapshot) -> None:
    for _ in range(2):  # the first fills the account
        contribution = surprising(warm)
        warm.due(contribution)
        receipt = warm.claim("refund", contribution)
    least = bound(receipt, warm, writes=3, reads=19)  # counters, record, account; the other words
    gas_snapshot("sum: refund 20 features", receipt["gasUsed"], at_most=90_000, bound=least)


def test_report_and_take__20_features(warm: System, gas_snapshot: Snapshot) -> None:
    for sender in ("reporter", "other"):  # both earn reputation
        contribution = surprising(warm, sender)
        warm.due(contribution)
        warm.claim("refund", contribution)
    contribution = surprising(warm, "poisoner")
    while wrong_for(warm, TWENTY) != (contribution.facts >> 8 & 0xFF):
        add(warm, TWENTY, wrong_for(warm, TWENTY), "warmer")
    warm.due(contribution)
    report = warm.claim("report", contribution, "reporter")
    warm.evm.advance(DAY + 1)
    take = warm.claim("take", contribution, "reporter")
    # one new slot for the promise; the record; counters, account and the other words
    least = bound(report, warm, writes=1, reads=21) + 22_100
    gas_snapshot("sum: report 20 features", report["gasUsed"], at_most=115_000, bound=least)
    least = bound(take, warm, writes=3, reads=20)
    gas_snapshot("sum: take 20 features, after the report", take["gasUsed"], at_most=115_000, bound=least)


def test_predict__20_features(warm: System, gas_snapshot: Snapshot) -> None:
    receipt = warm.evm.send(warm.do.predict(TWENTY), "reader")
    least = bound(receipt, warm, writes=0, reads=20)
    gas_snapshot("sum: predict 20 features", receipt["gasUsed"], at_most=75_000, bound=least)


def reviews(start: int, count: int) -> tuple[Any, list[int]]:
    data = np.load(REVIEWS)
    tokens, starts = data["tokens_train"], data["indptr_train"]
    present = np.zeros((count, 499), dtype=np.int8)
    for row in range(count):
        present[row, tokens[starts[start + row] : starts[start + row + 1]].astype(int) - 1] = 1
    return present, data["label_train"][start : start + count].astype(int).tolist()


def reader() -> System:
    """A perceptron of 499 words, trained on 2000 reviews beforehand, then on 60 in the contract, whose slots
    are free: others than are measured. Words hold what was learned since the beginning, so the same sample
    back and forth would leave them at zero, and every word that is measured would be a new slot.
    """
    reference = SparsePerceptron(500, rate=64, limit=499)
    x, y = reviews(0, 2_000)
    system = Workshop().create(reference.partial_fit(x, y), Terms())
    x, y = reviews(2_100, 60)
    settle(system, system.add_batch(system.reference.encode(x), y, "contributor"))
    return system


def events(receipt: Any) -> int:
    """What the logs of a transaction cost."""
    return sum(375 * (1 + len(each["topics"])) + 8 * len(each["data"]) for each in receipt["logs"])


@needs_reviews
def test_add__real_reviews(gas_snapshot: Snapshot) -> None:
    system = reader()
    x, y = reviews(2_000, 30)
    samples = list(zip(system.reference.encode(x), y, strict=True))
    receipts = [add(system, sample, label)[0] for sample, label in samples]
    gas = round(sum(receipt["gasUsed"] for receipt in receipts) / 30)
    least = 21_000 + sum(calldata(receipt, system) for receipt in receipts) // 30 + 2 * WRITE
    words = sum(len({(feature + 8) // 16 for feature in np.frombuffer(s, ">u2")} - {0}) for s, _ in samples)
    least += (words * READ + sum(map(events, receipts))) // 30
    gas_snapshot("sum: add real review, mean of 30", gas, at_most=140_000, bound=least)


@needs_reviews
def test_add_batch__50_real_reviews(gas_snapshot: Snapshot) -> None:
    system = reader()
    x, y = reviews(2_000, 50)
    hour(system)
    call = system.do.addBatch(system.reference.encode(x), bytes(y), ANY)
    receipt = system.evm.send(call, "contributor", 50 * system.price(50))
    least = (bound(receipt, system, writes=32 + 50) + events(receipt)) // 50
    gas = receipt["gasUsed"] // 50
    gas_snapshot("sum: add real reviews in a batch of 50, per review", gas, at_most=28_000, bound=least)


def warmed(system: System, samples: list[bytes]) -> System:
    """Each sample added once for each label, twice: every word they touch has changed, and slots are free."""
    settle(system, [system.add(x, y, "warmer") for x in samples * 2 for y in (0, 1, 1)])
    return system


def test_dense_perceptron__100_features_wrong(gas_snapshot: Snapshot) -> None:
    rng = np.random.default_rng(1)
    reference = DensePerceptron(100).with_weights(rng.integers(-3_000, 3_000, (1, 100)), [0])
    x = encode_dense(rng.integers(0, 256, 100))
    system = Workshop().create(reference, Terms())
    full = encode_dense([255] * 100)  # another sample: what x moves up and down is not back at its beginning
    settle(system, [system.add(z, wrong_for(system, z), "warmer") for z in (full, x, x)])
    receipt, _ = add(system, x, wrong_for(system, x))
    least = bound(receipt, system, writes=8 + 2)
    gas_snapshot(
        "sum: dense perceptron add 100 features, wrong", receipt["gasUsed"], at_most=125_000, bound=least
    )


def test_nearest_centroid__512_features(gas_snapshot: Snapshot) -> None:
    rng = np.random.default_rng(1)
    reference = NearestCentroid(512).with_centroids(rng.uniform(0, 256, (2, 512)), [5, 5])
    x = encode_dense(rng.integers(0, 256, 512))
    system = warmed(Workshop().create(reference, Terms()), [x])
    receipt, _ = add(system, x, 1)
    least = bound(receipt, system, writes=32 + 2, reads=32)
    gas_snapshot("sum: nearest centroid add 512 features", receipt["gasUsed"], at_most=330_000, bound=least)


def test_naive_bayes__20_features(gas_snapshot: Snapshot) -> None:
    rng = np.random.default_rng(1)
    reference = NaiveBayes(DIMS).with_counts(rng.integers(0, 200, (DIMS, 2)))
    system = warmed(Workshop().create(reference, Terms()), [TWENTY])
    receipt, _ = add(system, TWENTY, 1)
    least = bound(receipt, system, writes=20 + 2)
    gas_snapshot("sum: naive bayes add 20 features", receipt["gasUsed"], at_most=165_000, bound=least)


def test_sparse_nearest_centroid__20_features(gas_snapshot: Snapshot) -> None:
    rng = np.random.default_rng(1)
    reference = SparseNearestCentroid(DIMS).with_counts(rng.integers(0, 200, (DIMS, 2)))
    system = warmed(Workshop().create(reference, Terms()), [TWENTY])
    receipt, _ = add(system, TWENTY, 1)
    least = bound(receipt, system, writes=20 + 2)
    gas_snapshot("sum: sparse nearest centroid add 20 features", receipt["gasUsed"], bound=least)


def test_sparse_logistic__20_features(gas_snapshot: Snapshot) -> None:
    rng = np.random.default_rng(1)
    reference = SparseLogistic(DIMS).with_weights(rng.integers(-3_000, 3_000, (1, DIMS)))
    system = warmed(Workshop().create(reference, Terms()), [TWENTY])
    receipt, _ = add(system, TWENTY, wrong_for(system, TWENTY))
    least = bound(receipt, system, writes=21)
    gas_snapshot("sum: sparse logistic regression add 20 features", receipt["gasUsed"], bound=least)
