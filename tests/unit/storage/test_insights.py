from typing import Any

import pytest

from insights.errors import ConflictError
from insights.records.schemas import INSIGHTS
from insights.storage import insights
from insights.windows import Window, parse_instant

VALUES: dict[str, Any] = {
    "string": "x", "timestamp[us, tz=UTC]": parse_instant("2026-11-01T13:05"), "int64": 1, "double": 0.5, "bool": False,
}  # fmt: skip


def row(insight_id: str, start: str, **columns: Any) -> insights.Row:
    given = {"insight_id": insight_id, "start_time": parse_instant(start), **dict.fromkeys(insights.RECORDS, "{}")}
    return {field.name: VALUES[str(field.type)] for field in INSIGHTS} | given | columns


def test_round_trip(store) -> None:
    """A row comes back with all of its columns."""
    insights.write(store, row("a", "2026-11-01T13:05"))

    (read,) = insights.read(store)
    assert {name: value for name, value in read.items() if not name.startswith("_")} == row("a", "2026-11-01T13:05")


def test_overwrite(store) -> None:
    """What is learnt later replaces what was known of the same insight."""
    insights.write(store, row("a", "2026-11-01T13:05", status="open"))
    (known,) = insights.read(store)
    insights.write(store, known | {"status": "closed"})

    assert [each["status"] for each in insights.read(store)] == ["closed"]
    with pytest.raises(ConflictError):
        insights.write(store, known | {"status": "withdrawn"})


def test_order(store) -> None:
    """Insights come by their start, across days."""
    for name, start in (("late", "2026-11-02T01:00"), ("first", "2026-11-01T03:00"), ("second", "2026-11-01T13:00")):
        insights.write(store, row(name, start))

    assert [each["insight_id"] for each in insights.read(store)] == ["first", "second", "late"]


def test_window(store) -> None:
    """A window gives all insights of its days."""
    for day in ("2026-10-31", "2026-11-01", "2026-11-02"):
        insights.write(store, row(day, f"{day}T23:00"))
    window = Window(parse_instant("2026-11-01T05:00"), parse_instant("2026-11-01T06:00"))

    assert [each["insight_id"] for each in insights.read(store, window)] == ["2026-11-01"]
