"""From the bucket's notification to the notification of a person, before the hour is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from insights.settings import load_settings
from insights.simulate import TrailObject, scenario, simulate
from insights.stages import detect, notify, publish
from insights.stages.workspace import Workspace
from insights.windows import MINUTE, Window, parse_instant

# Airflow's in-process Execution API imports Starlette's test client by way of svcs, with the HTTP library it has.
# A DAG that other tests of this process have run has several versions in Airflow's database.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
    pytest.mark.filterwarnings("ignore:Multiple rows returned with uselist=False"),
]

START, TEN = parse_instant("2026-10-31"), parse_instant("2026-11-08T10:00")
"""When the account of AWS's announcement came to be, and the running hour."""

Rows = list[dict[str, Any]]


@dataclass
class Clock:
    """A clock that stands still."""

    now: datetime = TEN

    def __call__(self) -> datetime:
        return self.now

    def set(self, minutes: int) -> datetime:
        """Set it to some minutes after ten."""
        self.now = TEN + minutes * MINUTE
        return self.now


@dataclass
class World:
    """A trail in a bucket that tells a queue what arrives, a lake, and people who are told.

    `burst` are two log files: thirty calls from 10:10 on, delivered at 10:16, and seventy more, delivered at 10:31.
    """

    workspace: Workspace
    clock: Clock
    history: list[TrailObject]
    burst: list[tuple[str, bytes]]
    received: Callable[[], Rows]
    nudges: Callable[[], int]

    def arrive(self, number: int) -> int:
        """Deliver a log file; gives of how many new objects the trigger speaks."""
        self.workspace.trail.put(*self.burst[number])
        return self.nudges()

    def tell(self) -> None:
        """Do what `insights_detect` does."""
        for stage in (detect, publish, notify):
            stage.run(None, self.workspace)  # type: ignore[attr-defined]


# DAGs are loaded before the queue is named: Airflow's database, which other tests share, is told of no watcher.
@pytest.fixture
def nudges(cloud: Any, run_dag: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Gives how many new objects the trigger speaks of when it fires next."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="trail-arrivals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket="trail-bucket", NotificationConfiguration={"QueueConfigurations": [told]}
    )
    monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__NOTIFICATIONS", url)
    from insights.orchestration import notifications

    async def no_time(_: float) -> None:
        return None

    async def first_event() -> int:
        trigger = notifications.DeliveryTrigger(url, "trail-bucket", "", (), (), "aws_default", minutes=5)
        async for event in trigger.run():
            return int(event.payload["objects"])
        return 0

    def spoken_of() -> int:
        with monkeypatch.context() as quick:
            quick.setattr(notifications.asyncio, "sleep", no_time)
            return asyncio.run(first_event())

    return spoken_of


@pytest.fixture
def world(cloud: Any, nudges: Any, record: Any, body: Any, key: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world at ten; Airflow's tasks go by its clock."""

    def calls(first: int, last: int, delivered: int) -> tuple[str, bytes]:
        times = [TEN + minute * MINUTE for minute in range(first, last) for _ in range(5)]
        records = [
            record(first * 100 + number, eventName="StopInstances", eventTime=f"{time:%Y-%m-%dT%H:%M:%SZ}")
            for number, time in enumerate(times)
        ]
        return key(f"{TEN + delivered * MINUTE:%Y%m%dT%H%MZ}", f"BURST{first}".ljust(16, "A")), body(*records)

    channel, received = cloud.subscribe()
    monkeypatch.setenv("TRAIL_INSIGHTS__NOTIFY__CHANNELS", json.dumps([channel]))
    clock = Clock()
    monkeypatch.setattr("insights.orchestration.workspace.Workspace", partial(Workspace, now=clock))
    plan = scenario("announcement", start=START, calls_per_hour=0.15)
    history = [each for each in simulate(plan) if each.delivered_at < TEN]
    burst = [calls(10, 16, 16), calls(16, 30, 31)]
    workspace = Workspace(load_settings(), aws=cloud.access(), now=clock)
    return World(workspace, clock, history, burst, received, nudges)


def facts(rows: Iterable[dict[str, Any]]) -> Rows:
    """Give rows without what keeps the words of an earlier look: the records and the mark that they were corrected."""
    words = ("start_record_json", "end_record_json", "is_corrected")
    return [{name: value for name, value in row.items() if name not in words} for row in rows]


def test_told_before_the_hour_is_over(
    world: World, run_dag: Any, ingest: Any, open_lake: Callable[..., Workspace], rows_of: Callable[..., Rows]
) -> None:
    """A burst from 10:10 on whose first log file arrives at 10:16 is told at 10:17; when the hour has settled it is
    still that one insight, its End is told once, and the table is that of a lake that nobody nudged."""
    lake, before = world.workspace.lake, open_lake(world.history)
    before.lake = lake
    ingest(Window(START, TEN - 20 * MINUTE), before)
    world.tell()
    world.received()

    at = world.clock.set(17)
    assert world.arrive(0) == 1
    assert run_dag("trail_arrivals", at=at)["announce"] == "success"
    assert run_dag("insights_detect")[""] == "success"

    (early,) = [row for row in rows_of(lake, "insights") if row["event_name"] == "StopInstances"]
    (start,) = world.received()
    assert (early["status"], early["is_early"]) == ("open", True)
    assert (start["insightDetails"]["state"], start["eventTime"]) == ("Start", "2026-11-08T10:10:00Z")
    assert start["sharedEventID"] == early["insight_id"]

    world.clock.set(32)
    assert world.arrive(1) == 1
    ingest(Window(TEN, TEN + 10 * MINUTE), world.workspace, is_whole=False)
    world.tell()
    assert world.received() == []

    world.clock.set(140)
    ingest(Window(TEN, TEN + 120 * MINUTE), world.workspace)
    world.tell()

    (end,) = world.received()
    assert (end["insightDetails"]["state"], end["eventTime"]) == ("End", "2026-11-08T10:30:00Z")
    assert end["sharedEventID"] == start["sharedEventID"]
    waited = open_lake(world.history)
    waited.now = world.clock
    for each in world.burst:
        waited.trail.put(*each)
    ingest(Window(START, TEN + 120 * MINUTE), waited)
    detect.run(None, waited)
    assert facts(rows_of(lake, "insights")) == facts(rows_of(waited.lake, "insights"))
    assert len(rows_of(lake, "insights")) == 2
