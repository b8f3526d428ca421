"""What plain records knows of its series before an hour is judged: expectation, scatter, records, thresholds.

Every array has the series first (n), windows second (5), hours or days of the population third.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.counting import HOUR
from benchmarks.detection.plain_counts import Bools, Cells, Floats, Ints

WINDOWS = np.array([1, 5, 15, 60, 240])
POOL_WINDOWS = np.array([False, True, True, True, False])
_WEEK, _MONTH_DAYS = 168, 28
_NEW_SCORE, _NEW_POOL_SCORE = 14.0, 9.0
_LEAST_RECORD, _LEAST_COUNT = 3.0, 5.0
_LEAST_MINUTES = 1440.0
"""What half a call of prior is spread over at least: a Region nobody used before has no delivered minutes yet."""


@dataclass(frozen=True, slots=True)
class Factors:
    """The knobs: of the own record's score, of the own largest count, and calls above what is expected."""

    score: float
    count: float
    min_excess: float = 5.0


def upper_score(calls: Floats, expected: Floats, size: Floats) -> Floats:
    """Signed root of the negative binomial's deviance of S calls over L expected: 0 where S <= L.

    √(2 (S ln(S/L) − (S + k) ln((S + k) / (L + k)))), k the distribution's size.
    """
    return np.where(calls > expected, _root_deviance(calls, expected, size), 0.0)


def lower_score(calls: Floats, expected: Floats, size: Floats) -> Floats:
    """Give the same for fewer calls than expected: 0 where S >= L."""
    return np.where(calls < expected, _root_deviance(calls, expected, size), 0.0)


def _root_deviance(calls: Floats, expected: Floats, size: Floats) -> Floats:
    expected = np.maximum(expected, 1e-9)
    own = calls * np.log(np.maximum(calls, 1e-9) / expected)
    return np.sqrt(np.maximum(2 * (own - (calls + size) * np.log((calls + size) / (expected + size))), 0))


