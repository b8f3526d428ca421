"""The `insights` table: one small file an insight, named by its id, under the day it started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from insights.records.schemas import INSIGHTS
from insights.storage.objects import ObjectStore
from insights.storage.partitions import day_of
from insights.storage.tables import encode, read_columns
from insights.windows import Window

TABLE = "insights"
Row = dict[str, Any]
"""A row of `INSIGHTS` as `Table.to_pylist` gives it."""


def write(store: ObjectStore, row: Row) -> None:
    """Put one insight, over what was known of it before."""
    key = f"{TABLE}/date={row['start_time']:%Y-%m-%d}/{row['insight_id']}.parquet"
    store.put(key, encode(pa.Table.from_pylist([row], schema=INSIGHTS)))


def read(store: ObjectStore, window: Window | None = None) -> Iterator[Row]:
    """Yield the insights that started on the days of a window (by default: all), oldest first."""
    rows: list[Row] = []
    for folder in store.list_folder(f"{TABLE}/").folders:
        if window is None or day_of(folder).overlaps(window):
            for info in store.list(folder):
                rows += read_columns(store.get(info.key)[0]).to_pylist()
    yield from sorted(rows, key=lambda row: (row["start_time"], row["insight_id"]))
