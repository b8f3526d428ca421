"""From unusual minutes to spikes: open, follow, close, hour by hour.

Expects few unusual series an hour: they are taken one at a time, in order of time, and scored again after each episode,
whose minutes then count as expected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insights.records.insight import Rate
from insights.records.series import Direction
from insights.statistics.coverage import instant_of
from insights.statistics.episodes import Episode, OpenEpisode
from insights.statistics.evidence import spike_episode
from insights.statistics.levels import accept_level
from insights.statistics.likelihood import follow_spike, spike_onset
from insights.statistics.muting import is_onboarded, loud_windows, note_end, note_opening
from insights.statistics.place import Hour
from insights.statistics.reasons import Verdict, of_episode, of_scores
from insights.statistics.subjects import Subject
from insights.statistics.unusual import HourScores, score_hour

Ints = NDArray[np.int64]


def judge_spikes(hour: Hour) -> tuple[list[Episode], HourScores]:
    """Follow the open spikes through the hour and look for new ones.

    Returns:
        The episodes to be told: each when it opens and when it closes, once if both fall into this hour. And the scores
        of the series that had no unusual minute.
    """
    memory = hour.memory
    told: list[Episode] = []
    for subject, running in _open_spikes(hour):
        del memory.open[subject]
        _follow(hour, memory.series.index[subject], running, told)
    scores = score_hour(hour, judged_rows(hour))
    hour.reasons.extend(of_scores(hour, scores, scores.is_small, Verdict.TOO_FEW))
    # Where several share one insight, the one that speaks first has it, however much of the hour is known.
    unusual = np.flatnonzero(scores.is_unusual.any(axis=0))
    unusual_rows, first = np.unique(scores.row[unusual], return_index=True)
    for row in unusual_rows[np.argsort(scores.minute[unusual][first], kind="stable")].tolist():
        _judge_series(hour, row, scores.where(scores.row == row), told)
    return told, scores.where(~np.isin(scores.row, unusual_rows)) if unusual_rows.size else scores


def end_spikes(hour: Hour) -> list[Episode]:
    """End the open spikes where they were last at their height: an hour without data shows no more of them."""
    told: list[Episode] = []
    for subject, running in _open_spikes(hour):
        row = hour.memory.series.index[subject]
        del hour.memory.open[subject]
        hour.memory.series.show(row, running.start, hour.start, hour=hour.index)
        counts = hour.memory.series.calls_between(row, running.start, hour.start)
        span = follow_spike(counts, running.usual_rate, hour.parameters, seen=running.seen_minutes)
        _close(hour, row, running, running.start + span.minutes, told, is_level_shift=False)
    return told


def judged_rows(hour: Hour) -> Ints:
    """Give the judged series with a call in the hour and no open episode."""
    series = hour.memory.series
    is_active = series.is_judged & series.minutes[hour.index % len(series.minutes)].any(axis=1)
    is_active[[series.index[subject] for subject in hour.memory.open]] = False
    return np.flatnonzero(is_active)


def _open_spikes(hour: Hour) -> list[tuple[Subject, OpenEpisode]]:
    spikes = [(s, running) for s, running in hour.memory.open.items() if running.episode.direction is Direction.SPIKE]
    return sorted(spikes, key=lambda item: item[0].sort_key())


def _judge_series(hour: Hour, row: int, scores: HourScores, told: list[Episode]) -> None:
    """Take the unusual minutes of one series in order of time until none is left or an episode stays open."""
    while True:
        cells = np.flatnonzero(
            scores.is_unusual.any(axis=0) & (scores.minute + hour.start >= hour.memory.series.frontier[row])
        )
        if not cells.size:
            return
        running = _open(hour, row, scores, int(cells[0]), not_before=int(hour.memory.series.frontier[row]))
        if not _follow(hour, row, running, told):
            return
        scores = score_hour(hour, np.array([row]))


def _open(hour: Hour, row: int, scores: HourScores, cell: int, *, not_before: int) -> OpenEpisode:
    """Open a spike for an unusual minute: choose the window that says it most clearly, and find the start."""
    series, parameters = hour.memory.series, hour.parameters
    loud = loud_windows(hour, row, scores)[:, cell]
    chosen = loud if loud.any() else scores.is_unusual[:, cell]
    by_record = scores.score[:, cell] / scores.threshold[:, cell]
    by_maximum = scores.counted[:, cell] / (parameters.count_factor * np.maximum(series.largest[row], 1.0))
    strength = np.where(scores.by_record[:, cell], by_record, by_maximum)
    window = int(np.argmax(np.where(chosen, strength, 0.0)))
    minutes = parameters.windows[window]
    usual = float(scores.usual_calls[window, cell]) / minutes
    trigger = hour.start + int(scores.minute[cell])
    back = parameters.search_back_windows * max(minutes, parameters.quiet_minutes)
    back = min(back, parameters.level_shift_hours * 60 - 1)
    first = max(trigger - back, not_before, hour.memory.gap_end, hour.memory.first_hour * 60)
    start = first + spike_onset(series.calls_between(row, first, trigger + 1), usual)
    episode = spike_episode(hour, row, start, scores, cell=cell, window=window)
    unusual = episode.detection.calls / minutes
    running = OpenEpisode(episode, start, trigger, usual, unusual, not loud.any(), hour.is_silent)
    hour.reasons.append(of_episode(episode, _verdict(hour, row, running)))
    note_opening(hour, row, running)
    return running


def _verdict(hour: Hour, row: int, running: OpenEpisode) -> Verdict:
    if running.is_muted:
        return Verdict.NEW_SERVICE if is_onboarded(hour, row) else Verdict.REPEAT
    return Verdict.TOLD


def _follow(hour: Hour, row: int, running: OpenEpisode, told: list[Episode]) -> bool:
    """Follow a spike to the end of the hour; tell whether it is over."""
    series, parameters = hour.memory.series, hour.parameters
    series.show(row, running.start, hour.end, hour=hour.index)
    longest = running.start + parameters.level_shift_hours * 60
    counts = series.calls_between(row, running.start, min(hour.end, longest))
    span = follow_spike(counts, running.usual_rate, parameters, seen=running.seen_minutes)
    end = running.start + span.minutes
    if running.is_muted:
        woken = _woken(hour, row, running, before=end if span.is_over else hour.end)
        if woken is not None:
            series.frontier[row] = woken.start
            if running.start < woken.start:
                series.hide(row, running.start, woken.start, hour=hour.index)
            return _follow(hour, row, woken, told)
    if span.is_over:
        _close(hour, row, running, end, told, is_level_shift=False)
        return True
    if longest <= hour.end:
        _close(hour, row, running, longest, told, is_level_shift=True)
        return True
    series.hide(row, running.start, hour.end, hour=hour.index)
    hour.memory.open[series.subjects[row]] = running
    if running.is_told and running.episode.detected_at == instant_of(hour.end):
        told.append(running.episode)
    return False


def _woken(hour: Hour, row: int, muted: OpenEpisode, *, before: int) -> OpenEpisode | None:
    """Find the first minute of a muted spike that exceeds what was told, and open the spike it belongs to."""
    scores = score_hour(hour, np.array([row]))
    minute = scores.minute + hour.start
    is_loud = loud_windows(hour, row, scores).any(axis=0) & (minute >= muted.start) & (minute < before)
    cells = np.flatnonzero(is_loud)
    return _open(hour, row, scores, int(cells[0]), not_before=muted.start) if cells.size else None


def _close(hour: Hour, row: int, running: OpenEpisode, end: int, told: list[Episode], *, is_level_shift: bool) -> None:
    series = hour.memory.series
    series.hide(row, running.start, end, hour=hour.index)
    series.frontier[row] = end
    note_end(hour, row, running, end)
    if is_level_shift:
        accept_level(hour, row, running.start, end)
    if running.is_told:
        total = Rate(int(series.calls_between(row, running.start, end).sum()), end - running.start)
        told.append(
            running.episode.closed(total=total, end_minute=end, closed_minute=hour.end, level_shift=is_level_shift)
        )
