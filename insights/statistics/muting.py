"""What is not said twice: cool-down after an insight, and the first days of new series.

Both hold back an episode, not its handling: muted minutes are followed and hidden from learning like any others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.episodes import OpenEpisode
from insights.statistics.memory import MINUTE_HOURS, NEVER, RECORD_DAYS
from insights.statistics.place import WEEK_HOURS, Hour, Onboarding
from insights.statistics.unusual import HourScores

ANY_SERVICE = "*"
_DAY_MINUTES = 24 * 60


def loud_windows(hour: Hour, row: int, scores: HourScores) -> NDArray[np.bool_]:
    """Give the unusual windows × cells of one series that may speak: they exceed what was already told of it."""
    series, parameters = hour.memory.series, hour.parameters
    is_news = scores.calls > _most_told_of_newcomers(hour, row)
    if series.is_pool[row]:
        # What was denied does not count again for seven days: whatever fills the pool anew are other operations.
        return scores.is_unusual
    on_schedule = is_on_schedule(hour, row, scores.minute)
    may_repeat = on_schedule | (series.cooldown_until[row] > hour.start)
    is_long_ago = hour.start - series.spoke_at[row] >= parameters.cooldown_days * _DAY_MINUTES
    ratio = np.where(on_schedule & is_long_ago, parameters.schedule_ratio, parameters.cooldown_ratio)
    exceeds = scores.counted > ratio * series.cooldown_peak[row][:, None]
    is_loud: NDArray[np.bool_] = scores.is_unusual & is_news & (exceeds | ~may_repeat)
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
        name = _newcomers(hour, row, is_error=bool(hour.memory.series.is_error[row]))
        hour.memory.onboarded[name] = Onboarding(running.trigger, running.episode.detection.calls)


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
    """Tell whether a newcomer's service, or its Region, has had an insight that mutes it."""
    return _most_told_of_newcomers(hour, row) > 0


def _most_told_of_newcomers(hour: Hour, row: int) -> float:
    """Give the calls that a newcomer has to exceed to be told beside those told of its service; 0 without any.

    What takes a new service, or a new Region, into use calls many of its operations for the first time: one insight is
    enough. In a service long in use they may have nothing to do with each other. Its calls and its errors each have an
    insight of their own, and what is half as large again, as after an insight of the same series, is news.
    """
    if not _is_newcomer(hour, row):
        return 0.0
    calls, errors = _told_of_newcomers(hour, row, is_error=False), _told_of_newcomers(hour, row, is_error=True)
    if not calls and not errors:
        return 0.0
    if hour.memory.is_new_region(hour.parameters) or _is_new_service(hour, row):
        return np.inf
    return hour.parameters.cooldown_ratio * (errors if hour.memory.series.is_error[row] else calls)


def _told_of_newcomers(hour: Hour, row: int, *, is_error: bool) -> int:
    """Give the calls of the last insight of those that share one with a series; 0 once that is long ago."""
    last = hour.memory.onboarded.get(_newcomers(hour, row, is_error=is_error))
    if last is None or hour.start - last.minute >= hour.parameters.onboarding_days * _DAY_MINUTES:
        return 0
    return last.calls


def _newcomers(hour: Hour, row: int, *, is_error: bool) -> str:
    """Name those that share one insight: calls, or errors, of a service, or of a Region that was never used before."""
    memory = hour.memory
    is_new_region = memory.is_new_region(hour.parameters)
    source = ANY_SERVICE if is_new_region else memory.series.subjects[row].series.event_source
    return f"{source} {'errors' if is_error else 'calls'}"


def _is_newcomer(hour: Hour, row: int) -> bool:
    """Tell whether a series is new: born lately, or once tried by somebody before its service was taken into use."""
    rows = np.array([row])
    return not hour.memory.series.is_pool[row] and _are_new(hour, rows, days=hour.parameters.onboarding_days)


def _is_new_service(hour: Hour, row: int) -> bool:
    """Tell whether nothing of a series' service, reads included, was in use a week ago."""
    series = hour.memory.series
    source = series.subjects[row].series.event_source
    rows = np.flatnonzero([subject.series.event_source == source for subject in series.subjects])
    return _are_new(hour, rows, days=hour.parameters.youth_days)


def _are_new(hour: Hour, rows: NDArray[np.int64], *, days: float) -> bool:
    """Tell whether the first of series was born within days, in an account older than a day, or whether they were
    hardly ever called before today."""
    memory, series, parameters = hour.memory, hour.memory.series, hour.parameters
    born = int(series.born[rows].min())
    if hour.index - born < days * 24:
        return born - memory.first_hour >= 24
    has_calls = series.has_calls[:, rows].sum(axis=1) > 0
    called_days = int(has_calls.sum()) - int(has_calls[hour.index // 24 % RECORD_DAYS])
    is_known = hour.index - memory.first_hour >= WEEK_HOURS
    return is_known and called_days <= parameters.onboarding_call_days
