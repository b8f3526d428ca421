"""Where the counts of an hour lie: in a file of their own while the day is young, later in one file of the day.

An hour has one place at a time. It is in the day's file as soon as that one names it, and then never leaves; until then
it is in its own file. Two steps lead from one to the other, and whoever was killed between them left nothing wrong:

1. The hour's file is sealed: replaced, by compare-and-swap, by one with the same rows that says it is the last. Whoever
   was about to replace it loses, looks again, and writes to the day's file instead.
2. The day's file takes its rows in, by compare-and-swap. From then on the hour's file means nothing and may be deleted
   at any time, and so may one that a slow writer puts there afterwards.

Hence who looks reads the hour's file (or the listing) first and the day's file after it: what was missed in the first
was in the second before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError
from insights.records.partitions import EventHour
from insights.records.schemas import INSTANT, MINUTE_COUNTS
from insights.storage.objects import ABSENT, ObjectStore, repeated_on_conflict
from insights.storage.partitions import day_of
from insights.storage.tables import Version, encode, read_version, reading
from insights.windows import HOUR

TABLE = "minute_counts"

_DAY_FILE = "day.parquet"
_versions = msgspec.json.Decoder(dict[datetime, str])


def hour_key(hour: EventHour) -> str:
    """Give the key of the file of an event hour's counts, as long as it has one."""
    return f"{TABLE}/{hour.day_path}/hour-{hour.start:%H}.parquet"


def day_key(folder: str) -> str:
    """Give the key of the day's file in a `date=` folder (ending in `/`)."""
    return f"{folder}{_DAY_FILE}"


def folder_of(hour: EventHour) -> str:
    """Give the folder of an hour's day, ending in `/`."""
    return f"{TABLE}/{hour.day_path}/"


def hour_of_key(key: str) -> datetime | None:
    """Give the hour whose own file a key names, None for a day's file."""
    folder, _, name = key.rpartition("/")
    return None if name == _DAY_FILE else day_of(f"{folder}/").start + int(name[len("hour-") : len("hour-HH")]) * HOUR


@dataclass(frozen=True, slots=True)
class Day:
    """The file of a day: the rows of its hours in order, and the version of the events each hour was made from."""

    table: pa.Table
    made_from: Mapping[datetime, str]
    etag: str

    def rows(self, hours: Collection[datetime]) -> pa.Table:
        """Give the rows of some hours."""
        if self.made_from.keys() <= set(hours):
            return self.table
        return pa.concat_tables([rows_of_hour(self.table, hour) for hour in sorted(hours)] or [self.table.slice(0, 0)])

    def with_hours(self, hours: Mapping[datetime, tuple[pa.Table, str]]) -> bytes:
        """Give the content of the file with some hours' rows (and version) in place of what it has of them."""
        others = self.made_from.keys() - hours.keys()
        tables = {hour: self.rows([hour]) for hour in others} | {hour: rows for hour, (rows, _) in hours.items()}
        made_from = dict(self.made_from) | {hour: version for hour, (_, version) in hours.items()}
        named = msgspec.json.encode({hour: made_from[hour] for hour in sorted(made_from)})
        return encode(pa.concat_tables([tables[hour] for hour in sorted(tables)]), made_from=named.decode())


def read_day(store: ObjectStore, folder: str, *, columns: Collection[str] = MINUTE_COUNTS.names) -> Day:
    """Read the file of a day; it names no hours where there is none."""
    found = read_version(store, day_key(folder), MINUTE_COUNTS, columns=list(columns))
    with reading(f"{store.url}/{day_key(folder)}"):
        return Day(found.table, _versions.decode(found.made_from) if found.made_from else {}, found.etag)


@dataclass(frozen=True, slots=True)
class Located:
    """The counts of an hour as they were found, without their rows: in their own file, or in the day's."""

    hour: EventHour
    made_from: str
    file: Version
    day: Day

    @property
    def is_in_day(self) -> bool:
        """Tell whether the hour's counts are to be written to the day's file."""
        return self.file.is_sealed or self.hour.start in self.day.made_from


def locate(store: ObjectStore, hour: EventHour) -> Located:
    """Find an hour's counts."""
    file = read_version(store, hour_key(hour), MINUTE_COUNTS, columns=["count"])
    day = read_day(store, folder_of(hour), columns=["count"])
    return Located(hour, day.made_from.get(hour.start, file.made_from), file, day)


def put(store: ObjectStore, found: Located, rows: pa.Table, made_from: str) -> None:
    """Put an hour's counts where they belong, in place of those that were found.

    Raises:
        ConflictError: they were replaced or moved meanwhile.
    """
    if not found.is_in_day:
        store.put(hour_key(found.hour), encode(rows, made_from=made_from), replacing=found.file.etag)
        return
    folder = folder_of(found.hour)
    day = read_day(store, folder)
    if day.etag != found.day.etag:
        raise ConflictError(f"{store.url}/{day_key(folder)} was replaced by another writer")
    store.put(day_key(folder), day.with_hours({found.hour.start: (rows, made_from)}), replacing=day.etag)


@repeated_on_conflict
def seal(store: ObjectStore, key: str) -> Version | None:
    """Make an hour's file the last of its name, and give what it holds; None if it is gone: the day's file has it."""
    found = read_version(store, key, MINUTE_COUNTS)
    if found.etag == ABSENT:
        return None
    if not found.is_sealed:
        store.put(key, encode(found.table, made_from=found.made_from, is_sealed=True), replacing=found.etag)
    return found


def rows_of_hour(table: pa.Table, hour: datetime) -> pa.Table:
    """Give the rows of one hour."""
    start, end = pa.scalar(hour, INSTANT), pa.scalar(hour + HOUR, INSTANT)
    return table.filter(pc.and_(pc.greater_equal(table["minute"], start), pc.less(table["minute"], end)))
