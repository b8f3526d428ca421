"""Other methods on a population, each in a fair form.

Every method gives a score and an expected count for each series and hour (some for each five minutes too) of the judged
days; its docstring says how. All are helped in the same way: only delivered hours count; an alarm needs five calls more
(or fewer) than expected; hours next to each other are one alarm; and an alarm mutes its series for eight days unless
the count exceeds the earlier peak by half, as ours does. Each is shown over a range of thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from benchmarks.detection.counting import HOUR, Bins
from benchmarks.detection.scoring import Alarm

Floats = NDArray[np.float64]

MIN_EXCESS_CALLS = 5
COOLDOWN_MINUTES = 8 * 1440
COOLDOWN_RATIO = 1.5
_DAY = 24
_WEEK = 168


@dataclass(frozen=True, slots=True)
class Scores:
    """Of every series and judged bin: how unusual, and what was expected. `bins` holds the counts."""

    bins: Bins
    score: Floats
    expected: Floats


Peer = Callable[[Bins], Scores]


def alarms(found: list[Scores], threshold: float) -> list[Alarm]:
    """Give the alarms at a threshold, of one or more lengths of bins together."""
    spans = sorted(span for scores in found for span in _spans(scores, threshold))
    keys = found[0].bins.series
    kept: list[Alarm] = []
    last_row, last_end, muted_until, peak = -1, 0, 0, 0.0
    for row, start, end, spoke_at, score, rate in spans:
        if row != last_row:
            last_row, last_end, muted_until, peak = row, -HOUR, 0, 0.0
        joins = start <= last_end + HOUR and bool(kept) and kept[-1].series is keys[row]
        if joins:
            kept[-1] = Alarm(keys[row], kept[-1].start, max(kept[-1].end, end), kept[-1].spoke_at, kept[-1].score)
            peak = max(peak, rate)
        elif start >= muted_until or rate > COOLDOWN_RATIO * peak:
            kept.append(Alarm(keys[row], start, end, spoke_at, score))
            peak = rate
        last_end = max(last_end, end)
        muted_until = last_end + COOLDOWN_MINUTES
    return kept


def _spans(scores: Scores, threshold: float) -> Iterator[tuple[int, int, int, int, float, float]]:
    """Yield (series, first minute, end, when it spoke, score, largest count per hour) of bins above the threshold."""
    bins = scores.bins
    counts = bins.judged()
    speaks = (scores.score > threshold) & (np.abs(counts - scores.expected) >= MIN_EXCESS_CALLS) & bins.judged_cover()
    edges = np.diff(np.pad(speaks, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, firsts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    for row, first, end in zip(rows.tolist(), firsts.tolist(), ends.tolist(), strict=True):
        start = bins.first_judged * bins.minutes
        largest = float(counts[row, first:end].max()) * HOUR / bins.minutes
        at = start + first * bins.minutes
        yield row, at, start + end * bins.minutes, at + bins.minutes, float(scores.score[row, first]), largest


def z_score(bins: Bins) -> Scores:
    """Distance from the mean of the last seven days in standard deviations, at least those of a Poisson count."""
    mean, variance = _moments(bins, 7)
    return Scores(bins, np.abs(bins.judged() - mean) / np.sqrt(np.maximum(variance, np.maximum(mean, 0.25))), mean)


def poisson_tail(bins: Bins) -> Scores:
    """Minus the logarithm of the Poisson probability of so many calls, at the mean of the last seven days."""
    mean, _ = _moments(bins, 7)
    mean = np.maximum(mean, 0.5 / (_WEEK * HOUR / bins.minutes))
    counts = bins.judged()
    upper = -np.log10(np.maximum(special.gammainc(np.maximum(counts, 1), mean), 1e-300))
    lower = -np.log10(np.maximum(special.gammaincc(counts + 1, mean), 1e-300))
    return Scores(bins, np.where(counts > mean, upper, lower), mean)


def robust(bins: Bins) -> Scores:
    """Distance from the median of the last seven days in median absolute deviations, at least those of one call."""
    found, expected = np.zeros_like(bins.judged()), np.zeros_like(bins.judged())
    for part, past in bins.days(7):
        middle = np.median(past, axis=1, keepdims=True)
        spread = 1.4826 * np.median(np.abs(past - middle), axis=1, keepdims=True)
        found[:, part] = np.abs(bins.judged()[:, part] - middle) / np.maximum(spread, 1.0)
        expected[:, part] = middle
    return Scores(bins, found, expected)


def own_maximum(bins: Bins) -> Scores:
    """The count over the largest of the last 28 days, at least one."""
    found, expected = np.zeros_like(bins.judged()), np.zeros_like(bins.judged())
    for part, past in bins.days(28):
        found[:, part] = bins.judged()[:, part] / np.maximum(past.max(axis=1, keepdims=True), 1.0)
        expected[:, part] = past.mean(axis=1, keepdims=True)
    return Scores(bins, found, expected)


def ewma(bins: Bins) -> Scores:
    """Control chart of an exponentially weighted mean (weight 0.2) of the standardised counts."""
    return _chart(bins, lambda state, z: 0.8 * state + 0.2 * z, 1 / np.sqrt(0.2 / 1.8))


def cusum(bins: Bins) -> Scores:
    """Page's one-sided cumulative sum of the standardised counts, with an allowance of half a deviation."""
    return _chart(bins, lambda state, z: np.maximum(0, state + np.minimum(z, 50) - 0.5), 1.0)


