"""Notes on events that two objects tell differently."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from insights.storage import disputes
from insights.storage.disputes import Dispute
from insights.storage.events import hour_key, merge_hour
from insights.windows import Window, parse_instant

NOVEMBER = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


def test_first_events(store: Any, hour: Any) -> None:
    """Of many events that two objects tell differently all are counted and the first twenty named, in whichever order
    the two came; twice is once."""
    found = [("b", "a", f"event {n:02}", False) for n in range(30)]
    for each in (found, [("a", "b", event, False) for _, _, event, _ in reversed(found)]):
        disputes.write(store, hour, each)

    ids = tuple(f"event {n:02}" for n in range(20))
    assert list(disputes.read(store, NOVEMBER)) == [Dispute(hour.path, ("a", "b"), ids, 30, False)]


def test_one_note(store: Any, hour: Any, record: Any, events_of: Any) -> None:
    """However many objects tell the events of an hour differently, what comes at once is in one note."""
    merge_hour(store, hour, pa.concat_tables([events_of([record(n)], f"b{n:02}") for n in range(50)]))
    merge_hour(store, hour, pa.concat_tables([events_of([record(n, userAgent="x")], f"a{n:02}") for n in range(50)]))

    assert len(list(store.list(disputes.FOLDER))) == 1
    assert [each.objects for each in disputes.read(store, NOVEMBER)] == [(f"a{n:02}", f"b{n:02}") for n in range(50)]


def test_days(store: Any, hour: Any) -> None:
    """They are found by the time of the calls, which may be a day before their delivery."""
    disputes.write(store, hour, [("a", "b", "event", True)])
    days = [
        Window(parse_instant(f"2026-{day}"), parse_instant(f"2026-{day}T01:00")) for day in ("10-31", "11-02", "11-03")
    ]

    assert [len(list(disputes.read(store, day))) for day in days] == [0, 1, 0]


def test_noted_before_the_hour(store: Any, hour: Any, record: Any, events_of: Any, monkeypatch: Any) -> None:
    """Killed before the hour's file is replaced, the difference is noted; afterwards nobody would see it again."""
    merge_hour(store, hour, events_of([record(1)], "b"))
    put = store.put

    def killed(key: str, *arguments: Any, **named: Any) -> None:
        if key == hour_key(hour):
            raise KeyboardInterrupt
        put(key, *arguments, **named)

    monkeypatch.setattr(store, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        merge_hour(store, hour, events_of([record(1, userAgent="another")], "a"))

    assert [each.objects for each in disputes.read(store, NOVEMBER)] == [("a", "b")]