class Memory:
    """Everything learnt so far; `begin_hour` and `learn` are called once for every hour, in order."""

    def __init__(self, cells: Cells, factors: Factors) -> None:
        number, hours = len(cells.series), cells.delivered.shape[1]
        days = hours // 24
        self.cells, self.factors = cells, factors
        self.minutes = cells.delivered[cells.place] * float(HOUR)  # delivered, per hour
        self.raw = np.zeros((number, hours))
        self.learnt = np.zeros((number, hours))  # calls without those of episodes
        self.profile = np.zeros((number, hours))  # expectation before changes of level
        self.calls = np.zeros((number, 5 * HOUR))  # of the last five hours, episodes replaced by their expectation
        self.expected = np.zeros((number, 5 * HOUR))
        self.level, self.level_since = np.ones(number), np.full(number, -1)
        self.first_hour = np.full(number, hours)
        self.is_dense = np.zeros(number, dtype=bool)
        self.squares, self.excess_variance = np.zeros((days, number, 5)), np.zeros((days, number, 5))
        self.size = np.full((number, 5), 40.0)
        self.record_calls, self.record_expected = np.zeros((number, 5, days)), np.zeros((number, 5, days))
        self.record_score = np.zeros((number, 5))  # of the day so far
        self.largest, self.lowest = np.zeros((number, 5, days)), np.zeros((number, days))
        self.has_calls = np.zeros((number, days), dtype=bool)
        self.threshold = np.full((number, 5), _NEW_SCORE)
        self.count_threshold = np.full((number, 5), np.inf)
        self.lowest_score = np.zeros(number)
        self.error_share = np.zeros(number)
        self.account_since = _account_since(cells)

    def begin_hour(self, hour: int) -> Floats:
        """Take in the calls of an hour and give the calls per minute expected in it (n)."""
        if hour % 24 == 0 and hour:
            self._begin_day(hour)
        rate = self._rate(hour)
        self.profile[:, hour] = rate * self.minutes[:, hour]
        if hour % 6 == 0:
            self._estimate_levels(hour)
        rate = rate * self.level
        row, minute, calls = self.cells.of_hour(hour)
        for past in (self.calls, self.expected):
            past[:, : 4 * HOUR] = past[:, HOUR:]
        self.calls[:, 4 * HOUR :] = 0
        np.add.at(self.calls, (row, minute + 4 * HOUR), calls)
        self.expected[:, 4 * HOUR :] = (rate * (self.minutes[:, hour] > 0))[:, None]
        self.raw[:, hour] = self.calls[:, 4 * HOUR :].sum(axis=1)
        self.has_calls[row, hour // 24] = True
        self.first_hour[row] = np.minimum(self.first_hour[row], hour)
        return rate

    def age_days(self, hour: int) -> Floats:
        """Days since each series had its first call (n)."""
        age: Floats = np.maximum(hour - self.first_hour, 0) / 24
        return age

    def is_judged(self, hour: int) -> Bools:
        """Tell which series may be judged: those of accounts that deliver for 24 hours (n)."""
        return self.cells.is_judged & (hour >= self.account_since + 24)

    def _mean(self, hour: int) -> Floats:
        past = slice(max(hour - _WEEK, 0), hour)
        minutes = np.maximum(self.minutes[:, past].sum(axis=1), _LEAST_MINUTES)
        rate: Floats = (self.learnt[:, past].sum(axis=1) + 0.5) / minutes
        return rate

    def _rate(self, hour: int) -> Floats:
        """Expectation λ: the mean of a week; of dense series the hour of day, then the hour of week, shrunk to it."""
        rate = self._mean(hour)
        dense = np.flatnonzero(self.is_dense)
        if hour >= 24 and dense.size:
            calls, minutes = self._same_time(dense, hour, 24, 7)
            of_day = (calls + 10) / (minutes + 10 / rate[dense])
            calls, minutes = self._same_time(dense, hour, _WEEK, 4)
            rate[dense] = (calls + 360 * of_day) / (minutes + 360)
        return rate

    def _same_time(self, rows: Ints, hour: int, period: int, times: int) -> tuple[Floats, Floats]:
        """Give calls and minutes of that hour and its neighbours, so many periods back."""
        hours = [hour - period * back + near for back in range(1, times + 1) for near in (-1, 0, 1)]
        cells = np.ix_(rows, np.array([at for at in hours if 0 <= at < hour], dtype=np.int64))
        return self.learnt[cells].sum(axis=1), self.minutes[cells].sum(axis=1)

    def _estimate_levels(self, hour: int) -> None:
        for row in np.flatnonzero(self.level != 1):
            past = slice(max(hour - 24, self.level_since[row] - 8, 0), hour)
            level = self.raw[row, past].sum() / max(self.profile[row, past].sum(), 1e-9)
            self.level[row] = 1.0 if abs(level - 1) < 0.15 else level

    def accept_level(self, row: int, start_hour: int, hour: int) -> None:
        """Take the rate since an hour for the new normal, from the next hour on."""
        past = slice(start_hour, hour + 1)
        self.level[row] = max(self.raw[row, past].sum() / max(self.profile[row, past].sum(), 1e-9), 0.02)
        self.level_since[row] = hour

    def _begin_day(self, hour: int) -> None:
        """Set what holds for a day: dense series, scatter, thresholds by the records, shares of errors."""
        day, week = hour // 24, slice(max(hour - _WEEK, 0), hour)
        busy = (self.learnt[:, week] > 0.5).sum(axis=1)
        self.is_dense = (busy > 0) & (busy >= 0.6 * (self.minutes[:, week] > 0).sum(axis=1))
        squares = self.squares[max(day - 7, 0) : day].sum(axis=0)
        excess = self.excess_variance[max(day - 7, 0) : day].sum(axis=0)
        self.size = np.clip(np.where(excess > 0, squares / np.maximum(excess, 1e-9), 40.0), 3, 40)
        self._set_thresholds(hour)
        self.record_score[:] = 0
        errors, calls = self.raw[:, week].sum(axis=1), self.raw[:, week].sum(axis=1)[self.cells.calls_of]
        is_known = (self.cells.calls_of >= 0) & (calls >= 50)
        self.error_share = np.where(is_known, errors / np.maximum(calls, 1), 0.0)

    def _set_thresholds(self, hour: int) -> None:
        """f · (factor + 0.5 ÷ days with calls) · max(M, 3), with f = 1 + ½ max(0, 7 − age in days) ÷ 7."""
        days = slice(max(hour // 24 - _MONTH_DAYS, 0), hour // 24)
        level = self._mean(hour)[:, None, None] * WINDOWS[:, None]
        expected = np.maximum(self.record_expected[:, :, days], level)
        record = upper_score(self.record_calls[:, :, days], expected, self.size[:, :, None]).max(axis=2)
        number, age = self.has_calls[:, days].sum(axis=1), self.age_days(hour)
        young = (1 + 0.5 * np.maximum(7 - age, 0) / 7)[:, None]
        factor = young * (self.factors.score + 0.5 / np.maximum(number, 1)[:, None])
        is_pool = self.cells.is_pool
        new = np.where(is_pool, _NEW_POOL_SCORE, _NEW_SCORE)[:, None]
        self.threshold = np.where((number > 0)[:, None], factor * np.maximum(record, _LEAST_RECORD), new)
        largest = np.maximum(self.largest[:, :, days].max(axis=2), _LEAST_COUNT)
        has_rule = (self.is_dense & (age > 7) & ~is_pool)[:, None]
        self.count_threshold = np.where(has_rule, young * self.factors.count * largest, np.inf)
        self.lowest_score = self.lowest[:, days].max(axis=1)

    def learn(self, hour: int, rate: Floats) -> None:
        """Learn an hour of which episodes are replaced: its calls, and how much windows scatter."""
        now, day = self.calls[:, 4 * HOUR :], hour // 24
        self.learnt[:, hour] = now.sum(axis=1)
        expected_rate = rate * (self.minutes[:, hour] > 0)
        for number, window in enumerate(WINDOWS[:4]):
            calls = now.reshape(len(now), HOUR // window, window).sum(axis=2)
            self._add_scatter(day, number, calls, expected_rate[:, None] * window)
        self._add_scatter(
            day, 4, self.calls[:, HOUR:].sum(axis=1)[:, None], self.expected[:, HOUR:].sum(axis=1)[:, None]
        )

    def _add_scatter(self, day: int, window: int, calls: Floats, expected: Floats) -> None:
        """Add to k = Σ L² ÷ Σ ((S − L)² − L); the residual is capped at 3 L + 10."""
        residual = np.minimum(np.abs(calls - expected), 3 * expected + 10)
        self.squares[day, :, window] += expected[:, 0] ** 2 * calls.shape[1]
        self.excess_variance[day, :, window] += (residual**2 - expected).sum(axis=1)

    def remember(self, day: int, rows: Ints, calls: Floats, expected: Floats, scores: Floats) -> None:
        """Keep the largest count and the highest score of the day; arguments are of minutes with calls × windows."""
        if not rows.size:
            return
        np.maximum.at(self.largest[:, :, day], rows, calls)
        for window in range(len(WINDOWS)):
            order = np.lexsort((scores[:, window], rows))
            best = order[np.flatnonzero(np.diff(rows[order], append=-1))]
            best = best[scores[best, window] > self.record_score[rows[best], window]]
            self.record_score[rows[best], window] = scores[best, window]
            self.record_calls[rows[best], window, day] = calls[best, window]
            self.record_expected[rows[best], window, day] = expected[best, window]


def _account_since(cells: Cells) -> Ints:
    """Give the first delivered hour of each series' account (n)."""
    hours = np.where(cells.delivered.any(axis=1), cells.delivered.argmax(axis=1), cells.delivered.shape[1])
    since: dict[str, int] = {}
    for key, place in zip(cells.series, cells.place, strict=True):
        since[key.account_id] = min(int(hours[place]), since.get(key.account_id, int(hours[place])))
    return np.array([since[key.account_id] for key in cells.series])
