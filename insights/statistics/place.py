"""One account × Region as the detector remembers it, and the hour it is about to judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insights.statistics.counts import Cells, denied_apis
from insights.statistics.coverage import Place
from insights.statistics.episodes import OpenEpisode
from insights.statistics.memory import LEARNT_HOURS, MINUTE_HOURS, NEVER, RAW_HOURS, RECORD_DAYS, SeriesMemory
from insights.statistics.parameters import Parameters
from insights.statistics.subjects import Api, Subject, pool_subject

Ints = NDArray[np.int64]

DAY_HOURS = 24
WEEK_HOURS = 7 * DAY_HOURS
WEEK_MINUTES = WEEK_HOURS * 60


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The last insight of what was new in a service: the minute of its alarm, the calls of the window that spoke."""

    minute: int
    calls: int


@dataclass(slots=True)
class PlaceMemory:
    """Everything learnt of one account × Region up to, not including, `next_hour`.

    `first_hour` is the first in which its account was known; `used_since` the first with a call here, if later.
    """

    place: Place
    first_hour: int
    next_hour: int
    series: SeriesMemory
    delivered_minutes: Ints = field(default_factory=lambda: np.zeros(LEARNT_HOURS, dtype=np.int64))
    week_minutes: int = 0
    gap_end: int = NEVER
    used_since: int = NEVER
    open: dict[Subject, OpenEpisode] = field(default_factory=dict)
    denied_at: dict[Api, int] = field(default_factory=dict)
    onboarded: dict[str, Onboarding] = field(default_factory=dict)

    @classmethod
    def begin(cls, place: Place, hour: int, parameters: Parameters, *, account_since: int) -> PlaceMemory:
        """Begin with the first hour that has data; only the pools of first denials are known from the start.

        In an account that was known before, in another Region, the hours since then were hours without calls in this
        one: a Region that was never used is not a Region of which nothing is known.
        """
        memory = cls(place, account_since, hour, SeriesMemory(len(parameters.windows), len(parameters.drop_views)))
        silent = np.arange(max(account_since, hour - LEARNT_HOURS + 1), hour)
        memory.delivered_minutes[silent % LEARNT_HOURS] = 60
        memory.week_minutes = 60 * min(hour - account_since, WEEK_HOURS)
        if hour > account_since:
            memory.used_since = hour
        if parameters.error_rate:
            for category in sorted(parameters.categories):
                memory.add(pool_subject(place, category), parameters)
        return memory

    def copy(self) -> PlaceMemory:
        """Give a memory that may be changed without changing this one."""
        return PlaceMemory(
            self.place,
            self.first_hour,
            self.next_hour,
            self.series.copy(),
            self.delivered_minutes.copy(),
            self.week_minutes,
            self.gap_end,
            self.used_since,
            dict(self.open),
            dict(self.denied_at),
            dict(self.onboarded),
        )

    def add(self, subject: Subject, parameters: Parameters) -> int:
        """Begin to remember a series in the coming hour; nothing but half a call a week is expected of it."""
        base_rate = parameters.prior_calls / max(self.week_minutes, 60)
        rate_by_hour = np.full(MINUTE_HOURS, base_rate)
        for hour in range(self.next_hour - MINUTE_HOURS + 1, self.next_hour):
            if self.delivered_minutes[hour % LEARNT_HOURS] == 0:
                rate_by_hour[hour % MINUTE_HOURS] = 0.0
        return self.series.add(
            subject,
            hour=self.next_hour,
            new_score=[
                (parameters.pool_new_score if parameters.is_of_pool(window) else np.inf)
                if subject.is_pool
                else self.new_score(parameters)
                for window in range(len(parameters.windows))
            ],
            size=parameters.min_size,
            rate_by_hour=rate_by_hour,
            base_rate=base_rate,
        )

    def is_new_region(self, parameters: Parameters) -> bool:
        """Tell whether its account was known before its Region was used, lately, for the first time."""
        return self.next_hour - self.used_since < parameters.onboarding_days * 24

    def new_score(self, parameters: Parameters) -> float:
        """Give the score that a series never seen before has to reach."""
        if self.is_new_region(parameters):
            return min(parameters.new_region_score, parameters.new_series_score)
        return parameters.new_series_score

    def take(self, cells: Cells, parameters: Parameters) -> None:
        """Put the counts of the coming hour into the memory, and remember the series it is the first to show."""
        series, slot = self.series, self.next_hour % MINUTE_HOURS
        rows = series.rows_of(cells.subjects)
        unknown = np.unique(cells.code[rows[cells.code] < 0])
        for code in sorted(unknown.tolist(), key=lambda code: cells.subjects[code].sort_key()):
            rows[code] = self.add(cells.subjects[code], parameters)
        np.add.at(series.minutes[slot], (rows[cells.code], cells.minute % 60), cells.calls)
        self._take_denials(cells)
        series.clean[slot] = series.minutes[slot]
        series.active[slot] = series.minutes[slot] > 0
        series.raw_hours[self.next_hour % RAW_HOURS] = series.minutes[slot].sum(axis=1, dtype=np.int64)
        day, calls = self.next_hour // 24 % RECORD_DAYS, series.raw_hours[self.next_hour % RAW_HOURS]
        series.has_calls[day] |= calls > 0
        np.maximum(series.busiest[day], calls, out=series.busiest[day], casting="unsafe")

    def clear_hour(self) -> None:
        """Empty the slots of the coming hour, which still hold one long gone."""
        self.series.minutes[self.next_hour % MINUTE_HOURS] = 0
        self.series.clean[self.next_hour % MINUTE_HOURS] = 0
        self.series.active[self.next_hour % MINUTE_HOURS] = 0
        self.series.raw_hours[self.next_hour % RAW_HOURS] = 0

    def _take_denials(self, cells: Cells) -> None:
        series, slot = self.series, self.next_hour % MINUTE_HOURS
        for api, first, last in denied_apis(cells):
            if first - self.denied_at.get(api, NEVER) >= WEEK_MINUTES:
                row = series.index[pool_subject(self.place, api.event_category)]
                series.minutes[slot, row, first % 60] += 1
            self.denied_at[api] = last


@dataclass(frozen=True, slots=True)
class Hour:
    """The hour being judged: where, when, by which numbers, whether anything said about it is kept silent, and whether
    more calls of it may come."""

    memory: PlaceMemory
    index: int
    parameters: Parameters
    is_silent: bool
    is_partial: bool = False
    reasons: list[dict[str, Any]] = field(default_factory=list)
    """Filled while it is judged."""

    @property
    def start(self) -> int:
        """Its first minute."""
        return self.index * 60

    @property
    def end(self) -> int:
        """The minute after its last."""
        return self.index * 60 + 60