def _chart(bins: Bins, step: Callable[[Floats, Floats], Floats], scale: float) -> Scores:
    mean, variance = _moments(bins, 7)
    z = (bins.judged() - mean) / np.sqrt(np.maximum(variance, np.maximum(mean, 0.25)))
    state, found = np.zeros(len(z)), np.zeros_like(z)
    for at in range(z.shape[1]):
        state = step(state, z[:, at])
        found[:, at] = np.abs(state) * scale
    return Scores(bins, found, mean)


def seasonal_esd(bins: Bins) -> Scores:
    """S-H-ESD: without the median of the hour of the day, studentised by median and median absolute deviation."""
    found, expected = np.zeros_like(bins.judged()), np.zeros_like(bins.judged())
    for part, past in bins.days(28):
        season = np.median(past.reshape(len(past), -1, _DAY), axis=1)
        rest = (past.reshape(len(past), -1, _DAY) - season[:, None]).reshape(len(past), -1)
        middle = np.median(rest, axis=1, keepdims=True)
        spread = 1.4826 * np.median(np.abs(rest - middle), axis=1, keepdims=True)
        found[:, part] = np.abs(bins.judged()[:, part] - season - middle) / np.maximum(spread, 1.0)
        expected[:, part] = season + middle
    return Scores(bins, found, expected)


def holt_winters(bins: Bins) -> Scores:
    """Additive Holt-Winters by hour of the day: of four smoothings the one with the least error so far."""
    counts = bins.counts
    best, best_error, spread = np.zeros_like(counts), np.full(len(counts), np.inf), np.ones(len(counts))
    for level_weight, season_weight in ((0.02, 0.1), (0.1, 0.1), (0.3, 0.1), (0.1, 0.3)):
        forecast = _smooth(counts, level_weight, season_weight)
        residual = (counts - forecast)[:, _WEEK : bins.first_judged]
        error = np.mean(residual**2, axis=1)
        better = error < best_error
        best[better], best_error = forecast[better], np.minimum(error, best_error)
        spread = np.where(better, residual.std(axis=1), spread)
    expected = np.maximum(best[:, bins.first_judged :], 0)
    return Scores(bins, np.abs(bins.judged() - expected) / np.maximum(spread, 0.5)[:, None], expected)


def _smooth(counts: Floats, level_weight: float, season_weight: float) -> Floats:
    level = counts[:, :_WEEK].mean(axis=1)
    season = counts[:, :_WEEK].reshape(len(counts), 7, _DAY).mean(axis=1) - level[:, None]
    forecast = np.zeros_like(counts)
    for hour in range(counts.shape[1]):
        of_hour = season[:, hour % _DAY]
        forecast[:, hour] = level + of_hour
        level = level + level_weight * (counts[:, hour] - forecast[:, hour])
        season[:, hour % _DAY] = of_hour + season_weight * (counts[:, hour] - level - of_hour)
    return forecast


