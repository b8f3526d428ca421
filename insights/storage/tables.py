"""Parquet files of the lake: written whole in one step, readable by any engine.

A file says in its own metadata which version of its input it was made from (`made_from`): work that is still to be done
is whatever no longer matches, so a killed or repeated run needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from insights.errors import ConflictError, NotFoundError, StorageError
from insights.records.schemas import REPEATED
from insights.storage.objects import ABSENT, ObjectStore

ROW_GROUP_ROWS = 32_768
_ROW_GROUP_BYTES = 64 * 2**20
"""Where rows have two kilobytes or more, which few do, a row group has fewer rows: all of it is in memory at once."""
_WRITTEN_ROWS = 16_384
"""How many values of a column are encoded at once; pages are not larger for it."""
_MADE_FROM = "trail_insights.made_from"
_CREDITS = "trail_insights.credits"
_VOUCHED = "trail_insights.vouched"
_SEALED = "trail_insights.sealed"
_STATISTICS_COLUMNS = (
    "event_time",
    "event_source",
    "event_name",
    "error_code",
    "identity_arn",
    "minute",
    "delivered_at",
)


@dataclass(frozen=True, slots=True)
class Version:
    """A table as one file held it, that file's ETag (`ABSENT` where there was none), and what its metadata say."""

    table: pa.Table
    etag: str
    made_from: str
    is_sealed: bool = False


def encode(table: pa.Table, *, made_from: str = "", is_sealed: bool = False) -> bytes:
    """Write a table as one zstd Parquet file; equal tables give equal bytes. A sealed one says that it is the last of
    its name: what comes after it is written elsewhere."""
    parts = (table.slice(start, ROW_GROUP_ROWS) for start in range(0, table.num_rows, ROW_GROUP_ROWS))
    return encode_parts(table.schema, parts, made_from=made_from, is_sealed=is_sealed)


