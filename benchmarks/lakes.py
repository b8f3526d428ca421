"""A lake of any size, written without a trail: rows of simulated calls, repeated with times and ids of their own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.counting import COLUMNS, count_minutes
from insights.records.insight import Insight, Rate, baseline_minutes, end_record, start_record
from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS, INSTANT
from insights.records.series import Direction, InsightType, SeriesKey
from insights.settings import parse_settings
from insights.simulate import TrailPlan, simulate
from insights.stages import extract, normalize
from insights.stages.telling import _json
from insights.stages.workspace import Workspace
from insights.storage import counts, events, insights
from insights.storage.opening import open_store
from insights.storage.tables import encode, read_columns
from insights.windows import HOUR, Window, floor

ACCOUNT, REGION = "111122223333", "us-east-1"
RARE_NAME = "DeleteTrail"
"""An API that is called once, in the oldest hour."""

_TEMPLATE_CALLS = 4_000
_HOUR_MICROSECONDS = 3_600_000_000
_SECOND_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Lake:
    """Where a lake lies, and what is in it."""

    folder: Path
    events: int
    hours: int
    newest: datetime


def make(folder: Path, *, event_count: int, days: int, insight_count: int = 500) -> Lake:
    """Write a lake of one account and Region that ends with the last full hour, its calls spread evenly."""
    store = open_store(str(folder), create=True)
    template = _template()
    newest = floor(datetime.now(UTC), HOUR)
    hours, random = days * 24, np.random.default_rng(1)
    for number in range(hours):
        hour = EventHour(ACCOUNT, REGION, newest - (hours - number) * HOUR)
        rows = _rows(template, hour.start, event_count // hours, random)
        if number == 0:
            rows = _with_rare(rows)
        store.put(events.hour_key(hour), encode(rows))
        store.put(counts.hour_key(hour), encode(count_minutes(rows.select(list(COLUMNS)))))
    for number in range(insight_count):
        insights.write(store, _insight(newest - timedelta(days=days) * (number + 1) / (insight_count + 1)))
    return Lake(folder, event_count // hours * hours, hours, newest)


def _template() -> pa.Table:
    """Give some thousand simulated calls as rows of `events`."""
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    workspace = Workspace(parse_settings({}))
    workspace.trail, workspace.lake = open_store("memory://trail"), open_store("memory://lake")
    for each in simulate(TrailPlan(1, start, 2 / 24, (ACCOUNT,), (REGION,), calls_per_hour=_TEMPLATE_CALLS / 2)):
        workspace.trail.put(each.key, each.body)
    window = Window(start, start + 3 * HOUR)
    for shard in extract.run(window, workspace).shards:
        normalize.run(window, workspace, shard)
    files = [read_columns(workspace.lake.get(info.key)[0]) for info in workspace.lake.list(f"{events.TABLE}/")]
    return pa.concat_tables(files)


def _rows(template: pa.Table, start: datetime, number: int, random: np.random.Generator) -> pa.Table:
    rows = template.take(pa.array(random.integers(0, template.num_rows, number)))
    seconds = np.sort(random.integers(0, _HOUR_MICROSECONDS // _SECOND_MICROSECONDS, number))
    times = int(start.timestamp()) * _SECOND_MICROSECONDS + seconds * _SECOND_MICROSECONDS
    ids = [str(uuid.UUID(bytes=random.bytes(16), version=4)) for _ in range(number)]
    rows = _replaced(rows, "event_time", pc.cast(pa.array(times), INSTANT))
    return _replaced(rows, "event_id", pa.array(ids)).cast(EVENTS)


def _with_rare(rows: pa.Table) -> pa.Table:
    names = rows["event_name"].to_pylist()
    return _replaced(rows, "event_name", pa.array([RARE_NAME, *names[1:]])).cast(EVENTS)


def _replaced(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), EVENTS.field(name), values)


def _insight(at: datetime) -> insights.Row:
    """Give the row of an insight of six calls in one minute."""
    start = at.replace(second=0, microsecond=0)
    told = Insight(
        series=SeriesKey(ACCOUNT, REGION, "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", f"Run{at:%d%H%M}"),
        direction=Direction.SPIKE,
        start=start,
        end=start + timedelta(minutes=1),
        baseline=Rate(21, baseline_minutes(start)),
        detection=Rate(6, 1),
        total=Rate(6, 1),
    )
    row: insights.Row = dict.fromkeys(insights.INSIGHTS.names)
    for field in insights.INSIGHTS:
        if not field.nullable:
            row[field.name] = {"string": "", "bool": False, "int64": 0, "double": 0.0}.get(str(field.type), start)
    return row | {
        "insight_id": told.insight_id,
        "status": "closed",
        "account_id": ACCOUNT,
        "region": REGION,
        "event_category": "Management",
        "insight_type": str(told.series.insight_type),
        "event_source": told.series.event_source,
        "event_name": told.series.event_name,
        "start_time": start,
        "end_time": told.end,
        "start_record_json": _json(start_record(told)),
        "end_record_json": _json(end_record(told)),
    }
