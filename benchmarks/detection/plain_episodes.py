"""Where an episode of plain records begins and ends: by the likelihood of a rate of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from benchmarks.detection.counting import HOUR
from benchmarks.detection.plain_counts import Floats

COOLDOWN_MINUTES = 8 * 1440
_LEAST_RATIO = 1.5
_EVIDENCE = 10.0
_QUIET_MINUTES = 15


@dataclass(slots=True)
class Episode:
    """Unusual minutes of a series, in minutes from the population's start.

    Attributes:
        start: its first minute.
        rate: its calls per minute so far.
        calls: its calls so far.
        total: the running sum of calls beyond the neutral rate.
        best: the largest sum so far, and `best_at` the minute after it: the end, if nothing comes.
        peak: the most calls in a window of each length.
        is_told: whether it is an insight; `is_held` if another new series of its service was one.
        is_long: whether it ended for its length.
    """

    start: int
    rate: float
    calls: float
    total: float
    best: float
    best_at: int = 0
    row: int = -1
    spoke_at: int = 0
    score: float = 0.0
    peak: Floats = field(default_factory=lambda: np.zeros(5))
    is_told: bool = False
    is_held: bool = False
    is_long: bool = False

    @property
    def end(self) -> int:
        """The minute after its last."""
        return self.best_at


def begun(calls: Floats, rate: float, expected: float, most_minutes: int) -> Episode:
    """Begin where the sum of (n − c), back from the last of these minutes, is largest.

    c = (r − λ) ÷ ln(r/λ) is the rate that speaks for neither the insight's rate r nor the baseline's λ.
    """
    expected = max(expected, 1e-6)
    rate = max(rate, _LEAST_RATIO * expected)
    sums = np.cumsum(calls[: -most_minutes - 1 : -1] - _neutral(rate, expected))
    back = int(sums.argmax())
    start = len(calls) - 1 - back
    return Episode(start, rate, float(calls[start:].sum()), float(sums[back]), float(sums[back]))


def carry_on(episode: Episode, calls: Floats, hour: int, first: int, expected: float, longest: int) -> bool:
    """Follow an episode through the minutes of an hour from one on; tell whether it is over.

    It ends at the largest sum once that has fallen by 10 ÷ ln(r/λ) and 15 minutes were quiet, or for its length.
    """
    for minute in range(first, HOUR):
        at = hour * HOUR + minute
        if at - episode.start >= longest:
            episode.best_at, episode.is_long = at, True
            return True
        rate = max(episode.rate, _LEAST_RATIO * expected)
        episode.total += calls[minute] - _neutral(rate, expected)
        episode.calls += calls[minute]
        if episode.total >= episode.best:
            episode.best, episode.best_at = episode.total, at + 1
            episode.rate = episode.calls / (at + 1 - episode.start)
        elif (
            episode.best - episode.total > _EVIDENCE / math.log(rate / expected)
            and at + 1 - episode.best_at >= _QUIET_MINUTES
        ):
            return True
    return False


def _neutral(rate: float, expected: float) -> float:
    return (rate - expected) / math.log(rate / expected)
