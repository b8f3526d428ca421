"""From hours that are far too quiet to drops. Only busy series can drop, and only call rates are judged for it.

A drop is seen by whole hours; its start and end are then found to the minute. Many at once are a delivery problem: to
the series that lack their calls, the hour was not delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.records.insight import Rate
from insights.records.series import Direction
from insights.statistics.episodes import Episode, OpenEpisode
from insights.statistics.evidence import drop_episode
from insights.statistics.levels import accept_level
from insights.statistics.likelihood import drop_length, drop_onset
from insights.statistics.memory import MINUTE_HOURS, RAW_HOURS
from insights.statistics.place import Hour
from insights.statistics.reasons import Verdict, of_episode
from insights.statistics.scores import lower_score
from insights.statistics.subjects import Subject

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def judge_drops(hour: Hour) -> list[Episode]:
    """Follow the open drops through the hour and look for new ones; give what is to be told."""
    told: list[Episode] = []
    for subject, running in _open_drops(hour):
        _follow(hour, hour.memory.series.index[subject], running, told)
    found = _candidates(hour)
    if len(found) + len(_open_drops(hour)) > hour.parameters.drop_max_at_once:
        _take_for_undelivered(hour, found)
        return told
    for each in found:
        running, row = _open(hour, each), each.row
        hour.memory.open[hour.memory.series.subjects[row]] = running
        hour.memory.series.hide(row, running.start, hour.end, hour=hour.index)
        hour.reasons.append(of_episode(running.episode, Verdict.TOLD))
        if running.is_told:
            told.append(running.episode)
    return told


def end_drops(hour: Hour) -> list[Episode]:
    """End the open drops with the last hour that had data."""
    told: list[Episode] = []
    for subject, running in _open_drops(hour):
        _close(hour, hour.memory.series.index[subject], running, hour.start, told, is_level_shift=False)
    return told


@dataclass(frozen=True, slots=True)
class LowScores:
    """Of series × views: what was counted and expected, and the same of calls; `score` is 0 where too few calls were
    expected."""

    counted: Floats
    expected: Floats
    calls: Floats
    expected_calls: Floats
    score: Floats


def low_scores(hour: Hour, rows: Ints) -> LowScores:
    """Score the counts of series in each view that ends with the hour against what is expected."""
    series, parameters = hour.memory.series, hour.parameters
    counted, expected, calls, usual = (np.zeros((len(rows), len(parameters.drop_views))) for _ in range(4))
    for number, view in enumerate(parameters.drop_views):
        slots = ((hour.index - np.arange(view.hours)) % MINUTE_HOURS)[:, None]
        calls[:, number] = series.clean[slots, rows].sum(axis=(0, 2), dtype=np.float64)
        usual[:, number] = series.rate[slots, rows].sum(axis=0) * 60.0
        counted[:, number], expected[:, number] = calls[:, number], usual[:, number]
        if view.is_active:
            counted[:, number] = series.active[slots, rows].sum(axis=(0, 2), dtype=np.float64)
            expected[:, number] = series.active_rate[slots, rows].sum(axis=0) * 60.0
    is_enough = usual >= parameters.drop_min_expected_calls
    size = series.size[rows][:, [view.window for view in parameters.drop_views]]
    score = lower_score(counted, np.where(is_enough, expected, 1.0), size)
    return LowScores(counted, expected, calls, usual, np.where(is_enough, score, 0.0))


def droppable_rows(hour: Hour) -> Ints:
    """Give the dense, judged call series."""
    series = hour.memory.series
    return np.flatnonzero(series.is_dense & series.is_judged & ~series.is_error)


@dataclass(frozen=True, slots=True)
class _Drop:
    """A series and the view (their numbers) in which it was seen to be low, the calls expected there, and the score."""

    row: int
    view: int
    expected: float
    score: float


def _candidates(hour: Hour) -> list[_Drop]:
    series, parameters = hour.memory.series, hour.parameters
    rows = droppable_rows(hour)
    is_open = np.isin(rows, [series.index[subject] for subject in hour.memory.open])
    rows = rows[~is_open & (series.drop_mute_until[rows] <= hour.start)]
    low = low_scores(hour, rows)
    least = np.maximum(parameters.drop_min_score, parameters.drop_record_factor * series.low_record[rows])
    has_record = (series.low_expected[:, rows] > 0).sum(axis=0) >= parameters.drop_min_record_days
    is_drop = has_record & (low.calls <= parameters.drop_max_share * low.expected_calls) & (low.score > least)
    # Several hours may still be low when the last of them is not.
    is_drop &= low.calls[:, :1] < parameters.drop_end_share * low.expected_calls[:, :1]
    view = np.where(is_drop, low.score / least, 0.0).argmax(axis=1)
    return [
        _Drop(int(rows[at]), int(view[at]), float(low.expected_calls[at, view[at]]), float(low.score[at, view[at]]))
        for at in np.flatnonzero(is_drop.any(axis=1))
    ]


def _open(hour: Hour, drop: _Drop) -> OpenEpisode:
    series, parameters, row = hour.memory.series, hour.parameters, drop.row
    minutes = parameters.drop_views[drop.view].hours * 60
    calls = int(series.calls_between(row, hour.end - minutes, hour.end).sum())
    usual, unusual = drop.expected / minutes, max(float(calls), parameters.prior_calls) / minutes
    back = min(parameters.search_back_windows * minutes, parameters.level_shift_hours * 60)
    first = max(hour.end - back, int(series.frontier[row]), hour.memory.gap_end, hour.memory.first_hour * 60)
    start = first + drop_onset(series.calls_between(row, first, hour.end), usual, unusual)
    episode = drop_episode(hour, row, start, view=drop.view, expected=drop.expected, score=drop.score)
    return OpenEpisode(episode, start, hour.start, usual, unusual, is_muted=False, is_silent=hour.is_silent)


def _take_for_undelivered(hour: Hour, drops: list[_Drop]) -> None:
    """Say why drops are not told, and hide their silence, so that it neither becomes usual nor makes a later drop.

    What fell silent with them, but is called too seldom for one hour to show it, lacks the hour as well.
    """
    series, parameters = hour.memory.series, hour.parameters
    rows = droppable_rows(hour)
    low = low_scores(hour, rows)
    is_silent = low.calls[:, 0] <= parameters.drop_max_share * low.expected_calls[:, 0]
    since = dict.fromkeys(rows[is_silent].tolist(), hour.start)
    for drop in drops:
        running = _open(hour, drop)
        hour.reasons.append(of_episode(running.episode, Verdict.MANY_DROPS))
        since[drop.row] = running.start
    for row, start in since.items():
        if series.subjects[row] not in hour.memory.open:
            series.hide(row, start, hour.end, hour=hour.index)
            series.frontier[row] = hour.end


def _follow(hour: Hour, row: int, running: OpenEpisode, told: list[Episode]) -> None:
    series, parameters = hour.memory.series, hour.parameters
    longest = running.start + parameters.level_shift_hours * 60
    calls = series.raw_hours[hour.index % RAW_HOURS, row]
    expected = series.rate[hour.index % MINUTE_HOURS, row] * 60.0
    if calls >= parameters.drop_end_share * expected:
        counts = series.calls_between(row, running.start, min(hour.end, longest))
        end = running.start + drop_length(counts, running.usual_rate, running.unusual_rate)
        _close(hour, row, running, end, told, is_level_shift=False)
    elif longest <= hour.end:
        _close(hour, row, running, longest, told, is_level_shift=True)
    else:
        series.hide(row, hour.start, hour.end, hour=hour.index)


def _close(hour: Hour, row: int, running: OpenEpisode, end: int, told: list[Episode], *, is_level_shift: bool) -> None:
    series = hour.memory.series
    del hour.memory.open[series.subjects[row]]
    series.show(row, running.start, max(hour.start, end), hour=hour.index)
    series.hide(row, running.start, end, hour=hour.index)
    series.frontier[row] = end
    series.drop_mute_until[row] = end + int(hour.parameters.cooldown_days * 24 * 60)
    if is_level_shift:
        accept_level(hour, row, running.start, end)
    if running.is_told:
        total = Rate(int(series.calls_between(row, running.start, end).sum()), end - running.start)
        told.append(
            running.episode.closed(total=total, end_minute=end, closed_minute=hour.end, level_shift=is_level_shift)
        )


def _open_drops(hour: Hour) -> list[tuple[Subject, OpenEpisode]]:
    drops = [(s, running) for s, running in hour.memory.open.items() if running.episode.direction is Direction.DROP]
    return sorted(drops, key=lambda item: item[0].sort_key())
