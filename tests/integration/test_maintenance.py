"""Ingest and maintenance at once, on a folder and on S3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from insights.settings import Settings
from insights.simulate import TrailObject, TrailPlan, simulate
from insights.stages import maintain
from insights.stages.workspace import Workspace
from insights.storage import counts
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import HOUR, Window, parse_instant

START = parse_instant("2026-11-01T00:00")
PLACE = ("111122223333", "us-east-1")


@pytest.fixture(scope="module")
def trail() -> list[TrailObject]:
    return list(simulate(TrailPlan(5, START, 0.2, PLACE[:1], PLACE[1:], calls_per_hour=30)))


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        found: ObjectStore = request.getfixturevalue("cloud").store("s3://lake-bucket")
        return found
    return open_store(str(tmp_path / "lake"), create=True)


def open_workspace(lake: ObjectStore, objects: list[TrailObject], now: datetime) -> Workspace:
    workspace = Workspace(Settings(), now=lambda: now)
    workspace.trail, workspace.lake = open_store("memory://trail"), lake
    for each in objects:
        workspace.trail.put(each.key, each.body)
    return workspace


def read(lake: ObjectStore) -> list[dict[str, Any]]:
    window = Window(START, START + timedelta(days=1))
    return [row for _, table in counts.read_counts(lake, window) for row in table.to_pylist()]


def test_maintenance_beside_ingest(
    lake: ObjectStore, trail: list[TrailObject], ingest: Callable[[Window, Workspace], None]
) -> None:
    """Half of the objects come late, while the day is put together again and again; in the end the counts are those of
    an ingest alone, once."""
    window, now = Window(START, START + 6 * HOUR), parse_instant("2026-11-20")
    alone = open_workspace(open_store("memory://alone"), trail, now)
    ingest(window, alone)
    workspace = open_workspace(lake, trail[::2], now)
    ingest(window, workspace)
    for each in trail[1::2]:
        workspace.trail.put(each.key, each.body)
    is_over, failures = threading.Event(), []

    def tidy() -> None:
        try:
            while not is_over.is_set():
                maintain.run(None, workspace)
        except Exception as failure:
            failures.append(failure)

    tidying = [threading.Thread(target=tidy) for _ in range(2)]
    for each in tidying:
        each.start()
    for hour in range(6):
        ingest(Window(START + hour * HOUR, START + (hour + 1) * HOUR), workspace)
    is_over.set()
    for each in tidying:
        each.join()
    during = read(lake)
    maintain.run(None, workspace)

    assert failures == []
    assert during == read(lake) == read(alone.lake)
    assert [info.key.rpartition("/")[2] for info in lake.list("minute_counts/")] == ["day.parquet"]
