"""Plain records: every series judged against its own most unusual day of four weeks, and little else.

The method ours grew out of, written anew and without ours' code: score of the negative binomial's deviance over windows
of 1 to 240 minutes, a series' own record as its threshold, start and end by likelihood, cool-down, onboarding, a pool
of first denials, drops. Left out: that an insight still going on is told again when it doubles. A change of level
counts from the next whole hour on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.counting import HOUR
from benchmarks.detection.plain_counts import Bools, Cells, Floats, Ints
from benchmarks.detection.plain_drops import Drops
from benchmarks.detection.plain_episodes import COOLDOWN_MINUTES, Episode, begun, carry_on
from benchmarks.detection.plain_memory import POOL_WINDOWS, WINDOWS, Factors, Memory, upper_score
from benchmarks.detection.scoring import Alarm

_NOW = 4 * HOUR  # where the hour begins in the memory's five hours
_COUNT_SCORE, _POOL_CALLS, _LEAST_RATIO = 5.0, 8.0, 2.0
_COOLDOWN_RATIO = 1.5
_ONBOARDING_MINUTES = 3 * 1440
_LONGEST_MINUTES = 8 * HOUR


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows that end in minutes with calls (m): calls, expectation and score of every length (m × 5)."""

    row: Ints
    minute: Ints
    calls: Floats
    expected: Floats
    score: Floats

    def part(self, chosen: Bools) -> Windows:
        """Give some of the minutes."""
        return Windows(
            self.row[chosen], self.minute[chosen], self.calls[chosen], self.expected[chosen], self.score[chosen]
        )


def alarms(cells: Cells, factors: Factors) -> list[Alarm]:
    """Judge a population hour by hour, knowing nothing of what comes later."""
    detector = _Detector(cells, factors)
    for hour in range(cells.delivered.shape[1]):
        detector.judge(hour)
    return [*detector.alarms(), *detector.drops.alarms(cells)]


