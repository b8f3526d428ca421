"""What is kept of every series of one account × Region: bounded arrays, however long the history.

Hours, minutes and days are whole numbers since 1970-01-01T00:00Z; a ring of length R keeps hour h in slot h % R. One
axis of every array is the series. Spare rows beyond the series in use are inert, so that whole arrays can be worked on.
About 24 KB a series: its minutes of nine hours, its hours of 28 days, of 35 days one record per window and day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insights.statistics.subjects import Api, Subject

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MINUTE_HOURS = 9
"""An episode is at most 8 hours old, and lies anywhere in its hours."""

WINDOW_HOURS = 5
"""The hour judged and the four before it, for the longest window."""

RATE_HOURS = 24
RAW_HOURS = 9 * 24
"""The reported baseline reaches back eight days at most, from a start that may be eight hours old."""

LEARNT_DAYS = 28
LEARNT_HOURS = LEARNT_DAYS * 24 + 8
"""The same hour of the week four times, with its two neighbours."""

RECORD_DAYS = 35
"""A job that runs once a month, at most 31 days apart, finds its last run among its records."""

MOMENT_DAYS = 7
NEVER = -(2**40)


class SeriesMemory:
    """The arrays, named below with their shape (n = series, w = windows, v = views that drops are looked for in)."""

    minutes: NDArray[np.int32]  # (9, n, 60) calls as they were
    clean: NDArray[np.float32]  # (9, n, 60) calls, with the minutes of episodes replaced by their expectation
    active: NDArray[np.float32]  # (9, n, 60) 1 for a minute with calls; of episodes, their expectation
    rate: Floats  # (9, n) expected calls per minute; 0 in hours without data
    active_rate: Floats  # (9, n) expected minutes with calls per minute; 0 in hours without data
    profile: Floats  # (24, n) the same of hours without data too, at the level now accepted
    raw_hours: Ints  # (216, n) calls as they were
    learnt_hours: NDArray[np.float32]  # (680, n) clean calls
    active_hours: NDArray[np.float32]  # (680, n) clean minutes with calls
    week: Floats  # (n) clean calls of the last 168 hours
    active_week: Floats  # (n) clean minutes with calls of the last 168 hours
    level_since: Ints  # (n) the hour an accepted change of level began, NEVER once it is learnt
    record_calls: Floats  # (35, n, w) calls, or minutes with calls, of each day's most unusual window
    record_expected: Floats  # (35, n, w) what had been expected of it
    maximum: Floats  # (35, n, w) each day's largest count
    has_calls: Bools  # (35, n) whether the day had a call
    busiest: NDArray[np.int32]  # (35, n) each day's largest count of an hour, calls as they were
    low_counted: Floats  # (35, n, v) what each day's most unusually low hours counted, in each of `drop_views`
    low_expected: Floats  # (35, n, v) what had been expected of them, 0 without any
    today_score: Floats  # (n, w) score of today's record so far
    today_low: Floats  # (n, v) the same of the low hours
    squares: Floats  # (7, n, w) Σ L² of each day
    excess: Floats  # (7, n, w) Σ ((S−L)² − L) of each day
    size: Floats  # (n, w) k, as of midnight
    threshold: Floats  # (n, w) score to reach, as of midnight, for a series of full age
    record_day: Ints  # (n, w) the day whose record made that threshold
    record_count: Floats  # (n, w) the calls of that record
    largest: Floats  # (n, w) the largest count of 35 days
    low_record: Floats  # (n, v) score of the lowest hours of 35 days
    low_record_day: Ints  # (n, v)
    low_record_count: Floats  # (n, v)
    is_new: Bools  # (n) no call in the 35 days before today
    is_dense: Bools  # (n) a call in most hours
    cooldown_until: Ints  # (n) minute
    cooldown_peak: Floats  # (n, w)
    spoke_at: Ints  # (n) minute of the alarm that the peak is of, NEVER without one
    drop_mute_until: Ints  # (n) minute
    frontier: Ints  # (n) the minute the last episode ended
    born: Ints  # (n) hour of the first call
    api: Ints  # (n) number of the operation
    is_used: Bools  # (n) not a spare row
    is_judged: Bools  # (n)
    is_error: Bools  # (n)
    is_pool: Bools  # (n)

    def __init__(self, windows: int, views: int, capacity: int = 64) -> None:
        self.windows, self.views = windows, views
        self.subjects: list[Subject] = []
        self.index: dict[Subject, int] = {}
        self.apis: dict[Api, int] = {}
        self._asked: tuple[tuple[Subject, ...], Ints] | None = None
        for name, (before, after, dtype, fill) in self._layout().items():
            setattr(self, name, np.full((*before, capacity, *after), fill, dtype=dtype))

    @property
    def capacity(self) -> int:
        """Rows in use and to spare."""
        return int(self.born.shape[0])

    def add(
        self,
        subject: Subject,
        *,
        hour: int,
        new_score: Sequence[float],
        size: float,
        rate_by_hour: Floats,
        base_rate: float,
    ) -> int:
        """Begin to remember a series and give its row.

        Args:
            subject: the series.
            hour: the hour of its first call.
            new_score: the threshold of each window while nothing else is known of it.
            size: the negative binomial's size until moments are known.
            rate_by_hour: what was expected of it in each slot of `rate`.
            base_rate: the same, for `profile`.
        """
        if len(self.subjects) == self.capacity:
            self._take_rows(list(range(self.capacity)), capacity=self.capacity * 2)
        row = len(self.subjects)
        self.subjects.append(subject)
        self.index[subject] = row
        self.api[row] = self.apis.setdefault(subject.api, len(self.apis))
        self.born[row], self.is_used[row] = hour, True
        self.is_judged[row], self.is_error[row], self.is_pool[row] = (
            subject.is_judged,
            subject.is_error,
            subject.is_pool,
        )
        self.threshold[row], self.size[row] = new_score, size
        self.rate[:, row], self.profile[:, row] = rate_by_hour, base_rate
        self.active_rate[:, row] = rate_by_hour
        return row

    def rows_of(self, subjects: tuple[Subject, ...]) -> Ints:
        """Give the rows of subjects, −1 where there is none yet, in an array that whoever adds one brings up to date.

        The answer is kept for as long as the same tuple is asked for: a row is looked up once, not once an hour.
        """
        if self._asked is None or self._asked[0] is not subjects:
            found = (self.index.get(subject, -1) for subject in subjects)
            self._asked = subjects, np.fromiter(found, dtype=np.int64, count=len(subjects))
        return self._asked[1]

    def keep(self, rows: Iterable[int]) -> None:
        """Forget every series but these; rows are numbered anew."""
        kept = list(rows)
        self._asked = None
        self._take_rows(kept, capacity=max(64, len(kept) + len(kept) // 4))
        self.subjects = [self.subjects[row] for row in kept]
        self.index = {subject: row for row, subject in enumerate(self.subjects)}
        self.apis = {}
        self.api[: len(kept)] = [self.apis.setdefault(subject.api, len(self.apis)) for subject in self.subjects]

    def copy(self) -> SeriesMemory:
        """Give a memory that may be changed without changing this one."""
        twin = SeriesMemory(self.windows, self.views, capacity=1)
        twin.subjects, twin.index, twin.apis = list(self.subjects), dict(self.index), dict(self.apis)
        for name in self._layout():
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def calls_between(self, row: int, start: int, end: int) -> Ints:
        """Give the calls as they were of each minute from `start` to before `end`, within the last nine hours."""
        hours = np.arange(start // 60, (end - 1) // 60 + 1)
        calls: Ints = self.minutes[hours % MINUTE_HOURS, row].reshape(-1).astype(np.int64)
        return calls[start - hours[0] * 60 : end - hours[0] * 60]

    def hide(self, row: int, start: int, end: int, *, hour: int) -> None:
        """Replace minutes of the last nine hours by their expectation, so that nothing is learnt from them."""
        self._rewrite(row, start, end, hour=hour, is_hidden=True)

    def show(self, row: int, start: int, end: int, *, hour: int) -> None:
        """Put minutes back as they were; `hour` is the one that is not learnt yet."""
        self._rewrite(row, start, end, hour=hour, is_hidden=False)

    def _rewrite(self, row: int, start: int, end: int, *, hour: int, is_hidden: bool) -> None:
        for touched in range(start // 60, (end - 1) // 60 + 1):
            slot = touched % MINUTE_HOURS
            part = slice(max(start - touched * 60, 0), min(end - touched * 60, 60))
            calls = self.minutes[slot, row, part]
            self.clean[slot, row, part] = self.rate[slot, row] if is_hidden else calls
            self.active[slot, row, part] = self.active_rate[slot, row] if is_hidden else calls > 0
            if touched < hour:
                for minutes, hours, week in (
                    (self.clean, self.learnt_hours, self.week),
                    (self.active, self.active_hours, self.active_week),
                ):
                    learnt = minutes[slot, row].sum(dtype=np.float64)
                    week[row] += learnt - hours[touched % LEARNT_HOURS, row]
                    hours[touched % LEARNT_HOURS, row] = learnt

    def arrays(self) -> Iterator[tuple[str, NDArray[Any], tuple[int, ...]]]:
        """Yield each array with its name and its axes before that of the series."""
        for name, (before, _, _, _) in self._layout().items():
            yield name, getattr(self, name), before

    def _take_rows(self, rows: list[int], *, capacity: int) -> None:
        for name, (before, after, dtype, fill) in self._layout().items():
            fresh = np.full((*before, capacity, *after), fill, dtype=dtype)
            at = (slice(None),) * len(before)
            fresh[(*at, slice(len(rows)))] = getattr(self, name)[(*at, rows)]
            setattr(self, name, fresh)

    def _layout(self) -> dict[str, tuple[tuple[int, ...], tuple[int, ...], Any, Any]]:
        """Give each array's axes before and after that of the series, its type and its first value."""
        w, v, days, moments = (self.windows,), (self.views,), (RECORD_DAYS,), (MOMENT_DAYS,)
        return {
            "minutes": ((MINUTE_HOURS,), (60,), np.int32, 0),
            "clean": ((MINUTE_HOURS,), (60,), np.float32, 0),
            "active": ((MINUTE_HOURS,), (60,), np.float32, 0),
            "rate": ((MINUTE_HOURS,), (), np.float64, 0),
            "active_rate": ((MINUTE_HOURS,), (), np.float64, 0),
            "profile": ((RATE_HOURS,), (), np.float64, 0),
            "raw_hours": ((RAW_HOURS,), (), np.int64, 0),
            "learnt_hours": ((LEARNT_HOURS,), (), np.float32, 0),
            "active_hours": ((LEARNT_HOURS,), (), np.float32, 0),
            "week": ((), (), np.float64, 0),
            "active_week": ((), (), np.float64, 0),
            "level_since": ((), (), np.int64, NEVER),
            "record_calls": (days, w, np.float64, 0),
            "record_expected": (days, w, np.float64, 0),
            "maximum": (days, w, np.float64, 0),
            "has_calls": (days, (), np.bool_, False),
            "busiest": (days, (), np.int32, 0),
            "low_counted": (days, v, np.float64, 0),
            "low_expected": (days, v, np.float64, 0),
            "today_score": ((), w, np.float64, 0),
            "today_low": ((), v, np.float64, 0),
            "squares": (moments, w, np.float64, 0),
            "excess": (moments, w, np.float64, 0),
            "size": ((), w, np.float64, 1),
            "threshold": ((), w, np.float64, np.inf),
            "record_day": ((), w, np.int64, NEVER),
            "record_count": ((), w, np.float64, 0),
            "largest": ((), w, np.float64, 0),
            "low_record": ((), v, np.float64, 0),
            "low_record_day": ((), v, np.int64, NEVER),
            "low_record_count": ((), v, np.float64, 0),
            "is_new": ((), (), np.bool_, True),
            "is_dense": ((), (), np.bool_, False),
            "cooldown_until": ((), (), np.int64, NEVER),
            "cooldown_peak": ((), w, np.float64, 0),
            "spoke_at": ((), (), np.int64, NEVER),
            "drop_mute_until": ((), (), np.int64, NEVER),
            "frontier": ((), (), np.int64, NEVER),
            "born": ((), (), np.int64, -NEVER),
            "api": ((), (), np.int64, -1),
            "is_used": ((), (), np.bool_, False),
            "is_judged": ((), (), np.bool_, False),
            "is_error": ((), (), np.bool_, False),
            "is_pool": ((), (), np.bool_, False),
        }
