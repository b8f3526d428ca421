"""When a change of rate began and when it was over, by the likelihood of two Poisson rates.

Between a usual rate λ₀ and an unusual rate r a minute with n calls speaks for the unusual one by n − c, in units of
ln(r/λ₀), where c = (r − λ₀) ÷ ln(r/λ₀) is the neutral rate. Sums of n − c are the cumulative sums of Page (1954); the
evidence asked for before an end is believed is that of Wald's sequential test (1945). For a drop all signs turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from insights.statistics.parameters import Parameters

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Span:
    """How far an episode reaches: minutes from its start, and whether it is known to be over."""

    minutes: int
    is_over: bool


def neutral_rate(usual: float, unusual: float) -> float:
    """Give the calls per minute that speak for neither rate.

    >>> round(neutral_rate(1.0, 4.0), 4)
    2.164
    """
    return (unusual - usual) / log(unusual / usual)


def spike_onset(counts: Counts, usual: float) -> int:
    """Find the index from which the counts up to the last one speak loudest for a rate of their own.

    Of n calls in m minutes against an expectation of λ₀m the logarithm of the likelihood ratio, at its best rate n/m,
    is n ln(n/λ₀m) − (n − λ₀m): the scan statistic of Kulldorff (1997). A rate given beforehand, such as that of the
    window that spoke, would take a few stray calls before a burst for its beginning.
    """
    calls = np.cumsum(counts[::-1], dtype=np.float64)
    expected = usual * np.arange(1, len(counts) + 1)
    ratio = np.where(calls > expected, xlogy(calls, calls / expected) - (calls - expected), 0.0)
    return len(counts) - 1 - int(np.argmax(ratio))


def drop_onset(counts: Counts, usual: float, unusual: float) -> int:
    """Find the index from which the counts up to the last one speak loudest for the lower rate."""
    return _onset(neutral_rate(usual, unusual) - counts)


def follow_spike(counts: Counts, usual: float, parameters: Parameters, *, seen: int) -> Span:
    """Follow a spike from its first minute through the counts that are known; it holds the first `seen` of them.

    It ends at the maximum of the running sum of n − c, once the sum has fallen from there by the evidence asked for and
    the quiet minutes have passed. At every new maximum the unusual rate is estimated anew from all minutes so far.
    """
    least = usual * parameters.min_rate_ratio
    calls, end = int(counts[:seen].sum()), seen
    rate = max(calls / seen, least)
    neutral, total, best = neutral_rate(usual, rate), 0.0, 0.0
    # At most 540 minutes, and only for series with an episode: plain Python is quick enough.
    for minute, count in enumerate(counts[seen:].tolist(), start=seen + 1):
        calls += count
        total += count - neutral
        if total > best:
            best, end = total, minute
            rate = max(calls / minute, least)
            neutral = neutral_rate(usual, rate)
        elif minute - end >= parameters.quiet_minutes and best - total >= parameters.evidence_to_end / log(
            rate / usual
        ):
            return Span(end, is_over=True)
    return Span(end, is_over=False)


def drop_length(counts: Counts, usual: float, unusual: float) -> int:
    """Give how many minutes (at least 1) from the first speak loudest for the lower rate."""
    return int(np.argmax(np.cumsum(neutral_rate(usual, unusual) - counts))) + 1


def _onset(evidence: NDArray[np.floating]) -> int:
    backward = np.cumsum(evidence[::-1])
    return len(evidence) - 1 - int(np.argmax(backward))
