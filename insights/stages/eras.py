"""Which memory judges an hour: that of its era, a quarter of the calendar year.

Each era has a memory of its own, begun with the first counts that lie at most `detect.history_days` before it. So what
is said of an hour depends on the counts from there on and on nothing else: not on when it is judged, not on whether a
snapshot was found, and on no count that is older. A spike that is open at an era's end is followed to its own end by
the memory that saw it begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insights.windows import Window

LONGEST_EPISODE = timedelta(hours=12)
"""No insight is longer, nor begins longer before the hour in which it is found."""


@dataclass(frozen=True, slots=True, order=True)
class Era:
    """A quarter of a year, and the time before it from which its memory learns."""

    start: datetime
    history: timedelta

    @property
    def end(self) -> datetime:
        """The start of the next one."""
        year, month = divmod(self.start.year * 12 + self.start.month + 2, 12)
        return datetime(year, month + 1, 1, tzinfo=UTC)

    @property
    def previous(self) -> Era:
        """The one before."""
        return era_of(self.start - timedelta(days=1), self.history)

    @property
    def reach(self) -> Window:
        """The hours its memory learns or judges."""
        return Window(self.start - self.history, self.end + LONGEST_EPISODE)

    def judged(self, since: datetime, until: datetime) -> Window | None:
        """Give the hours of its own that were judged from one instant until another; None if these are others'."""
        start, end = max(since, self.start), min(until, self.end)
        return Window(start, end) if start < end else None

    def tells(self, detected_at: datetime) -> bool:
        """Tell whether an insight that was detected by the end of an hour is this era's."""
        return self.start < detected_at <= self.end


def era_of(instant: datetime, history: timedelta) -> Era:
    """Give the era an instant lies in."""
    return Era(datetime(instant.year, instant.month - (instant.month - 1) % 3, 1, tzinfo=UTC), history)


def concerned(asked: Window, until: datetime, history: timedelta) -> Iterator[tuple[Era, datetime]]:
    """Yield the eras that counts of a window have a say in, and from when on, up to what can be judged."""
    era = era_of(asked.start - LONGEST_EPISODE, history)
    while era.reach.start < asked.end and era.start < until:
        if era.reach.overlaps(asked):
            yield era, max(asked.start, era.reach.start)
        era = Era(era.end, history)
