"""What an hour teaches: its clean counts, the day's records, and how far counts scatter.

Minutes of episodes were replaced by their expectation before this, so an incident teaches nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.statistics.drops import droppable_rows, low_scores
from insights.statistics.memory import LEARNT_HOURS, MINUTE_HOURS, MOMENT_DAYS, RECORD_DAYS, WINDOW_HOURS
from insights.statistics.place import WEEK_HOURS, Hour
from insights.statistics.spikes import judged_rows
from insights.statistics.unusual import HourScores, score_hour

Floats = NDArray[np.float64]


def learn_hour(hour: Hour, scores: HourScores) -> None:
    """Learn an hour with data, once it is judged; series whose minutes changed since `scores` are scored again."""
    series = hour.memory.series
    _learn_records(hour, scores)
    changed = np.setdiff1d(judged_rows(hour), scores.row)
    if changed.size:
        _learn_records(hour, score_hour(hour, changed))
    if hour.index - hour.memory.first_hour >= hour.parameters.warm_up_hours:
        _learn_low_records(hour)
        _learn_scatter(hour)
    slot = hour.index % MINUTE_HOURS
    calls, active = (minutes[slot].sum(axis=1, dtype=np.float64) for minutes in (series.clean, series.active))
    _move_on(hour, calls, active, delivered_minutes=60)


def pass_hour(hour: Hour) -> None:
    """Let an hour without data go by: it is neither calls nor time."""
    series = hour.memory.series
    series.rate[hour.index % MINUTE_HOURS] = 0.0
    series.active_rate[hour.index % MINUTE_HOURS] = 0.0
    nothing = np.zeros(series.capacity)
    _move_on(hour, nothing, nothing, delivered_minutes=0)
    hour.memory.gap_end = hour.end


def _move_on(hour: Hour, calls: Floats, active: Floats, *, delivered_minutes: int) -> None:
    memory, series = hour.memory, hour.memory.series
    slot, week_ago = hour.index % LEARNT_HOURS, (hour.index - WEEK_HOURS) % LEARNT_HOURS
    series.week += calls - series.learnt_hours[week_ago]
    series.active_week += active - series.active_hours[week_ago]
    memory.week_minutes += delivered_minutes - int(memory.delivered_minutes[week_ago])
    series.learnt_hours[slot], series.active_hours[slot] = calls, active
    memory.delivered_minutes[slot] = delivered_minutes
    if (hour.index + 1) % 24 == 0:  # rounding errors of the running sum do not outlive a day
        past = (hour.index - np.arange(WEEK_HOURS)) % LEARNT_HOURS
        series.week[:] = series.learnt_hours[past].sum(axis=0, dtype=np.float64)
        series.active_week[:] = series.active_hours[past].sum(axis=0, dtype=np.float64)


def _learn_records(hour: Hour, scores: HourScores) -> None:
    """Keep each day's most unusual window (its calls and their expectation) and its largest count."""
    series, slot = hour.memory.series, hour.index // 24 % RECORD_DAYS
    rows, first = np.unique(scores.row, return_index=True)
    if not rows.size:
        return
    best = np.maximum.reduceat(scores.score, first, axis=1)
    largest = np.maximum.reduceat(scores.counted, first, axis=1)
    series.maximum[slot, rows] = np.maximum(series.maximum[slot, rows], largest.T)
    cell_row = np.repeat(np.arange(rows.size), np.diff([*first, scores.row.size]))
    # Cells are in order of row and minute: writing them backwards leaves the first cell that holds the row's best.
    at_best = np.zeros(best.shape, dtype=np.int64)
    window, cell = np.nonzero(scores.score == best[:, cell_row])
    at_best[window[::-1], cell_row[cell[::-1]]] = cell[::-1]
    is_better = (best > series.today_score[rows].T).T
    calls, expected = (np.take_along_axis(values, at_best, axis=1).T for values in (scores.counted, scores.expected))
    series.record_calls[slot, rows] = np.where(is_better, calls, series.record_calls[slot, rows])
    series.record_expected[slot, rows] = np.where(is_better, expected, series.record_expected[slot, rows])
    series.today_score[rows] = np.maximum(series.today_score[rows], best.T)


def _learn_low_records(hour: Hour) -> None:
    """Keep each day's most unusually low hours."""
    series, slot = hour.memory.series, hour.index // 24 % RECORD_DAYS
    rows = droppable_rows(hour)
    low = low_scores(hour, rows)
    is_lower = low.score > series.today_low[rows]
    series.low_counted[slot, rows] = np.where(is_lower, low.counted, series.low_counted[slot, rows])
    series.low_expected[slot, rows] = np.where(is_lower, low.expected, series.low_expected[slot, rows])
    series.today_low[rows] = np.where(is_lower, low.score, series.today_low[rows])


def _learn_scatter(hour: Hour) -> None:
    """Add the hour's Σ L² and Σ ((S−L)² − L) of windows laid end to end; the longest ends with the hour.

    A series without calls has S = 0 in every window, so that only those with calls need their minutes looked at.
    """
    series, parameters, slot = hour.memory.series, hour.parameters, hour.index // 24 % MOMENT_DAYS
    hours = (hour.index - np.arange(WINDOW_HOURS)[::-1]) % MINUTE_HOURS
    called = np.flatnonzero(series.is_judged & series.minutes[hours].any(axis=(0, 2)))
    of_calls, of_active = (
        (rate[hours].T, minutes[hours][:, called].transpose(1, 0, 2).reshape(called.size, WINDOW_HOURS * 60))
        for rate, minutes in ((series.rate, series.clean), (series.active_rate, series.active))
    )
    for window, length in enumerate(parameters.windows):
        rate, minutes = of_calls if window < parameters.windows_of_calls else of_active
        tiles = max(60 // length, 1)
        whole = -(-length // 60)
        expected = rate[:, -1] * length if length <= 60 else rate[:, -whole:].sum(axis=1) * (length / whole)
        series.squares[slot, :, window] += tiles * expected**2
        excess = tiles * (expected**2 - expected)
        counted = minutes[:, -tiles * length :].reshape(called.size, tiles, length).sum(axis=2, dtype=np.float64)
        usual = expected[called][:, None]
        cap = parameters.residual_cap_ratio * usual + parameters.residual_cap_calls
        residual = np.clip(counted - usual, -cap, cap)
        excess[called] = (residual**2 - usual).sum(axis=1)
        series.excess[slot, :, window] += excess
