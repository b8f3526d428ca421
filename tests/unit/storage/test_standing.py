"""Whose copies of events an hour holds."""

from __future__ import annotations

from typing import Any

from insights.storage.events import merge_hour
from insights.storage.standing import standing_of


def test_copies_and_corrections(store: Any, hour: Any, record: Any, events_of: Any) -> None:
    """Events are found by their ids, a correction by the id of what it corrects; others are left out."""
    first = record(1)["eventID"]
    addendum = {"reason": "UPDATED_DATA", "originalEventID": first.upper()}
    merge_hour(store, hour, events_of([record(1), record(2), record(3)], "a"))
    merge_hour(store, hour, events_of([record(9, addendum=addendum)], "b"))

    found = standing_of(store, hour, {first, record(3)["eventID"], "none"})
    assert (found.objects, found.vouched) == ({first: {"b"}, record(3)["eventID"]: {"a"}}, frozenset())


def test_vouched(store: Any, hour: Any, record: Any, events_of: Any) -> None:
    """Objects that a digest vouches for are told once their copies took others' place."""
    merge_hour(store, hour, events_of([record(1)], "a"))
    merge_hour(store, hour, events_of([record(1, userAgent="true")], "b"), is_vouched=True)

    found = standing_of(store, hour, {record(1)["eventID"]})
    assert (found.objects, found.vouched) == ({record(1)["eventID"]: {"b"}}, frozenset("b"))