def encode_parts(
    schema: pa.Schema,
    parts: Iterable[pa.Table],
    *,
    made_from: str = "",
    credits: str = "",
    vouched: str = "",
    is_sealed: bool = False,
) -> bytes:
    """Write tables of one schema one after the other, each as a row group, as one zstd Parquet file.

    Dictionaries are written as they are, which is cheaper than texts; readers get texts.
    """
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in schema.names if name in REPEATED],
        write_statistics=[name for name in _STATISTICS_COLUMNS if name in schema.names],
        store_schema=False,
        write_batch_size=_WRITTEN_ROWS,
    ) as writer:
        for part in parts:
            writer.write_table(part, row_group_size=ROW_GROUP_ROWS)
        said = {_MADE_FROM: made_from, _CREDITS: credits, _VOUCHED: vouched, _SEALED: "1" if is_sealed else ""}
        writer.add_key_value_metadata({name: text for name, text in said.items() if text})
    content: bytes = sink.getvalue().to_pybytes()
    return content


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The rows of one file, of which a few are in memory at a time; `etag` is `ABSENT` where there is no file."""

    schema: pa.Schema
    etag: str
    file: pq.ParquetFile | None

    @property
    def credits(self) -> str:
        """What the file says of the rows that are kept for another object than their own."""
        return _said(self.file, _CREDITS) if self.file else ""

    @property
    def vouched(self) -> str:
        """What the file says of the objects whose copies come before others."""
        return _said(self.file, _VOUCHED) if self.file else ""

    @property
    def unpacked_bytes(self) -> int:
        """What the columns hold unpacked, by what the file says of itself."""
        return _unpacked_bytes(self.file.metadata) if self.file else 0

    def __len__(self) -> int:
        return self.file.metadata.num_rows if self.file else 0

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns of all rows."""
        if self.file is None:
            return _no_rows(self.schema, columns)
        return self.file.read(columns=list(columns), use_threads=False)

    def take(self, rows: npt.NDArray[np.int64]) -> pa.Table:
        """Read rows by their numbers: only the row groups they lie in."""
        if self.file is None or not len(rows):
            return self.schema.empty_table()
        sizes = [self.file.metadata.row_group(i).num_rows for i in range(self.file.num_row_groups)]
        begins = np.cumsum([0, *sizes])
        groups, which = np.unique(np.searchsorted(begins, rows, side="right") - 1, return_inverse=True)
        begins_here = np.cumsum([0, *(sizes[group] for group in groups)])
        places = rows - begins[groups][which] + begins_here[which]
        found = self.file.read_row_groups(groups.tolist(), columns=self.schema.names, use_threads=False)
        return found.take(pa.array(places))


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Name the file, Parquet or JSON, that is read inside.

    Raises:
        StorageError: it is damaged, or none that we wrote.
    """
    try:
        yield
    except (pa.ArrowException, msgspec.MsgspecError, OSError, ValueError, KeyError, RecursionError) as error:
        found = " ".join(str(error).split())
        raise StorageError(
            f"{place} is damaged ({found}): put an earlier version of it back; if there is none, docs/operations.md "
            'says under "A file of the lake is damaged" how it is made again'
        ) from error


def open_rows(store: ObjectStore, key: str, schema: pa.Schema) -> StoredRows:
    """Open a file; what is a dictionary in the schema is read as one."""
    try:
        content, etag = store.get(key)
    except NotFoundError:
        return StoredRows(schema, ABSENT, None)
    with reading(f"{store.url}/{key}"):
        return StoredRows(schema, etag, _opened(content, schema))


def _opened(content: bytes, schema: pa.Schema) -> pq.ParquetFile:
    # Files are small, and their columns many: to hand them to threads costs more than it saves, here and below.
    dictionaries = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pq.ParquetFile(pa.BufferReader(content), read_dictionary=dictionaries)


def read_version(store: ObjectStore, key: str, schema: pa.Schema, *, columns: Sequence[str] | None = None) -> Version:
    """Read the columns that a schema has (by default all of them), or an empty table where there is no file.

    What is a dictionary in the schema is read as one.
    """
    names = list(columns) if columns else schema.names
    try:
        content, etag = store.get(key)
    except NotFoundError:
        return Version(_no_rows(schema, names), ABSENT, "")
    with reading(f"{store.url}/{key}"):
        file = _opened(content, schema)
        table = file.read(columns=names, use_threads=False)
        _require([name for name in names if not schema.field(name).nullable], table)
    return Version(table, etag, _said(file, _MADE_FROM), bool(_said(file, _SEALED)))


def _no_rows(schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    return pa.schema([schema.field(name) for name in columns]).empty_table()


def read_columns(content: bytes, columns: Sequence[str] | None = None, *, required: Collection[str] = ()) -> pa.Table:
    """Read a Parquet file's columns from its bytes, as far as it has them.

    Raises:
        ValueError: it has not all that are required.
    """
    file = pq.ParquetFile(pa.BufferReader(content))
    table = file.read(columns=list(columns) if columns else None, use_threads=False)
    _require(required, table)
    return table


def _require(names: Collection[str], table: pa.Table) -> None:
    found = set(table.schema.names)
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"it has no column {', '.join(missing)}")


def unpacked_bytes(content: bytes) -> int:
    """Give how much a Parquet file's columns hold unpacked, by what it says of itself."""
    return _unpacked_bytes(pq.ParquetFile(pa.BufferReader(content)).metadata)


def _unpacked_bytes(metadata: pq.FileMetaData) -> int:
    return sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))


def row_group_rows(rows: int, size_bytes: int) -> int:
    """Give how many of some rows of so many bytes together become a row group."""
    return max(1, min(ROW_GROUP_ROWS, rows * _ROW_GROUP_BYTES // max(size_bytes, 1)))


def _said(file: pq.ParquetFile, name: str) -> str:
    metadata: dict[bytes, bytes] = file.metadata.metadata or {}
    return metadata.get(name.encode(), b"").decode()


def put_if_new(store: ObjectStore, key: str, content: bytes) -> bool:
    """Put a file whose name tells what it holds; one that is already there is the same. Tells whether it was new."""
    try:
        store.put(key, content, replacing=ABSENT)
    except ConflictError:
        return False
    return True
