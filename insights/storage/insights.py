"""The `insights` table: one small file an insight, named by its id, under the day it started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from insights.records.schemas import INSIGHTS
from insights.storage.objects import ABSENT, ObjectStore
from insights.storage.partitions import day_of
from insights.storage.tables import encode, read_columns
from insights.windows import Window

TABLE = "insights"
Row = dict[str, Any]
"""A row of `INSIGHTS` as `Table.to_pylist` gives it; one that was read has its file's key and ETag as `_key`
and `_etag`."""


def write(store: ObjectStore, row: Row) -> None:
    """Put one insight, over the version of it that was read, if any.

    Raises:
        ConflictError: somebody else wrote it meanwhile.
    """
    key = row.get("_key") or f"{TABLE}/date={row['start_time']:%Y-%m-%d}/{row['insight_id']}.parquet"
    content = encode(pa.Table.from_pylist([row], schema=INSIGHTS))
    store.put(key, content, replacing=row.get("_etag", ABSENT))


def read(store: ObjectStore, window: Window | None = None) -> Iterator[Row]:
    """Yield the insights that started on the days of a window (by default: all), oldest first."""
    rows: list[Row] = []
    for folder in store.list_folder(f"{TABLE}/").folders:
        if window is None or day_of(folder).overlaps(window):
            for info in store.list(folder):
                content, etag = store.get(info.key)
                rows += [row | {"_key": info.key, "_etag": etag} for row in read_columns(content).to_pylist()]
    yield from sorted(rows, key=lambda row: (row["start_time"], row["insight_id"]))
