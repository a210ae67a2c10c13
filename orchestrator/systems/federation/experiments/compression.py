"""How few bytes an update needs: whole numbers of 4 bytes to half of one, or only its largest coordinates."""

from dataclasses import dataclass

import numpy as np

from orchestrator.learning.aggregation import quantize
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.systems.federation.experiments.digits import NETWORK, PARTIES, last, runs
from orchestrator.systems.federation.simulation.characters import Honest, View
from orchestrator.systems.federation.simulation.networks import Floats
from orchestrator.systems.federation.simulation.playing import Plan
from orchestrator.types import Report

SEEDS, ROUNDS = range(3), 12


@dataclass(frozen=True)
class Coarse(Honest):
    """Rounds to `bits` by a scale of its own."""

    bits: int = 4

    def update(self, view: View) -> Floats | None:
        update = view.trained() - view.weights
        step = np.abs(update).max() / (2 ** (self.bits - 1) - 1)
        return np.asarray(np.rint(update / step) * step)


class Sparse(Honest):
    """Sends its largest coordinates only; what it leaves out it adds to the next update (error feedback)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share, self._left = share, np.zeros(NETWORK.size)

    def update(self, view: View) -> Floats | None:
        wanted = view.trained() - view.weights + self._left
        kept = np.argsort(-np.abs(wanted))[: int(len(wanted) * self._share)]
        sent = np.zeros_like(wanted)
        sent[kept] = wanted[kept]
        self._left = wanted - sent
        return sent


@experiment("Accuracy by what is sent of an update", "Stich, Cordonnier and Jaggi, 2018 (sparsification)")
def run(progress: Report | None = None) -> Outcome:
    size, rows = NETWORK.size, []
    kinds: list[tuple[str, int, int]] = [
        ("int32", 4, 4 * size),
        ("int16", 2, 2 * size),
        ("int8", 1, size),
        ("int4", 4, size // 2),
        ("top 10%", 4, 6 * (size // 10)),
        ("top 1%", 4, 6 * (size // 100)),
    ]
    for name, width, count in counted(kinds, progress):
        played = runs(Plan(NETWORK, rounds=ROUNDS, width=width), [_party(name)] * PARTIES, SEEDS)
        rows.append({"sent_as": name, "accuracy": last(played), "bytes": count})
    return Outcome(rows, _checks(rows), Picture("sent_as", ("accuracy",)))


def _party(name: str) -> Honest:
    if name.startswith("top"):
        return Sparse(int(name[4:-1]) / 100)
    return Coarse(bits=4) if name == "int4" else Honest()


def _checks(rows: list[Row]) -> list[Check]:
    reached = {row["sent_as"]: row["accuracy"] for row in rows}
    whole = reached["int32"]
    sample = np.random.default_rng(0).normal(0, 0.05, NETWORK.size)
    sent = quantize(np.rint(sample * UNIT).astype(np.int64), 1)
    return [
        Check.at_least(
            "2 and 1 bytes a coordinate cost nothing", [reached["int16"], reached["int8"]], whole - 0.01
        ),
        Check.at_least(
            "half a byte and the top tenth cost little", [reached["int4"], reached["top 10%"]], whole - 0.015
        ),
        Check(
            "an update of int8 is a byte a coordinate",
            len(sent.data) < NETWORK.size + 32,
            f"{len(sent.data)} bytes",
        ),
    ]
