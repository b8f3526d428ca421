"""From hours that are far too quiet to drops. Only busy series can drop, and only call rates are judged for it.

A drop is seen by whole hours; its start and end are then found to the minute. Many at once are a delivery problem.
"""

from __future__ import annotations

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
    rows, score, expected = _candidates(hour)
    if len(rows) + len(_open_drops(hour)) > hour.parameters.drop_max_at_once:
        for row, its_score, its_expected in zip(rows.tolist(), score.tolist(), expected.tolist(), strict=True):
            episode = _open(hour, row, its_score, its_expected).episode
            hour.reasons.append(of_episode(episode, Verdict.MANY_DROPS))
        return told
    for row, its_score, its_expected in zip(rows.tolist(), score.tolist(), expected.tolist(), strict=True):
        running = _open(hour, row, its_score, its_expected)
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


def low_scores(hour: Hour, rows: Ints) -> tuple[Floats, Floats, Floats]:
    """Score the hour's counts of series against what is expected: (calls, expected, score)."""
    series = hour.memory.series
    calls = series.clean[hour.index % MINUTE_HOURS, rows].sum(axis=1, dtype=np.float64)
    expected = series.rate[hour.index % MINUTE_HOURS, rows] * 60.0
    return calls, expected, lower_score(calls, expected, series.size[rows, hour.parameters.hour_window])


def droppable_rows(hour: Hour) -> Ints:
    """Give the dense, judged call series of which enough is expected in this hour."""
    series = hour.memory.series
    expected = series.rate[hour.index % MINUTE_HOURS] * 60.0
    is_able = series.is_dense & series.is_judged & ~series.is_error
    return np.flatnonzero(is_able & (expected >= hour.parameters.drop_min_expected_calls))


def _candidates(hour: Hour) -> tuple[Ints, Floats, Floats]:
    series, parameters = hour.memory.series, hour.parameters
    rows = droppable_rows(hour)
    is_open = np.isin(rows, [series.index[subject] for subject in hour.memory.open])
    rows = rows[~is_open & (series.drop_mute_until[rows] <= hour.start)]
    calls, expected, score = low_scores(hour, rows)
    least = np.maximum(parameters.drop_min_score, parameters.drop_record_factor * series.low_record[rows])
    has_record = (series.low_expected[:, rows] > 0).sum(axis=0) >= parameters.drop_min_record_days
    is_drop = has_record & (calls <= parameters.drop_max_share * expected) & (score > least)
    return rows[is_drop], score[is_drop], expected[is_drop]


def _open(hour: Hour, row: int, score: float, expected: float) -> OpenEpisode:
    series, parameters = hour.memory.series, hour.parameters
    calls = int(series.raw_hours[hour.index % RAW_HOURS, row])
    usual, unusual = expected / 60, max(float(calls), parameters.prior_calls) / 60
    back = parameters.search_back_windows * 60
    first = max(hour.end - back, int(series.frontier[row]), hour.memory.gap_end, hour.memory.first_hour * 60)
    start = first + drop_onset(series.calls_between(row, first, hour.end), usual, unusual)
    episode = drop_episode(hour, row, start, calls=calls, expected=expected, score=score)
    return OpenEpisode(episode, start, hour.start, usual, unusual, is_muted=False, is_silent=hour.is_silent)


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
