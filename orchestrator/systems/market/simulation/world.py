"""What is drawn for a simulated market: the first model, a test set, and everybody's rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator.models.online.encoders import BinnedEncoder
from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import NaiveBayes, OnChainModel, SparsePerceptron
from orchestrator.systems.market.reference.samples import encode_batch
from orchestrator.systems.market.simulation.scenario import DataSection, MarketScenario, Player

Labels = npt.NDArray[np.int64]
RATE = 256


@dataclass(frozen=True)
class Submission:
    """A contribution: whose, and its samples as a batch. `honest`: whether it is an honest player's."""

    owner: str
    batch: bytes
    honest: bool = False


class World:
    """One seed's draw. Rows are encoded, each word a feature."""

    def __init__(self, scenario: MarketScenario, seed: int) -> None:
        data, rules = scenario.data, scenario.market_rules
        self._data = data
        self._rng = np.random.default_rng([scenario.seed, seed])
        self._log_chances = _log_chances(data, self._rng)
        self.scenario = scenario
        self._first = self.rows(data.initial, data.wrong)
        self.portions = [encode_batch(*self.rows(rules.samples)) for _ in range(rules.portions)]

    def model(self) -> OnChainModel:
        """The first model, again."""
        dims = self._data.words + 1
        model: OnChainModel
        if self.scenario.model == "bayes":
            model = NaiveBayes(dims).with_counts(np.zeros((dims, 2)))
        else:
            model = SparsePerceptron(dims, rate=RATE).with_weights(np.zeros((1, dims)))
        for x, y in zip(*self._first, strict=True):
            model.learn(x, y)
        return model

    def rows(self, count: int, wrong: float = 0.0) -> tuple[list[bytes], list[int]]:
        """`count` rows, of which a share of `wrong` has the other label."""
        labels = self._rng.integers(0, 2, count)
        if self._data.kind == "binned":
            xs = self._binned(labels)
            return xs, (labels ^ (self._rng.random(count) < wrong)).tolist()
        noise = self._rng.gumbel(size=(count, self._data.words))
        chosen = np.argsort(-(self._log_chances[labels] + noise), axis=1)[:, : self._data.length]
        flipped = self._rng.random(count) < wrong
        xs = [encode_sparse((row + 1).tolist()) for row in chosen]
        return xs, (labels ^ flipped).tolist()

    def _binned(self, labels: Labels) -> list[bytes]:
        """Rows of numbers; the bins' edges are quantiles of both labels together."""
        from scipy.stats import norm

        data, bins = self._data, self._data.words // self._data.length
        edges = tuple(norm.ppf(np.arange(1, bins) / bins, scale=np.hypot(1, data.separation / 2)).tolist())
        encoder = BinnedEncoder(tuple(map(str, range(data.length))), (edges,) * data.length)
        numbers = self._rng.normal(size=(len(labels), data.length))
        numbers += ((labels - 0.5) * data.separation)[:, None]
        return [encoder.encode(row) for row in numbers.tolist()]

    def submissions(self, player: Player, honest: list[Submission]) -> list[Submission]:
        """What somebody contributes, in its order."""
        if player.kind == "copycat":
            return [
                Submission(f"{player.name} {i % player.accounts}", lot.batch) for i, lot in enumerate(honest)
            ]
        xs, ys = self._samples(player)
        starts = range(0, len(xs), player.lot)
        return [
            Submission(
                f"{player.name} {number % player.accounts}",
                encode_batch(xs[start : start + player.lot], ys[start : start + player.lot]),
                player.kind == "honest",
            )
            for number, start in enumerate(starts)
        ]

    def _samples(self, player: Player) -> tuple[list[bytes], list[int]]:
        count = player.samples
        if player.kind == "parasite":
            from orchestrator.systems.market.reference.samples import decode_batch

            shown = list(decode_batch(self.portions[0]))[:count]
            return [x for x, _ in shown], [y for _, y in shown]
        if player.kind == "probe":
            words = self._rng.integers(1, self._data.words + 1, count)
            coins = self._rng.integers(0, 2, count)
            firsts = [i - i % player.lot for i in range(count)]
            return [encode_sparse([int(words[i])]) for i in firsts], [int(coins[i]) for i in firsts]
        if player.kind in ("noise", "defaulter"):
            return self.rows(count, 0.5)
        if player.kind == "liar":
            return self.rows(count, 1.0)
        xs, ys = self.rows(count, player.wrong)
        if player.kind == "sleeper":
            ys[-player.lot :] = [1 - y for y in ys[-player.lot :]]
        return xs, ys


def _log_chances(data: DataSection, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Log P(word | label), shape (2, words): frequencies that fall like a text's, and odds that lean."""
    often = 1 / np.sqrt(np.arange(1, data.words + 1))
    rng.shuffle(often)
    odds = data.separation * rng.normal(size=data.words)
    return np.log(often) + np.stack([-odds / 2, odds / 2])
