"""Counting, late events, compaction and reading at once, stopped anywhere: the counts are never lost, old or double.

Each actor runs the real code in a thread of its own, but takes one step, a call to the store, only when Hypothesis says
so. A step can be the actor's last, before or after the store has done it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from queue import Queue
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.errors import ConflictError, NotFoundError
from insights.records.partitions import EventHour
from insights.storage import compaction, counts, hours
from insights.storage.events import merge_hour
from insights.storage.objects import ABSENT, Folder, ObjectInfo
from insights.windows import HOUR, Window

DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
HOURS = [EventHour("111122223333", "us-east-1", DAY.start + number * HOUR) for number in (4, 5, 22)]
FOLDER = f"minute_counts/{HOURS[0].day_path}/"
ACTORS = ("count 0", "count 0", "count 1", "late 0", "late 1", "compact", "compact", "read", "read")


class Bucket:
    """A store whose ETags are hashes of the content, as S3's are: what is written again looks like what was there."""

    url = "bucket"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return iter([self._info(key) for key in sorted(self.objects) if key.startswith(prefix)])

    def list_folder(self, prefix: str) -> Folder:
        below = [key.removeprefix(prefix) for key in sorted(self.objects) if key.startswith(prefix)]
        folders = {f"{prefix}{rest.partition('/')[0]}/" for rest in below if "/" in rest}
        return Folder(tuple(sorted(folders)), tuple(self._info(prefix + rest) for rest in below if "/" not in rest))

    def get(self, key: str) -> tuple[bytes, str]:
        if key not in self.objects:
            raise NotFoundError(key)
        return self.objects[key], self._info(key).etag

    def put(self, key: str, content: bytes, *, replacing: str | None = None, attributes: Any = None) -> None:
        present = self._info(key).etag if key in self.objects else ABSENT
        if replacing is not None and present != replacing:
            raise ConflictError(key)
        self.objects[key] = content

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def get_with_attributes(self, key: str) -> tuple[bytes, Any]:
        raise NotImplementedError

    def _info(self, key: str) -> ObjectInfo:
        content = self.objects[key]
        return ObjectInfo(key, md5(content, usedforsecurity=False).hexdigest(), len(content), DAY.start)


class Killed(BaseException):
    """What an actor dies of."""


@dataclass
class Actor:
    """Work on a bucket that waits before each call until it is told to go on."""

    bucket: Bucket
    work: Callable[[Any], Any]
    url: str = "bucket"
    result: Any = None
    failure: BaseException | None = None
    is_over: bool = False
    _go: Queue[str] = field(default_factory=Queue)
    _waits: Queue[None] = field(default_factory=Queue)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        self._waits.get(timeout=20)

    def step(self, how: str = "go") -> None:
        """Let one call happen: "go", or die "before" or "after" it."""
        self._go.put(how)
        self._waits.get(timeout=20)

    def _run(self) -> None:
        try:
            self.result = self.work(self)
        except BaseException as failure:
            self.failure = failure
        self.is_over = True
        self._waits.put(None)

    def __getattr__(self, name: str) -> Any:
        if name not in {"list", "list_folder", "get", "put", "delete"}:
            raise AttributeError(name)

        def called(*arguments: Any, **options: Any) -> Any:
            if isinstance(self.failure, Killed):
                raise self.failure
            self._waits.put(None)
            how = self._go.get(timeout=20)
            if how == "before":
                self.failure = Killed()
                raise self.failure
            found = getattr(self.bucket, name)(*arguments, **options)
            if how == "after":
                self.failure = Killed()
                raise self.failure
            return found

        return called


def visible(store: Any) -> dict[datetime, int]:
    """Give the calls of each hour as detection reads them; an hour that is there twice fails."""
    files = counts.files_of(store, "111122223333", "us-east-1", DAY)
    assert len({each.hour for each in files}) == len(files)
    calls: dict[datetime, int] = {}
    for table in counts.read_files(store, files):
        for row in table.to_pylist():
            hour = row["minute"].replace(minute=0)
            calls[hour] = calls.get(hour, 0) + row["count"]
    assert calls.keys() == {each.hour for each in files}
    return calls


