"""What is looked for, as settings and selectors name it, and what a change of it brings about."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from insights.errors import SettingsError
from insights.records.partitions import EventHour
from insights.records.schemas import MINUTE_COUNTS
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.stages import detect
from insights.stages.selection import put_selection, selection_of, trail_of
from insights.storage import changes, counts, insights, reading
from insights.storage.tables import encode
from insights.windows import HOUR, MINUTE, Window, parse_instant

START = parse_instant("2026-11-01T00:00")
BURST = START + timedelta(days=8, hours=13, minutes=25)
CALLS, ERRORS = InsightType.CALL_RATE, InsightType.ERROR_RATE
NOTHING = Selection(frozenset())


def _counts(lake: Any, hour: datetime) -> None:
    """Count a call every ten minutes, and in the burst's hour 40 writes and 40 reads of data in its minute."""
    times = [(hour + n * 10 * MINUTE, "PutMetricData", "Management", 1) for n in range(6)]
    if hour <= BURST < hour + HOUR:
        times += [(BURST, "RunInstances", "Management", 40), (BURST, "GetObject", "Data", 40)]
    rows = [
        {
            "minute": at,
            "event_category": category,
            "is_read_only": name == "GetObject",
            "event_source": "s3.amazonaws.com" if category == "Data" else "ec2.amazonaws.com",
            "event_name": name,
            "error_code": None,
            "count": count,
        }
        for at, name, category, count in times
    ]
    key = counts.hour_key(EventHour("111122223333", "us-east-1", hour))
    lake.put(key, encode(pa.Table.from_pylist(rows, schema=MINUTE_COUNTS)))


@pytest.fixture
def history(pipeline: Any) -> Any:
    """Nine days of counts, all judged already: no hour is marked."""
    for number in range(9 * 24):
        _counts(pipeline.workspace.lake, START + number * HOUR)
    reading.mark(pipeline.workspace.lake, Window(START, START + timedelta(days=9, minutes=20)))
    pipeline.workspace.now = lambda: START + timedelta(days=10)
    return pipeline.workspace


def _found(workspace: Any) -> list[tuple[str, str]]:
    rows = insights.read(workspace.lake)
    return sorted((row["event_category"], row["event_name"]) for row in rows if row["status"] != "withdrawn")


def test_defaults(open_pipeline: Callable[..., Any]) -> None:
    """As long as nobody put selectors the settings say what is looked for."""
    made = open_pipeline(detect={"call_rate": False, "categories": ["Data"]})

    assert selection_of(made.workspace).selectors == [(ERRORS, ["Data"])]


def test_selectors_win(pipeline: Any) -> None:
    """What was put wins, and replaces what was put before."""
    put_selection(pipeline.workspace, Selection.of([(ERRORS, ["Data"])]))
    put_selection(pipeline.workspace, Selection.of([(CALLS, ["Management"])]))

    assert selection_of(pipeline.workspace).selectors == [(CALLS, ["Management"])]


def test_disabled(history: Any) -> None:
    """Where Insights are off nothing is judged, and the hours wait."""
    put_selection(history, NOTHING)
    changes.mark(history.lake, EventHour("111122223333", "us-east-1", BURST.replace(minute=0)), "new")

    assert detect.run(None, history).judged == 0
    assert changes.pending(history.lake)


def test_enabled(history: Any) -> None:
    """Turning Insights on finds what is unusual in the history that was there before."""
    put_selection(history, NOTHING)
    assert detect.run(None, history).started == 0
    assert put_selection(history, Selection.of([(CALLS, ["Management"])]))
    detect.run(None, history)

    assert _found(history) == [("Management", "RunInstances")]


def test_narrowed(history: Any) -> None:
    """What is no longer looked for stays as it was told, when its hours are judged again too."""
    put_selection(history, Selection.of([(CALLS, ["Management", "Data"])]))
    detect.run(None, history)
    both = [("Data", "GetObject"), ("Management", "RunInstances")]
    assert _found(history) == both

    assert not put_selection(history, Selection.of([(CALLS, ["Management"])]))
    detect.run(Window(START, START + timedelta(days=9)), history)
    assert _found(history) == both


def test_types_and_categories_pair(history: Any) -> None:
    """Call rates of data and error rates of management are not call rates of management."""
    put_selection(history, Selection.of([(CALLS, ["Data"]), (ERRORS, ["Management"])]))
    detect.run(None, history)

    assert _found(history) == [("Data", "GetObject")]


def test_data_insight(history: Any) -> None:
    """Insights of data events name the trail and their category; those of management events name no trail."""
    put_selection(history, Selection.of([(CALLS, ["Management", "Data"])]))
    detect.run(None, history)
    details = {
        row["event_name"]: json.loads(row["start_record_json"])["insightDetails"] for row in insights.read(history.lake)
    }

    assert details["GetObject"]["insightSource"] == "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail-insights"
    assert details["GetObject"]["sourceEventCategory"] == "Data"
    assert "insightSource" not in details["RunInstances"]


def test_trail_of_the_settings(open_pipeline: Callable[..., Any]) -> None:
    """The trail goes by the ARN of the settings; one that is none is refused by the setting's name."""
    arn = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/management-events"

    assert str(trail_of(open_pipeline(trail={"arn": arn}).workspace)) == arn
    with pytest.raises(SettingsError, match=r"trail\.arn: 'arn:\S+' is no trail ARN like arn:"):
        trail_of(open_pipeline(trail={"arn": arn.replace("management", "a..b")}).workspace)


def test_trail_of_the_lake(history: Any) -> None:
    """Without the setting it is named after the first account and Region of the lake."""
    assert str(trail_of(history)) == "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail-insights"
