"""Parquet files of the lake: written whole in one step, readable by any engine.

A file says in its own metadata which version of its input it was made from (`made_from`): work that is still to be done
is whatever no longer matches, so a killed or repeated run needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from insights.errors import ConflictError, NotFoundError
from insights.storage.objects import ABSENT, ObjectStore

ROW_GROUP_ROWS = 32_768
_MADE_FROM = b"trail_insights.made_from"
_CREDITS = b"trail_insights.credits"
_SEALED = b"trail_insights.sealed"
DICTIONARY_COLUMNS = (
    "event_version", "event_source", "event_name", "event_type", "event_category", "inferred_fields", "error_code",
    "error_message", "aws_region", "recipient_account_id", "identity_type", "identity_arn", "identity_key",
    "identity_account_id", "identity_user_name", "identity_invoked_by", "access_key_id", "source_ip_address",
    "user_agent", "api_version", "vpc_endpoint_id", "vpc_endpoint_account_id", "user_identity_json", "tls_details_json",
    "object_key", "reason",
)  # fmt: skip
"""Columns in which few texts come again and again; reading them as dictionaries makes no text twice."""

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
    credits: str = ""
    is_sealed: bool = False


def encode(table: pa.Table, *, made_from: str = "", is_sealed: bool = False) -> bytes:
    """Write a table as one zstd Parquet file; equal rows give equal bytes. A sealed one says that it is the last of its
    name: what comes after it is written elsewhere."""
    parts = (table.slice(start, ROW_GROUP_ROWS) for start in range(0, table.num_rows, ROW_GROUP_ROWS))
    return encode_parts(table.schema, parts, made_from=made_from, is_sealed=is_sealed)


def encode_parts(
    schema: pa.Schema, parts: Iterable[pa.Table], *, made_from: str = "", credits: str = "", is_sealed: bool = False
) -> bytes:
    """Write tables of one schema one after the other, each as a row group, as one zstd Parquet file."""
    said = {_MADE_FROM: made_from, _CREDITS: credits, _SEALED: "1" if is_sealed else ""}
    schema = schema.with_metadata({name: text.encode() for name, text in said.items() if text} or None)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in DICTIONARY_COLUMNS if name in schema.names],
        write_statistics=[name for name in _STATISTICS_COLUMNS if name in schema.names],
        store_schema=True,
    ) as writer:
        for part in parts:
            writer.write_table(part.cast(schema), row_group_size=ROW_GROUP_ROWS)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_version(store: ObjectStore, key: str, schema: pa.Schema, *, columns: Sequence[str] | None = None) -> Version:
    """Read the columns that a schema has (by default all of them), or an empty table where there is no file.

    What is a dictionary in the schema is read as one.
    """
    names = list(columns) if columns else schema.names
    try:
        content, etag = store.get(key)
    except NotFoundError:
        return Version(schema.empty_table().select(names), ABSENT, "")
    dictionaries = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    file = pq.ParquetFile(pa.BufferReader(content), read_dictionary=dictionaries)
    metadata: dict[bytes, bytes] = file.schema_arrow.metadata or {}
    made_from, credits = (metadata.get(name, b"").decode() for name in (_MADE_FROM, _CREDITS))
    return Version(file.read(columns=names), etag, made_from, credits, _SEALED in metadata)


def read_columns(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file's columns from its bytes."""
    return pq.ParquetFile(pa.BufferReader(content)).read(columns=list(columns) if columns else None)


def put_if_new(store: ObjectStore, key: str, content: bytes) -> bool:
    """Put a file whose name tells what it holds; one that is already there is the same. Tells whether it was new."""
    try:
        store.put(key, content, replacing=ABSENT)
    except ConflictError:
        return False
    return True
