"""Drops of plain records: busy series with almost no calls in an hour that should have many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.counting import HOUR
from benchmarks.detection.plain_counts import Cells, Floats, Ints
from benchmarks.detection.plain_episodes import COOLDOWN_MINUTES
from benchmarks.detection.plain_memory import Memory, lower_score
from benchmarks.detection.scoring import Alarm

_LEAST_EXPECTED, _MOST_SHARE, _END_SHARE = 30.0, 0.2, 0.5
_LEAST_SCORE, _RECORD_FACTOR = 5.5, 1.4
_MOST_AT_ONCE = 3
_LONGEST_HOURS = 8


@dataclass(slots=True)
class _Drop:
    row: int
    start_hour: int
    end_hour: int
    score: float
    is_told: bool


class Drops:
    """The drops so far."""

    def __init__(self, cells: Cells) -> None:
        self._place = cells.place
        self._is_judged = cells.is_judged & ~cells.is_pool
        self._open: dict[int, _Drop] = {}
        self._told: list[_Drop] = []
        self._muted_until = np.zeros(len(cells.series))

    def alarms(self, cells: Cells) -> list[Alarm]:
        """Give the insights so far."""
        return [
            Alarm(cells.series[d.row], d.start_hour * HOUR, d.end_hour * HOUR, (d.start_hour + 1) * HOUR, d.score)
            for d in self._told
        ]

    def judge(self, memory: Memory, hour: int, rate: Floats) -> None:
        """Judge an hour: at most a fifth of at least 30 calls, a score above 5.5 and 1.4 times the own record."""
        seen, expected = memory.raw[:, hour], rate * HOUR
        is_busy = memory.is_dense & (expected >= _LEAST_EXPECTED) & (memory.minutes[:, hour] > 0)
        rows = np.flatnonzero(is_busy & memory.is_judged(hour) & self._is_judged)
        score = lower_score(seen[rows], expected[rows], memory.size[rows, 3])
        is_low = (seen[rows] <= _MOST_SHARE * expected[rows]) & (score > _LEAST_SCORE)
        is_low &= score > _RECORD_FACTOR * memory.lowest_score[rows]
        for row in list(self._open):
            if memory.minutes[row, hour]:
                self._carry_on(self._open[row], memory, hour, bool(seen[row] < _END_SHARE * expected[row]))
        is_new = is_low & ~np.isin(rows, list(self._open))
        for row, found in self._apart(rows[is_new], score[is_new]):
            drop = _Drop(row, hour, hour + 1, found, is_told=hour >= self._muted_until[row])
            self._open[row] = drop
            if drop.is_told:
                self._told.append(drop)
            self._carry_on(drop, memory, hour, is_low=True)
        is_usual = ~np.isin(rows, list(self._open))
        usual = rows[is_usual]
        memory.lowest[usual, hour // 24] = np.maximum(memory.lowest[usual, hour // 24], score[is_usual])

    def _apart(self, rows: Ints, score: Floats) -> list[tuple[int, float]]:
        """Leave out places where more than three fall at once: that is a delivery problem."""
        number = np.bincount(self._place[rows], minlength=self._place.max() + 1)
        return [(int(r), float(s)) for r, s in zip(rows, score, strict=True) if number[self._place[r]] <= _MOST_AT_ONCE]

    def _carry_on(self, drop: _Drop, memory: Memory, hour: int, is_low: bool) -> None:
        """Go on while less than half is seen; after eight hours that is the new normal. Low hours teach nothing."""
        if not is_low:
            del self._open[drop.row]
            return
        drop.end_hour = hour + 1
        self._muted_until[drop.row] = hour + 1 + COOLDOWN_MINUTES // HOUR
        memory.calls[drop.row, 4 * HOUR :] = memory.expected[drop.row, 4 * HOUR :]
        if hour + 1 - drop.start_hour > _LONGEST_HOURS:
            memory.accept_level(drop.row, drop.start_hour, hour)
            del self._open[drop.row]
