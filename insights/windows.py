"""Spans of time: half open, aware, in UTC.

Everything that is "an hour", "a day" or "the window of this run" is a `Window`; nothing here knows the current time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from insights.errors import WindowError

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The instants t with start <= t < end, both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            instant = getattr(self, name)
            if instant.tzinfo is None:
                raise WindowError(f"{name} {instant.isoformat()} has no time zone: write it as {instant.isoformat()}Z")
            object.__setattr__(self, name, instant.astimezone(UTC))
        if self.start >= self.end:
            raise WindowError(f"the window {self} is empty: its end must be later than its start")

    def __str__(self) -> str:
        return f"{format_instant(self.start)}/{format_instant(self.end)}"

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def hours(self) -> Iterator[Window]:
        """Yield the whole UTC hours that overlap this window, in order."""
        return self._aligned(HOUR)

    def days(self) -> Iterator[Window]:
        """Yield the whole UTC days that overlap this window, in order."""
        return self._aligned(DAY)

    def widened(self, *, before: timedelta = timedelta(), after: timedelta = timedelta()) -> Window:
        """Give this window with its start moved back and its end moved on."""
        return Window(self.start - before, self.end + after)

    def holds(self, other: Window) -> bool:
        """Tell whether every instant of the other window is one of this."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Window) -> bool:
        """Tell whether the two windows share an instant."""
        return self.start < other.end and other.start < self.end

    def _aligned(self, step: timedelta) -> Iterator[Window]:
        start = floor(self.start, step)
        while start < self.end:
            yield Window(start, start + step)
            start += step


def joined(windows: Iterable[Window]) -> list[Window]:
    """Join windows that overlap or touch; give them in order."""
    found: list[Window] = []
    for each in sorted(windows):
        if found and each.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def floor(instant: datetime, step: timedelta) -> datetime:
    """Round an aware instant down to a whole multiple of `step` since 1970-01-01T00:00Z."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return instant.astimezone(UTC) - (instant - epoch) % step


def ceil(instant: datetime, step: timedelta) -> datetime:
    """Round an aware instant up to a whole multiple of `step` since 1970-01-01T00:00Z."""
    floored = floor(instant, step)
    return floored if floored == instant else floored + step


def hour_of(instant: datetime) -> Window:
    """Give the whole UTC hour an instant lies in."""
    start = floor(instant, HOUR)
    return Window(start, start + HOUR)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; one without an offset is UTC.

    Raises:
        WindowError: the text is not an instant.
    """
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WindowError(f"{text!r} is not a time: write it like 2026-11-01T13:00Z") from error


def format_instant(instant: datetime) -> str:
    """Write an instant as CloudTrail does: 2026-11-01T13:25:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
