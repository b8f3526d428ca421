"""What an episode tells of itself when a rule first speaks: baseline, window, record and the edge of what was usual."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from insights.records.insight import Rate, baseline_minutes, baseline_start
from insights.records.series import Direction
from insights.statistics.coverage import hour_index, instant_of
from insights.statistics.episodes import Episode, Rule
from insights.statistics.memory import LEARNT_DAYS, NEVER, RAW_HOURS, RECORD_DAYS
from insights.statistics.place import Hour
from insights.statistics.scores import count_reaching
from insights.statistics.unusual import HourScores


def spike_episode(hour: Hour, row: int, start: int, scores: HourScores, *, cell: int, window: int) -> Episode:
    """Describe a spike from its first minute, and the window (its index, ending in a cell) that saw it."""
    series, minutes = hour.memory.series, hour.parameters.windows[window]
    end = hour.start + int(scores.minute[cell]) + 1
    rule = scores.rule(window, cell, is_new=bool(series.is_new[row]))
    if scores.by_record[window, cell]:
        threshold = float(scores.threshold[window, cell])
        record_calls, record_day = float(series.record_count[row, window]), int(series.record_day[row, window])
    else:
        threshold = hour.parameters.min_score_for_count
        record_calls, record_day = _largest_count(hour, row, window)
    most, days = _most_in_an_hour(hour, row, start)
    return Episode(
        series=series.subjects[row].series,
        direction=Direction.SPIKE,
        start=instant_of(start),
        end=None,
        baseline=baseline_rate(hour, row, start),
        detection=Rate(int(series.calls_between(row, end - minutes, end).sum()), minutes),
        detection_end=instant_of(end),
        total=None,
        detected_at=instant_of(hour.end),
        closed_at=None,
        score=float(scores.score[window, cell]),
        threshold=threshold,
        expected_calls=float(scores.usual_calls[window, cell]),
        window_minutes=minutes,
        record_calls=round(record_calls) if record_calls > 0 else None,
        record_date=_date(record_day) if record_calls > 0 else None,
        band_upper_calls_per_minute=_band(hour, row, scores, cell=cell, window=window) / minutes,
        rule=rule,
        most_in_an_hour=most,
        known_days=days,
        is_new_region=hour.memory.is_new_region(hour.parameters),
    )


def drop_episode(hour: Hour, row: int, start: int, *, view: int, expected: float, score: float) -> Episode:
    """Describe a drop that starts in a minute and was seen in a view (its number); `expected` are its calls."""
    series, parameters = hour.memory.series, hour.parameters
    seen, record = parameters.drop_views[view], float(series.low_record[row, view])
    minutes, has_record = seen.hours * 60, record > 0
    return Episode(
        series=series.subjects[row].series,
        direction=Direction.DROP,
        start=instant_of(start),
        end=None,
        baseline=baseline_rate(hour, row, start),
        detection=Rate(int(series.calls_between(row, hour.end - minutes, hour.end).sum()), minutes),
        detection_end=instant_of(hour.end),
        total=None,
        detected_at=instant_of(hour.end),
        closed_at=None,
        score=score,
        threshold=max(parameters.drop_min_score, parameters.drop_record_factor * record),
        expected_calls=expected,
        window_minutes=minutes,
        # What was counted in that record may be minutes with calls, which are not told as calls.
        record_calls=round(float(series.low_record_count[row, view])) if has_record and not seen.is_active else None,
        record_date=_date(int(series.low_record_day[row, view])) if has_record else None,
        band_upper_calls_per_minute=parameters.drop_max_share * expected / minutes,
        rule=Rule.OWN_LOW,
    )


def baseline_rate(hour: Hour, row: int, start: int) -> Rate:
    """Count all calls from 00:00 UTC seven days before the start's day up to the start; no minute is left out."""
    series, at = hour.memory.series, instant_of(start)
    hours = [index % RAW_HOURS for index in range(hour_index(baseline_start(at)), start // 60)]
    calls = int(series.raw_hours[hours, row].sum())
    if start % 60:
        calls += int(series.calls_between(row, start - start % 60, start).sum())
    return Rate(calls, baseline_minutes(at))


def _most_in_an_hour(hour: Hour, row: int, start: int) -> tuple[int, int]:
    """Give the largest count of a whole hour before the one of the start, and how many days back is known, up to 28."""
    series, day = hour.memory.series, start // (24 * 60)
    days = np.arange(max(day - LEARNT_DAYS + 1, hour.memory.first_hour // 24), day)
    hours = np.arange(max(day * 24, hour.memory.first_hour), start // 60)
    most = max(
        series.busiest[days % RECORD_DAYS, row].max(initial=0), series.raw_hours[hours % RAW_HOURS, row].max(initial=0)
    )
    return int(most), min(day - hour.memory.first_hour // 24, LEARNT_DAYS)


def _band(hour: Hour, row: int, scores: HourScores, *, cell: int, window: int) -> float:
    """Give the calls in this window from which a rule would have spoken: of minutes with calls, one in each."""
    series, parameters = hour.memory.series, hour.parameters
    expected, size = float(scores.expected[window, cell]), float(series.size[row, window])
    least = max(expected + parameters.min_excess_calls, parameters.min_ratio * expected)
    if series.is_pool[row]:
        least = max(least, parameters.pool_min_calls)
    if window >= scores.windows_of_calls:
        least = max(least, parameters.min_rate_ratio * float(scores.usual_calls[window, cell]))
    threshold = float(scores.threshold[window, cell])
    edges = [max(count_reaching(threshold, expected, size), least)] if threshold < float("inf") else []
    if scores.by_maximum[window, cell]:
        by_score = count_reaching(parameters.min_score_for_count, expected, size)
        edges.append(max(by_score, least, parameters.count_factor * float(series.largest[row, window])))
    return min(edges)


def _largest_count(hour: Hour, row: int, window: int) -> tuple[float, int]:
    """Give the largest count of this window on any of the days remembered before today, and that day."""
    today, maximum = hour.index // 24, hour.memory.series.maximum[:, row, window]
    days = range(today - RECORD_DAYS + 1, today)
    calls, day = max(((float(maximum[day % RECORD_DAYS]), day) for day in days), default=(0.0, NEVER))
    return calls, day


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
