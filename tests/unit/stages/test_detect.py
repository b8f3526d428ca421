"""What the stage makes of what the detector finds; the counts are put into the lake as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.stages import detect
from insights.statistics.parameters import Parameters
from insights.storage import changes, counts, insights, reading
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window, floor, parse_instant

START = parse_instant("2026-11-01T00:00")
NOW = START + timedelta(days=10)
READ = Window(START, START + timedelta(days=9, minutes=20))
BURST = START + timedelta(days=8, hours=13, minutes=25)
BOTH_RATES = Selection.of((kind, ["Management"]) for kind in InsightType)


def put_counts(lake: Any, calls: dict[datetime, int], *, api: str = "RunInstances") -> None:
    """Count an API in some minutes, and another that is called every ten minutes, so that every hour has data."""
    hours: dict[datetime, list[tuple[datetime, str, int]]] = {}
    for minute, count in calls.items():
        hours.setdefault(floor(minute, HOUR), []).append((minute, api, count))
    for start, cells in hours.items():
        cells = cells + [(start + n * 10 * MINUTE, "PutMetricData", 1) for n in range(6)]  # noqa: PLW2901
        rows = [
            {
                "minute": minute, "event_category": "Management", "is_read_only": False,
                "event_source": "ec2.amazonaws.com", "event_name": name, "error_code": None, "count": count,
            }
            for minute, name, count in cells
        ]  # fmt: skip
        hour = EventHour("111122223333", "us-east-1", start)
        changes.mark(lake, hour, str(cells))
        lake.put(counts.hour_key(hour), encode(pa.Table.from_pylist(rows, schema=MINUTE_COUNTS)))


def quiet(days: int) -> dict[datetime, int]:
    """One call in every eighth hour, none in the others."""
    return {START + n * HOUR: int(n % 8 == 0) for n in range(24 * days)}


@pytest.fixture
def lake(pipeline: Any) -> Any:
    pipeline.workspace.now = lambda: NOW
    put_counts(pipeline.workspace.lake, quiet(9))
    reading.mark(pipeline.workspace.lake, READ)
    return pipeline.workspace.lake


def judge(pipeline: Any) -> Any:
    return detect.run(None, pipeline.workspace)


def told(lake: Any) -> list[tuple[str, str, int | None, bool]]:
    return [(row["event_name"], row["status"], row["total_calls"], row["is_corrected"]) for row in insights.read(lake)]


def test_a_burst_is_told_once(pipeline: Any, lake: Any) -> None:
    """What is unusual gets a row with both records; judging again changes nothing."""
    put_counts(lake, {BURST: 6})
    first, second = judge(pipeline), judge(pipeline)

    assert (first.started, first.ended, second.judged) == (1, 1, 0)
    assert told(lake) == [("RunInstances", "closed", 6, False)]


def test_late_calls_correct_the_row_not_the_records(pipeline: Any, lake: Any) -> None:
    """Calls that come after the End was told show in the columns, which say so; the records stay as published."""
    put_counts(lake, {BURST: 6})
    judge(pipeline)
    (before,) = insights.read(lake)
    put_counts(lake, {BURST: 9})
    judge(pipeline)
    (after,) = insights.read(lake)

    assert told(lake) == [("RunInstances", "closed", 9, True)]
    assert (after["start_record_json"], after["end_record_json"]) == (
        before["start_record_json"],
        before["end_record_json"],
    )


def test_an_open_insight_is_ended_by_a_later_hour(pipeline: Any, lake: Any) -> None:
    """A burst that runs past its hour is told open, and gets its End when the next hour is there."""
    last = START + timedelta(days=9) - 3 * MINUTE
    put_counts(lake, {last + n * MINUTE: 20 for n in range(3)})
    judge(pipeline)
    opened = told(lake)
    put_counts(lake, {last + n * MINUTE: 20 for n in range(3, 8)} | {last + 40 * MINUTE: 0})
    put_counts(lake, {floor(last, HOUR) + 2 * HOUR: 0})
    reading.mark(lake, Window(READ.start, NOW))
    judge(pipeline)
    (row,) = insights.read(lake)

    assert opened == [("RunInstances", "open", None, False)]
    assert (row["status"], row["total_calls"], row["is_corrected"]) == ("closed", 160, False)
    assert json.loads(row["end_record_json"])["sharedEventID"] == row["insight_id"]


def test_what_the_data_no_longer_show_is_withdrawn(pipeline: Any, lake: Any) -> None:
    """An insight whose burst turns out to be usual, once older data have come, stays in the table and says so."""
    put_counts(lake, {BURST: 6})
    judge(pipeline)
    put_counts(lake, {BURST - timedelta(days=day): 9 for day in range(1, 8)})
    judge(pipeline)

    (row,) = [row for row in insights.read(lake) if row["start_time"] == BURST]
    assert row["status"] == "withdrawn"
    assert row["start_record_json"]


def test_a_made_up_date_hides_nothing(pipeline: Any, lake: Any) -> None:
    """Counts dated far ahead or long ago do not keep today's burst from being found."""
    put_counts(lake, {BURST: 6})
    put_counts(lake, {parse_instant("2099-01-01T00:00"): 1})
    put_counts(lake, {parse_instant("2005-01-01T00:00"): 1})
    judge(pipeline)

    assert told(lake) == [("RunInstances", "closed", 6, False)]
    assert changes.pending(lake) == {}


