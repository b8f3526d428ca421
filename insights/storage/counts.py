"""The `minute_counts` table: one file an event hour, made from one version of that hour's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError
from insights.records.counting import COLUMNS, count_minutes
from insights.records.event import EARLIEST, LATEST
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS, MINUTE_COUNTS
from insights.storage import changes, events, hours
from insights.storage.objects import ObjectStore
from insights.storage.partitions import account_regions, day_of
from insights.storage.tables import encode, read_columns, read_version
from insights.windows import HOUR, Window, floor

TABLE = "minute_counts"
FIRST_HOUR, LAST_HOUR = EARLIEST, LATEST
"""No hour before the first, and none from the last on, has counts."""


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
        changes.mark(store, hour, source.etag)
        try:
            store.put(hour_key(hour), content, replacing=counted.etag)
            calls = source.table.num_rows
        except ConflictError:
            pass
        # Events may have been merged meanwhile: only what is made from the newest version is done.
        version = hours.version(store, hour)


def made_from(store: ObjectStore, hour: EventHour) -> str:
    """Give the version of an hour's events that its counts are made from; the empty text where there are none."""
    return read_version(store, hour_key(hour), MINUTE_COUNTS, columns=["count"]).made_from


@dataclass(frozen=True, slots=True)
class CountFile:
    """The counts of one hour of one account × Region."""

    hour: datetime
    key: str
    etag: str


def places(store: ObjectStore) -> Iterator[tuple[str, str]]:
    """Yield every (account id, Region) that has counts, in order."""
    yield from account_regions(store, TABLE)


def files_of(store: ObjectStore, account_id: str, region: str, span: Window) -> list[CountFile]:
    """List the count files of an account × Region whose hours begin in a span, oldest first."""
    found = store.list_folder(f"{TABLE}/account_id={account_id}/region={region}/").folders
    files = (
        CountFile(day_of(folder).start + int(info.key[-10:-8]) * HOUR, info.key, info.etag)
        for folder in found
        if day_of(folder).overlaps(span)
        for info in store.list(folder)
    )
    return sorted((each for each in files if each.hour in span), key=lambda each: each.hour)


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
    whole_hours = Window(floor(window.start, HOUR), window.end)
    for account_id, region in account_regions(store, TABLE):
        for file in files_of(store, account_id, region, whole_hours):
            yield EventHour(account_id, region, file.hour), read_columns(store.get(file.key)[0])
