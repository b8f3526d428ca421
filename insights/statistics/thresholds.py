"""How unusual is unusual for this series: its own records of 35 days, read at midnight.

A record is the most unusual window of a day. It is scored again against today's level and dispersion, so that what was
a feat for a quiet series is none once it is busy. The largest of them, times a factor, is what an alarm has to reach.
The minutes of spikes are hidden from all that is learnt; those of an account's first week become records all the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.memory import MOMENT_DAYS, RAW_HOURS, RECORD_DAYS
from insights.statistics.place import DAY_HOURS, WEEK_HOURS, WEEK_MINUTES, Hour
from insights.statistics.scores import lower_score, size_by_moments, upper_score

Floats = NDArray[np.float64]

DAY_MINUTES = DAY_HOURS * 60
NEWS_DAYS = 3
"""A burst that comes back twice as large within days is news, so what was found in the first week waits as long."""


def begin_day(hour: Hour) -> None:
    """Read the records of the past days, forget what is too old, and make room for today's."""
    memory, day = hour.memory, hour.index // 24
    _forget(hour)
    series, parameters = memory.series, hour.parameters
    past = (hour.index - np.arange(1, WEEK_HOURS + 1)) % RAW_HOURS
    active_hours = (series.raw_hours[past] > 0).sum(axis=0)
    series.is_dense[:] = active_hours >= parameters.dense_share * max(memory.week_minutes / 60, 1)
    _read_records(hour, day)
    _read_low_records(hour, day)
    slot = day % RECORD_DAYS
    for daily in (series.record_calls, series.record_expected, series.maximum, series.low_counted, series.low_expected):
        daily[slot] = 0.0
    series.has_calls[slot], series.busiest[slot] = False, 0
    series.today_score[:], series.today_low[:] = 0.0, 0.0
    series.squares[day % MOMENT_DAYS], series.excess[day % MOMENT_DAYS] = 0.0, 0.0


def youth_factor(hour: Hour, rows: NDArray[np.int64]) -> Floats:
    """Ask more of series whose own past is short: a new one 2.2 times the score at a day, 1.4 at a week.

    The chance that the next of n + 1 like days holds the record is 1 ÷ (n + 1), and that it beats the one before by a
    factor f falls like a power of f. For the same chance at every age, the factor is a power of the age. A series
    is as new as the days for which its account was known without it: one from its first days is of full age in a week.
    """
    memory, parameters = hour.memory, hour.parameters
    born = memory.series.born[rows]
    full_age = np.clip((born - memory.first_hour) / DAY_HOURS, parameters.youth_days, RECORD_DAYS)
    age_days = np.maximum((hour.index - born) / DAY_HOURS, 1.0)
    factor: Floats = np.maximum(full_age / age_days, 1.0) ** parameters.youth_exponent
    return factor


def _read_records(hour: Hour, day: int) -> None:
    memory, parameters = hour.memory, hour.parameters
    series = memory.series
    series.size[:] = size_by_moments(
        series.squares.sum(axis=0),
        series.excess.sum(axis=0),
        smallest=parameters.min_size,
        largest=parameters.max_size,
    )
    mean = (series.week + parameters.prior_calls) / max(hour.memory.week_minutes, 60)
    active = (series.active_week + parameters.prior_calls) / max(hour.memory.week_minutes, 60)
    is_of_calls = np.arange(len(parameters.windows)) < parameters.windows_of_calls
    usual = np.where(is_of_calls, mean[:, None], active[:, None]) * np.array(parameters.windows)
    score = upper_score(series.record_calls, np.maximum(series.record_expected, usual), series.size)
    best = score.argmax(axis=0)
    daily = np.take_along_axis(score, best[None], axis=0)[0]
    found = _found_in_first_week(hour)
    found_score = upper_score(found, usual, series.size)
    record, is_found = np.maximum(daily, found_score), found_score > daily
    series.record_day[:] = np.where(is_found, series.spoke_at[:, None] // DAY_MINUTES, _day_of_slot(best, day))
    daily_count = np.take_along_axis(series.record_calls, best[None], axis=0)[0]
    series.record_count[:] = np.where(is_found, found, daily_count)
    largest = np.maximum(series.maximum.max(axis=0), found)
    series.largest[:] = np.maximum(largest, parameters.min_maximum_calls)
    days = series.has_calls.sum(axis=0)
    series.is_new[:] = days == 0
    factor = np.where(is_of_calls, parameters.score_factor, parameters.active_factor)
    factor = factor + (parameters.few_days_allowance / np.maximum(days, 1))[:, None]
    known = factor * np.maximum(record, parameters.min_record_score)
    new = np.where(series.is_pool, parameters.pool_new_score, memory.new_score(parameters))
    series.threshold[:] = np.where(series.is_new[:, None], new[:, None], known)
    if series.is_pool.any():
        unused = np.array([not parameters.is_of_pool(window) for window in range(len(parameters.windows))])
        series.threshold[np.ix_(series.is_pool, unused)] = np.inf


def _found_in_first_week(hour: Hour) -> Floats:
    """Give the largest count of each window in spikes of the account's first week, once they are no news: series × w.

    Nothing was known then, so much of what was found is habit: a weekly job, a build, a service taken into use. Its
    minutes were hidden from the records, so it would be found anew each time it is not muted.
    """
    memory, series = hour.memory, hour.memory.series
    age_days = (hour.start - series.spoke_at) / DAY_MINUTES
    account_days = (series.spoke_at - memory.first_hour * 60) / DAY_MINUTES
    is_record = (age_days >= NEWS_DAYS) & (age_days < RECORD_DAYS) & ~series.is_pool
    is_record &= account_days < hour.parameters.youth_days
    return np.where(is_record[:, None], series.cooldown_peak, 0.0)


def _read_low_records(hour: Hour, day: int) -> None:
    series = hour.memory.series
    expected = series.low_expected
    size = series.size[:, [view.window for view in hour.parameters.drop_views]]
    score = np.where(expected > 0, lower_score(series.low_counted, np.where(expected > 0, expected, 1.0), size), 0.0)
    best = score.argmax(axis=0)
    series.low_record[:] = np.take_along_axis(score, best[None], axis=0)[0]
    series.low_record_day[:] = _day_of_slot(best, day)
    series.low_record_count[:] = np.take_along_axis(series.low_counted, best[None], axis=0)[0]


def _day_of_slot(slot: NDArray[np.int64], day: int) -> NDArray[np.int64]:
    """Give the latest day before `day` that a slot holds."""
    return day - 1 - (day - 1 - slot) % RECORD_DAYS


def _forget(hour: Hour) -> None:
    """Drop series without a call in 35 days that nothing else is remembered of, and denials older than a week."""
    memory, series = hour.memory, hour.memory.series
    memory.denied_at = {api: at for api, at in memory.denied_at.items() if hour.start - at < WEEK_MINUTES}
    is_remembered = series.has_calls.any(axis=0) | series.is_pool
    is_remembered |= hour.start - series.spoke_at < RECORD_DAYS * 24 * 60
    is_remembered |= (series.cooldown_until > hour.start) | (series.drop_mute_until > hour.start)
    is_remembered[[series.index[subject] for subject in memory.open]] = True
    if (series.is_used & ~is_remembered).any():
        series.keep(np.flatnonzero(series.is_used & is_remembered).tolist())
