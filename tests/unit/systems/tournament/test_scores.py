"""The reference's scores against numerai-tools, which computes the same from floats.

correlation, contribution
├── random predictions, any number of rows
├── three real sets, out-of-fold
└── ties: broken by row, so that scores differ, a little
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from orchestrator.systems.tournament.ranks import ranks_of
from orchestrator.systems.tournament.reference import ONE, contribution, correlation
from orchestrator.systems.tournament.targets import targets_of

NEAR = 1e-6
GRID = [0, 0.25, 0.5, 0.75, 1]


@pytest.fixture(scope="module")
def scoring():
    return pytest.importorskip("numerai_tools.scoring", reason="needs numerai-tools: pip install diln[test]")


def differences(scoring, targets, predictions, benchmark):
    """How far both scores are at most from those of numerai-tools, over all columns of `predictions`."""
    frame, truth = pd.DataFrame(predictions), pd.Series(targets, name="target")
    kept = targets_of(targets, benchmark)
    corr = scoring.numerai_corr(frame, truth).to_numpy()
    mmc = scoring.correlation_contribution(frame, pd.Series(benchmark, name="m"), truth).to_numpy()
    ours = [
        (correlation(ranks, kept) / ONE, contribution(ranks, kept) / ONE)
        for ranks in map(ranks_of, predictions.T)
    ]
    return np.abs(np.array(ours) - np.column_stack([corr, mmc])).max(axis=0)


@pytest.mark.parametrize("rows", [256, 333, 512, 1000, 2048])
def test_scores__200_random_predictions__are_numerais(scoring, rows):
    rng = np.random.default_rng(rows)
    for _ in range(4):
        targets = rng.choice(GRID, rows, p=[0.05, 0.2, 0.5, 0.2, 0.05])
        predictions = rng.normal(size=(rows, 50)) + np.outer(targets, rng.uniform(-1, 1, 50))
        benchmark = rng.normal(size=rows) + 0.2 * targets
        corr, mmc = differences(scoring, targets, predictions, benchmark)
        assert corr <= NEAR
        assert mmc <= NEAR


@pytest.mark.parametrize("load", [load_diabetes, load_breast_cancer, load_wine])
def test_scores__real_sets_out_of_fold__are_numerais(scoring, load):
    data = load()
    levels = np.unique(data.target)
    places = np.searchsorted(np.quantile(data.target, [0.05, 0.25, 0.75, 0.95]), data.target)
    targets = np.array(GRID)[places] if len(levels) > 5 else data.target / levels[-1]
    benchmark = cross_val_predict(Ridge(), data.data, data.target, cv=4)
    for model in (HistGradientBoostingRegressor(max_iter=40), RandomForestRegressor(40, random_state=0)):
        predictions = cross_val_predict(model, data.data, data.target, cv=4)
        predictions += 1e-7 * benchmark  # no ties
        assert len(set(predictions)) == len(predictions)
        corr, mmc = differences(scoring, targets, predictions[:, None], benchmark)
        assert corr <= NEAR
        assert mmc <= NEAR


def test_scores__ties__are_broken_by_row(scoring):
    rng = np.random.default_rng(2)
    targets = rng.choice(GRID, 416)
    predictions = np.round(rng.normal(size=416), 2)
    assert len(set(predictions)) < 416
    corr, _ = differences(scoring, targets, predictions[:, None], rng.normal(size=416))
    assert NEAR < corr < 1e-3


def test_scores__contrary_predictions__are_contrary():
    rng = np.random.default_rng(3)
    targets = targets_of(rng.choice(GRID, 101), rng.normal(size=101))
    predictions = rng.normal(size=101)
    for score in (correlation, contribution):
        assert score(ranks_of(predictions), targets) == -score(ranks_of(-predictions), targets)


def test_contribution__benchmark_itself__is_nothing():
    rng = np.random.default_rng(4)
    benchmark = rng.normal(size=100)
    targets = targets_of(rng.choice(GRID, 100), benchmark)
    assert contribution(ranks_of(benchmark), targets) == 0
    assert contribution(ranks_of(benchmark), targets_of(rng.choice(GRID, 100))) == 0
