"""The events of an hour are a set: order, repetition and company of arrival leave no trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.records.columns import Batch, build_rows, complete
from insights.records.document import read_document
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS
from insights.storage.events import hour_key, merge_hour
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.storage.tables import read_columns

HOUR = EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 13, tzinfo=UTC))
CORRECTED = {5: 1, 6: 2}
"""Events that are corrections, and what they correct."""

DELIVERIES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.lists(st.integers(0, 6), max_size=6)), min_size=1, max_size=5
)
"""Objects in order of arrival: a key and the numbers of the events in it; a key that comes twice is read twice."""


@pytest.fixture(scope="module")
def rows_of(record: Callable[..., Any], body: Callable[..., bytes]) -> Callable[[str, list[int]], pa.Table]:
    """Makes rows of events in an object; copies in different objects differ. Event 0 has no id to know it by; 5 and 6
    correct 1 and 2."""

    def made(key: str, numbers: list[int]) -> pa.Table:
        records = [record(number, eventTime=f"2026-11-01T13:0{number}:00Z", sourceIPAddress=key) for number in numbers]
        for number, each in zip(numbers, records, strict=True):
            if number == 0:
                del each["eventID"], each["sourceIPAddress"]
            if number in CORRECTED:
                original = record(CORRECTED[number])["eventID"]
                each["addendum"] = {"reason": "UPDATED_DATA", "originalEventID": original}
        batch = Batch()
        batch.add(read_document("x.json.gz", body(*records)), 0)
        table = build_rows(batch)[0].table
        return complete(table.append_column("object_key", pa.array([key] * table.num_rows, pa.string())))

    return made


def in_one_object_each(deliveries: list[tuple[str, list[int]]]) -> dict[str, list[int]]:
    """An object holds the same whenever it is read: what its key was first delivered with."""
    return dict(reversed(deliveries))


def merged(parts: list[pa.Table]) -> pa.Table:
    store = open_store("memory://")
    for part in [EVENTS.empty_table(), *parts]:
        merge_hour(store, HOUR, part)
    return read_columns(store.get(hour_key(HOUR))[0])


@settings(max_examples=25)
@given(deliveries=DELIVERIES, data=st.data())
def test_order_and_split(rows_of, deliveries: list[tuple[str, list[int]]], data: st.DataObject) -> None:
    """One merge of everything, and merges of its objects or single rows in any order, end in the same rows."""
    contents = in_one_object_each(deliveries)
    tables = [rows_of(key, contents[key]) for key, _ in deliveries]
    rows = [table.slice(i, 1) for table in tables for i in range(table.num_rows)]
    together = merged([pa.concat_tables(tables)])

    assert merged(data.draw(st.permutations(tables))) == together
    assert merged(data.draw(st.permutations(rows))) == together


@settings(max_examples=100)
@given(deliveries=DELIVERIES, data=st.data())
def test_kept_once(rows_of, deliveries: list[tuple[str, list[int]]], data: st.DataObject) -> None:
    """Objects in any order, some of them read again and again since a run was killed: what each is told last is kept
    adds up to the rows of the table, each event once."""
    contents, store = in_one_object_each(deliveries), open_store("memory://")
    told: dict[str, list[int]] = {}
    for key in data.draw(st.permutations([key for key, _ in deliveries] * 2)):
        told[key] = told_kept(store, rows_of(key, contents[key]), contents[key])

    kept = [CORRECTED.get(number, number) for numbers in told.values() for number in numbers]
    assert sorted(kept) == sorted({CORRECTED.get(number, number) for each in contents.values() for number in each})


def told_kept(store: ObjectStore, rows: pa.Table, numbers: list[int]) -> list[int]:
    is_kept = merge_hour(store, HOUR, rows)
    return [number for number, kept in zip(numbers, is_kept, strict=True) if kept]
