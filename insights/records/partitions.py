"""The lake's Hive partition paths, in both directions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from insights.windows import HOUR, Window

_EVENT_HOUR = re.compile(
    r"account_id=(?P<account>[^/]+)/region=(?P<region>[^/]+)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)"
)
_USABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}|-")


@dataclass(frozen=True, slots=True, order=True)
class EventHour:
    """One account × Region × UTC hour of event time: the unit of the `events` table."""

    account_id: str
    region: str
    start: datetime

    @property
    def window(self) -> Window:
        """The hour itself."""
        return Window(self.start, self.start + HOUR)

    @property
    def date(self) -> str:
        """The day as the paths write it: 2026-11-01."""
        return f"{self.start:%Y-%m-%d}"

    @property
    def day_path(self) -> str:
        """`account_id=…/region=…/date=…`: the partition of `minute_counts` and of quality results."""
        return f"account_id={self.account_id}/region={self.region}/date={self.date}"

    @property
    def path(self) -> str:
        """`account_id=…/region=…/date=…/hour=…`: the partition of `events`."""
        return f"{self.day_path}/hour={self.start:%H}"

    def __str__(self) -> str:
        return f"{self.account_id} {self.region} {self.start:%Y-%m-%dT%H:00Z}"


def parse_event_hour(path: str) -> EventHour | None:
    """Read an `EventHour` from a path that holds one, else give None."""
    match = _EVENT_HOUR.search(path)
    if match is None:
        return None
    try:
        start = datetime.strptime(f"{match['date']}T{match['hour']}", "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return EventHour(match["account"], match["region"], start)


def is_usable_name(text: str) -> bool:
    """Tell whether an account id or Region may become part of a path: log text must never choose where we write."""
    return _USABLE.fullmatch(text) is not None