class _Detector:
    def __init__(self, cells: Cells, factors: Factors) -> None:
        self.cells, self.memory, self.factors = cells, Memory(cells, factors), factors
        self.drops = Drops(cells)
        self.open: dict[int, Episode] = {}
        self.told: list[Episode] = []
        self.muted_until = np.zeros(len(cells.series))
        self.peak = np.zeros((len(cells.series), len(WINDOWS)))
        self.services: dict[tuple[int, str], int] = {}
        self.windows_of = np.where(cells.is_pool[:, None], POOL_WINDOWS, np.ones(len(WINDOWS), dtype=bool))

    def alarms(self) -> list[Alarm]:
        """Give the insights so far."""
        return [
            Alarm(self.cells.series[e.row], e.start, max(e.end, e.start + 1), e.spoke_at, e.score) for e in self.told
        ]

    def judge(self, hour: int) -> None:
        """Judge an hour, then learn it."""
        memory = self.memory
        rate = memory.begin_hour(hour)
        has_calls = memory.calls[:, _NOW:] > 0
        found = self._windows(np.flatnonzero(has_calls.any(axis=1)), has_calls)
        is_unusual = self._unusual(found, hour).any(axis=1)
        touched = [int(row) for row in {*found.row[is_unusual].tolist(), *self.open} if memory.minutes[row, hour]]
        for row in touched:
            self._follow(row, hour, rate, has_calls)
        self.drops.judge(memory, hour, rate)
        memory.learn(hour, rate)
        untouched = found.part(~np.isin(found.row, touched))
        for kept in (untouched, self._windows(np.array(touched, dtype=np.int64), has_calls)):
            memory.remember(hour // 24, kept.row, kept.calls, kept.expected, kept.score)

    def _windows(self, rows: Ints, has_calls: Bools) -> Windows:
        """Score the windows that end in minutes with calls of some series."""
        at, minute = np.nonzero(has_calls[rows])
        row, end = rows[at], minute[:, None] + _NOW + 1
        calls, expected = _sums(self.memory.calls[rows]), _sums(self.memory.expected[rows])
        begin = end - WINDOWS
        seen = calls[at[:, None], end] - calls[at[:, None], begin]
        usual = expected[at[:, None], end] - expected[at[:, None], begin]
        share = self.memory.error_share[row]
        errors = np.flatnonzero(share > 0)
        if errors.size:  # errors that come with more calls are no news
            apis, which = np.unique(self.cells.calls_of[row[errors]], return_inverse=True)
            volume = _sums(self.memory.calls[apis])[which]
            of = np.take_along_axis(volume, end[errors], 1) - np.take_along_axis(volume, begin[errors], 1)
            usual[errors] = np.maximum(usual[errors], share[errors, None] * of)
        return Windows(row, minute, seen, usual, upper_score(seen, usual, self.memory.size[row]))

    def _unusual(self, found: Windows, hour: int) -> Bools:
        """Tell which windows pass a rule: the record's or the largest count's, and are large enough (m × 5)."""
        memory, row = self.memory, found.row
        passes = found.score >= memory.threshold[row]
        passes |= (found.calls > memory.count_threshold[row]) & (found.score >= _COUNT_SCORE)
        passes &= found.calls - found.expected >= self.factors.min_excess
        passes &= (found.calls >= _POOL_CALLS) | ~self.cells.is_pool[row, None]
        passes &= (found.calls >= _LEAST_RATIO * found.expected) & self.windows_of[row]
        return passes & memory.is_judged(hour)[row, None]

    def _follow(self, row: int, hour: int, rate: Floats, has_calls: Bools) -> None:
        """Follow the episodes of a series through an hour, and replace their minutes by what was expected."""
        memory, minute = self.memory, 0
        calls = memory.calls[row].copy()
        while minute < HOUR:
            episode = self.open.get(row) or self._begin(row, hour, minute, has_calls)
            if episode is None:
                return
            if row not in self.open:
                minute = max(minute, episode.best_at - hour * HOUR)
                self.open[row] = episode
            is_over = carry_on(episode, calls[_NOW:], hour, minute, max(rate[row], 1e-6), _LONGEST_MINUTES)
            self._speak(episode, hour, calls)
            end = episode.end if is_over else (hour + 1) * HOUR
            replaced = slice(max(episode.start - hour * HOUR + _NOW, 0), max(end - hour * HOUR + _NOW, 0))
            self._replace(row, hour, replaced, has_calls)
            if not is_over:
                return
            if episode.is_long:
                memory.accept_level(row, episode.start // HOUR, hour)
            del self.open[row]
            minute = max(end - hour * HOUR, 0)

    def _begin(self, row: int, hour: int, first: int, has_calls: Bools) -> Episode | None:
        """Begin an episode at the first unusual minute from one on, or give None."""
        later = has_calls & (np.arange(HOUR) >= first) if first else has_calls
        found = self._windows(np.array([row]), later)
        is_unusual = self._unusual(found, hour)
        which = np.flatnonzero(is_unusual.any(axis=1))
        if not which.size:
            return None
        at = which[0]
        ratio = np.where(is_unusual[at], found.score[at] / self.memory.threshold[row], -1)
        window = int(ratio.argmax())
        length, trigger = int(WINDOWS[window]), int(found.minute[at]) + _NOW + 1
        episode = begun(
            self.memory.calls[row, :trigger],
            found.calls[at, window] / length,
            found.expected[at, window] / length,
            2 * max(length, 15),
        )
        origin = hour * HOUR - _NOW
        episode.row, episode.score, episode.peak = row, float(found.score[at, window]), found.calls[at].copy()
        episode.start, episode.best_at, episode.spoke_at = episode.start + origin, trigger + origin, trigger + origin
        episode.is_held = self._is_held(episode)
        return episode

    def _is_held(self, episode: Episode) -> bool:
        """Tell whether another new series of the service has spoken: in an account older than a day, for three days."""
        row, begin = episode.row, self.memory.first_hour[episode.row]
        is_new = begin >= self.memory.account_since[row] + 24 and episode.spoke_at - begin * HOUR < _ONBOARDING_MINUTES
        if not is_new or self.cells.is_pool[row] or self._is_repeat(episode):
            return False
        service = int(self.cells.place[row]), self.cells.series[row].event_source
        is_held = episode.spoke_at - self.services.get(service, -_ONBOARDING_MINUTES) < _ONBOARDING_MINUTES
        if not is_held:
            self.services[service] = episode.spoke_at
        return bool(is_held)

    def _is_repeat(self, episode: Episode) -> bool:
        row = episode.row
        exceeds = (episode.peak > _COOLDOWN_RATIO * self.peak[row]) & self.windows_of[row]
        return bool(episode.start < self.muted_until[row] and not exceeds.any())

    def _speak(self, episode: Episode, hour: int, calls: Floats) -> None:
        """Tell an episode that is no repeat and not held back; both mute the series for eight days after their end."""
        row, sums = episode.row, _sums(calls[None])[0]
        if not episode.is_told and not self._is_repeat(episode) and not episode.is_held:
            self._tell(episode)
        ends = np.arange(max(episode.start - hour * HOUR + 1, 1), min(episode.end - hour * HOUR, HOUR) + 1) + _NOW
        if ends.size:
            counts = (sums[ends[:, None]] - sums[ends[:, None] - WINDOWS]).max(axis=0)
            episode.peak = np.maximum(episode.peak, counts)
        if not episode.is_told and not self._is_repeat(episode) and not episode.is_held:
            episode.spoke_at = max(episode.end, episode.spoke_at)  # it grew beyond what it repeated
            self._tell(episode)
        is_muted = episode.start < self.muted_until[row]
        self.peak[row] = np.maximum(episode.peak, self.peak[row]) if is_muted else episode.peak
        self.muted_until[row] = episode.end + COOLDOWN_MINUTES

    def _tell(self, episode: Episode) -> None:
        episode.is_told = True
        self.told.append(episode)

    def _replace(self, row: int, hour: int, part: slice, has_calls: Bools) -> None:
        """Learn minutes of an episode as what was expected of them; correct hours that were learnt already."""
        memory = self.memory
        change = np.zeros(5 * HOUR)
        change[part] = memory.expected[row, part] - memory.calls[row, part]
        memory.calls[row] += change
        for back in range(1, min(4, hour) + 1):
            memory.learnt[row, hour - back] += change[_NOW - back * HOUR : _NOW - (back - 1) * HOUR].sum()
        has_calls[row, max(part.start - _NOW, 0) : max(part.stop - _NOW, 0)] = False


def _sums(values: Floats) -> Floats:
    """Give sums up to every minute, beginning with 0 (n × minutes + 1)."""
    return np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
