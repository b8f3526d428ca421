"""Trails made by hand: what their rows are, AWS's published one, and what is found of one operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from insights.statistics.detector import Detection
from insights.statistics.episodes import Episode

Row = Mapping[str, object]
Rows = list[Row]
At = Callable[..., datetime]
Table = Callable[[Iterable[Row]], pa.Table]
Steady = Callable[..., Rows]

BURST_AT = datetime(2019, 11, 7, 13, 25, tzinfo=UTC)


def announcement(steady: Steady) -> Rows:
    """The launch announcement's account: RunInstances 21 times in seven days, then six times in the minute 13:25."""
    calls = [{"minute": BURST_AT - timedelta(hours=8 * i), "event_name": "RunInstances"} for i in range(1, 22)]
    burst = {"minute": BURST_AT, "event_name": "RunInstances", "count": 6}
    others = [
        {**row, "minute": row["minute"] - datetime(2026, 3, 2, tzinfo=UTC) + BURST_AT - timedelta(days=8, minutes=25)}
        for name in ("DescribeTags", "CreateTags", "StopInstances")
        for row in steady(name, calls_per_minute=0.2, days=9, seed=len(name))
    ]
    return [*calls, burst, *others]


def spikes_of(name: str, detection: Detection) -> list[Episode]:
    return [e for e in detection.episodes if e.series.event_name == name]
