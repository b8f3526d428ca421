"""What is not said twice: cool-down after an insight, and the first days of new series.

Both hold back an episode, not its handling: muted minutes are followed and hidden from learning like any others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.episodes import OpenEpisode
from insights.statistics.memory import MINUTE_HOURS, NEVER, RECORD_DAYS
from insights.statistics.place import WEEK_HOURS, Hour
from insights.statistics.unusual import HourScores

ANY_SERVICE = "*"
_DAY_MINUTES = 24 * 60


def loud_windows(hour: Hour, row: int, scores: HourScores) -> NDArray[np.bool_]:
    """Give the unusual windows × cells of one series that may speak: they exceed what was already told of it."""
    series, parameters = hour.memory.series, hour.parameters
    if is_onboarded(hour, row):
        return np.zeros_like(scores.is_unusual)
    if series.is_pool[row]:
        # What was denied does not count again for seven days: whatever fills the pool anew are other operations.
        return scores.is_unusual
    on_schedule = is_on_schedule(hour, row, scores.minute)
    may_repeat = on_schedule | (series.cooldown_until[row] > hour.start)
    is_long_ago = hour.start - series.spoke_at[row] >= parameters.cooldown_days * _DAY_MINUTES
    ratio = np.where(on_schedule & is_long_ago, parameters.schedule_ratio, parameters.cooldown_ratio)
    exceeds = scores.counted > ratio * series.cooldown_peak[row][:, None]
    is_loud: NDArray[np.bool_] = scores.is_unusual & (exceeds | ~may_repeat)
    return is_loud


def is_on_schedule(hour: Hour, row: int, minute: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of minutes of the hour whether the last spike of the past weeks spoke at their time of day.

    So do jobs that run once a month, or once a week and were left out once. What they have to do differs more from run
    to run than what follows within the days of cool-down, so they may exceed the last run by more. An incident, which
    comes at any time, comes within an hour of it once in twelve times.
    """
    spoke_at = int(hour.memory.series.spoke_at[row])
    is_remembered = 0 < hour.start - spoke_at < RECORD_DAYS * _DAY_MINUTES
    apart = (minute + hour.start - spoke_at) % _DAY_MINUTES
    return is_remembered & (np.minimum(apart, _DAY_MINUTES - apart) < hour.parameters.schedule_minutes)


def note_opening(hour: Hour, row: int, running: OpenEpisode) -> None:
    """Renew the memory that muted an episode, or keep in mind that a new series of its service has had its insight."""
    if running.is_muted:
        _renew(hour, row, running.trigger)
    elif _is_newcomer(hour, row):
        hour.memory.onboarded_at[_newcomers(hour, row)] = running.trigger


def note_end(hour: Hour, row: int, running: OpenEpisode, end: int) -> None:
    """Let a spike mute its repeats by its largest count of each window; a muted repeat counts if it is larger still."""
    series = hour.memory.series
    peak = _peak(hour, row, running.start, max(end, running.trigger + 1))
    if running.is_muted and series.cooldown_until[row] > hour.start:
        series.cooldown_peak[row] = np.maximum(series.cooldown_peak[row], peak)
    else:
        series.cooldown_peak[row], series.cooldown_until[row] = peak, end
        series.spoke_at[row] = running.trigger
    _renew(hour, row, end)


def _renew(hour: Hour, row: int, minute: int) -> None:
    until = hour.memory.series.cooldown_until
    if until[row] > NEVER:
        until[row] = max(int(until[row]), minute + int(hour.parameters.cooldown_days * _DAY_MINUTES))


def _peak(hour: Hour, row: int, start: int, end: int) -> NDArray[np.float64]:
    """Give the largest count of each window that ends in an episode, as far back as minutes are kept."""
    first = hour.end - MINUTE_HOURS * 60
    calls = hour.memory.series.calls_between(row, first, hour.end)
    last = np.arange(start, end) - first + 1
    peaks = []
    for counted, lengths in (
        (calls, hour.parameters.windows_minutes),
        (calls > 0, hour.parameters.active_windows_minutes),
    ):
        sums = np.concatenate([[0.0], np.cumsum(counted)])
        windows = np.array(lengths, dtype=np.int64)[:, None]
        peaks.append((sums[last] - sums[np.maximum(last - windows, 0)]).max(axis=1))
    return np.concatenate(peaks)


def is_onboarded(hour: Hour, row: int) -> bool:
    """Tell whether a newcomer's service, or its Region, has had its one insight."""
    told_at = hour.memory.onboarded_at.get(_newcomers(hour, row), NEVER)
    return _is_newcomer(hour, row) and hour.start - told_at < hour.parameters.onboarding_days * _DAY_MINUTES


def _newcomers(hour: Hour, row: int) -> str:
    """Name those that share one insight: the operations of a service, or all of a Region that was never used before."""
    memory = hour.memory
    is_new_region = memory.is_new_region(hour.parameters)
    return ANY_SERVICE if is_new_region else memory.series.subjects[row].series.event_source


def _is_newcomer(hour: Hour, row: int) -> bool:
    """Tell whether a series was born lately in an account older than a day, or was hardly ever called before today.

    The second are those that somebody once tried, or was denied, before the service was taken into use.
    """
    memory, series, parameters = hour.memory, hour.memory.series, hour.parameters
    if series.is_pool[row]:
        return False
    born = int(series.born[row])
    if hour.index - born < parameters.onboarding_days * 24:
        return born - memory.first_hour >= 24
    days = int(series.has_calls[:, row].sum()) - int(series.has_calls[hour.index // 24 % RECORD_DAYS, row])
    is_known = hour.index - memory.first_hour >= WEEK_HOURS
    return is_known and days <= parameters.onboarding_call_days
