import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insights.errors import StorageError
from insights.storage import tables
from insights.storage.events import hour_key, merge_hour, take_out
from insights.storage.tables import read_columns


def stored(store, hour) -> list[dict]:
    return read_columns(store.get(hour_key(hour))[0]).to_pylist()


def ids(store, hour) -> list[tuple[int, str]]:
    """Give the number each stored record was made with, and its object."""
    return [(int(row["event_id"][:8], 16), row["object_key"]) for row in stored(store, hour)]


class TestMerge:
    def test_new(self, store, hour, record, events_of) -> None:
        """Events of an hour without a file are all kept, sorted by time."""
        rows = events_of([record(1, eventTime="2026-11-01T13:30:00Z"), record(2, eventTime="2026-11-01T13:10:00Z")])

        assert merge_hour(store, hour, rows).tolist() == [True, True]
        assert ids(store, hour) == [(2, "a"), (1, "a")]

    def test_duplicates(self, store, hour, record, events_of) -> None:
        """Of copies within one delivery, and of one that came before, one is kept."""
        merge_hour(store, hour, events_of([record(1)], "a"))
        kept = merge_hour(store, hour, events_of([record(1), record(2), record(2)], "b"))

        assert kept.tolist() == [False, True, False]
        assert ids(store, hour) == [(1, "a"), (2, "b")]

    def test_smallest_key_stays(self, store, hour, record, events_of) -> None:
        """Which copy is in the table does not depend on which came first."""
        merge_hour(store, hour, events_of([record(1)], "b"))
        kept = merge_hour(store, hour, events_of([record(1)], "a"))

        assert kept.tolist() == [False]
        assert ids(store, hour) == [(1, "a")]

    def test_again(self, store, hour, record, events_of) -> None:
        """What a killed run had written already is told as kept once more, and the file stays as it is."""
        rows = events_of([record(1), record(1), record(2)], "a")
        first = merge_hour(store, hour, rows)
        version = store.get(hour_key(hour))[1]
        second = merge_hour(store, hour, rows)

        assert first.tolist() == second.tolist() == [True, False, True]
        assert store.get(hour_key(hour))[1] == version

    def test_lost_race(self, store, hour, record, events_of, monkeypatch: pytest.MonkeyPatch) -> None:
        """A writer whose version was replaced meanwhile reads again and adds its events to the newer ones."""
        put, rival = store.put, events_of([record(1), record(2)], "b")
        losses = []

        def put_after_a_rival(key: str, content: bytes, *, replacing: str | None = None) -> None:
            if not losses:
                losses.append(key)
                monkeypatch.setattr(store, "put", put)
                merge_hour(store, hour, rival)
                monkeypatch.setattr(store, "put", put_after_a_rival)
            put(key, content, replacing=replacing)

        monkeypatch.setattr(store, "put", put_after_a_rival)
        kept = merge_hour(store, hour, events_of([record(2), record(3)], "c"))

        assert kept.tolist() == [False, True]
        assert ids(store, hour) == [(1, "b"), (2, "b"), (3, "c")]

    def test_one_instant(self, store, hour, record, events_of) -> None:
        """Events of one instant, whose ids begin alike, are the same file in whatever order they came."""
        records = [record(1, eventID=f"00000001-0000-4000-8000-{n:012x}") for n in range(9)]
        merge_hour(store, hour, events_of(records))
        at_once, _ = store.get(hour_key(hour))
        store.delete(hour_key(hour))
        for part in (records[5:], records[4::-1]):
            assert merge_hour(store, hour, events_of(part)).all()

        assert store.get(hour_key(hour))[0] == at_once
        assert merge_hour(store, hour, events_of(records[3:5], "b")).tolist() == [False, False]

    def test_row_groups(self, store, hour, record, events_of, monkeypatch: pytest.MonkeyPatch) -> None:
        """An hour of several row groups, into which rows come between others, before and after them, is the same file
        as if all had come at once."""
        monkeypatch.setattr(tables, "ROW_GROUP_ROWS", 3)
        records = [record(n, eventTime=f"2026-11-01T13:{n:02}:00Z") for n in range(1, 12)]
        merge_hour(store, hour, events_of(records))
        at_once, _ = store.get(hour_key(hour))
        store.delete(hour_key(hour))
        for part in (records[3:8:2], records[::4], records):
            merge_hour(store, hour, events_of(part))

        assert store.get(hour_key(hour))[0] == at_once
        assert [number for number, _ in ids(store, hour)] == list(range(1, 12))

    def test_long_rows(self, store, hour, record, events_of, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rows of long texts come in row groups of few: all of one are in memory at once."""
        monkeypatch.setattr(tables, "_ROW_GROUP_BYTES", 50_000)
        records = [record(n, requestID=f"{n}{'x' * 10_000}") for n in range(1, 21)]
        merge_hour(store, hour, events_of(records[::2]))
        merge_hour(store, hour, events_of(records[1::2]))
        metadata = pq.ParquetFile(pa.BufferReader(store.get(hour_key(hour))[0])).metadata

        assert 3 <= max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 5
        assert [number for number, _ in ids(store, hour)] == list(range(1, 21))

    def test_no_ids_in_row_groups(self, store, hour, record, events_of, monkeypatch: pytest.MonkeyPatch) -> None:
        """Records without an id are known again in whichever row group of the file they are."""
        monkeypatch.setattr(tables, "ROW_GROUP_ROWS", 2)
        records = [record(n, eventTime=f"2026-11-01T13:{n:02}:00Z", userAgent=f"agent {n}") for n in range(1, 6)]
        for each in records[1:]:
            del each["eventID"]
        merge_hour(store, hour, events_of(records, "a"))

        assert merge_hour(store, hour, events_of(records[::-1], "b")).tolist() == [False] * 5
        assert len(stored(store, hour)) == 5

    def test_other_errors(self, store, hour, record, events_of, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only a conflict leads to another try: what else goes wrong in the store comes through."""

        def fail(*_: object, **__: object) -> None:
            raise StorageError("the disk is full")

        monkeypatch.setattr(store, "put", fail)

        with pytest.raises(StorageError, match="the disk is full"):
            merge_hour(store, hour, events_of([record(1)]))


class TestKilledBeforeTheLedger:
    """What an object is told last, is what its ledger entry says: over all objects each event counts as kept once."""

    def test_first_of_two(self, store, hour, record, events_of) -> None:
        """An event stays kept for the object that brought it first, though the copy of a smaller key replaced it."""
        merge_hour(store, hour, events_of([record(1)], "b"))
        merge_hour(store, hour, events_of([record(1), record(2)], "a"))

        assert merge_hour(store, hour, events_of([record(1)], "b")).tolist() == [True]
        assert merge_hour(store, hour, events_of([record(1), record(2)], "a")).tolist() == [False, True]
        assert ids(store, hour) == [(1, "a"), (2, "a")]

    def test_of_three(self, store, hour, record, events_of) -> None:
        """Nor does a third copy change for whom it is kept."""
        for key in "cba":
            merge_hour(store, hour, events_of([record(1)], key))

        assert [merge_hour(store, hour, events_of([record(1)], key)).tolist() for key in "abc"] == [
            [False],
            [False],
            [True],
        ]


def corrected(record, number: int, original: int, **members: Any) -> dict[str, Any]:
    """Give a record that corrects another, as AWS CloudTrail User Guide, "CloudTrail record contents", has it."""
    addendum = {
        "reason": "UPDATED_DATA",
        "updatedFields": "responseElements",
        "originalRequestID": record(original)["requestID"],
        "originalEventID": record(original)["eventID"],
    }
    return record(number, addendum=addendum, **members)


class TestCorrections:
    @pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids=["after", "before"])
    def test_replaces(self, store, hour, record, events_of, order: tuple[str, str]) -> None:
        """A correction stands in the place of what it corrects, whichever came first; the other is a duplicate."""
        objects = {"a": [record(1), record(2)], "b": [corrected(record, 9, 1)]}
        kept = [merge_hour(store, hour, events_of(objects[key], key)).sum() for key in order]

        assert sum(kept) == 2
        assert sorted(ids(store, hour)) == [(2, "a"), (9, "b")]

    def test_in_one_object(self, store, hour, record, events_of) -> None:
        """Of the two in one object the correction is kept, whatever their order there."""
        assert merge_hour(store, hour, events_of([record(1), corrected(record, 9, 1)], "a")).tolist() == [False, True]
        assert ids(store, hour) == [(9, "a")]

    def test_again(self, store, hour, record, events_of) -> None:
        """Both read again are told what they were told: the one that came first is kept, the other a duplicate."""
        first, second = events_of([record(1)], "a"), events_of([corrected(record, 9, 1)], "b")
        told = [merge_hour(store, hour, each).tolist() for each in (first, second, second, first)]

        assert told == [[True], [False], [False], [True]]
        assert ids(store, hour) == [(9, "b")]

    @pytest.mark.parametrize("order", ["abc", "cba", "bca"])
    def test_corrected_twice(self, store, hour, record, events_of, order: str) -> None:
        """Of two corrections the one delivered last stays: that of the greater object key."""
        objects = {"a": record(1), "b": corrected(record, 8, 1), "c": corrected(record, 9, 1)}
        for key in order:
            merge_hour(store, hour, events_of([objects[key]], key))

        assert ids(store, hour) == [(9, "c")]

    def test_original_never_came(self, store, hour, record, events_of) -> None:
        """A correction of something we never saw is an event like any other, once."""
        rows = events_of([corrected(record, 9, 1), corrected(record, 9, 1)])

        assert merge_hour(store, hour, rows).tolist() == [True, False]

    @pytest.mark.parametrize("reason", ["DELIVERY_DELAY", "SERVICE_OUTAGE"])
    def test_late(self, store, hour, record, events_of, reason: str) -> None:
        """Records that only say why they are late are events of their own."""
        rows = events_of([record(1), record(2, addendum={"reason": reason})])

        assert merge_hour(store, hour, rows).tolist() == [True, True]


