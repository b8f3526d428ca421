"""A trail delivered in random order, late and repeated, read in random runs, is the trail read in one pass."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from insights.records.object_keys import TrailKey, format_key
from insights.settings import Settings
from insights.simulate import scenario, simulate
from insights.stages import count, detect, extract, normalize, publish, reconcile
from insights.stages.workspace import Workspace
from insights.storage.aws_access import AwsAccess
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import DAY, HOUR, Window, parse_instant

PLAN = scenario("announcement", start=parse_instant("2026-10-31"), calls_per_hour=1.0, seed=3)
UNTIL_ALL_CAME = PLAN.window.widened(after=3 * DAY)
LATE_SHARE, REPEATED_SHARE, CORRECTED_SHARE = 0.1, 0.2, 0.05
LATE_HOURS = 48.0
TABLES = ("events", "minute_counts", "insights")


def correction_of(record: dict[str, Any], rng: Random) -> dict[str, Any]:
    addendum = {"reason": "UPDATED_DATA", "updatedFields": "userAgent", "originalEventID": record["eventID"]}
    return record | {"eventID": str(rng.getrandbits(128)), "userAgent": "corrected", "addendum": addendum}


def deliveries(rng: Random) -> list[tuple[str, bytes]]:
    """Give keys and contents: a tenth of the records up to two days late, a fifth a second time, from this trail or
    another one into the same bucket, a few of these as corrections."""
    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def deliver(record: dict[str, Any], since: Any, hours: float, prefix: str = "") -> None:
        at = since + timedelta(hours=hours)
        unique = f"{'late' if hours else 'soon'}{at:%H%M}0000{prefix.replace('-', '')[:4]:0<4}"
        by_key[format_key(TrailKey(PLAN.accounts[0], PLAN.regions[0], at, unique), prefix=prefix)].append(record)

    for each in simulate(PLAN):
        for record in json.loads(gzip.decompress(each.body))["Records"]:
            is_late = rng.random() < LATE_SHARE and record["eventName"] != "RunInstances"
            deliver(record, each.delivered_at, rng.uniform(1, LATE_HOURS) if is_late else 0)
            if rng.random() < REPEATED_SHARE:
                again = correction_of(record, rng) if rng.random() < CORRECTED_SHARE / REPEATED_SHARE else record
                deliver(again, each.delivered_at, rng.uniform(0, LATE_HOURS), rng.choice(("", "0-other-trail")))
    return [(key, gzip.compress(json.dumps({"Records": by_key[key]}).encode(), mtime=0)) for key in sorted(by_key)]


@pytest.fixture(scope="module")
def delivered() -> list[tuple[str, bytes]]:
    return deliveries(Random(4))


def opened(trail: ObjectStore, lake: ObjectStore) -> Workspace:
    workspace = Workspace(Settings())
    workspace.trail, workspace.lake = trail, lake
    return workspace


def ingest(window: Window, workspace: Workspace) -> None:
    for shard in extract.run(window, workspace).shards:
        normalize.run(window, workspace, shard)
    count.run(window, workspace)


def judge(workspace: Workspace) -> None:
    detect.run(None, workspace)
    publish.run(None, workspace)


def random_runs(rng: Random) -> Iterator[Window]:
    """Cut the window of all deliveries at random hours, and give the parts in random order."""
    hours = int((UNTIL_ALL_CAME.end - UNTIL_ALL_CAME.start) / HOUR)
    cuts = sorted({0, hours, *rng.sample(range(1, hours), 6)})
    parts = [Window(UNTIL_ALL_CAME.start + a * HOUR, UNTIL_ALL_CAME.start + b * HOUR) for a, b in pairwise(cuts)]
    yield from rng.sample(parts, len(parts))


def arrive(workspace: Workspace, delivered: list[tuple[str, bytes]], rng: Random, *, batches: int) -> Iterator[None]:
    """Let the objects arrive in random order; after each batch of them everything is read in random runs."""
    shuffled = rng.sample(delivered, len(delivered))
    for number in range(batches):
        for key, content in shuffled[number::batches]:
            workspace.trail.put(key, content)
        for window in random_runs(rng):
            ingest(window, workspace)
        yield


@pytest.fixture(scope="module")
def tables(rows_of: Callable[..., Any]) -> Callable[[Workspace], dict[str, Any]]:
    return lambda workspace: {name: rows_of(workspace.lake, name) for name in TABLES}


@pytest.fixture(scope="module")
def one_pass(delivered: list[tuple[str, bytes]]) -> Workspace:
    """A lake into which all objects were read at once."""
    workspace = opened(open_store("memory://"), open_store("memory://"))
    for key, content in delivered:
        workspace.trail.put(key, content)
    ingest(UNTIL_ALL_CAME, workspace)
    judge(workspace)
    return workspace


def totals(workspace: Workspace) -> dict[str, int]:
    report = reconcile.run(UNTIL_ALL_CAME, workspace)
    return {name: getattr(report, name) for name in ("read", "unread", "records_in", "kept", "duplicate")}


def test_trail(one_pass: Workspace, tables: Any, delivered: list[tuple[str, bytes]]) -> None:
    """The trail under test has what it is to show: an insight, repeated records, corrections in their place."""
    found, numbers = tables(one_pass), totals(one_pass)
    corrected = [row for row in found["events"] if row["addendum_json"] and "UPDATED_DATA" in row["addendum_json"]]

    assert len(found["insights"]) == 1
    assert numbers["read"] == len(delivered)
    assert numbers["kept"] == len(found["events"]) == sum(row["count"] for row in found["minute_counts"])
    assert numbers["duplicate"] > 0.15 * numbers["kept"]
    assert len(corrected) > 3


@pytest.fixture(scope="module")
def bucket(aws_endpoint: str) -> Callable[[str], ObjectStore]:
    """Makes buckets on an S3 server of our own."""
    import boto3

    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")

    def made(name: str) -> ObjectStore:
        session.client("s3", endpoint_url=aws_endpoint).create_bucket(Bucket=name)
        return open_store(f"s3://{name}", aws=AwsAccess(lambda: session, aws_endpoint))

    return made


def new_lake(place: str, tmp_path: Path, bucket: Callable[[str], ObjectStore]) -> ObjectStore:
    if place == "S3":
        return bucket("lake")
    return open_store("memory://") if place == "memory" else open_store(str(tmp_path), create=True)


@pytest.mark.parametrize("place", ["folder", "memory", "S3"])
def test_random_order(
    one_pass: Workspace, delivered: Any, tables: Any, tmp_path: Path, bucket: Any, thorough: bool, place: str
) -> None:
    """Whatever arrives when and is read by which run, all rows of events, counts and insights are those of one pass,
    and as many records are told kept and duplicate."""
    if place != "folder" and not thorough:
        pytest.skip("takes a minute: run with --thorough")
    rng = Random(len(place))
    workspace = opened(open_store("memory://"), new_lake(place, tmp_path, bucket))
    for _ in arrive(workspace, delivered, rng, batches=6 if thorough else 2):
        pass
    judge(workspace)

    assert tables(workspace) == tables(one_pass)
    assert totals(workspace) == totals(one_pass)


def test_judged_meanwhile(one_pass: Workspace, delivered: Any, tables: Any, thorough: bool) -> None:
    """Nor does it matter to events, counts, and which insights there are, that each run judged what it saw."""
    workspace = opened(open_store("memory://"), open_store("memory://"))
    for _ in arrive(workspace, delivered, Random(1), batches=6 if thorough else 2):
        judge(workspace)
    found, expected = tables(workspace), tables(one_pass)

    assert (found["events"], found["minute_counts"]) == (expected["events"], expected["minute_counts"])
    standing = {row["insight_id"] for row in found["insights"] if row["status"] != "withdrawn"}
    assert standing == {row["insight_id"] for row in expected["insights"]}