def test_old_insights_are_left_alone(pipeline: Any, lake: Any) -> None:
    """An hour that is counted anew cannot change what was told of days before it."""
    put_counts(lake, {BURST: 6})
    judge(pipeline)
    (row,) = insights.read(lake)
    insights.write(lake, row | {"score": -1.0})
    put_counts(lake, {BURST + timedelta(hours=20): 1})
    reading.mark(lake, Window(READ.start, NOW))
    judge(pipeline)

    assert [row["score"] for row in insights.read(lake)] == [-1.0]


def test_an_hour_that_is_read_in_part_is_not_judged(pipeline: Any, lake: Any) -> None:
    """The run of an hour reads some minutes of the next; those are no drop and no end, and wait to be judged."""
    last = START + timedelta(days=9) + 5 * MINUTE
    put_counts(lake, {last: 20})
    judge(pipeline)
    before = told(lake)
    reading.mark(lake, Window(READ.start, NOW))
    judge(pipeline)

    assert before == []
    assert told(lake) == [("RunInstances", "closed", 20, False)]


def test_an_insight_ends_though_its_region_falls_silent(pipeline: Any, lake: Any) -> None:
    """Where the last calls of a place are the burst itself it ends with them, once the hours after it were read."""
    last = START + timedelta(days=9) - 3 * MINUTE
    put_counts(lake, {last + n * MINUTE: 20 for n in range(3)})
    judge(pipeline)
    reading.mark(lake, Window(READ.start, NOW))
    judge(pipeline)

    assert told(lake) == [("RunInstances", "closed", 60, False)]


def test_a_mark_waits_for_its_counts(pipeline: Any, lake: Any, record: Any) -> None:
    """A mark whose counts are not there yet stays: its writer is about to put them, or was killed before it could."""
    pipeline.deliver(record(1))
    pipeline.normalize()
    hour = EventHour("111122223333", "us-east-1", parse_instant("2026-11-01T13:00"))
    changes.mark(lake, hour, "a version that is not counted yet")
    judge(pipeline)

    assert [change.hour for change in changes.pending(lake)["111122223333", "us-east-1"]] == [hour.start, hour.start]


def test_a_number_of_the_method_is_a_setting(open_pipeline: Any) -> None:
    """What the table [method] names wins over the sensitivity; all else is the sensitivity's."""
    chosen = open_pipeline(detect={"sensitivity": "low"}, method={"score_factor": 2, "windows_minutes": [1, 60]})

    assert detect.parameters_of(chosen.workspace.settings, BOTH_RATES) == replace(
        Parameters.preset("low"), score_factor=2, windows_minutes=(1, 60)
    )


def test_minutes_with_calls_can_be_left_out(open_pipeline: Any) -> None:
    """An empty list of their windows is a choice, unlike none: calls alone are judged then."""
    chosen = open_pipeline(method={"active_windows_minutes": []})

    assert detect.parameters_of(chosen.workspace.settings, BOTH_RATES) == Parameters(active_windows_minutes=())
