"""The `coverage` table: whether each hour of an account × Region was read, and what it brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from insights.records.partitions import EventHour
from insights.records.schemas import COVERAGE
from insights.storage.objects import ObjectStore, repeated_on_conflict
from insights.storage.partitions import account_regions
from insights.storage.tables import encode, read_version
from insights.windows import Window

TABLE = "coverage"

DATA, PARTIAL, NO_DATA = "data", "partial", "no data"
"""An hour that was read whole and brought something; one that brought something and is not read whole yet; one that was
read whole and brought nothing, which is not the same as no calls."""

Row = dict[str, Any]
"""A row of `COVERAGE`; one that was read has `account_id` and `region` too."""


def day_key(day: EventHour) -> str:
    """Give the key of one day's coverage (named by one of its hours)."""
    return f"{TABLE}/{day.day_path}/coverage.parquet"


@repeated_on_conflict
def write(store: ObjectStore, day: EventHour, rows: Sequence[Row]) -> None:
    """Put the rows of one day (named by one of its hours), in place of those there were."""
    key = day_key(day)
    version = read_version(store, key, COVERAGE)
    if version.table.to_pylist() != list(rows):
        store.put(key, encode(pa.Table.from_pylist(list(rows), schema=COVERAGE)), replacing=version.etag)


def has_day(store: ObjectStore, day: EventHour) -> bool:
    """Tell whether there are rows of a day (named by one of its hours), without reading them."""
    return bool(store.list_folder(f"{TABLE}/{day.day_path}/").objects)


def read(store: ObjectStore, window: Window) -> Iterator[Row]:
    """Yield the hours that overlap a window, by account, Region and hour."""
    for account_id, region in account_regions(store, TABLE):
        for day in window.days():
            key = day_key(EventHour(account_id, region, day.start))
            for row in read_version(store, key, COVERAGE).table.to_pylist():
                if EventHour(account_id, region, row["hour"]).window.overlaps(window):
                    yield {"account_id": account_id, "region": region, **row}