class TestTakeOut:
    def test_rows(self, store, hour, record, events_of) -> None:
        """The rows of an object go; those of others stay."""
        merge_hour(store, hour, events_of([record(1)], "a"))
        merge_hour(store, hour, events_of([record(2)], "b"))
        take_out(store, hour, {"a"})

        assert ids(store, hour) == [(2, "b")]

    def test_who_is_credited(self, store, hour, record, events_of) -> None:
        """A row that was kept for the object that goes is kept for its own from then on."""
        first, second = events_of([record(1)], "b"), events_of([record(1)], "a")
        assert merge_hour(store, hour, first).tolist() == [True]
        assert merge_hour(store, hour, second).tolist() == [False]
        take_out(store, hour, {"b"})

        assert merge_hour(store, hour, second).tolist() == [True]

    def test_nothing_to_take(self, store, hour, record, events_of) -> None:
        """Without anything of an object the file stays the same version."""
        merge_hour(store, hour, events_of([record(1)], "a"))
        version = store.get(hour_key(hour))[1]
        take_out(store, hour, {"b"})

        assert store.get(hour_key(hour))[1] == version


def test_stored_columns(store, hour, record, events_of) -> None:
    """The file has a row's values as they were built."""
    rows = events_of([record(1, errorCode="AccessDenied")])
    merge_hour(store, hour, rows)

    assert json.dumps(stored(store, hour), default=str) == json.dumps(rows.to_pylist(), default=str)
    assert np.unique([row["object_key"] for row in stored(store, hour)]).tolist() == ["a"]
