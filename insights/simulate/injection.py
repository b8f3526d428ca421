"""Incidents in a simulated population: the truth about them, and where, when and how large they are.

Sizes are multiples of what the series does at that time of day: of the mean of its calls in the same minutes of the
fourteen days before, and their standard deviation on top. For a series that is nearly empty a least number of calls
stands instead. This suits methods that know the time of day; multiples of a maximum would suit those that know that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from insights.records.series import SeriesKey
from insights.simulate.draft import DAY_MINUTES, Draft, Floats, Ints


class Size(StrEnum):
    """How large an incident is, against what is usual."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class PopulationIncidentKind(StrEnum):
    """What happens; each kind comes in every size."""

    BURST = "burst"
    SUSTAINED = "sustained rise"
    DRIP = "slow drip"
    RAMP = "growing rise"
    OFF_PEAK = "off-peak shift"
    NEW_API = "new API"
    ENUMERATION = "credential enumeration"
    ERRORS = "error spike"
    DROP = "drop"
    DOUBLING = "doubled repeat"
    MANY_APIS = "many APIs at once"
    NEW_REGION = "new Region"


@dataclass(frozen=True, slots=True)
class Injected:
    """One incident in [start, end), minutes from the population's start, and the series any of which shows it.

    With `is_counted` false it is real, but nobody's duty to find: the first of a doubled pair, or a labelled oddity of
    a real series.
    """

    kind: PopulationIncidentKind
    size: Size
    series: tuple[SeriesKey, ...]
    start: int
    end: int
    calls: int
    is_counted: bool = True


Range = tuple[float, float]
WholeRange = tuple[int, int]
_PAST_DAYS = range(8, 22)  # before all the judged days, whichever of them the incident lies in


@dataclass(slots=True)
class Injector:
    """Draws incidents into one place, each at series of its own, within the minutes [first, end)."""

    draft: Draft
    first: int
    end: int
    used: set[int]
    _rates: Floats | None = None

    def span(self, minutes: int) -> tuple[int, int] | None:
        """Choose a span all of which is delivered."""
        for _ in range(50):
            start = int(self.draft.rng.integers(self.first, self.end - minutes))
            if self.is_delivered(start, start + minutes):
                return start, start + minutes
        return None

    def is_delivered(self, start: int, end: int) -> bool:
        """Tell whether every hour of a span was delivered."""
        return bool(self.draft.delivered[start // 60 : (end - 1) // 60 + 1].all())

    def pick(self, wanted: Callable[[Floats], Floats] | None = None) -> int | None:
        """Choose a row of successful writes that had no incident yet.

        Args:
            wanted: gives a weight for calls per minute in the week before; every row counts the same without it.
        """
        rates = self.rates()
        weight = np.ones(len(rates)) if wanted is None else wanted(rates)
        for number, row in enumerate(self.draft.rows):
            if row.is_read_only or row.error_code or number in self.used or not rates[number]:
                weight[number] = 0
        if not weight.any():
            return None
        chosen = int(self.draft.rng.choice(len(weight), p=weight / weight.sum()))
        self.used.add(chosen)
        return chosen

    def rates(self) -> Floats:
        """Give the calls per minute of every row before the incidents; 0 for rows that incidents made."""
        if self._rates is None:
            row, minute, calls = self.draft.cells()
            self._rates = np.bincount(row, calls * (minute < self.first), len(self.draft.rows)) / self.first
        return np.pad(self._rates, (0, len(self.draft.rows) - len(self._rates)))

    def api_rows(self, row: int) -> list[int]:
        """Give all rows of a row's API: its successes and its errors."""
        of = self.draft.rows[row]
        key = (of.event_source, of.event_name)
        return [n for n, other in enumerate(self.draft.rows) if (other.event_source, other.event_name) == key]

    def days_before(self, rows: list[int], days: int) -> Ints:
        """Give the calls of so many days before, by minute."""
        last = self.first // DAY_MINUTES * DAY_MINUTES
        return self.draft.by_minute(rows, max(last - days * DAY_MINUTES, 0), last)

    def usual(self, rows: list[int], start: int, end: int) -> float:
        """Give what rows are called between these minutes of the day: the mean of fourteen days and one deviation."""
        days = [self.draft.by_minute(rows, start - d * DAY_MINUTES, end - d * DAY_MINUTES).sum() for d in _PAST_DAYS]
        return float(np.mean(days) + np.std(days))

    def excess(self, rows: list[int], span: tuple[int, int], multiple: Range, least: WholeRange) -> int:
        """Choose how many calls come on top of the usual ones."""
        rng = self.draft.rng
        return max(int(rng.uniform(*multiple) * self.usual(rows, *span)), int(rng.integers(*least, endpoint=True)))

    def spread(self, row: int, start: int, end: int, calls: int, weight: Floats | None = None) -> None:
        """Add calls at random minutes of a span, one in its first minute."""
        rng = self.draft.rng
        share = None if weight is None else weight / weight.sum()
        self.draft.add(row, np.append(start, start + rng.choice(end - start, max(calls - 1, 0), p=share)))
