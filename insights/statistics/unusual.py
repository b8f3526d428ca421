"""Which minutes of an hour are unusual: each window that ends in a minute with calls is scored and compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.statistics.episodes import Rule
from insights.statistics.memory import MINUTE_HOURS, WINDOW_HOURS
from insights.statistics.place import DAY_HOURS, Hour
from insights.statistics.scores import upper_score
from insights.statistics.thresholds import youth_factor

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_BEFORE = (WINDOW_HOURS - 1) * 60

UNSEEN_VOLUME = 3.0
"""Of an hour that may not be all there, so many times the calls seen must not explain the errors seen: every count only
grows, but this expectation grows with it."""


@dataclass(frozen=True, slots=True)
class HourScores:
    """Windows × cells of one hour, where a cell is a minute with calls of one series.

    `minute` counts from the start of the hour. `counted` and `expected` are calls in the first `windows_of_calls`
    windows, minutes with calls in the others; `calls` and `usual_calls` are the calls in any of them, and those
    expected if the hour is all there. `by_record` and `by_maximum` tell which rules are passed; `is_small` marks
    scores that would do, of too few.
    """

    row: Ints
    minute: Ints
    counted: Floats
    calls: Floats
    expected: Floats
    usual_calls: Floats
    score: Floats
    threshold: Floats
    by_record: Bools
    by_maximum: Bools
    is_small: Bools
    windows_of_calls: int

    def rule(self, window: int, cell: int, *, is_new: bool) -> Rule:
        """Name the rule that a window passes, or would pass were it large enough."""
        if self.by_maximum[window, cell] and not self.by_record[window, cell]:
            return Rule.OWN_MAXIMUM
        if is_new:
            return Rule.NEW_SERIES
        return Rule.OWN_MINUTES if window >= self.windows_of_calls else Rule.OWN_RECORD

    @property
    def is_unusual(self) -> Bools:
        """Windows × cells that pass a rule."""
        return self.by_record | self.by_maximum

    def where(self, chosen: Bools) -> HourScores:
        """Give only these cells."""
        return HourScores(
            self.row[chosen],
            self.minute[chosen],
            self.counted[:, chosen],
            self.calls[:, chosen],
            self.expected[:, chosen],
            self.usual_calls[:, chosen],
            self.score[:, chosen],
            self.threshold[:, chosen],
            self.by_record[:, chosen],
            self.by_maximum[:, chosen],
            self.is_small[:, chosen],
            self.windows_of_calls,
        )


def score_hour(hour: Hour, rows: Ints) -> HourScores:
    """Score all windows that end in minutes with calls of these series in the hour."""
    series, parameters = hour.memory.series, hour.parameters
    slots = (hour.index - np.arange(WINDOW_HOURS)[::-1]) % MINUTE_HOURS
    at, minute = np.nonzero(series.minutes[slots[-1]][rows])
    row = rows[at]
    windows = np.array(parameters.windows)[:, None]
    last, first = minute + _BEFORE + 1, minute + _BEFORE + 1 - windows
    by_rate = _expected(series.rate[slots][:, rows], at, last, first)
    by_volume = _errors_that_follow_volume(hour, row, last, first)
    usual_calls = np.maximum(by_rate, by_volume)
    most_calls = np.maximum(by_rate, by_volume * UNSEEN_VOLUME) if hour.is_partial else usual_calls
    of_calls = parameters.windows_of_calls
    calls = _sums(series.clean[slots][:, rows], at, last, first)
    counted = np.concatenate([calls[:of_calls], _sums(series.active[slots][:, rows], at, last, first[of_calls:])])
    active = _expected(series.active_rate[slots][:, rows], at, last, first[of_calls:])
    # Errors that follow more volume than usual may each come in a minute of their own.
    more = np.minimum(most_calls - by_rate, windows)[of_calls:]
    expected = np.concatenate([most_calls[:of_calls], active + more])
    score = upper_score(counted, expected, series.size[row].T)
    youth = youth_factor(hour, row)
    threshold = series.threshold[row].T * np.where(series.is_new[row], 1.0, youth)
    is_pool = series.is_pool[row]
    is_large = (counted - expected >= parameters.min_excess_calls) & (counted >= parameters.min_ratio * expected)
    is_large &= np.where(is_pool, counted >= parameters.pool_min_calls, True)
    # Calls in many minutes that are no more calls than usual have no high rate, and nothing to be followed by.
    is_large[of_calls:] &= calls[of_calls:] >= parameters.min_rate_ratio * most_calls[of_calls:]
    if hour.is_partial:
        # A denial still to come may be an operation's first, and move it out of a shorter window.
        is_large &= ~is_pool | (windows >= 60)
    is_of_age = hour.index - series.born[row] >= parameters.youth_days * DAY_HOURS
    is_old = series.is_dense[row] & is_of_age & ~is_pool
    is_largest = counted > parameters.count_factor * series.largest[row].T
    is_largest[of_calls:] = False
    by_maximum = is_large & is_old & is_largest & (score >= parameters.min_score_for_count)
    is_high = score >= threshold
    return HourScores(
        row,
        minute,
        counted,
        calls,
        expected,
        usual_calls,
        score,
        threshold,
        is_large & is_high,
        by_maximum,
        ~is_large & is_high,
        of_calls,
    )


def _running_sums(minutes: NDArray[np.float32]) -> Floats:
    """Sum (hours, series, 60) along time, with a leading zero: series × (minutes + 1)."""
    hours, count, _ = minutes.shape
    sums = np.zeros((count, hours * 60 + 1))
    np.cumsum(minutes.transpose(1, 0, 2).reshape(count, hours * 60), axis=1, dtype=np.float64, out=sums[:, 1:])
    return sums


def _sums(minutes: NDArray[np.float32], at: Ints, last: Ints, first: Ints) -> Floats:
    """Sum what (hours, series, 60) hold of the series `at`, from `first` to before `last`."""
    sums = _running_sums(minutes)
    return sums[at, last] - sums[at, first]


def _expected(rate: Floats, at: Ints, last: Ints, first: Ints) -> Floats:
    return _expected_up_to(rate, at, last) - _expected_up_to(rate, at, first)


def _expected_up_to(rate: Floats, at: Ints, minute: Ints) -> Floats:
    """Give what is expected from the first hour's start up to a minute; the rate is constant within an hour."""
    before = np.zeros((rate.shape[1], WINDOW_HOURS + 1))
    np.cumsum(rate.T * 60.0, axis=1, out=before[:, 1:])
    padded = np.zeros((rate.shape[1], WINDOW_HOURS + 1))
    padded[:, :-1] = rate.T
    inside: Floats = before[at, minute // 60] + padded[at, minute // 60] * (minute % 60)
    return inside


def _errors_that_follow_volume(hour: Hour, row: Ints, last: Ints, first: Ints) -> Floats:
    """Expect of an error its seven-day share of calls times the calls in the window; 0 of other series.

    The volume is of the calls as they were: errors that come with more calls are no news.
    """
    series, parameters = hour.memory.series, hour.parameters
    expected = np.zeros(first.shape)
    cells = np.flatnonzero(series.is_error[row] & ~series.is_pool[row])
    if not cells.size:
        return expected
    apis, local = np.unique(series.api[row[cells]], return_inverse=True)
    callers = np.flatnonzero(series.is_used & ~series.is_error & np.isin(series.api, apis))
    caller_api = np.searchsorted(apis, series.api[callers])
    week = np.bincount(caller_api, weights=series.week[callers], minlength=apis.size)
    slots = (hour.index - np.arange(WINDOW_HOURS)[::-1]) % MINUTE_HOURS
    sums = np.zeros((apis.size, WINDOW_HOURS * 60 + 1))
    np.add.at(sums, caller_api, _running_sums(series.minutes[slots][:, callers].astype(np.float32)))
    share = np.where(
        week[local] >= parameters.min_calls_for_error_share,
        np.minimum(series.week[row[cells]] / np.maximum(week[local], 1.0), 1.0),
        0.0,
    )
    volume = sums[local, last[cells]] - sums[local, first[:, cells]]
    expected[:, cells] = share * volume
    return expected
