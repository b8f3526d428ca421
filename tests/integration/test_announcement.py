"""What AWS's own example becomes: Start and End of the burst of its announcement, as they lie in the bucket."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from insights.windows import Window

BASELINE = {"average": 0.0019292605}  # 21 calls ÷ the 10,885 minutes from 2019-10-31T00:00 to 2019-11-07T13:25


@pytest.fixture(scope="module")
def objects(
    announcement: Any, announcement_window: Window, open_lake: Any, analyse: Callable[..., None]
) -> dict[str, Any]:
    workspace = open_lake(announcement)
    analyse(announcement_window, workspace)
    found = [info.key for info in workspace.lake.list("AWSLogs/")]
    return {key: json.loads(gzip.decompress(workspace.lake.get(key)[0])) for key in sorted(found)}


@pytest.fixture(scope="module")
def records(objects: dict[str, Any]) -> list[dict[str, Any]]:
    found = [record for document in objects.values() for record in document["Records"]]
    return sorted(found, key=lambda record: record["eventTime"])


def test_keys(objects: dict[str, Any]) -> None:
    """Both records lie in one object, named and placed as CloudTrail names its Insight files."""
    (key,) = objects
    folder, _, name = key.rpartition("/")
    assert folder == "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2019/11/07"
    assert name.startswith("111122223333_CloudTrail-Insight_us-east-1_20191107T1326Z_")


def test_times(records: list[dict[str, Any]]) -> None:
    """The unusual activity starts with the minute 13:25 and is over a minute later."""
    found = [(record["insightDetails"]["state"], record["eventTime"]) for record in records]

    assert found == [("Start", "2019-11-07T13:25:00Z"), ("End", "2019-11-07T13:26:00Z")]


def test_pair(records: list[dict[str, Any]]) -> None:
    """Both records share one id, and each has one of its own."""
    start, end = records

    assert start["sharedEventID"] == end["sharedEventID"]
    assert len({start["eventID"], end["eventID"], start["sharedEventID"]}) == 3


def test_averages(records: list[dict[str, Any]]) -> None:
    """Averages are whole calls over whole minutes to ten decimals; the End's is of the unusual minute alone."""
    start, end = (record["insightDetails"]["insightContext"]["statistics"] for record in records)

    assert end == {"baseline": BASELINE, "insight": {"average": 6}, "insightDuration": 1, "baselineDuration": 10885}
    assert (start["baseline"], start["baselineDuration"]) == (BASELINE, 10885)
    assert start["insight"]["average"] == round(6 / start["insightDuration"], 10)


def test_order_of_fields(records: list[dict[str, Any]]) -> None:
    """Fields come in the order of AWS's own records (CloudTrail User Guide, "Insights events")."""
    for record in records:
        assert list(record) == [
            "eventVersion", "eventTime", "awsRegion", "eventID", "eventType", "recipientAccountId",
            "sharedEventID", "insightDetails", "eventCategory",
        ]  # fmt: skip
        assert list(record["insightDetails"]) == [
            "state", "eventSource", "eventName", "insightType", "sourceEventCategory", "insightContext",
        ]  # fmt: skip
        context = record["insightDetails"]["insightContext"]
        assert list(context) == ["statistics", "attributions"]
        assert list(context["statistics"]) == ["baseline", "insight", "insightDuration", "baselineDuration"]


def test_who(records: list[dict[str, Any]]) -> None:
    """The caller of the burst is named in both records, the one of the week before in their baselines."""
    for record in records:
        callers, _, errors = record["insightDetails"]["insightContext"]["attributions"]
        assert callers["attribute"] == "userIdentityArn"
        assert [each["value"].rpartition("/")[2] for each in callers["insight"]] == ["launch-script"]
        assert [each["value"].rpartition("/")[2] for each in callers["baseline"]] == ["fleet-operator"]
        assert [each["value"] for each in errors["insight"]] == ["null"]
