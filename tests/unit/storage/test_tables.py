import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insights.errors import StorageError
from insights.records.schemas import MINUTE_COUNTS
from insights.storage.objects import ABSENT
from insights.storage.opening import open_store
from insights.storage.tables import encode, encode_parts, open_rows, put_if_new, read_columns, read_version

PARTS = (range(3), range(3, 4), range(4, 8))
TABLE = pa.table({"event_source": ["b", "a", "b"], "count": [1, 2, 3]})


def test_encode() -> None:
    """A table comes back from its Parquet bytes as any reader sees it."""
    assert pq.read_table(io.BytesIO(encode(TABLE))).equals(TABLE)


def test_parts() -> None:
    """Parts follow one another in one file, each a row group; without any the file has only its schema."""
    content = encode_parts(TABLE.schema, [TABLE.slice(2), TABLE.slice(0, 2)])
    nothing = encode_parts(TABLE.schema, [])

    assert read_columns(content).equals(pa.concat_tables([TABLE.slice(2), TABLE.slice(0, 2)]))
    assert pq.ParquetFile(io.BytesIO(content)).metadata.num_row_groups == 2
    assert read_columns(nothing).equals(TABLE.schema.empty_table())


def test_equal_bytes() -> None:
    """Equal rows give equal bytes, however the table is cut into pieces."""
    pieces = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])

    assert encode(pieces) == encode(TABLE)


def test_dictionaries() -> None:
    """Readers get texts where dictionaries were written, and null stays null."""
    texts = pa.array(["b", None, "a", "b"])
    content = encode(pa.table({"event_source": texts.dictionary_encode()}))

    assert read_columns(content)["event_source"].combine_chunks().equals(texts)


def test_some_rows(store) -> None:
    """Rows are read by their numbers, in any order, out of any row groups; where there is no file there are none."""
    schema = pa.schema([("event_source", pa.dictionary(pa.int32(), pa.string())), ("count", pa.int64())])
    parts = [pa.table({"event_source": [f"s{i % 3}" for i in span], "count": list(span)}) for span in PARTS]
    store.put("t.parquet", encode_parts(parts[0].schema, parts))
    rows = open_rows(store, "t.parquet", schema)
    nothing = open_rows(store, "nowhere.parquet", schema)

    assert rows.take(np.array([6, 0, 7, 3])).to_pylist() == [
        {"event_source": f"s{i % 3}", "count": i} for i in (6, 0, 7, 3)
    ]
    assert rows.take(np.array([], dtype=np.int64)).num_rows == 0
    assert (len(rows), rows.read(["count"])["count"].to_pylist()) == (8, list(range(8)))
    assert (len(nothing), nothing.read(["count"]).num_rows, nothing.etag) == (0, 0, ABSENT)


def test_no_rows() -> None:
    """A table without rows keeps its schema."""
    assert read_columns(encode(MINUTE_COUNTS.empty_table())).schema == MINUTE_COUNTS


def test_many_rows() -> None:
    """A table of several row groups keeps all rows."""
    large = pa.table({"count": pa.array(range(150_000))})
    content = encode(large)

    assert read_columns(content).equals(large)
    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups == 5


def test_compression() -> None:
    """Files are zstd, which every engine reads."""
    column = pq.ParquetFile(io.BytesIO(encode(TABLE))).metadata.row_group(0).column(0)

    assert column.compression == "ZSTD"
    assert "RLE_DICTIONARY" in column.encodings


def test_made_from(store) -> None:
    """A file tells what it was made from, or nothing."""
    for source in ('"etag-1"', ""):
        store.put("t.parquet", encode(TABLE, made_from=source))
        assert read_version(store, "t.parquet", TABLE.schema).made_from == source


def test_read_version(store) -> None:
    """A file's table, ETag and source are read together; a part of the columns if asked for."""
    store.put("t.parquet", encode(TABLE, made_from="source"))
    version = read_version(store, "t.parquet", TABLE.schema, columns=["count"])

    assert version.table.column_names == ["count"]
    assert (version.etag, version.made_from) == (store.get("t.parquet")[1], "source")


def test_read_dictionary(store) -> None:
    """What the schema wants as a dictionary is read as one."""
    wanted = pa.schema([("event_source", pa.dictionary(pa.int32(), pa.string()))])
    store.put("t.parquet", encode(TABLE))
    version = read_version(store, "t.parquet", wanted)

    assert version.table.schema.field("event_source").type == wanted.field("event_source").type
    assert version.table["event_source"].to_pylist() == TABLE["event_source"].to_pylist()


def test_read_missing(store) -> None:
    """Where there is no file, there are no rows, and a put may create it."""
    version = read_version(store, "t.parquet", MINUTE_COUNTS, columns=["count"])

    assert (version.table.num_rows, version.table.column_names) == (0, ["count"])
    assert (version.etag, version.made_from) == (ABSENT, "")


def test_put_if_new(store) -> None:
    """A file that is there already stays, and that is told."""
    assert put_if_new(store, "key", b"first") is True
    assert put_if_new(store, "key", b"second") is False
    assert store.get("key")[0] == b"first"


@pytest.mark.parametrize(
    "content", [b"", b"no Parquet at all", b"PAR1" + bytes(20) + b"PAR1"], ids=["empty", "text", "zeros"]
)
def test_damaged(content: bytes) -> None:
    """A file that cannot be read is named, with where to find the remedy."""
    store = open_store("memory://")
    store.put("events/hour.parquet", content)

    for read in (read_version, open_rows):
        with pytest.raises(StorageError, match=r"/events/hour\.parquet is damaged .*A file of the lake is damaged"):
            read(store, "events/hour.parquet", MINUTE_COUNTS)
