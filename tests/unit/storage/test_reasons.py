"""The table `reasons`: candidates for insights, and what became of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from insights.records.schemas import REASONS
from insights.statistics import reasons as statistics
from insights.storage import reasons
from insights.storage.objects import ObjectStore
from insights.windows import DAY, HOUR, Window, parse_instant

PLACE = "111122223333", "us-east-1"
DAY_OF_IT = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


def candidates(**ends: str) -> pa.Table:
    """Give a table of candidates as the detector makes it, by name: when their windows end."""
    values: dict[str, Any] = {"string": "x", "int64": 5, "double": 0.5}
    rows = [
        {field.name: values.get(str(field.type)) for field in statistics.REASONS}
        | {"event_name": name, "window_end": parse_instant(end)}
        for name, end in ends.items()
    ]
    return pa.Table.from_pylist(rows, schema=statistics.REASONS)


def names(store: ObjectStore, window: Window = DAY_OF_IT) -> list[str]:
    return [row["event_name"] for row in reasons.read(store, window)]


def hours(start: str, number: int) -> Window:
    return Window(parse_instant(start), parse_instant(start) + number * HOUR)


def test_what_is_written_is_read(store: ObjectStore) -> None:
    """Candidates come back by time, with their account and Region, in the columns of the table."""
    reasons.write(store, PLACE, DAY_OF_IT, candidates(b="2026-11-01T14:05", a="2026-11-01T13:05"))
    rows = list(reasons.read(store, DAY_OF_IT))

    assert [row["event_name"] for row in rows] == ["a", "b"]
    assert list(rows[0]) == ["account_id", "region", *REASONS.names]
    assert (rows[0]["account_id"], rows[0]["region"]) == PLACE


def test_judged_again(store: ObjectStore) -> None:
    """Of the hours that are judged again what was said is replaced, of the others it stays."""
    reasons.write(store, PLACE, hours("2026-11-01T12:00", 3), candidates(a="2026-11-01T12:05", b="2026-11-01T13:05"))
    reasons.write(store, PLACE, hours("2026-11-01T13:00", 2), candidates(c="2026-11-01T14:05"))

    assert names(store) == ["a", "c"]


def test_nothing_any_more(store: ObjectStore) -> None:
    """An hour in which nothing is a candidate any more has none, and a day without any never had a file."""
    reasons.write(store, PLACE, hours("2026-11-01T13:00", 1), candidates(a="2026-11-01T13:05"))
    reasons.write(store, PLACE, hours("2026-11-01T00:00", 72), candidates())

    assert names(store) == []
    assert len(list(store.list("reasons/"))) == 1


@pytest.mark.parametrize(("end", "day"), [("2026-11-02T00:00", 1), ("2026-11-02T00:01", 2)])
def test_midnight(store: ObjectStore, end: str, day: int) -> None:
    """A window that ends with the day belongs to the day."""
    reasons.write(store, PLACE, Window(DAY_OF_IT.start, DAY_OF_IT.end + DAY), candidates(a=end))

    assert [info.key.split("/")[3] for info in store.list("reasons/")] == [f"date=2026-11-0{day}"]


def test_hours_that_were_not_judged(store: ObjectStore) -> None:
    """What a judgement met on its way, before the hours it is about, is left as it was told."""
    reasons.write(store, PLACE, hours("2026-11-01T13:00", 1), candidates(a="2026-11-01T12:05", b="2026-11-01T13:05"))

    assert names(store) == ["b"]


def test_twice_is_once(store: ObjectStore) -> None:
    """The same again writes nothing."""
    found = candidates(a="2026-11-01T13:05")
    reasons.write(store, PLACE, DAY_OF_IT, found)
    before = [info.etag for info in store.list("reasons/")]
    reasons.write(store, PLACE, DAY_OF_IT, found)

    assert [info.etag for info in store.list("reasons/")] == before


def test_two_at_once(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another run writes meanwhile, of other hours, stays."""
    put, others = store.put, [candidates(b="2026-11-01T14:05")]

    def late(key: str, content: bytes, **how: Any) -> None:
        if others:
            reasons.write(store, PLACE, hours("2026-11-01T14:00", 1), others.pop())
        put(key, content, **how)

    monkeypatch.setattr(store, "put", late)
    reasons.write(store, PLACE, hours("2026-11-01T13:00", 1), candidates(a="2026-11-01T13:05"))

    assert names(store) == ["a", "b"]
