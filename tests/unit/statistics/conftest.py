"""Hand-made minute counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.statistics.hand_made import At, Row, Rows, Steady, Table

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

SCHEMA = pa.schema(
    [
        pa.field("minute", pa.timestamp("us", tz="UTC")),
        pa.field("event_category", pa.string()),
        pa.field("is_read_only", pa.bool_()),
        pa.field("event_source", pa.string()),
        pa.field("event_name", pa.string()),
        pa.field("error_code", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("account_id", pa.string()),
        pa.field("region", pa.string()),
    ]
)

DEFAULTS: Row = {
    "event_category": "Management",
    "is_read_only": False,
    "event_source": "ec2.amazonaws.com",
    "error_code": None,
    "count": 1,
    "account_id": "111122223333",
    "region": "us-east-1",
}


@pytest.fixture(scope="session")
def table() -> Table:
    """Build a table from rows that name only what differs from one write call of EC2."""
    return lambda rows: pa.Table.from_pylist([{**DEFAULTS, **row} for row in rows], schema=SCHEMA)


@pytest.fixture(scope="session")
def at() -> At:
    """Give an instant by days, hours and minutes after a Monday."""
    return lambda days=0, hours=0, minutes=0: MONDAY + timedelta(days=days, hours=hours, minutes=minutes)


@pytest.fixture(scope="session")
def steady() -> Steady:
    """Draw Poisson counts of one series for whole minutes from a day on, with a fixed seed."""

    def draw(
        name: str, *, calls_per_minute: float, days: float, start_day: float = 0, seed: int = 7, **other: object
    ) -> Rows:
        counts = np.random.default_rng(seed).poisson(calls_per_minute, round(days * 1440))
        first = MONDAY + timedelta(days=start_day)
        return [
            {"minute": first + timedelta(minutes=int(m)), "event_name": name, "count": int(counts[m]), **other}
            for m in np.flatnonzero(counts)
        ]

    return draw


@pytest.fixture(scope="session")
def heartbeat() -> Rows:
    """Give one call every 20 minutes for 40 days, so that every hour has data."""
    return [
        {
            "minute": MONDAY + timedelta(minutes=20 * i),
            "event_source": "logs.amazonaws.com",
            "event_name": "PutLogEvents",
        }
        for i in range(40 * 72)
    ]
