"""A run may be killed anywhere, repeated, or run beside another: the tables end as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import msgspec
import pytest

from insights.settings import IngestSettings
from insights.simulate import TrailPlan, simulate
from insights.stages import count, extract, normalize, reconcile
from insights.storage import ledger
from insights.storage.objects import Folder, ObjectInfo, ObjectStore
from insights.storage.opening import open_store
from insights.windows import HOUR, Window, parse_instant

NAMES = ("records_in", "kept", "duplicate", "out_of_scope", "quarantined")


class Killed(BaseException):
    """What nobody catches."""


class MortalStore:
    """A store whose process dies at the n-th put (from 0), and after it does nothing any more."""

    def __init__(self, store: ObjectStore, dies_at: int) -> None:
        self.url, self.store, self.puts, self.dies_at = store.url, store, 0, dies_at

    def put(self, key: str, content: bytes, *, replacing: str | None = None) -> None:
        if self.puts >= self.dies_at:
            raise Killed
        self.puts += 1
        self.store.put(key, content, replacing=replacing)

    def get(self, key: str) -> tuple[bytes, str]:
        return self.store.get(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self.store.list(prefix)

    def list_folder(self, prefix: str) -> Folder:
        return self.store.list_folder(prefix)


def deliver_everything(pipeline: Any, record: Callable[..., Any]) -> None:
    """Deliver three objects of three shards, with duplicates among them, bad records, and two event hours."""
    settings = pipeline.workspace.settings
    one_object_a_shard = IngestSettings(shard_megabytes=0)
    pipeline.workspace.settings = msgspec.structs.replace(settings, ingest=one_object_a_shard)
    pipeline.deliver(record(1), record(2), "bad", record(2), unique="A" * 16)
    pipeline.deliver(record(2), record(3, eventTime="2026-11-01T12:00:00Z"), "bad", at="20261101T1315Z")
    pipeline.deliver(record(3, eventTime="2026-11-01T12:00:00Z"), record(4, eventCategory="Other"), unique="C" * 16)


@pytest.fixture
def undisturbed(open_pipeline, record):
    """A pipeline that ran through at once."""
    pipeline = open_pipeline()
    deliver_everything(pipeline, record)
    pipeline.ingest()
    return pipeline


def totals(pipeline: Any) -> dict[str, int]:
    delivered = pipeline.workspace.delivered(pipeline.window)
    entries = list(ledger.entries(pipeline.workspace.lake, delivered))
    return {name: sum(entry[name] for entry in entries) for name in NAMES}


def test_twice(undisturbed) -> None:
    """A second run changes no row of any table."""
    before = undisturbed.tables()
    report = undisturbed.ingest()

    assert report.objects == 0
    assert undisturbed.tables() == before


def test_read_twice(undisturbed) -> None:
    """Even objects that are read again, since the ledger forgot them, change no row."""
    before = undisturbed.tables()
    for info in list(undisturbed.workspace.lake.list("ledger/")):
        undisturbed.workspace.lake.delete(info.key)
    undisturbed.ingest()

    assert undisturbed.tables() == before


def test_killed_anywhere(undisturbed, open_pipeline, record) -> None:
    """Whichever put a run dies at, the next run ends with the tables and totals of an undisturbed one."""
    expected, dies_at, died = undisturbed.tables(), 0, True
    while died:
        pipeline = open_pipeline()
        deliver_everything(pipeline, record)
        lake = pipeline.workspace.lake
        pipeline.workspace.lake = MortalStore(lake, dies_at)
        try:
            pipeline.ingest()
            died = False
        except Killed:
            pipeline.workspace.lake = lake
            pipeline.ingest()

        assert pipeline.tables() == expected, f"killed at put {dies_at}"
        assert totals(pipeline) == totals(undisturbed), f"killed at put {dies_at}"
        dies_at += 1
    assert dies_at > 12  # 3 plans, 3 ledger files, 2 quarantine files, 2 hours of events and of counts, at the least


def test_killed_again_and_again(undisturbed, open_pipeline, record) -> None:
    """A run that dies every time a little later gets there too."""
    pipeline = open_pipeline()
    deliver_everything(pipeline, record)
    lake = pipeline.workspace.lake
    for dies_at in range(30):
        pipeline.workspace.lake = MortalStore(lake, dies_at)
        try:
            pipeline.ingest()
        except Killed:
            continue
    pipeline.workspace.lake = lake

    assert pipeline.tables() == undisturbed.tables()


def deliver_a_shard_of_two_days(pipeline: Any, record: Callable[..., Any]) -> None:
    """Deliver two objects of one shard that stand in two files of the ledger, each with a bad record."""
    pipeline.window = AFTER_ALL
    pipeline.deliver(record(1), "bad", unique="A" * 16)
    pipeline.deliver(record(2), "bad", at="20261102T0110Z", unique="B" * 16)


def test_killed_between_the_files_of_a_ledger(open_pipeline, record) -> None:
    """A shard that is half in the ledger is read by halves: nothing of it is told twice."""
    expected = open_pipeline()
    deliver_a_shard_of_two_days(expected, record)
    expected.ingest()
    for dies_at in range(12):
        pipeline = open_pipeline()
        deliver_a_shard_of_two_days(pipeline, record)
        lake = pipeline.workspace.lake
        pipeline.workspace.lake = MortalStore(lake, dies_at)
        with suppress(Killed):
            pipeline.ingest()
        pipeline.workspace.lake = lake
        pipeline.ingest()
        found = pipeline.tables()

        assert found["quarantine"] == expected.rows("quarantine"), f"killed at put {dies_at}"
        assert found == expected.tables(), f"killed at put {dies_at}"


PLAN = TrailPlan(
    seed=7,
    start=parse_instant("2026-11-01T06:00"),
    days=0.25,
    accounts=("111122223333", "444455556666"),
    regions=("us-east-1",),
    calls_per_hour=60,
    duplicate_share=0.1,
    late_share=0.05,
    data_share=0.2,
    records_per_object=40,
)
AFTER_ALL = Window(parse_instant("2026-11-01T06:00"), parse_instant("2026-11-03T00:00"))


@pytest.fixture(scope="module")
def trail() -> ObjectStore:
    """Six hours of two accounts; every tenth record comes twice, every twentieth hours late."""
    store = open_store("memory://")
    for delivered in simulate(PLAN):
        store.put(delivered.key, delivered.body)
    return store


def over(open_pipeline, trail: ObjectStore, window: Window = AFTER_ALL) -> Any:
    pipeline = open_pipeline()
    pipeline.workspace.trail, pipeline.window = trail, window
    return pipeline


@pytest.fixture(scope="module")
def one_pass(open_pipeline, trail) -> Any:
    """A pipeline that read the whole trail in one window."""
    pipeline = over(open_pipeline, trail)
    pipeline.ingest()
    return pipeline


def test_simulated_duplicates_and_late_records(one_pass) -> None:
    """The trail under test has what it is to show: duplicates, and records hours from their delivery."""
    report = reconcile.run(one_pass.window, one_pass.workspace)

    assert report.duplicate > 50
    assert report.kept == len(one_pass.rows("events")) > 500
    assert max(len(row["partitions"]) for row in one_pass.rows("ledger")) > 2


@pytest.mark.parametrize("order", ["forward", "backward"])
def test_hour_by_hour(open_pipeline, trail, one_pass, order: str) -> None:
    """Hours run one by one, first or last hour first, end in the same events and counts as one pass over them all."""
    pipeline = over(open_pipeline, trail)
    hours = list(AFTER_ALL.hours())
    for hour in hours if order == "forward" else reversed(hours):
        pipeline.window = hour
        pipeline.ingest()

    assert pipeline.rows("events") == one_pass.rows("events")
    assert pipeline.rows("minute_counts") == one_pass.rows("minute_counts")


def test_late_objects(open_pipeline, trail, one_pass) -> None:
    """Objects that appear after their hour was run are found by the next run that looks back, and nothing is lost."""
    pipeline = over(open_pipeline, trail, Window(AFTER_ALL.start, AFTER_ALL.start + 4 * HOUR))
    keys = [info.key for info in trail.list("")]
    pipeline.workspace.trail = open_store("memory://")
    for key in keys[::2]:
        pipeline.put(key, trail.get(key)[0])
    pipeline.ingest()
    for key in keys[1::2]:
        pipeline.put(key, trail.get(key)[0])
    pipeline.workspace.lookback, pipeline.window = 48 * HOUR, Window(AFTER_ALL.end - HOUR, AFTER_ALL.end)
    pipeline.ingest()

    assert pipeline.rows("events") == one_pass.rows("events")
    assert pipeline.rows("minute_counts") == one_pass.rows("minute_counts")


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_workers_with_overlapping_shards(open_pipeline, trail, one_pass, tmp_path, place: str) -> None:
    """Workers that read partly the same objects at once end in the same tables; each object is accounted for once."""
    pipeline = over(open_pipeline, trail)
    pipeline.workspace.lake = open_store("memory://" if place == "memory" else str(tmp_path))
    (shard,) = pipeline.extract().shards
    objects = extract.read_plan(pipeline.workspace, shard)
    third = len(objects) // 3
    plans = {"plans/a.json": objects[: 2 * third], "plans/b.json": objects[third:], "plans/c.json": objects[::2]}
    for key, part in plans.items():
        pipeline.workspace.lake.put(key, msgspec.json.encode(part))
    starting = Barrier(len(plans))

    def work(key: str) -> None:
        starting.wait()
        normalize.run(pipeline.window, pipeline.workspace, key)
        count.run(pipeline.window, pipeline.workspace)

    with ThreadPoolExecutor(len(plans)) as workers:
        list(workers.map(work, plans))
    pipeline.count()

    assert pipeline.rows("events") == one_pass.rows("events")
    assert pipeline.rows("minute_counts") == one_pass.rows("minute_counts")
    report = reconcile.run(pipeline.window, pipeline.workspace)
    assert (report.read, report.unread) == (len(objects), 0)
    # Who of several that bring the same event at once is told its copy was kept, is a matter of the race.
    assert report.kept + report.duplicate == report.records_in
