"""publish and notify, killed at every step: each record lies in one object and once in the index, and is always told.

A step is any request that changes the lake, or a message to a channel. The work is cut short just before each, and just
after, for once S3 has taken a request its writer may still die; then it is done by a new process, of which that is all
there is to know: the lake.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from insights.notify.message import Message
from insights.records.insight import Insight, Rate, end_record, start_record
from insights.records.schemas import INSIGHTS
from insights.records.series import Direction, InsightType, SeriesKey
from insights.stages import notify, publish
from insights.storage import insights, publications
from insights.storage.objects import ObjectStore
from insights.windows import Window, parse_instant

NOW = parse_instant("2026-11-01T15:00")
DAYS = ["2026-10-31", "2026-11-01"]
EVERYTHING = Window(parse_instant("2026-10-31"), parse_instant("2026-11-02"))
REGIONS = ("eu-west-1", "us-east-1")


class Killed(BaseException):
    """The end of a process: nothing catches it."""


class Fuse:
    """Ends the process before or after so many steps."""

    def __init__(self, steps: int | None = None, *, is_after: bool = False) -> None:
        self.steps, self.is_after, self.taken = steps, is_after, 0

    def step(self, work: Callable[[], None]) -> None:
        if self.taken == self.steps and not self.is_after:
            raise Killed
        work()
        if self.taken == self.steps:
            raise Killed
        self.taken += 1


class FusedLake:
    """A lake whose writes are steps."""

    def __init__(self, lake: ObjectStore, fuse: Fuse) -> None:
        self._lake, self._fuse = lake, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lake, name)

    def put(self, *args: Any, **named: Any) -> None:
        self._fuse.step(lambda: self._lake.put(*args, **named))

    def delete(self, key: str) -> None:
        self._fuse.step(lambda: self._lake.delete(key))


class FusedChannel:
    """A channel whose every message is a step; it keeps what it was sent over the deaths of its senders."""

    name = "fused"

    def __init__(self) -> None:
        self.fuse, self.sent = Fuse(), Counter[str]()

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.fuse.step(lambda message=message: self.sent.update([message.message_id]))


def row(name: str, region: str, start: str, minutes: int | None) -> insights.Row:
    begin = parse_instant(start)
    found = Insight(
        series=SeriesKey("111122223333", region, "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", name),
        direction=Direction.SPIKE,
        start=begin,
        end=begin + timedelta(minutes=minutes) if minutes else None,
        baseline=Rate(21, 10080),
        detection=Rate(30, 5),
        total=Rate(30, minutes) if minutes else None,
    )
    values: dict[str, Any] = {"string": "x", "int64": 1, "double": 0.5, "bool": False}
    return {field.name: values.get(str(field.type), begin) for field in INSIGHTS} | {
        "insight_id": found.insight_id,
        "account_id": "111122223333",
        "region": region,
        "start_record_json": json.dumps(start_record(found)),
        "end_record_json": json.dumps(end_record(found)) if minutes else None,
        "integrity_json": None,
    }


def detected(lake: ObjectStore, *, is_later: bool) -> None:
    """Write what detection finds: two Regions, an insight over midnight, and later an End and a new insight."""
    if not is_later:
        insights.write(lake, row("RunInstances", "us-east-1", "2026-10-31T23:55", 9))
        insights.write(lake, row("CreateUser", "us-east-1", "2026-11-01T14:07", None))
        insights.write(lake, row("CreateUser", "eu-west-1", "2026-11-01T14:09", 3))
        return
    (known,) = [each for each in insights.read(lake) if each["end_record_json"] is None]
    insights.write(lake, known | row("CreateUser", "us-east-1", "2026-11-01T14:07", 20))
    insights.write(lake, row("DeleteUser", "us-east-1", "2026-11-01T14:30", 2))


def run(workspace: Any, lake: ObjectStore, channel: FusedChannel, fuse: Fuse, window: Window | None) -> None:
    """What a run of `insights_detect` or of `insights run` does after it has judged."""
    workspace.lake, channel.fuse = FusedLake(lake, fuse), fuse
    publish.run(window, workspace)
    notify.run(window, workspace, [channel])


def in_objects(lake: ObjectStore) -> Counter[str]:
    keys = [info.key for info in lake.list("AWSLogs/")]
    documents = [json.loads(gzip.decompress(lake.get(key)[0])) for key in keys]
    return Counter(record["eventID"] for document in documents for record in document["Records"])


def in_index(lake: ObjectStore) -> dict[str, str]:
    """Give the object of each record; every entry there is, so that one told of twice shows."""
    found: dict[str, str] = {}
    for info in lake.list(f"{publications.TABLE}/"):
        for event_id, key in json.loads(lake.get(info.key)[0]).items():
            assert event_id not in found
            found[event_id] = key
    return found


def in_table(lake: ObjectStore) -> set[str]:
    rows = insights.read(lake)
    texts = [text for each in rows for text in (each["start_record_json"], each["end_record_json"]) if text]
    return {json.loads(text)["eventID"] for text in texts}


@pytest.mark.parametrize("window", [None, EVERYTHING], ids=["scheduled", "window"])
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_killed_at_every_step(open_pipeline: Any, is_after: bool, window: Window | None) -> None:
    """Wherever a run dies, the next one leaves every record in one object and once in the index, and told.

    Between the death and the next run detection finds more, which may not make what was begun come twice.
    """
    killed = 0
    while True:
        workspace = open_pipeline().workspace
        workspace.now = lambda: NOW
        lake, channel = workspace.lake, FusedChannel()
        detected(lake, is_later=False)
        try:
            run(workspace, lake, channel, Fuse(killed, is_after=is_after), window)
        except Killed:
            killed += 1
        else:
            break
        told_before = channel.sent.copy()
        detected(lake, is_later=True)
        run(workspace, lake, channel, Fuse(), window)

        expected = in_table(lake)
        assert len(expected) == 8
        assert in_objects(lake) == Counter(expected), killed
        index = in_index(lake)
        assert set(index) == expected, killed
        assert set(index.values()) == {info.key for info in lake.list("AWSLogs/")}
        assert set(channel.sent) == expected, killed
        # What is told twice is what the channel took and no mark could say so: of one request at most.
        assert sum(channel.sent.values()) - len(expected) <= len(told_before) <= notify._AT_ONCE
        run(workspace, lake, channel, fuse := Fuse(), window)
        assert fuse.taken == 0, killed
    # Two Regions with head, object, index of one or two days, outbox and end; the marks; five messages with theirs.
    assert killed >= 2 * 4 + 1 + 5 + 3 + 2 * 5


def test_killed_again_and_again(open_pipeline: Any) -> None:
    """Runs that each die a step later than the one before still get there: no death undoes what was done."""
    workspace = open_pipeline().workspace
    workspace.now = lambda: NOW
    lake, channel = workspace.lake, FusedChannel()
    detected(lake, is_later=False)
    detected(lake, is_later=True)
    deaths = 0
    while True:
        try:
            run(workspace, lake, channel, Fuse(deaths), None)
        except Killed:
            deaths += 1
            assert deaths < 50
        else:
            break

    expected = in_table(lake)
    assert in_objects(lake) == Counter(expected)
    assert set(in_index(lake)) == expected
    assert set(channel.sent) == expected
