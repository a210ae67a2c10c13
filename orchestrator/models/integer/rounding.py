"""Weights to int8 so that what a layer computes changes least, not so that each weight does."""

import numpy as np

from orchestrator.models.integer.real import Integers, Reals

CLIPS = (1.0, 0.8, 0.65, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)
DAMPING, FLOOR = 3e-2, 1e-6
"""What each input varies more than it was seen to: as a share of its own variance, and of the mean."""

LARGEST = 127


class Rounding:
    """Rounds the weights of one layer, calibrated on its inputs (samples, inputs).

    Weights are rounded one input after the other, those that vary most first, and each error is made up for
    by the weights that are still to come, as far as the inputs go together (the second-order method that is
    known as GPTQ). What inputs add on average is left to the biases, which are exact; an input that is always
    the same needs no weight at all, and must not set the unit of the others.
    """

    def __init__(self, inputs: Reals) -> None:
        centred = inputs - inputs.mean(axis=0)
        covariance = centred.T @ centred / len(inputs)
        variances = np.diag(covariance)
        self._varies = variances > 0
        self._spread = covariance + np.diag(variances * DAMPING + (variances.mean() * FLOOR or 1.0))
        self._order = np.argsort(-np.diag(self._spread), kind="stable")
        inverse = np.linalg.inv(self._spread[np.ix_(self._order, self._order)])
        self._passed_on = np.linalg.cholesky((inverse + inverse.T) / 2).T

    def round(self, weights: Reals, units: Reals) -> Integers:
        """The int8 weights (outputs, inputs) in `units` (outputs,)."""
        left = (weights * self._varies / units[:, None])[:, self._order]
        rounded = np.zeros_like(left)
        for place in range(left.shape[1]):
            rounded[:, place] = np.clip(np.rint(left[:, place]), -LARGEST - 1, LARGEST)
            error = (left[:, place] - rounded[:, place]) / self._passed_on[place, place]
            left[:, place + 1 :] -= error[:, None] * self._passed_on[place, place + 1 :]
        result = np.empty(weights.shape, np.int64)
        result[:, self._order] = rounded
        return result

    def finest(self, weights: Reals, *, together: bool = False) -> Reals:
        """The unit of each row (or one for all) with which rounding changes the sums the least.

        The largest weight sets it, unless it sits on an input that is almost always the same and is better
        clipped.
        """
        weights = weights * self._varies
        largest = np.maximum(np.abs(weights).max(axis=1), 1e-9)
        if together:
            largest = np.full_like(largest, largest.max())
        units = [largest * clip / LARGEST for clip in CLIPS]
        damage = np.array([self._damage(weights, unit) for unit in units])
        best = damage.sum(axis=1, keepdims=True).argmin(axis=0) if together else damage.argmin(axis=0)
        return np.asarray(np.array(units)[best, np.arange(len(weights))])

    def _damage(self, weights: Reals, units: Reals) -> Reals:
        error = self.round(weights, units) * units[:, None] - weights
        return np.asarray(np.einsum("ij,jk,ik->i", error, self._spread, error, optimize=True))
