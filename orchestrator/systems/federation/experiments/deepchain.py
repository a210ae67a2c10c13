"""More parties of 110 rows each; and what it would cost to add their updates under encryption."""

import time

import numpy as np

from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK
from orchestrator.systems.federation.experiments.paillier import deal
from orchestrator.systems.federation.simulation.characters import Honest
from orchestrator.systems.federation.simulation.datasets import digits
from orchestrator.systems.federation.simulation.networks import Training, train
from orchestrator.systems.federation.simulation.playing import Plan, play
from orchestrator.types import Report

ROWS, SEEDS = 110, range(4)
GROUPS = (4, 7, 10)
BITS, THRESHOLD, PARTIES = 2048, 4, 10
PARAMETERS, OPENED = 650, 100
"""Those of an update, and those of the sum that is opened, which takes long."""


@experiment("Parties of 110 rows each: accuracy by their number", "Weng et al., 2019 (DeepChain)")
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = [
        {"parties": parties, "accuracy": _together(parties) if parties > 1 else _alone()}
        for parties in counted((1, *GROUPS), progress)
    ]
    sums, timing = _encrypted()
    alone, four, seven, ten = (row["accuracy"] for row in rows)
    checks = [
        Check.at_least("any group is better than one alone", [four, seven, ten], alone + 0.03),
        Check("7 and 10 parties are better than 4", min(seven, ten) > four, f"{four}, {seven}, {ten}"),
        Check("4 of 10 open the exact sum", sums["four"]),
        Check("3 of 10 open nothing", not sums["three"]),
        Check("a packed update of 650 parameters takes 11 ciphertexts", timing["ciphertexts"] == 11),
    ]
    return Outcome(rows, checks, Picture("parties", ("accuracy",)), timing)


def _alone() -> float:
    found = []
    for seed in SEEDS:
        data, rng = digits(seed), np.random.default_rng(seed)
        start, rows = NETWORK.initial(rng), rng.permutation(len(data.labels))[:ROWS]
        training = Training(epochs=40)
        weights = train(NETWORK, start, data.features[rows], data.labels[rows], rng, training)
        found.append(NETWORK.accuracy(weights, data.test_features, data.test_labels))
    return round(float(np.mean(found)), 4)


def _together(parties: int) -> float:
    found = []
    for seed in SEEDS:
        data, rng = digits(seed), np.random.default_rng(seed)
        parts = np.array_split(rng.permutation(len(data.labels))[: ROWS * parties], parties)
        found.append(play(Plan(NETWORK), data, parts, [Honest()] * parties, seed).accuracy[-1])
    return round(float(np.mean(found)), 4)


def _encrypted() -> tuple[dict[str, bool], Row]:
    """Whether 4 and 3 parties open the sum of ten updates, and what it took."""
    key, shares = deal(BITS, THRESHOLD, PARTIES)
    updates = np.random.default_rng(0).integers(-(2**20), 2**20, (PARTIES, PARAMETERS))
    began = time.perf_counter()
    whole = key.encrypt(updates[0])
    took = time.perf_counter() - began
    updates = updates[:, :OPENED]
    total = key.add([key.encrypt(each) for each in updates])
    began = time.perf_counter()
    parts = [
        {party: key.share_of(each, shares[party]) for party in range(1, THRESHOLD + 1)} for each in total
    ]
    opened = time.perf_counter() - began
    words = [key.combine(each) for each in parts]
    few = [key.combine(dict(list(each.items())[:-1])) for each in parts]
    exact = None not in words and bool(
        (key.unpack([word or 0 for word in words], OPENED, PARTIES) == updates.sum(axis=0)).all()
    )
    timing = {
        "ciphertexts": len(whole),
        "kilobytes": round(len(whole) * BITS / 4 / 1000, 1),
        "parameters_encrypted_a_second": round(PARAMETERS / took),
        "seconds_to_open_a_ciphertext": round(opened / THRESHOLD / len(total), 2),
    }
    return {"four": exact, "three": any(word is not None for word in few)}, timing
