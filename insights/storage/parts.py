"""Tables written in parts that never change, a file for each piece of work, and put together a day at a time.

The file of a day takes the rows of the parts in, by compare-and-swap, before they are deleted; so a row can be there
twice for a moment, and is never missing. Who reads takes the parts first and the day's file last: what was gone from
the first was in the last before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from insights.errors import ConflictError, NotFoundError
from insights.storage.objects import ABSENT, ObjectInfo, ObjectStore
from insights.storage.tables import encode, read_columns, reading, unpacked_bytes

MAXIMUM_BYTES = 64 * 2**20
UNPACKED_BYTES = 256 * 2**20
"""No day's file is made larger, as it is stored or as it is read: log text that is refused may well be made to pack to
a thousandth. Parts beyond it stay as they are."""

_DAY_FILE = "day.parquet"
_ROW = "part_row"


@dataclass(frozen=True, slots=True)
class Merged:
    """How many files were put together, their bytes, and the bytes of the one that was written."""

    files: int
    bytes: int
    bytes_written: int


def day_key(folder: str) -> str:
    """Give the key of the day's file in a folder (ending in `/`)."""
    return f"{folder}{_DAY_FILE}"


def is_day(key: str) -> bool:
    """Tell whether a key is that of a day's file."""
    return key.endswith(f"/{_DAY_FILE}")


def read(
    store: ObjectStore, folder: str, identity: Sequence[str], columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the tables of a folder (ending in `/`), by default with all columns. A row can come twice.

    Args:
        identity: Columns that tell rows apart, which every file has.
    """
    yield from read_listed(store, folder, list(store.list(folder)), identity, columns)


def read_listed(
    store: ObjectStore,
    folder: str,
    listed: Sequence[ObjectInfo],
    identity: Sequence[str],
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """Yield the tables of a folder that was listed just now, as `read` does."""
    parts = [info.key for info in listed if info.key != day_key(folder)]
    for key in [*sorted(parts), day_key(folder)]:
        try:
            content = store.get(key)[0]
        except NotFoundError:
            continue
        with reading(f"{store.url}/{key}"):
            table = read_columns(content, columns, required=identity)
        yield table


def merge(store: ObjectStore, folder: str, listed: Sequence[ObjectInfo], identity: Sequence[str]) -> Merged | None:
    """Put the parts of a folder into the day's file; None where there is nothing to gain.

    Args:
        listed: What the folder was found to hold.
        identity: Columns that tell rows apart; of several alike the one that was there first stays.
    """
    chosen = _chosen(listed, day_key(folder))
    if not chosen:
        return None
    while True:
        day, etag = _get(store, day_key(folder))
        known = {} if day is None else {day_key(folder): day}
        taken = _taken(store, chosen, UNPACKED_BYTES - sum(_unpacked_bytes(store, *each) for each in known.items()))
        if len(taken) + len(known) < 2:
            return None
        found = {info.key: content for info, content in taken.items() if content is not None}
        tables = [_table(store, *each, identity) for each in (known | found).items()]
        content = encode(_united(tables, identity)) if found else b""
        try:
            if content:
                store.put(day_key(folder), content, replacing=etag)
        except ConflictError:
            continue
        for each in taken:
            store.delete(each.key)
        return Merged(len(taken), sum(each.size for each in taken), len(content))


def _chosen(listed: Sequence[ObjectInfo], day: str) -> list[ObjectInfo]:
    """Give the parts that fit into the day's file; none where the day would have as many files as before."""
    size = sum(info.size for info in listed if info.key == day)
    parts = sorted((info for info in listed if info.key != day), key=lambda info: (info.size, info.key))
    chosen = []
    for info in parts:
        size += info.size
        if size <= MAXIMUM_BYTES:
            chosen.append(info)
    return chosen if len(chosen) + any(info.key == day for info in listed) > 1 else []


def _taken(store: ObjectStore, chosen: Sequence[ObjectInfo], room_bytes: int) -> dict[ObjectInfo, bytes | None]:
    """Give the parts that fit into so much memory, with their contents; None for one that has gone meanwhile."""
    taken: dict[ObjectInfo, bytes | None] = {}
    for each in chosen:
        content, _ = _get(store, each.key)
        room_bytes -= 0 if content is None else _unpacked_bytes(store, each.key, content)
        if room_bytes < 0:
            break
        taken[each] = content
    return taken


def _get(store: ObjectStore, key: str) -> tuple[bytes | None, str]:
    try:
        return store.get(key)
    except NotFoundError:
        return None, ABSENT


def _unpacked_bytes(store: ObjectStore, key: str, content: bytes) -> int:
    with reading(f"{store.url}/{key}"):
        return unpacked_bytes(content)


def _table(store: ObjectStore, key: str, content: bytes, identity: Sequence[str]) -> pa.Table:
    with reading(f"{store.url}/{key}"):
        return read_columns(content, required=identity)


def _united(tables: Sequence[pa.Table], identity: Sequence[str]) -> pa.Table:
    """Put tables of several versions of one schema below each other, each row once, in the order of its identity."""
    schema = pa.unify_schemas([_nullable_where_missing(table.schema, tables) for table in tables])
    whole = pa.concat_tables(tables, promote_options="default").cast(schema)
    numbered = whole.select(list(identity)).append_column(_ROW, pa.array(range(whole.num_rows), pa.int64()))
    first = numbered.group_by(list(identity)).aggregate([(_ROW, "min")])
    order = first.sort_by([(name, "ascending") for name in identity])[f"{_ROW}_min"]
    return whole.take(pc.cast(order, pa.int64()))


def _nullable_where_missing(schema: pa.Schema, tables: Sequence[pa.Table]) -> pa.Schema:
    fields = [
        field.with_nullable(field.nullable or any(field.name not in table.schema.names for table in tables))
        for field in schema
    ]
    return pa.schema(fields)
