"""Nine usual days and an hour that is not over: how its calls come in, and what is told of them."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from typing import Any

import pyarrow as pa

from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.stages import detect, publish
from insights.storage import changes, counts, insights, reading
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window, parse_instant

START = parse_instant("2026-10-20T00:00")
HOUR_14 = parse_instant("2026-10-29T14:00")
"""The running hour; those before were read whole."""

QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/trail-arrivals"
"""With one, hours are looked at before they are complete."""

PLACE = ("111122223333", "us-east-1")
Cells = dict[tuple[str, str | None], dict[int, int]]
"""Calls by (API, error code) and minute of the hour."""

BURST = dict.fromkeys(range(10, 16), 20)


def put_hour(lake: Any, hour: datetime, cells: Cells, *, place: tuple[str, str] = PLACE) -> None:
    rows = [
        {
            "minute": hour + minute * MINUTE, "event_category": "Management", "is_read_only": False,
            "event_source": "ec2.amazonaws.com", "event_name": name, "error_code": error, "count": calls,
        }
        for (name, error), minutes in cells.items()
        for minute, calls in minutes.items()
    ]  # fmt: skip
    event_hour = EventHour(*place, hour)
    changes.mark(lake, event_hour, str(cells))
    lake.put(counts.hour_key(event_hour), encode(pa.Table.from_pylist(rows, schema=MINUTE_COUNTS)))


def usual(until: int = 60) -> Cells:
    """Give an hour as all are, up to a minute: a call of one API every minute, one of another at its start."""
    return {("PutMetricData", None): dict.fromkeys(range(until), 1), ("RunInstances", None): {0: 1}}


def with_burst(burst: dict[int, int], *, until: int = 60) -> Cells:
    return usual(until) | {("RunInstances", None): {0: 1} | burst}


def failing(calls: dict[int, int], errors: dict[int, int]) -> Cells:
    return {("AssumeRole", None): calls, ("AssumeRole", "AccessDenied"): errors}


def settle(lake: Any, until: datetime) -> None:
    reading.mark(lake, Window(START, until + 20 * MINUTE))


def put_days(lake: Any, cells: Cells) -> None:
    """Fill every hour before 14:00."""
    hour = START
    while hour < HOUR_14:
        put_hour(lake, hour, cells)
        hour += HOUR


def judge(pipeline: Any, hour: int, minute: int) -> Any:
    pipeline.workspace.now = lambda: HOUR_14.replace(hour=hour, minute=minute)
    return detect.run(None, pipeline.workspace)


def nudge(pipeline: Any, cells: Cells, minute: int, *, hour: datetime = HOUR_14) -> Any:
    """Count what there is of an hour, and look at it."""
    put_hour(pipeline.workspace.lake, hour, cells)
    return judge(pipeline, 14, minute)


def complete(pipeline: Any, cells: Cells) -> Any:
    """Bring the rest of the hour, and the next; judge both when they have settled."""
    lake = pipeline.workspace.lake
    put_hour(lake, HOUR_14, cells)
    put_hour(lake, HOUR_14 + HOUR, usual())
    settle(lake, HOUR_14 + 2 * HOUR)
    return judge(pipeline, 16, 21)


def told(pipeline: Any) -> list[insights.Row]:
    return list(insights.read(pipeline.workspace.lake))


def published(pipeline: Any) -> list[tuple[str, str]]:
    """Publish; give state and `sharedEventID` of every record that was ever written, by what lies in the lake."""
    publish.run(None, pipeline.workspace)
    lake = pipeline.workspace.lake
    documents = [json.loads(gzip.decompress(lake.get(info.key)[0])) for info in lake.list("AWSLogs/")]
    records = [record for document in documents for record in document["Records"]]
    return sorted((record["insightDetails"]["state"], record["sharedEventID"]) for record in records)