class Scene:
    """A bucket with events of three hours, two of them counted, and the actors on it."""

    def __init__(self, rows_of: Callable[[int, int], Any]) -> None:
        self.rows_of = rows_of
        self.bucket = Bucket()
        self.merged = dict.fromkeys(range(len(HOURS)), 0)
        for number in range(len(HOURS)):
            self.merge(self.bucket, number)
        for number in (0, 2):
            self.count(self.bucket, number)

    def merge(self, store: Any, number: int) -> None:
        self.merged[number] += 1
        merge_hour(store, HOURS[number], self.rows_of(number, self.merged[number]))

    def count(self, store: Any, number: int) -> None:
        counts.count_hour(store, HOURS[number], hours.version(store, HOURS[number]))

    def compact(self, store: Any) -> None:
        held = list(store.list(FOLDER))
        if len(held) > 1:
            compaction.merge_counts(store, FOLDER, held)

    def work(self, name: str) -> Callable[[Any], Any]:
        kind, _, number = name.partition(" ")
        if kind == "count":
            return lambda store: self.count(store, int(number))
        if kind == "late":
            return lambda store: (self.merge(store, int(number)), self.count(store, int(number)))
        return self.compact if kind == "compact" else visible


@pytest.fixture(scope="module")
def rows_of(record: Callable[..., Any], body: Callable[..., bytes]) -> Callable[[int, int], Any]:
    import pyarrow as pa

    from insights.records.batches import Batch
    from insights.records.columns import build_rows, complete
    from insights.records.document import read_document

    made: dict[tuple[int, int], Any] = {}

    def rows(hour: int, number: int) -> Any:
        if (hour, number) not in made:
            time = HOURS[hour].start + timedelta(minutes=number)
            batch = Batch()
            batch.add(read_document("x.json.gz", body(record(100 * hour + number, eventTime=f"{time:%FT%TZ}"))), 0)
            table = build_rows(batch)[0].table
            made[hour, number] = complete(table.append_column("object_key", pa.array(["a"] * table.num_rows)))
        return made[hour, number]

    return rows


STEPS = st.lists(
    st.tuples(st.integers(0, len(ACTORS) - 1), st.sampled_from(["go"] * 30 + ["before", "after"])),
    min_size=20,
    max_size=120,
)


@settings(max_examples=15)
@given(steps=STEPS)
def test_any_interleaving(rows_of: Callable[[int, int], Any], steps: list[tuple[int, str]]) -> None:
    """After every step each hour's counts are there once, as new as before or newer; who says done has counted all that
    was there when it began; and once all have ended, counting and compacting again leaves the truth in one file."""
    before_threads = compaction._THREADS
    compaction._THREADS = 1
    try:
        _play(Scene(rows_of), steps)
    finally:
        compaction._THREADS = before_threads


def _play(scene: Scene, steps: list[tuple[int, str]]) -> None:
    actors = [Actor(scene.bucket, scene.work(name)) for name in ACTORS]
    begun: dict[int, dict[datetime, int]] = {}
    events_then: dict[int, dict[int, int]] = {}
    seen = visible(scene.bucket)
    # What the steps leave unfinished is finished in turn.
    rest = [(number, "go") for number in range(len(ACTORS)) for _ in range(200)]
    for number, how in [*steps, *rest]:
        actor = actors[number]
        if actor.is_over:
            continue
        if number not in begun:
            begun[number] = seen
            events_then[number] = _stored(scene)
            actor.start()
        else:
            actor.step(how)
        now = visible(scene.bucket)
        assert all(now.get(hour, 0) >= calls for hour, calls in seen.items()), (seen, now)
        seen = now
        if actor.is_over:
            _judge(actor, ACTORS[number], begun[number], events_then[number], seen)
    assert all(actor.is_over for actor in actors)
    for number in range(len(HOURS)):
        scene.count(scene.bucket, number)
    scene.compact(scene.bucket)
    truth = {HOURS[number].start: calls for number, calls in _stored(scene).items()}
    assert visible(scene.bucket) == truth
    assert [key for key in scene.bucket.objects if key.startswith(FOLDER)] == [f"{FOLDER}day.parquet"]


def _stored(scene: Scene) -> dict[int, int]:
    """Give how many events of each hour are in the events table."""
    from insights.storage.events import hour_key
    from insights.storage.tables import read_columns

    return {n: read_columns(scene.bucket.get(hour_key(hour))[0]).num_rows for n, hour in enumerate(HOURS)}


def _judge(
    actor: Actor, name: str, begun: dict[datetime, int], events_then: dict[int, int], now: dict[datetime, int]
) -> None:
    if isinstance(actor.failure, Killed):
        return
    assert actor.failure is None, actor.failure
    kind, _, number = name.partition(" ")
    if kind == "read":
        assert all(begun.get(hour, 0) <= calls <= now[hour] for hour, calls in actor.result.items())
        assert actor.result.keys() >= begun.keys()
    elif kind in {"count", "late"}:
        assert now.get(HOURS[int(number)].start, 0) >= events_then[int(number)] + (kind == "late")
