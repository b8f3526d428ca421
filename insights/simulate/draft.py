"""One account × Region of a simulated population while it is being drawn: rows of the minute counts, and their cells.

Minutes and hours are counted from the population's start. A row is one key of `records.schemas.MINUTE_COUNTS`: an API,
or one of its errors. Cells of one row and minute add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from insights.records.series import InsightType, SeriesKey

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_MINUTES = 1440
CATEGORY = "Management"


@dataclass(frozen=True, slots=True)
class Row:
    """One key of the minute counts; without an error code it is success."""

    event_source: str
    event_name: str
    is_read_only: bool = False
    error_code: str | None = None


@dataclass(slots=True)
class Draft:
    """What is drawn so far. `delivered` tells of each hour whether anything of it was delivered."""

    account_id: str
    region: str
    minutes: int
    rng: np.random.Generator
    rows: list[Row] = field(default_factory=list)
    numbers: dict[Row, int] = field(default_factory=dict)
    delivered: NDArray[np.bool_] = field(default_factory=lambda: np.ones(0, dtype=bool))
    _known: tuple[Ints, Ints, Ints] = field(default_factory=lambda: (np.zeros(0, dtype=np.int64),) * 3)
    _added: list[tuple[Ints, Ints]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.delivered = np.ones(self.minutes // 60, dtype=bool)

    def number(self, row: Row) -> int:
        """Give the number of a row, and make it if it is new."""
        if row not in self.numbers:
            self.numbers[row] = len(self.rows)
            self.rows.append(row)
        return self.numbers[row]

    def add(self, row: ArrayLike, minute: ArrayLike, calls: ArrayLike = 1) -> None:
        """Add calls; what lies outside of the population's time is left out."""
        rows, minutes, counts = (np.ravel(a) for a in np.broadcast_arrays(row, minute, calls))
        inside = (minutes >= 0) & (minutes < self.minutes) & (counts > 0)
        key = rows[inside].astype(np.int64) * self.minutes + minutes[inside].astype(np.int64)
        self._added.append((key, counts[inside].astype(np.int64)))

    def cells(self) -> tuple[Ints, Ints, Ints]:
        """Give row, minute and calls of every cell, each pair of row and minute once, in order of row and minute."""
        if self._added:
            row, minute, calls = self._known
            key = np.concatenate([row * self.minutes + minute, *(keys for keys, _ in self._added)])
            calls = np.concatenate([calls, *(counts for _, counts in self._added)])
            order = np.argsort(key, kind="stable")
            key, calls = key[order], calls[order]
            first = np.flatnonzero(np.diff(key, prepend=-1))
            key, calls = key[first], np.add.reduceat(calls, first) if first.size else calls
            self._known, self._added = (key // self.minutes, key % self.minutes, calls), []
        return self._known

    def replace(self, row: Ints, minute: Ints, calls: Ints) -> None:
        """Put these cells in the place of all; those without calls fall away."""
        self._known, self._added = (np.zeros(0, dtype=np.int64),) * 3, []
        self.add(row, minute, calls)

    def by_minute(self, rows: Iterable[int], first: int, end: int) -> Ints:
        """Give the calls of some rows together in each minute of [first, end)."""
        row, minute, calls = self.cells()
        found = np.zeros(end - first, dtype=np.int64)
        for number in rows:
            low, high = np.searchsorted(row, (number, number + 1))
            low, high = low + np.searchsorted(minute[low:high], (first, end))
            found[minute[low:high] - first] += calls[low:high]
        return found

    def call_series(self, row: Row) -> SeriesKey:
        """Name the series that counts a row's API."""
        where = (self.account_id, self.region, CATEGORY, InsightType.CALL_RATE)
        return SeriesKey(*where, row.event_source, row.event_name)

    def error_series(self, row: Row) -> SeriesKey:
        """Name the series that counts a row's error."""
        where = (self.account_id, self.region, CATEGORY, InsightType.ERROR_RATE)
        return SeriesKey(*where, row.event_source, row.event_name, row.error_code)
