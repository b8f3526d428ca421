"""Which hours are complete, by the marks of what was read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from insights.storage import reading
from insights.storage.opening import open_store
from insights.windows import HOUR, Window, parse_instant

SETTLE = timedelta(minutes=20)


def span(start: str, end: str) -> Window:
    return Window(parse_instant(start), parse_instant(end))


def at(text: str) -> datetime:
    return parse_instant(f"2026-11-01T{text}")


def test_what_was_marked_is_found_in_every_month_it_touches() -> None:
    """Marks of spans that touch become one span, and one across a month's end is found from both sides of it."""
    store = open_store("memory://")
    for each in (span("2026-10-31T23:00", "2026-11-01T00:20"), span("2026-11-01T00:20", "2026-11-01T01:20")):
        reading.mark(store, each)

    assert reading.spans(store, span("2026-10-02", "2026-10-03")) == [span("2026-10-31T23:00", "2026-11-01T00:20")]
    assert reading.spans(store, span("2026-11-20", "2026-11-21")) == [span("2026-10-31T23:00", "2026-11-01T01:20")]
    assert reading.spans(store, span("2026-12-01", "2026-12-02")) == []


def test_marks_by_month() -> None:
    """Each month has the marks that touch it; of a mark across its end it answers for its own part."""
    store, across = open_store("memory://"), span("2026-12-31T23:00", "2027-01-01T00:20")
    reading.mark(store, across)

    assert {month: list(marks) for month, marks in reading.by_month(store)} == {
        "2026-12": [across],
        "2027-01": [across],
    }
    assert reading.clipped(across, "2026-12") == span("2026-12-31T23:00", "2027-01-01")
    assert reading.clipped(across, "2027-01") == span("2027-01-01", "2027-01-01T00:20")


@pytest.mark.parametrize(
    ("start", "end", "is_complete"),
    [("13:00", "14:20", True), ("13:00", "14:19", False), ("13:01", "14:20", False), ("12:00", "16:00", True)],
)
def test_an_hour_is_complete_once_it_has_settled(start: str, end: str, is_complete: bool) -> None:
    """All from the hour's start until 20 minutes after its end must have been read, in one span."""
    read = [Window(at(start), at(end))]

    assert reading.is_complete(at("13:00"), read, SETTLE) is is_complete


def test_two_halves_that_do_not_touch_are_no_whole() -> None:
    """A gap in what was read is not made up for by what was read before and after it."""
    read = [Window(at("13:00"), at("13:30")), Window(at("13:31"), at("15:00"))]

    assert not reading.is_complete(at("13:00"), read, SETTLE)


def test_the_newest_complete_hour() -> None:
    """The end of the newest complete hour is told, whatever was read in part after it."""
    read = [Window(at("10:00"), at("12:20")), Window(at("13:00"), at("14:10"))]

    assert reading.end_of_complete(read, SETTLE) == at("12:00")
    assert reading.end_of_complete([Window(at("13:00"), at("13:00") + HOUR)], SETTLE) is None
    assert reading.end_of_complete([], SETTLE) is None


def test_an_hour_is_not_made_of_parts_of_two() -> None:
    """What was read from amid one hour until amid the next, over an hour of it, has no whole hour in it."""
    read = [Window(at("13:30"), at("14:55"))]

    assert reading.end_of_complete(read, SETTLE) is None
    assert not reading.is_complete(at("13:00"), read, SETTLE)
