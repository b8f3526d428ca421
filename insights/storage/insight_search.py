"""Finding Insight records: newest first, a page at a time, by one attribute.

A record lies under the day its insight started; its End is told up to a day later. Days are read from the newest on
until the page is full. What was read stays in memory, by the version of its file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from insights.storage import insights
from insights.storage.caching import PATIENCE_SECONDS, Cache
from insights.storage.event_search import Position, microseconds_of
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.partitions import day_of
from insights.storage.tables import read_columns, reading
from insights.windows import DAY, parse_instant

_KEPT_BYTES = 32 * 2**20
_COLUMNS = ("account_id", "region", "event_category", "event_source", "event_name", *insights.RECORDS)


@dataclass(frozen=True, slots=True)
class Record:
    """One Insight record, as it was published, and what it is found by."""

    account_id: str
    region: str
    event_category: str
    event_source: str
    event_name: str
    event_id: str
    at: datetime
    text: str

    def has(self, attribute: tuple[str, str]) -> bool:
        """Tell whether an attribute (`EventId`, `EventName` or `EventSource`) has a value here."""
        name, value = attribute
        return value == {"EventId": self.event_id, "EventName": self.event_name, "EventSource": self.event_source}[name]

    @property
    def position(self) -> Position:
        """Where it comes in the order."""
        return Position(microseconds_of(self.at), self.event_id)


@dataclass(frozen=True, slots=True)
class Query:
    """Insight records of a Region from `first` to `last`, both included; `accounts` None is all."""

    accounts: frozenset[str] | None
    region: str
    event_category: str
    first: datetime
    last: datetime
    attribute: tuple[str, str] | None = None
    after: Position | None = None

    def asks_for(self, record: Record) -> bool:
        """Tell whether a record is asked for."""
        return (
            record.region == self.region
            and record.event_category == self.event_category
            and (self.accounts is None or record.account_id in self.accounts)
            and self.first <= record.at <= self.last
            and (self.attribute is None or record.has(self.attribute))
            and (self.after is None or record.position.order > self.after.order)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Records, and where to go on; None at the end. A page may be short, even empty, before the end."""

    records: list[Record]
    position: Position | None


class InsightSearch:
    """Answers queries over the `insights` table; one object serves many threads.

    Args:
        seconds: After so long a page is given back as it is.
    """

    def __init__(
        self, store: ObjectStore, *, seconds: float = PATIENCE_SECONDS, clock: Callable[[], float] = time.monotonic
    ):
        self._store, self._seconds, self._clock = store, seconds, clock
        self._known: Cache[tuple[Record, ...]] = Cache(
            _KEPT_BYTES, size=lambda records: sum(2 * len(each.text) + 500 for each in records)
        )

    def page(self, query: Query, limit: int) -> Page:
        """Give the next records of a query, at most `limit`."""
        deadline = self._clock() + self._seconds
        waiting: list[Record] = []
        for day, found in self._days(query):
            waiting = sorted([*waiting, *found], key=lambda record: record.position.order)
            # A day that is still to be read may tell the end of something within a day of its own end.
            final = sum(record.at >= day + DAY for record in waiting)
            if final > limit:
                break
            cut = Position.before(day + DAY)
            is_further = query.after is None or cut.order > query.after.order
            if is_further and self._clock() > deadline:
                return Page(waiting[:final], cut)
        if len(waiting) > limit:
            return Page(waiting[:limit], waiting[limit - 1].position)
        return Page(waiting, None)

    def _days(self, query: Query) -> Iterator[tuple[datetime, list[Record]]]:
        """Yield the days that may hold what is asked for, newest first, each with the records of its insights."""
        last = query.last
        if query.after is not None:
            last = min(last, query.after.instant)
        folders = [(day_of(folder), folder) for folder in self._store.list_folder(f"{insights.TABLE}/").folders]
        for day, folder in sorted(folders, reverse=True):
            if day.start <= last and day.end + DAY > query.first:
                files = [self._records(info) for info in self._store.list(folder)]
                yield day.start, [record for records in files for record in records if query.asks_for(record)]

    def _records(self, info: ObjectInfo) -> tuple[Record, ...]:
        return self._known.get((info.key, info.etag), lambda: self._read(info.key))

    def _read(self, key: str) -> tuple[Record, ...]:
        content = self._store.get(key)[0]
        with reading(f"{self._store.url}/{key}"):
            return tuple(_read(content))


def _read(content: bytes) -> Iterator[Record]:
    for row in read_columns(content, _COLUMNS, required=_COLUMNS).to_pylist():
        for text in (row[name] for name in insights.RECORDS):
            if text is not None:
                record = json.loads(text)
                yield Record(
                    account_id=row["account_id"],
                    region=row["region"],
                    event_category=row["event_category"],
                    event_source=row["event_source"],
                    event_name=row["event_name"],
                    event_id=record["eventID"],
                    at=parse_instant(record["eventTime"]),
                    text=text,
                )
