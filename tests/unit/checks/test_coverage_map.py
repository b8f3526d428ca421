"""The map of hours on the report page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from insights.checks.coverage_map import coverage_map
from insights.checks.report import render_report

HOSTILE = "<script>alert(1)</script>"


def row(hour: int = 13, **columns: Any) -> dict[str, Any]:
    return {
        "account_id": "111122223333",
        "region": "us-east-1",
        "hour": datetime(2026, 11, 1, hour, tzinfo=UTC),
        "status": "data",
        "objects": 2,
        "records": 30,
        "lag_minutes": 4,
        "verified": 2,
        "unverified": 0,
        "refuted": 0,
    } | columns


def test_states() -> None:
    """What matters most names the state of an hour: a refuted file before all else, a gap before data."""
    made = coverage_map(
        [
            row(0),
            row(1, verified=1, unverified=1),
            row(2, status="partial"),
            row(3, status="no data", objects=0, verified=0),
            row(4, verified=1, refuted=1, status="partial"),
        ]
    )

    assert [hour and hour.state for hour in made.days[0].hours[:6]] == [
        "verified", "data", "partial", "no data", "refuted", None,
    ]  # fmt: skip
    assert made.numbers == {"refuted": 1, "no data": 1, "partial": 1, "verified": 1, "data": 1}


def test_gap_is_no_zero() -> None:
    """An hour without data never says that there were no calls."""
    (day,) = coverage_map([row(status="no data", objects=0, verified=0, lag_minutes=None)]).days
    hour = day.hours[13]

    assert hour is not None
    assert hour.said == "2026-11-01 13:00 UTC: read whole, and nothing came"


def test_page() -> None:
    """Each hour says what it is in text too, colour or not; the number of listings stands above."""
    page = render_report("t", [], run=None, coverage=[row()], list_requests=12)

    assert '<span class="hidden">verified</span>' in page
    assert page.count('<span class="hidden">not read</span>') == 23
    assert "30 records of 2 log files, the last 4 minutes after the hour" in page
    assert "12 listings" in page


def test_hostile_text() -> None:
    """Whatever names a place, it stays text."""
    assert "<script>" not in render_report("t", [], run=None, coverage=[row(region=HOSTILE, account_id=HOSTILE)])
