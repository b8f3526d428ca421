"""Every DAG, task by task, against a server that speaks S3, SNS and SQS."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from insights.settings import load_settings
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant

# Airflow's in-process Execution API imports Starlette's test client by way of svcs, with the HTTP library it has.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")

TWENTY_PAST_TWO = parse_instant("2026-11-01T14:20")
RunDag = Callable[..., dict[str, str]]


@pytest.fixture
def tables(cloud: Any, rows_of: Callable[..., list[dict[str, Any]]]) -> Callable[[], dict[str, Any]]:
    """Gives the tables of the lake as they are now."""
    names = ("events", "minute_counts", "insights", "quarantine", "ledger")
    return lambda: {name: rows_of(cloud.store("s3://lake-bucket"), name) for name in names}


def records_of(objects: Iterable[Any]) -> list[dict[str, Any]]:
    """All records of some trail objects, read with the standard library."""
    return [record for each in objects for record in json.loads(gzip.decompress(each.body))["Records"]]


def distinct_ids(objects: Iterable[Any]) -> list[str]:
    return sorted({record["eventID"] for record in records_of(objects)})


class TestTrailIngest:
    def test_one_hour(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """A run at 14:20 reads what was delivered from 13:00 until then: every record once, every call counted."""
        cloud.deliver(two_hours)
        end = TWENTY_PAST_TWO
        mine = [each for each in two_hours if parse_instant("2026-11-01T13:00") <= each.delivered_at < end]
        assert 0 < len(mine) < len(two_hours)

        states = run_dag("trail_ingest", at=TWENTY_PAST_TWO)

        assert set(states.values()) == {"success"}
        found = tables()
        assert sorted(row["event_id"] for row in found["events"]) == distinct_ids(mine)
        minutes = Counter(record["eventTime"][:16] for record in {r["eventID"]: r for r in records_of(mine)}.values())
        counted: Counter[str] = Counter()
        for row in found["minute_counts"]:
            counted[f"{row['minute']:%Y-%m-%dT%H:%M}"] += row["count"]
        assert counted == minutes
        assert sorted(row["object_key"] for row in found["ledger"]) == sorted(each.key for each in mine)

    def test_again(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """A second run of the same hour changes nothing."""
        cloud.deliver(two_hours)
        run_dag("trail_ingest", at=TWENTY_PAST_TWO)
        before = tables()

        states = run_dag("trail_ingest", at=parse_instant("2026-11-01T14:50"))

        assert states[""] == "success"
        assert tables() == before

    def test_held_hour(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any, record: Any, body: Any) -> None:
        """An hour of mostly broken records turns `validate` and the run red; the others are counted all the same."""
        broken = (
            "AWSLogs/444455556666/CloudTrail/us-east-1/2026/11/01/444455556666_CloudTrail_us-east-1_20261101T1310Z_"
        )
        cloud.deliver(two_hours)
        good = record(1, recipientAccountId="444455556666")
        cloud.store("s3://trail-bucket").put(f"{broken}AAAAAAAAAAAAAAAA.json.gz", body(good, {}, {}, {}))

        states = run_dag("trail_ingest", at=TWENTY_PAST_TWO)

        assert (states["validate"], states["count"], states[""]) == ("failed", "success", "failed")
        found = tables()
        assert {row["folder"].split("/")[1] for row in found["events"]} == {
            "account_id=111122223333", "account_id=444455556666",
        }  # fmt: skip
        assert {row["folder"].split("/")[1] for row in found["minute_counts"]} == {"account_id=111122223333"}

    def test_nothing_delivered(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """An hour without objects is green: nothing to read, nothing counted."""
        cloud.deliver(two_hours[:1])

        states = run_dag("trail_ingest", at=TWENTY_PAST_TWO)

        assert states["normalize"] == "skipped"
        assert {states[step] for step in ("extract", "validate", "count", "reconcile", "")} == {"success"}
        assert tables()["minute_counts"] == []

    def test_no_interval(self, cloud: Any, run_dag: RunDag) -> None:
        """A run triggered without a date fails at once: no retry could give it a window."""
        states = run_dag("trail_ingest", at=None)

        assert states["extract"] == "failed"
        assert states[""] == "failed"

    def test_wrong_setting(self, cloud: Any, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mistyped setting fails the first task at once; nothing is written."""
        monkeypatch.setenv("TRAIL_INSIGHTS__TRAIL__URLL", "s3://trail-bucket")

        states = run_dag("trail_ingest", at=TWENTY_PAST_TWO)

        assert states["extract"] == "failed"
        assert cloud.client("s3").list_objects_v2(Bucket="lake-bucket")["KeyCount"] == 0


