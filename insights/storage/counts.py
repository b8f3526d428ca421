"""The `minute_counts` table: the calls of every event hour, made from one version of that hour's events.

Which file an hour's counts are in is the business of `count_files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError, NotFoundError
from insights.records.counting import COLUMNS, count_minutes
from insights.records.event import EARLIEST, LATEST
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS, MINUTE_COUNTS, with_dictionaries
from insights.storage import changes, count_files, events, hours
from insights.storage.count_files import TABLE, day_key, hour_key, hour_of_key, read_day, rows_of_hour
from insights.storage.objects import ABSENT, ObjectStore
from insights.storage.partitions import Place, account_regions, day_of
from insights.storage.tables import read_columns, read_version, reading
from insights.windows import HOUR, Window, floor

__all__ = [
    "FIRST_HOUR", "LAST_HOUR", "TABLE", "CountFile", "count_hour", "encoded", "files_of", "files_of_day", "first_hour",
    "hour_key", "made_from", "places", "read", "read_counts", "read_files", "regions",
]  # fmt: skip

_COUNTED = with_dictionaries(EVENTS)

FIRST_HOUR, LAST_HOUR = EARLIEST, LATEST
"""No hour before the first, and none from the last on, has counts."""


def count_hour(store: ObjectStore, hour: EventHour, version: str) -> int | None:
    """Bring the counts of an event hour up to date with its events.

    Args:
        version: The ETag of the hour's events as last listed.

    Returns:
        The calls counted, or None where the counts were up to date.
    """
    calls = None
    while True:
        counted = count_files.locate(store, hour)
        if counted.made_from == version:
            return calls
        source = read_version(store, events.hour_key(hour), _COUNTED, columns=COLUMNS)
        if source.etag == ABSENT:
            # Retention has ended the events; what was counted of them stays.
            return calls
        changes.mark(store, hour, source.etag)
        made_from = None
        try:
            count_files.put(store, counted, count_minutes(source.table), source.etag)
            calls, made_from = source.table.num_rows, source.etag
        except ConflictError:
            pass
        # Events may have been merged meanwhile: only what is made from the newest version is done.
        version = hours.version(store, hour)
        if version == made_from:
            return calls


def made_from(store: ObjectStore, hour: EventHour) -> str:
    """Give the version of an hour's events that its counts are made from; the empty text where there are none."""
    return count_files.locate(store, hour).made_from


@dataclass(frozen=True, slots=True)
class CountFile:
    """The counts of one hour of one account × Region: a file of their own, or their share of a day's file.

    `etag` is that file's: it changes when the hour's counts do, and, in a day's file, when those of another hour do.
    """

    hour: datetime
    key: str
    etag: str


def places(store: ObjectStore) -> Iterator[Place]:
    """Yield every (account id, Region) that has counts, in order."""
    yield from account_regions(store, TABLE)


def regions(store: ObjectStore, account_id: str) -> list[str]:
    """Name the Regions in which an account has counts."""
    folders = store.list_folder(f"{TABLE}/account_id={account_id}/").folders
    return [folder.split("/")[2].removeprefix("region=") for folder in folders]


def files_of(store: ObjectStore, account_id: str, region: str, span: Window) -> list[CountFile]:
    """List the counts of an account × Region whose hours begin in a span, oldest first, each hour once."""
    found = store.list_folder(f"{TABLE}/account_id={account_id}/region={region}/").folders
    files = (each for folder in found if day_of(folder).overlaps(span) for each in files_of_day(store, folder))
    return sorted((each for each in files if each.hour in span), key=lambda each: each.hour)


def files_of_day(store: ObjectStore, folder: str) -> Iterator[CountFile]:
    """Yield the counts in a day's folder, each hour once, in no order."""
    # First the listing, then the day: an hour that moves in between is in the day, and what is there counts.
    own = {hour: info for info in store.list(folder) if (hour := hour_of_key(info.key)) is not None}
    day = read_day(store, folder, columns=["count"])
    yield from (CountFile(hour, day_key(folder), day.etag) for hour in day.made_from)
    yield from (CountFile(hour, info.key, info.etag) for hour, info in own.items() if hour not in day.made_from)


def first_hour(store: ObjectStore, account_id: str, since: datetime) -> datetime | None:
    """Give the first hour from `since` on that has counts of an account, in whatever Region."""
    days = (
        folder
        for region in store.list_folder(f"{TABLE}/account_id={account_id}/").folders
        for folder in store.list_folder(region).folders
        if day_of(folder).end > since
    )
    first = min(days, key=lambda folder: day_of(folder).start, default=None)
    if first is None:
        return None
    region = first.split("/")[2].removeprefix("region=")
    hours = [file.hour for file in files_of(store, account_id, region, day_of(first)) if file.hour >= since]
    return min(hours, default=None)


def read(store: ObjectStore, file: CountFile) -> pa.Table:
    """Read one hour's counts, texts as dictionaries. For many hours `read_files` reads a day's file once."""
    return encoded(_rows(store, [file]))


def read_files(store: ObjectStore, files: Iterable[CountFile]) -> Iterator[pa.Table]:
    """Read the counts of many hours in order, a table for each file they lie in, texts as dictionaries."""
    for _, group in groupby(files, key=lambda each: each.key):
        yield encoded(_rows(store, list(group)))


def _rows(store: ObjectStore, files: Sequence[CountFile]) -> pa.Table:
    """Read the hours that were found in one file."""
    key, asked = files[0].key, [each.hour for each in files]
    if hour_of_key(key) is not None:
        try:
            content = store.get(key)[0]
            with reading(f"{store.url}/{key}"):
                return read_columns(content, MINUTE_COUNTS.names, required=MINUTE_COUNTS.names)
        except NotFoundError:
            # It went into the day's file after it was listed.
            pass
    day = read_day(store, f"{key.rpartition('/')[0]}/")
    if not day.made_from.keys() >= set(asked):
        raise NotFoundError(f"{store.url}/{key} was deleted while it was to be read: run again")
    return day.rows(asked)


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
        files = files_of(store, account_id, region, whole_hours)
        for _, group in groupby(files, key=lambda each: each.key):
            together = list(group)
            rows = _rows(store, together)
            for file in together:
                yield EventHour(account_id, region, file.hour), rows_of_hour(rows, file.hour)
