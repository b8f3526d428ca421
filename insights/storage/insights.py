"""The `insights` table: one small file an insight, named by its id, under the day it started.

Beside every write lies a mark, put before it, that says which version is about to be replaced. Whoever publishes looks
at what is marked, not at all that was ever found. A mark has done its work when the version it names is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec
import pyarrow as pa

from insights.errors import NotFoundError
from insights.records.schemas import INSIGHTS
from insights.storage.objects import ABSENT, ObjectStore
from insights.storage.partitions import day_of
from insights.storage.tables import encode, read_columns, reading
from insights.windows import Window

TABLE = "insights"
MARKS = "state/unpublished"
RECORDS = ("start_record_json", "end_record_json")
"""The columns with the records in AWS's form."""

_REQUIRED = [field.name for field in INSIGHTS if not field.nullable or field.name in RECORDS]

Row = dict[str, Any]
"""A row of `INSIGHTS` as `Table.to_pylist` gives it; one that was read has its file's key and ETag as `_key`
and `_etag`."""


def write(store: ObjectStore, row: Row) -> None:
    """Put one insight, over the version of it that was read, if any.

    Raises:
        ConflictError: somebody else wrote it meanwhile.
    """
    key = row.get("_key") or f"{TABLE}/date={row['start_time']:%Y-%m-%d}/{row['insight_id']}.parquet"
    replacing = row.get("_etag", ABSENT)
    content = encode(pa.Table.from_pylist([row], schema=INSIGHTS))
    store.put(f"{MARKS}/{key.removeprefix(f'{TABLE}/')}/{_digest(replacing)}", b"")
    store.put(key, content, replacing=replacing)


def read(store: ObjectStore, window: Window | None = None) -> Iterator[Row]:
    """Yield the insights that started on the days of a window (by default: all), oldest first."""
    rows: list[Row] = []
    for folder in store.list_folder(f"{TABLE}/").folders:
        if window is None or day_of(folder).overlaps(window):
            for info in store.list(folder):
                rows += _rows(store, info.key)
    yield from sorted(rows, key=_by_start)


def read_marked(store: ObjectStore) -> Iterator[Row]:
    """Yield the insights that were written and not settled since, oldest first."""
    keys = {_key_of(info.key) for info in store.list(f"{MARKS}/")}
    rows: list[Row] = []
    for key in sorted(keys):
        try:
            rows += _rows(store, key)
        except NotFoundError:  # its writer has only just begun
            continue
    yield from sorted(rows, key=_by_start)


def settle(store: ObjectStore, rows: Iterable[Row]) -> None:
    """Forget the marks of rows as they were read; one that names that very version waits for its write."""
    versions = {row["_key"]: _digest(row["_etag"]) for row in rows}
    for info in list(store.list(f"{MARKS}/")):
        key = _key_of(info.key)
        if key in versions and not info.key.endswith(versions[key]):
            store.delete(info.key)


def _rows(store: ObjectStore, key: str) -> list[Row]:
    content, etag = store.get(key)
    with reading(f"{store.url}/{key}"):
        rows = read_columns(content, required=_REQUIRED).to_pylist()
        for row in rows:
            _refuse_damaged(row)
    return [row | {"_key": key, "_etag": etag} for row in rows]


def _refuse_damaged(row: Row) -> None:
    """Have the records decoded once: Parquet does not tell when bytes of a text are wrong."""
    for name in RECORDS:
        if row[name] is not None:
            msgspec.json.decode(row[name], type=dict)


def _by_start(row: Row) -> Any:
    return row["start_time"], row["insight_id"]


def _key_of(mark: str) -> str:
    return f"{TABLE}/{mark.removeprefix(f'{MARKS}/').rpartition('/')[0]}"


def _digest(etag: str) -> str:
    return blake2b(etag.encode(), digest_size=8).hexdigest()
