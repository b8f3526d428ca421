import pyarrow as pa
import pytest

from insights.records.event import Refusal
from insights.storage import ledger, parts, quarantine
from insights.storage.tables import encode

COUNTS = {"records_in": 1, "kept": 1, "duplicate": 0, "out_of_scope": 0, "quarantined": 0, "partitions": []}
FOLDER = "ledger/account_id=111122223333/region=us-east-1/date=2026-11-01/"


def merge(store, folder: str = FOLDER, identity=ledger.IDENTITY) -> parts.Merged | None:
    return parts.merge(store, folder, list(store.list(folder)), identity)


def test_ledger(store, delivered) -> None:
    """The entries of a day lie in one file afterwards, and say the same."""
    objects = [delivered("a"), delivered("b"), delivered("c", etag="2")]
    for each in objects:
        ledger.write(store, ledger.unit_name([each]), [(each, COUNTS)])
    before = list(ledger.already_read(store, objects[0].ledger_path))
    merge(store)

    assert [info.key for info in store.list("ledger/")] == [f"{FOLDER}day.parquet"]
    assert sorted(ledger.already_read(store, objects[0].ledger_path)) == sorted(before)
    assert [is_unread for _, is_unread in ledger.unread(store, [*objects, delivered("d")])] == [False] * 3 + [True]


def test_written_again(store, delivered) -> None:
    """A part that a repeated run writes again adds nothing; twice is once."""
    for key in ("a", "b"):
        ledger.write(store, key, [(delivered(key), COUNTS)])
    merge(store)
    content = store.get(f"{FOLDER}day.parquet")[0]
    ledger.write(store, "a", [(delivered("a"), COUNTS)])
    merge(store)

    assert store.get(f"{FOLDER}day.parquet")[0] == content
    assert merge(store) is None


def test_killed_before_the_parts_were_deleted(store, delivered, monkeypatch) -> None:
    """Who is killed after writing the day's file leaves entries twice, which count once, and the next run ends it."""
    for key in ("a", "b"):
        ledger.write(store, key, [(delivered(key), COUNTS)])

    def killed(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            merge(store)
    assert len(ledger.already_read(store, delivered("a").ledger_path)) == 2
    merge(store)
    assert [info.key for info in store.list("ledger/")] == [f"{FOLDER}day.parquet"]


def test_two_at_once(store, delivered, monkeypatch) -> None:
    """Of two that put a day together the second takes in what the first wrote."""
    for key in ("a", "b"):
        ledger.write(store, key, [(delivered(key), COUNTS)])
    put, first = store.put, []

    def put_second(key: str, content: bytes, *, replacing: str | None = None) -> None:
        if not first:
            first.append(key)
            ledger.write(store, "c", [(delivered("c"), COUNTS)])
            merge(store)
        put(key, content, replacing=replacing)

    monkeypatch.setattr(store, "put", put_second)
    merge(store)

    assert {key for key, _ in ledger.already_read(store, delivered("a").ledger_path)} == {"a", "b", "c"}


def test_quarantine(store, delivered) -> None:
    """Refusals are counted as before once their day was put together."""
    for key in ("a", "b"):
        quarantine.write(store, [(delivered(key), Refusal("not_json", "", None, b"<html>"))])
    objects = [delivered("a"), delivered("b")]
    before = quarantine.count_by_reason(store, objects)
    merge(store, "quarantine/date=2026-11-01/", quarantine.IDENTITY)

    assert [info.key for info in store.list("quarantine/")] == ["quarantine/date=2026-11-01/day.parquet"]
    assert quarantine.count_by_reason(store, objects) == before


def test_columns_of_a_later_version(store, delivered) -> None:
    """Files that were written before a column was added can be put together with later ones."""
    schema = pa.schema([pa.field("object_key", pa.string(), nullable=False), pa.field("object_etag", pa.string())])
    newer = schema.append(pa.field("more", pa.int64(), nullable=False))
    store.put("t/date=2026-11-01/a.parquet", encode(pa.table({"object_key": ["a"], "object_etag": ["1"]}, schema)))
    row = {"object_key": ["b"], "object_etag": ["1"], "more": [5]}
    store.put("t/date=2026-11-01/b.parquet", encode(pa.table(row, newer)))
    merge(store, "t/date=2026-11-01/")
    (table,) = parts.read(store, "t/date=2026-11-01/", ["object_key"])

    assert table["more"].to_pylist() == [None, 5]


def test_large_files_stay(store, delivered, monkeypatch) -> None:
    """Parts that would make the day's file too large are left as they are, and still read."""
    monkeypatch.setattr(parts, "MAXIMUM_BYTES", 10)
    for key in ("a", "b"):
        ledger.write(store, key, [(delivered(key), COUNTS)])

    assert merge(store) is None
    assert len(list(store.list("ledger/"))) == 2


def test_bombs_stay(store, delivered, monkeypatch) -> None:
    """Parts that are small as they are stored, and would take too much memory together, are left as they are."""
    monkeypatch.setattr(parts, "UNPACKED_BYTES", 150_000)
    for key in ("a", "b", "c", "d"):
        quarantine.write(store, [(delivered(key), Refusal("not_json", "", None, b"a" * quarantine.CONTENT_LIMIT))])
    assert sum(info.size for info in store.list("quarantine/")) < 20_000
    first = merge(store, "quarantine/date=2026-11-01/", quarantine.IDENTITY)
    second = merge(store, "quarantine/date=2026-11-01/", quarantine.IDENTITY)

    assert first is not None
    assert first.files == 2
    assert second is None
    assert quarantine.count_by_reason(store, map(delivered, "abcd")).reasons == {"not_json": 4}
