"""Which copy of an event stays, whatever order copies come in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from insights.records.columns import UNCOMPLETED
from insights.records.partitions import EventHour
from insights.storage import precedence
from insights.storage.events import hour_key, merge_hour
from insights.storage.tables import read_columns
from insights.windows import parse_instant

HOME = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/111122223333_CloudTrail_us-east-1_20261101T1310Z_A.json.gz"
OTHER_ACCOUNT = HOME.replace("111122223333", "000000000001")
OTHER_REGION = HOME.replace("us-east-1", "ap-east-1")
LOOSE = "AAA.json.gz"


def corrected(record: Any, **members: Any) -> Any:
    """Give record 2, which corrects record 1."""
    return record(2, addendum={"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"]}, **members)


def origins(store: Any, hour: Any) -> list[str]:
    return [row["object_key"] for row in read_columns(store.get(hour_key(hour))[0]).to_pylist()]


@pytest.mark.parametrize("false", [OTHER_ACCOUNT, OTHER_REGION, LOOSE], ids=["account", "region", "loose"])
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("is_correction", [False, True], ids=["copy", "correction"])
def test_named_after_the_record(
    store: Any, hour: Any, record: Any, events_of: Any, false: str, is_first: bool, is_correction: bool
) -> None:
    """A record stays as the object brings it that is named after its account and Region, though another object, whose
    name sorts first, brings other content under its event id or a correction of it; that is a duplicate."""
    assert false < HOME
    changed = {"sourceIPAddress": "198.51.100.66"}
    true = events_of([record(1)], HOME)
    forged = events_of([corrected(record, **changed) if is_correction else record(1, **changed)], false)
    kept = [merge_hour(store, hour, each).sum() for each in ((forged, true) if is_first else (true, forged))]

    assert origins(store, hour) == [HOME]
    assert kept == [1, 0]


def test_another_version(store: Any, hour: Any, record: Any, events_of: Any) -> None:
    """An object that was overwritten is named after its records in each version."""
    merge_hour(store, hour, events_of([record(1)], LOOSE))
    merge_hour(store, hour, events_of([record(1)], f"{HOME}?etag=2"))

    assert origins(store, hour) == [f"{HOME}?etag=2"]


def test_words_of_a_version_in_a_key(store: Any, hour: Any, record: Any, events_of: Any) -> None:
    """A key that only holds what rows name versions by is not named after the record."""
    loose = f"{HOME.replace('AWSLogs', '0')}?etag=1.json"
    merge_hour(store, hour, events_of([record(1)], HOME))
    merge_hour(store, hour, events_of([record(1, userAgent="false")], loose))

    assert origins(store, hour) == [HOME]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order(store: Any, hour: Any, record: Any, events_of: Any, order: tuple[int, ...]) -> None:
    """Of a record and its correction in their own objects and in others the own correction stays, in any order."""
    later = HOME.replace("T1310Z", "T1315Z")
    copies = [
        (record(1), HOME),
        (corrected(record), later),
        (corrected(record), OTHER_REGION),
        (record(1), LOOSE),
    ]
    kept = [merge_hour(store, hour, events_of([copies[i][0]], copies[i][1])).sum() for i in order]

    assert origins(store, hour) == [later]
    assert kept == [1, 0, 0, 0]


def test_names_without_rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch shares the names of all its objects; an hour pays for those that brought its rows."""
    read: list[str] = []
    monkeypatch.setattr(precedence, "parse_key", read.append)
    rows = UNCOMPLETED.empty_table()
    hour = EventHour("111122223333", "us-east-1", parse_instant("2026-11-01T13:00"))

    precedence.precedence(hour, rows, [f"{i}.json.gz" for i in range(1000)], np.zeros(0, dtype=np.int64))
    assert read == []
