"""Methods of installed packages, run by the Python of .venv-bench: hourly counts in, scores and expectations out.

    python packages.py METHOD COUNTS.npz RESULT.npz

`counts` is series × hours, `first_judged` the first hour to be scored. It imports nothing of this project.
"""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_HISTORY_DAYS = 28


def stl(counts: Floats, first: int) -> tuple[Floats, Floats]:
    """statsmodels: residual of a seasonal-trend decomposition by LOESS, over its median absolute deviation.

    The decomposition sees all hours, later ones as well, which is more than any other method here is given. Series with
    calls in less than a tenth of the hours have nothing to decompose: their mean is expected.
    """
    from statsmodels.tsa.seasonal import STL

    expected = np.repeat(counts[:, :first].mean(axis=1, keepdims=True), counts.shape[1], axis=1)
    for row in np.flatnonzero((counts[:, :first] > 0).mean(axis=1) > 0.1).tolist():
        fit = STL(counts[row], period=24, seasonal=23, seasonal_jump=3, trend_jump=7, low_pass_jump=7).fit(inner_iter=2)
        expected[row] = fit.trend + fit.seasonal
    rest = counts - expected
    spread = 1.4826 * np.median(np.abs(rest - np.median(rest, axis=1, keepdims=True)), axis=1, keepdims=True)
    return (np.abs(rest) / np.maximum(spread, 1.0))[:, first:], np.maximum(expected[:, first:], 0)


def spot(counts: Floats, first: int) -> tuple[Floats, Floats]:
    """libspot: minus the logarithm of the tail probability by extreme-value theory, the tail learnt as it goes."""
    from libspot import Spot

    score = np.zeros((len(counts), counts.shape[1] - first))
    for row, series in enumerate(counts):
        detector = Spot(q=1e-4, level=0.95, max_excess=200)
        past = series[:first]
        detector.fit(past + np.random.default_rng(row).random(first) * 0.01)  # ties leave the tail without a shape
        for at, count in enumerate(series[first:]):
            if count > detector.excess_threshold:
                chance = detector.probability(count)
                score[row, at] = -np.log10(max(chance, 1e-30)) if np.isfinite(chance) else 0.0
            detector.step(count)
    expected = np.repeat(counts[:, :first].mean(axis=1, keepdims=True), score.shape[1], axis=1)
    return score, expected


def isolation_forest(counts: Floats, first: int) -> tuple[Floats, Floats]:
    """scikit-learn: an isolation forest of all series over count, change, hour's and series' mean and maximum."""
    from sklearn.ensemble import IsolationForest

    def features(begin: int, end: int) -> Floats:
        part = counts[:, begin:end]
        past = counts[:, max(begin - _HISTORY_DAYS * 24, 0) : begin]
        mean, top = past.mean(axis=1, keepdims=True), past.max(axis=1, keepdims=True)
        season = past.reshape(len(past), -1, 24).mean(axis=1)[:, np.arange(end - begin) % 24]
        change = part - counts[:, begin - 1 : end - 1]
        columns = (part, season, np.broadcast_to(mean, part.shape), np.broadcast_to(top, part.shape))
        ratio = (
            np.log1p(part) - np.log1p(season),
            np.log1p(part) - np.log1p(top),
            np.sign(change) * np.log1p(abs(change)),
        )
        return np.stack([*(np.log1p(c) for c in columns), *ratio], axis=-1).reshape(-1, 7)

    learnt = features(first - 7 * 24, first)
    sample = np.random.default_rng(1).permutation(len(learnt))[:50_000]
    forest = IsolationForest(n_estimators=100, random_state=1).fit(learnt[sample])
    score = -forest.score_samples(features(first, counts.shape[1]))
    expected = counts[:, :first].mean(axis=1, keepdims=True)
    shape = len(counts), counts.shape[1] - first
    return score.reshape(shape), np.broadcast_to(expected, shape)


METHODS = {"statsmodels": stl, "libspot": spot, "scikit-learn": isolation_forest}
"""Named after the package each comes from."""


def main() -> int:
    """Score one file of counts."""
    name, source, target = sys.argv[1:]
    warnings.simplefilter("ignore")
    with np.load(source) as given:
        counts, first = given["counts"].astype(float), int(given["first_judged"])
    score, expected = METHODS[name](counts, first)
    np.savez(target, score=score, expected=expected, version=version(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