class TestTrailArrivals:
    """A run at 13:40, as of a nudge."""

    NUDGED = parse_instant("2026-11-01T13:40")

    def test_the_running_hour(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """What was delivered so far is in the lake and counted; as its hours are not over, detection is not woken."""
        so_far = [each for each in two_hours if each.delivered_at < self.NUDGED]
        cloud.deliver(so_far)

        states = run_dag("trail_arrivals", at=self.NUDGED)

        assert states == {
            "extract": "success", "normalize": "success", "validate": "success", "count": "success",
            "announce": "skipped", "": "success",
        }  # fmt: skip
        found = tables()
        assert sorted(row["event_id"] for row in found["events"]) == distinct_ids(so_far)
        assert sum(row["count"] for row in found["minute_counts"]) == len(found["events"])

    def test_the_hourly_run_after_it(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """The hourly run ends in the same tables, nudged before or not, and says which hours are whole."""
        cloud.deliver(each for each in two_hours if each.delivered_at < self.NUDGED)
        run_dag("trail_arrivals", at=self.NUDGED)
        cloud.deliver(two_hours)
        assert list(cloud.store("s3://lake-bucket").list("state/read/")) == []

        run_dag("trail_ingest", at=parse_instant("2026-11-01T13:20"))
        run_dag("trail_ingest", at=TWENTY_PAST_TWO)

        assert sorted(row["event_id"] for row in tables()["events"]) == distinct_ids(two_hours)
        assert len(list(cloud.store("s3://lake-bucket").list("state/read/"))) == 2

    def test_nothing_new(self, cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
        """A second nudge for the same objects looks, and skips the rest."""
        cloud.deliver(each for each in two_hours if each.delivered_at < self.NUDGED)
        run_dag("trail_arrivals", at=self.NUDGED)
        before = tables()

        states = run_dag("trail_arrivals", at=parse_instant("2026-11-01T13:45"))

        assert (states["extract"], states["normalize"], states["count"], states[""]) == (
            "success", "skipped", "skipped", "success",
        )  # fmt: skip
        assert tables() == before

    def test_late_for_a_complete_hour(self, cloud: Any, run_dag: RunDag, two_hours: Any) -> None:
        """An object that comes late for an hour already judged wakes detection at once."""
        late = [each for each in two_hours if each.delivered_at < parse_instant("2026-11-01T12:20")]
        cloud.deliver(each for each in two_hours if each not in late)
        run_dag("trail_ingest", at=parse_instant("2026-11-01T13:20"))
        run_dag("insights_detect")
        cloud.deliver(late)

        assert run_dag("trail_arrivals", at=self.NUDGED)["announce"] == "success"

    def test_held_hour(self, cloud: Any, run_dag: RunDag, two_hours: Any, record: Any, body: Any) -> None:
        """An hour of mostly broken records is held back, and the run green: the hourly run says so once."""
        broken = (
            "AWSLogs/444455556666/CloudTrail/us-east-1/2026/11/01/444455556666_CloudTrail_us-east-1_20261101T1310Z_"
        )
        good = record(1, recipientAccountId="444455556666")
        cloud.store("s3://trail-bucket").put(f"{broken}AAAAAAAAAAAAAAAA.json.gz", body(good, {}, {}, {}))

        states = run_dag("trail_arrivals", at=self.NUDGED)

        assert (states["validate"], states["count"], states[""]) == ("success", "success", "success")
        assert list(cloud.store("s3://lake-bucket").list("minute_counts/")) == []


def test_analysis_of_a_window(cloud: Any, run_dag: RunDag, two_hours: Any, tables: Any) -> None:
    """`initial_analysis` reads and counts all that was delivered in the window of its form."""
    cloud.deliver(two_hours)

    states = run_dag("initial_analysis", window_start="2026-11-01T12:00:00Z", window_end="2026-11-02T00:00:00Z")

    assert set(states.values()) == {"success"}
    found = tables()
    assert sorted(row["event_id"] for row in found["events"]) == distinct_ids(two_hours)
    assert sum(row["count"] for row in found["minute_counts"]) == len(found["events"])


def test_told_once(
    cloud: Any, run_dag: RunDag, announcement: Any, announcement_window: Window, tables: Any,
    ingest: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """`insights_detect`, triggered by hand without any date, finds the burst in counts that are there, publishes and
    tells it; `initial_analysis` of a window around it then finds nothing new and tells nobody a second time."""
    channel, received = cloud.subscribe()
    monkeypatch.setenv("TRAIL_INSIGHTS__NOTIFY__CHANNELS", json.dumps([channel]))
    monkeypatch.setenv("TRAIL_INSIGHTS__NOTIFY__MAX_AGE_HOURS", "876000")
    cloud.deliver(announcement)
    workspace = Workspace(load_settings(), aws=cloud.access())
    ingest(announcement_window, workspace)

    states = run_dag("insights_detect")

    assert set(states.values()) == {"success"}
    found = tables()
    assert [(row["event_name"], f"{row['start_time']:%FT%R}") for row in found["insights"]] == [
        ("RunInstances", "2019-11-07T13:25")
    ]
    assert [(record["insightDetails"]["state"], record["eventTime"]) for record in received()] == [
        ("Start", "2019-11-07T13:25:00Z"), ("End", "2019-11-07T13:26:00Z"),
    ]  # fmt: skip
    published = cloud.client("s3").list_objects_v2(Bucket="lake-bucket", Prefix="AWSLogs/")["Contents"]
    assert ["/CloudTrail-Insight/us-east-1/2019/11/07/" in each["Key"] for each in published] == [True]

    again = run_dag("initial_analysis", window_start="2019-11-07T00:00:00Z", window_end="2019-11-08T00:00:00Z")
    assert again[""] == "success"
    assert tables() == found
    assert received() == []
