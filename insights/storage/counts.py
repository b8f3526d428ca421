"""The `minute_counts` table: one file an event hour, made from one version of that hour's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError
from insights.records.counting import COLUMNS, count_minutes
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS, MINUTE_COUNTS
from insights.storage import events, hours
from insights.storage.objects import ObjectStore
from insights.storage.partitions import account_regions, day_of
from insights.storage.tables import encode, read_columns, read_version
from insights.windows import HOUR, Window

TABLE = "minute_counts"


def hour_key(hour: EventHour) -> str:
    """Give the key of an event hour's counts."""
    return f"{TABLE}/{hour.day_path}/hour-{hour.start:%H}.parquet"


def count_hour(store: ObjectStore, hour: EventHour, version: str) -> int | None:
    """Bring the counts of an event hour up to date with its events.

    Args:
        version: The ETag of the hour's events as last listed.

    Returns:
        The calls counted, or None where the counts were up to date.
    """
    calls = None
    while True:
        counted = read_version(store, hour_key(hour), MINUTE_COUNTS)
        if counted.made_from == version:
            return calls
        source = read_version(store, events.hour_key(hour), EVENTS, columns=COLUMNS)
        content = encode(count_minutes(source.table), made_from=source.etag)
        try:
            store.put(hour_key(hour), content, replacing=counted.etag)
            calls = source.table.num_rows
        except ConflictError:
            pass
        # Events may have been merged meanwhile: only what is made from the newest version is done.
        version = hours.version(store, hour)


@dataclass(frozen=True, slots=True)
class CountFile:
    """The counts of one hour of one account × Region."""

    hour: datetime
    key: str
    etag: str


def by_place(store: ObjectStore, horizon: timedelta) -> Iterator[tuple[tuple[str, str], list[CountFile]]]:
    """Yield each (account id, Region) with its count files, oldest first, of the `horizon` up to its newest day."""
    for account_id, region in account_regions(store, TABLE):
        folders = store.list_folder(f"{TABLE}/account_id={account_id}/region={region}/").folders
        if not folders:
            continue
        oldest = day_of(folders[-1]).end - horizon
        files = [
            CountFile(day_of(folder).start + int(info.key[-10:-8]) * HOUR, info.key, info.etag)
            for folder in folders
            if day_of(folder).end > oldest
            for info in store.list(folder)
        ]
        yield (account_id, region), sorted(files, key=lambda each: each.hour)


def read(store: ObjectStore, file: CountFile) -> pa.Table:
    """Read one hour's counts, texts as dictionaries."""
    return encoded(read_columns(store.get(file.key)[0]))


def encoded(table: pa.Table) -> pa.Table:
    """Give a table of counts with its texts as dictionaries: a tenth of the memory."""
    for name in ("event_category", "event_source", "event_name", "error_code"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pc.dictionary_encode(table[name]))
    return table


def read_counts(store: ObjectStore, window: Window) -> Iterator[tuple[EventHour, pa.Table]]:
    """Yield the minute counts of every hour of a window, by account, Region and hour."""
    for (account_id, region), files in by_place(store, timedelta(days=36500)):
        for file in files:
            if Window(file.hour, file.hour + HOUR).overlaps(window):
                yield EventHour(account_id, region, file.hour), read_columns(store.get(file.key)[0])