def farrington(bins: Bins) -> Scores:
    """Farrington with Noufaily's weights: same hour of the week ±1, four weeks; quasi-Poisson, 2/3 power."""
    counts, first = bins.counts, bins.first_judged
    judged = np.arange(first, counts.shape[1])
    lags = np.array([week * _WEEK + shift for week in (1, 2, 3, 4) for shift in (-1, 0, 1)])
    past = counts[:, np.maximum(judged[:, None] - lags, 0)]
    weight = np.ones_like(past)
    for _ in range(2):  # past outbreaks weigh less, from an Anscombe residual of 2.58 on
        total = weight.sum(axis=2)
        mean = np.maximum((weight * past).sum(axis=2) / total, 0.02)
        dispersion = np.maximum((weight * (past - mean[..., None]) ** 2).sum(axis=2) / mean / (total - 1), 1.0)
        residual = 1.5 * (past ** (2 / 3) - mean[..., None] ** (2 / 3)) / (mean[..., None] ** (1 / 6))
        residual /= np.sqrt(dispersion)[..., None]
        weight = np.where(residual > 2.58, np.maximum(residual, 2.58) ** -2.0, 1.0)
    ratio = (bins.judged() / mean) ** (2 / 3) - 1
    deviation = (2 / 3) * np.sqrt((dispersion + dispersion / len(lags)) / mean)
    return Scores(bins, np.abs(ratio) / deviation, mean)


def spectral_residual(bins: Bins) -> Scores:
    """Spectral residual: saliency after the smoothed log spectrum is taken away, against its mean of a day."""
    transform = np.fft.rfft(bins.counts, axis=1)
    size = np.log(np.maximum(np.abs(transform), 1e-8))
    residual = size - ndimage.uniform_filter1d(size, 3, axis=1)
    saliency = np.abs(np.fft.irfft(np.exp(residual + 1j * np.angle(transform)), bins.counts.shape[1], axis=1))
    usual = ndimage.uniform_filter1d(saliency, 2 * _DAY + 1, axis=1)
    score = (saliency - usual) / np.maximum(usual, 1e-8)
    mean, _ = _moments(bins, 7)
    return Scores(bins, score[:, bins.first_judged :], mean)


def _moments(bins: Bins, days: int) -> tuple[Floats, Floats]:
    mean, variance = np.zeros_like(bins.judged()), np.zeros_like(bins.judged())
    for part, past in bins.days(days):
        mean[:, part] = past.mean(axis=1, keepdims=True)
        variance[:, part] = past.var(axis=1, keepdims=True)
    return mean, variance


_STEEP = (3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 45, 70, 110, 200, 400)
PEERS: Mapping[str, tuple[Peer, tuple[int, ...], tuple[float, ...]]] = {
    "own maximum of 28 days": (own_maximum, (5, HOUR), (1.5, 2, 3, 4, 6, 8, 10, 14, 20, 30, 50)),
    "z-score, 7 days": (z_score, (5, HOUR), _STEEP),
    "Poisson tail, 7 days": (poisson_tail, (5, HOUR), (4, 6, 8, 10, 13, 17, 22, 30, 45, 70, 110, 180, 299)),
    "median and MAD, 7 days": (robust, (5, HOUR), (5, 8, 12, 18, 25, 40, 60, 100, 160, 300, 600)),
    "EWMA": (ewma, (HOUR,), _STEEP),
    "CUSUM": (cusum, (HOUR,), (5, 8, 12, 18, 25, 35, 50, 70, 100, 150, 250)),
    "S-H-ESD": (seasonal_esd, (HOUR,), (5, 8, 12, 18, 25, 40, 60, 100, 160, 300, 600)),
    "Holt-Winters": (holt_winters, (HOUR,), _STEEP),
    "Farrington": (farrington, (HOUR,), (3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 45, 70)),
    "spectral residual": (spectral_residual, (HOUR,), (2, 3, 4, 6, 8, 12, 18, 25, 40)),
}
"""Name: the method, the lengths of bins it looks at, the thresholds it is shown at."""
