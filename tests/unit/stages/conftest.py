"""Insights in the lake, as detection leaves them there, signed trails, and nine usual days."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from insights.records.insight import Insight, Rate, end_record, start_record
from insights.records.schemas import INSIGHTS
from insights.records.series import Direction, InsightType, SeriesKey
from insights.settings import parse_settings
from insights.simulate import SigningKey
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.storage.opening import open_store
from insights.windows import parse_instant
from tests.signed_trails import Case, SignedTrail, new_key
from tests.unit.stages.running_hour import HOUR_14, QUEUE, judge, put_days, settle, usual


def insight_row(
    name: str = "RunInstances", start: str = "2026-11-01T14:07", minutes: int | None = None
) -> insights.Row:
    """Give a row about 30 calls in five minutes; with `minutes` it is over, else still open."""
    begin = parse_instant(start)
    found = Insight(
        series=SeriesKey("111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", name),
        direction=Direction.SPIKE,
        start=begin,
        end=begin + timedelta(minutes=minutes) if minutes else None,
        baseline=Rate(21, 10080),
        detection=Rate(30, 5),
        total=Rate(30, minutes) if minutes else None,
    )
    place = {"account_id": found.series.account_id, "region": found.series.region}
    values: dict[str, Any] = {"string": "x", "int64": 1, "double": 0.5, "bool": False}
    row = {field.name: values.get(str(field.type), begin) for field in INSIGHTS}
    return (
        row
        | place
        | {
            "insight_id": found.insight_id,
            "start_time": begin,
            "explanation": "30 calls in 5 minutes",
            "start_record_json": json.dumps(start_record(found)),
            "end_record_json": json.dumps(end_record(found)) if minutes else None,
            "integrity_json": None,
        }
    )


@pytest.fixture(scope="session")
def insight() -> Callable[..., insights.Row]:
    return insight_row


@pytest.fixture(scope="session")
def signed_trail() -> SignedTrail:
    return SignedTrail()


@pytest.fixture(scope="session")
def forger() -> SigningKey:
    """A key that is not CloudTrail's."""
    return new_key()


@pytest.fixture
def case(signed_trail: SignedTrail, tmp_path: Path) -> Callable[..., Case]:
    """Opens a trail of nothing and an empty lake, with a file of the right keys; keyword arguments are settings."""

    def opened(**settings: Any) -> Case:
        keys = tmp_path / "keys.json"
        keys.write_bytes(signed_trail.public_keys)
        workspace = Workspace(parse_settings({"integrity": {"keys_file": str(keys)} | settings}))
        workspace.trail, workspace.lake = open_store("memory://"), open_store("memory://")
        return Case(workspace, signed_trail)

    return opened


@pytest.fixture(scope="session")
def nine_days(open_pipeline: Callable[..., Any]) -> dict[str, bytes]:
    """The files of a lake in which nine usual days, up to 14:00, are judged."""
    pipeline = open_pipeline()
    lake = pipeline.workspace.lake
    put_days(lake, usual())
    settle(lake, HOUR_14)
    judge(pipeline, 14, 5)
    return {info.key: lake.get(info.key)[0] for info in lake.list("")}


@pytest.fixture
def open_nine_days(open_pipeline: Callable[..., Any], nine_days: dict[str, bytes]) -> Callable[..., Any]:
    """Opens lakes of those nine days; keyword arguments are settings."""

    def opened(**tables: Any) -> Any:
        pipeline = open_pipeline(**({"trail": {"notifications": QUEUE}} | tables))
        for key, content in nine_days.items():
            pipeline.workspace.lake.put(key, content)
        return pipeline

    return opened


@pytest.fixture
def running(open_nine_days: Callable[..., Any]) -> Any:
    """A pipeline whose trail has a queue, amid the hour after those nine days."""
    return open_nine_days()
