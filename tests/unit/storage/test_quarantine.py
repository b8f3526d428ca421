import msgspec
import pyarrow as pa

from insights.records.event import Refusal
from insights.records.schemas import QUARANTINE
from insights.storage import quarantine
from insights.storage.tables import encode, read_columns

BAD_RECORD = Refusal("missing_field", "eventTime", 3, b"{}")
BAD_OBJECT = Refusal("not_gzip", "begins with 00", None, b"\x00" * 100_000)


def rows(store) -> list[dict]:
    return [row for info in store.list("quarantine/") for row in read_columns(store.get(info.key)[0]).to_pylist()]


def test_row(store, delivered) -> None:
    """A row says what was refused and why, below the day the object was delivered."""
    quarantine.write(store, [(delivered("a", etag="v1"), BAD_RECORD)])

    (info,) = store.list("quarantine/date=2026-11-01/")
    assert read_columns(store.get(info.key)[0]).schema.names == QUARANTINE.names
    assert rows(store) == [
        {
            "reason": "missing_field",
            "detail": "eventTime",
            "object_key": "a",
            "object_etag": "v1",
            "record_index": 3,
            "content": b"{}",
            "content_bytes": 2,
            "records": 1,
        }
    ]


def test_long_content(store, delivered) -> None:
    """Of a large object the first 64 KiB are kept, and its size."""
    quarantine.write(store, [(delivered("a"), BAD_OBJECT)])

    assert (len(rows(store)[0]["content"]), rows(store)[0]["content_bytes"]) == (65_536, 100_000)


def test_count(store, delivered) -> None:
    """Rows are counted by reason, for the versions asked for; records apart from objects."""
    quarantine.write(store, [(delivered("a"), BAD_RECORD), (delivered("b"), BAD_OBJECT), (delivered("c"), BAD_RECORD)])
    replaced = msgspec.structs.replace(delivered("c"), etag="other version")
    found = quarantine.count_by_reason(store, [delivered("a"), delivered("b"), replaced])

    assert (found.reasons, found.records) == ({"missing_field": 1, "not_gzip": 1}, 1)


def test_repeated(store, delivered) -> None:
    """Runs that refuse the same write it once, in whatever company: a run may be killed and shards be cut anew."""
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])
    quarantine.write(store, [(delivered("b"), BAD_OBJECT), (delivered("a"), BAD_RECORD)])

    assert sorted(row["object_key"] for row in rows(store)) == ["a", "b"]


def test_other_refusals(store, delivered) -> None:
    """An object that is refused for something else the second time, once it can be read, loses nothing."""
    quarantine.write(store, [(delivered("a"), Refusal("unreadable_object", "refused", None, b""))])
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])

    assert quarantine.count_by_reason(store, [delivered("a")]).reasons == {"missing_field": 1, "unreadable_object": 1}


def test_refused_together(store, delivered) -> None:
    """Records that are refused together count one by one, an object counts once."""
    rest = Refusal("mostly_refused", "the 7 records from this one on", 5, b"", 7)
    quarantine.write(store, [(delivered("a"), BAD_RECORD), (delivered("a"), rest), (delivered("b"), BAD_OBJECT)])
    found = quarantine.count_by_reason(store, [delivered("a"), delivered("b")])

    assert (found.reasons, found.records) == ({"missing_field": 1, "mostly_refused": 7, "not_gzip": 1}, 8)


def test_earlier_files(store, delivered) -> None:
    """Files from before records were refused together have a row a record."""
    row = {"reason": "missing_field", "object_key": "a", "object_etag": delivered("a").etag, "record_index": 0}
    store.put("quarantine/date=2026-11-01/old.parquet", encode(pa.Table.from_pylist([row])))

    assert quarantine.count_by_reason(store, [delivered("a")]).records == 1
