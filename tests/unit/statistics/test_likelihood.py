"""Start and end of an episode, against exhaustive search over Poisson likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # noqa: TID253 - the other implementation

from insights.statistics.likelihood import Span, drop_length, drop_onset, follow_spike, neutral_rate, spike_onset
from insights.statistics.parameters import Parameters


def best_split(counts: np.ndarray, usual: float, unusual: float) -> int:
    """Try every start, and keep the one with the largest Poisson likelihood by scipy."""
    likelihoods = [
        stats.poisson.logpmf(counts[:s], usual).sum() + stats.poisson.logpmf(counts[s:], unusual).sum()
        for s in range(len(counts))
    ]
    return int(np.argmax(likelihoods))


def test_a_neutral_count_is_equally_likely_under_both_rates() -> None:
    """At the neutral rate n ln(r/λ₀) equals r − λ₀."""
    neutral = neutral_rate(0.5, 9.0)

    assert neutral * np.log(9.0 / 0.5) == pytest.approx(9.0 - 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_spike_onset_is_the_most_likely_start(seed: int) -> None:
    """It agrees with an exhaustive search by likelihood, where the new rate is as unknown as the start."""
    rng = np.random.default_rng(seed)
    counts = np.concatenate([rng.poisson(2.0, 40), rng.poisson(6.0, 12)])
    likelihoods = [
        stats.poisson.logpmf(counts[:s], 2.0).sum()
        + stats.poisson.logpmf(counts[s:], max(counts[s:].mean(), 2.0)).sum()
        for s in range(len(counts))
    ]

    assert spike_onset(counts, 2.0) == int(np.argmax(likelihoods))


def test_stray_calls_before_a_burst_are_not_its_beginning() -> None:
    """Single calls half an hour before twenty in five minutes are what they are."""
    counts = np.array([1] + [0] * 19 + [1] + [0] * 29 + [5, 5, 3, 3, 4])

    assert spike_onset(counts, 0.005) == 50


def test_a_spike_holds_the_minutes_that_made_a_rule_speak() -> None:
    """However quiet it was in between: what spoke is part of what is told."""
    counts = np.array([4] + [0] * 40 + [4] + [0] * 90)

    assert follow_spike(counts, 0.01, Parameters(), seen=42) == Span(42, is_over=True)


@pytest.mark.parametrize("seed", range(5))
def test_drop_onset_is_the_most_likely_start(seed: int) -> None:
    """It agrees with an exhaustive search by likelihood."""
    rng = np.random.default_rng(seed)
    counts = np.concatenate([rng.poisson(4.0, 70), rng.poisson(0.2, 50)])

    assert drop_onset(counts, 4.0, 0.2) == best_split(counts, 4.0, 0.2)


def test_a_burst_of_one_minute_is_over_after_quiet_minutes() -> None:
    """Six calls and then silence: one minute long, believed once 15 quiet minutes have passed."""
    counts = np.array([6] + [0] * 15)

    assert follow_spike(counts, 0.002, Parameters(), seen=1) == Span(1, is_over=True)


def test_a_burst_is_not_over_before_the_quiet_minutes_have_passed() -> None:
    """After 14 quiet minutes nothing is decided."""
    counts = np.array([6] + [0] * 14)

    assert follow_spike(counts, 0.002, Parameters(), seen=1) == Span(1, is_over=False)


def test_a_spike_ends_where_the_calls_return_to_usual() -> None:
    """Twenty minutes of 30 calls over a usual 3 end with the twentieth."""
    counts = np.array([30] * 20 + [3] * 30)

    assert follow_spike(counts, 3.0, Parameters(), seen=1) == Span(20, is_over=True)


def test_following_in_parts_decides_as_following_at_once() -> None:
    """What is known to be over stays so, with the same end, as more minutes arrive."""
    counts = np.random.default_rng(3).poisson(np.r_[np.full(25, 9.0), np.full(60, 1.0)])
    spans = [follow_spike(counts[:n], 1.0, Parameters(), seen=1) for n in range(1, len(counts) + 1)]
    over = [span for span in spans if span.is_over]

    assert over
    assert set(over) == {over[0]}


def test_a_drop_reaches_to_the_last_silent_minute() -> None:
    """Forty silent minutes before the calls come back are forty minutes."""
    assert drop_length(np.array([0] * 40 + [5] * 20), 5.0, 0.01) == 40
