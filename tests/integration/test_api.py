"""The AWS command line and boto3, as they are installed, against `insights serve`, as it is installed."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks import lakes
from insights.cli.simulate import write
from insights.settings import Settings
from insights.simulate import TrailPlan, simulate
from insights.simulate.digests import TRAIL_NAME, public_key_list, seeded_key, with_digests
from insights.stages.workspace import Workspace
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant

ACCOUNT, REGION, NAME = "111122223333", "us-east-1", "trail_name"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}"
BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret", "AWS_DEFAULT_REGION": REGION}


@dataclass(frozen=True)
class Endpoint:
    """A server, and the two clients of it."""

    url: str

    def aws(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS command line with its endpoint changed, as a user would."""
        variables = os.environ | KEYS | {"AWS_ENDPOINT_URL_CLOUDTRAIL": self.url, "AWS_PAGER": ""} | environment
        command = [str(BIN / "aws"), "cloudtrail", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def answer(self, *arguments: str) -> Any:
        done = self.aws(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def client(self, region: str = REGION) -> Any:
        import boto3

        config = Config(retries={"max_attempts": 1}, parameter_validation=False)
        return boto3.client(
            "cloudtrail",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="testing-key",
            aws_secret_access_key="testing-secret",
            config=config,
        )


@contextmanager
def serving(lake: Path, *options: str, arn: str = ARN, **environment: str) -> Iterator[Endpoint]:
    command = [str(BIN / "insights"), "serve", "--lake", str(lake), "--port", "0", "--no-auth", "--trail-arn", arn]
    process = subprocess.Popen([*command, *options], env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.match(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        yield Endpoint(found[0])
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def announced(
    announcement: Any,
    announcement_window: Window,
    analyse: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Endpoint]:
    """A server over the lake of the announcement's trail."""
    folder = tmp_path_factory.mktemp("announced")
    workspace = Workspace(Settings())
    workspace.trail, workspace.lake = open_store("memory://trail"), open_store(str(folder))
    for each in announcement:
        workspace.trail.put(each.key, each.body)
    analyse(announcement_window, workspace)
    with serving(folder) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> lakes.Lake:
    """A lake of 12,000 calls in two days, and 500 insights."""
    return lakes.make(tmp_path_factory.mktemp("made"), event_count=12_000, days=2, insight_count=500)


@pytest.fixture(scope="module")
def large(made: lakes.Lake) -> Iterator[Endpoint]:
    with serving(made.folder) as endpoint:
        yield endpoint


class TestAnnouncement:
    def test_put(self, announced: Endpoint) -> None:
        """The announcement's command enables Insights; the next one says what is enabled."""
        put = announced.answer(
            "put-insight-selectors", "--trail-name", "trail_name",
            "--insight-selectors", '{"InsightType": "ApiCallRateInsight"}',
        )  # fmt: skip

        selectors = [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Management"]}]
        assert put == {"TrailARN": ARN, "InsightSelectors": selectors}
        found = announced.client().get_insight_selectors(TrailName=ARN)
        assert (found["TrailARN"], found["InsightSelectors"]) == (ARN, selectors)

    def test_disabled(self, announced: Endpoint) -> None:
        """An empty list replaces what was there: Insights are off, and asking for them says so."""
        announced.client().put_insight_selectors(TrailName=NAME, InsightSelectors=[])
        asked = announced.aws("get-insight-selectors", "--trail-name", NAME)

        assert asked.returncode != 0
        assert "(InsightNotEnabledException)" in asked.stderr
        assert f"Trail {ARN} does not have Insights enabled" in asked.stderr

    def test_lookup(self, announced: Endpoint) -> None:
        """The announcement's other command shows the pair of records of its burst, the newest first."""
        events = announced.answer("lookup-events", "--event-category", "insight")["Events"]

        records = [json.loads(event["CloudTrailEvent"]) for event in events]
        assert [record["insightDetails"]["state"] for record in records] == ["End", "Start"]
        assert [record["eventTime"] for record in records] == ["2019-11-07T13:26:00Z", "2019-11-07T13:25:00Z"]
        assert [event["EventId"] for event in events] == [record["eventID"] for record in records]
        assert {event["EventName"] for event in events} == {"RunInstances"}
        assert {event["EventSource"] for event in events} == {"ec2.amazonaws.com"}

    def test_max_items(self, announced: Endpoint) -> None:
        """`--max-items` cuts the list, and `--starting-token` goes on behind it."""
        first = announced.answer("lookup-events", "--event-category", "insight", "--max-items", "1")
        second = announced.answer(
            "lookup-events", "--event-category", "insight", "--max-items", "1", "--starting-token", first["NextToken"]
        )  # fmt: skip

        states = [
            json.loads(each["Events"][0]["CloudTrailEvent"])["insightDetails"]["state"] for each in (first, second)
        ]
        assert states == ["End", "Start"]

    @pytest.mark.parametrize(
        ("key", "value", "found"),
        [
            ("EventName", "RunInstances", 2),
            ("EventName", "runinstances", 0),
            ("EventSource", "ec2.amazonaws.com", 2),
            ("EventSource", "s3.amazonaws.com", 0),
            ("EventId", "its own", 1),
        ],
    )
    def test_attributes(self, announced: Endpoint, key: str, value: str, found: int) -> None:
        """Insights are looked up by event id, event name or event source, case and all."""
        client = announced.client()
        if key == "EventId":
            value = client.lookup_events(EventCategory="insight")["Events"][0]["EventId"]
        asked = {"AttributeKey": key, "AttributeValue": value}

        assert len(client.lookup_events(EventCategory="insight", LookupAttributes=[asked])["Events"]) == found

    @pytest.mark.parametrize(("period", "at"), [(60, "13:25"), (300, "13:25"), (3600, "13:00")])
    def test_graph(self, announced: Endpoint, period: int, at: str) -> None:
        """The six calls of the burst stand in their minute, five minutes and hour as calls a minute; zeros around."""
        start, end = parse_instant("2019-11-07T12:00"), parse_instant("2019-11-07T15:00")
        graph = announced.client().list_insights_metric_data(
            EventSource="ec2.amazonaws.com",
            EventName="RunInstances",
            InsightType="ApiCallRateInsight",
            StartTime=start,
            EndTime=end,
            Period=period,
            DataType="FillWithZeros",
        )

        steps = (end - start) // timedelta(seconds=period)
        assert graph["Timestamps"] == [start + number * timedelta(seconds=period) for number in range(steps)]
        values = dict(zip(graph["Timestamps"], graph["Values"], strict=True))
        assert values.pop(parse_instant(f"2019-11-07T{at}")) == 6 / (period // 60)
        assert set(values.values()) == {0.0}


class TestPages:
    def test_paginator(self, large: Endpoint) -> None:
        """boto3's paginator gives each of the 1,000 records of 500 insights once, newest first, 50 a page."""
        pages = list(large.client().get_paginator("lookup_events").paginate(EventCategory="insight"))

        assert [len(page["Events"]) for page in pages] == [50] * 20
        events = [event for page in pages for event in page["Events"]]
        assert len({event["EventId"] for event in events}) == 1000
        assert [event["EventTime"] for event in events] == sorted((e["EventTime"] for e in events), reverse=True)

    def test_events(self, large: Endpoint, made: lakes.Lake) -> None:
        """A listing of events by name holds each of them once, newest first, as many as the lake has."""
        import pyarrow.dataset as ds

        table = ds.dataset(made.folder / "events", format="parquet").to_table(
            columns=["event_name", "event_id"], filter=ds.field("event_category") == "Management"
        )
        name = Counter(table["event_name"].to_pylist()).most_common(1)[0][0]
        asked = {"AttributeKey": "EventName", "AttributeValue": name}
        pages = large.client().get_paginator("lookup_events").paginate(LookupAttributes=[asked])
        events = [event for page in pages for event in page["Events"]]

        ids = [row["event_id"] for row in table.to_pylist() if row["event_name"] == name]
        assert len(ids) > 200
        assert sorted(event["EventId"] for event in events) == sorted(ids)
        assert [event["EventTime"] for event in events] == sorted((e["EventTime"] for e in events), reverse=True)

    def test_graph(self, large: Endpoint) -> None:
        """A graph of more values than a page holds goes on with its token, each value once."""
        asked: dict[str, Any] = {
            "EventSource": "ec2.amazonaws.com",
            "EventName": "RunInstances",
            "InsightType": "ApiCallRateInsight",
            "Period": 60,
            "DataType": "FillWithZeros",
            "StartTime": datetime.now(UTC) - timedelta(hours=10),
            "EndTime": datetime.now(UTC),
        }
        client, times, token = large.client(), [], {}
        while True:
            page = client.list_insights_metric_data(**asked, MaxResults=250, **token)
            times += [each.timestamp() for each in page["Timestamps"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}

        assert len(times) == 600
        assert {later - earlier for earlier, later in pairwise(times)} == {60}


VALID: dict[str, Any] = {
    "LookupEvents": {},
    "ListInsightsData": {"InsightSource": ARN, "DataType": "InsightsEvents"},
    "ListInsightsMetricData": {
        "EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
    },
    "PutInsightSelectors": {"TrailName": NAME, "InsightSelectors": []},
    "GetInsightSelectors": {"TrailName": NAME},
    "GetTrail": {"Name": NAME},
    "GetTrailStatus": {"Name": NAME},
    "DescribeTrails": {},
    "ListTrails": {},
    "ListPublicKeys": {},
}  # fmt: skip
OTHER_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/other-trail"
LATER, EARLIER = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
BACKWARDS = {"StartTime": LATER, "EndTime": EARLIER}


def _attribute(key: str, value: str = "x") -> dict[str, str]:
    return {"AttributeKey": key, "AttributeValue": value}


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("LookupEvents", {"MaxResults": 51}, "InvalidMaxResultsException"),
    ("LookupEvents", {"MaxResults": 0}, "InvalidMaxResultsException"),
    ("LookupEvents", {"EventCategory": "Insight"}, "InvalidEventCategoryException"),
    ("LookupEvents", {"NextToken": "made-up"}, "InvalidNextTokenException"),
    ("LookupEvents", BACKWARDS, "InvalidTimeRangeException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName")] * 2}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("eventname")]}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName", "x" * 2001)]}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName", "_" * 1001)]}, "InvalidLookupAttributesException"),
    (
        "LookupEvents",
        {"EventCategory": "insight", "LookupAttributes": [_attribute("Username")]},
        "InvalidLookupAttributesException",
    ),
    ("ListInsightsData", {"InsightSource": OTHER_ARN}, "InvalidParameterException"),
    ("ListInsightsData", {"DataType": "Everything"}, "InvalidParameterException"),
    ("ListInsightsData", {"Dimensions": {"EventName": "a", "EventId": "b"}}, "InvalidParameterException"),
    ("ListInsightsData", {"MaxResults": 51}, "InvalidParameterException"),
    ("ListInsightsData", {"NextToken": "made-up"}, "InvalidParameterException"),
    ("ListInsightsData", BACKWARDS, "InvalidParameterException"),
    ("ListInsightsMetricData", {"Period": 61}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"EventSource": "ec2"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"InsightType": "ApiErrorRateInsight"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"MaxResults": 21601}, "InvalidParameterException"),
    ("ListInsightsMetricData", BACKWARDS, "InvalidParameterException"),
    ("ListInsightsMetricData", {"NextToken": "made-up"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"TrailName": "a..b"}, "InvalidTrailNameException"),
    ("PutInsightSelectors", {"TrailName": "a"}, "InvalidTrailNameException"),
    ("PutInsightSelectors", {"TrailName": "other-trail"}, "TrailNotFoundException"),
    ("PutInsightSelectors", {"TrailName": "arn:aws:s3:::bucket"}, "CloudTrailARNInvalidException"),
    ("PutInsightSelectors", {"TrailName": None}, "InvalidParameterException"),
    ("PutInsightSelectors", {"EventDataStore": OTHER_ARN}, "InvalidParameterCombinationException"),
    ("PutInsightSelectors", {"TrailName": None, "EventDataStore": OTHER_ARN}, "UnsupportedOperationException"),
    ("PutInsightSelectors", {"InsightSelectors": [{"InsightType": "Any"}]}, "InvalidInsightSelectorsException"),
    ("PutInsightSelectors", {"InsightSelectors": [{}]}, "InvalidInsightSelectorsException"),
    ("GetInsightSelectors", {"TrailName": "-a-"}, "InvalidTrailNameException"),
    ("GetInsightSelectors", {"TrailName": OTHER_ARN}, "TrailNotFoundException"),
    ("GetInsightSelectors", {"TrailName": "arn:aws:cloudtrail"}, "CloudTrailARNInvalidException"),
    ("GetInsightSelectors", {"EventDataStore": OTHER_ARN}, "InvalidParameterCombinationException"),
    ("GetInsightSelectors", {"TrailName": None}, "InvalidParameterException"),
    ("GetTrail", {"Name": "other-trail"}, "TrailNotFoundException"),
    ("GetTrail", {"Name": "192.168.5.4"}, "InvalidTrailNameException"),
    ("GetTrail", {"Name": "arn:x"}, "CloudTrailARNInvalidException"),
    ("GetTrailStatus", {"Name": "other-trail"}, "TrailNotFoundException"),
    ("GetTrailStatus", {"Name": "a b c"}, "InvalidTrailNameException"),
    ("GetTrailStatus", {"Name": "arn:x"}, "CloudTrailARNInvalidException"),
    ("DescribeTrails", {"trailNameList": ["_a_"]}, "InvalidTrailNameException"),
    ("DescribeTrails", {"trailNameList": ["arn:x"]}, "CloudTrailARNInvalidException"),
    ("ListPublicKeys", BACKWARDS, "InvalidTimeRangeException"),
    ("ListPublicKeys", {"NextToken": "made-up"}, "InvalidTokenException"),
    ("StartLogging", {"Name": NAME}, "UnsupportedOperationException"),
    ("CreateTrail", {"Name": NAME, "S3BucketName": "b"}, "UnsupportedOperationException"),
]


def _call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    from botocore import xform_name

    return getattr(client, xform_name(operation))(**parameters)


@pytest.mark.parametrize(("operation", "changes", "code"), ERRORS)
def test_documented_errors(announced: Endpoint, operation: str, changes: dict[str, Any], code: str) -> None:
    """What deserves an error gets the one that AWS documents, as a `ClientError` of that code and HTTP 400."""
    request = {name: value for name, value in (VALID.get(operation, {}) | changes).items() if value is not None}
    with pytest.raises(ClientError) as caught:
        _call(announced.client(), operation, request)

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["Error"]["Message"]
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 36


def test_home_region(announced: Endpoint) -> None:
    """Selectors are put in the trail's home Region only, and read in any."""
    client = announced.client("eu-west-1")
    with pytest.raises(ClientError, match="us-east-1 only") as caught:
        client.put_insight_selectors(TrailName=NAME, InsightSelectors=[])

    assert caught.value.response["Error"]["Code"] == "InvalidHomeRegionException"
    assert client.get_trail(Name=NAME)["Trail"]["HomeRegion"] == REGION


def test_region(announced: Endpoint) -> None:
    """A client of another Region sees no insights of this one."""
    assert announced.client("eu-west-1").lookup_events(EventCategory="insight")["Events"] == []


@pytest.fixture
def signed(cloud: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Puts a signed trail of three hours into a bucket, tampered with or not, and serves its public keys."""
    start = parse_instant("2026-11-01T12:00")
    plan = TrailPlan(1, start, 3 / 24, (ACCOUNT,), (REGION,), calls_per_hour=30)
    key, bucket = seeded_key(plan.seed), cloud.store("s3://trail-bucket")
    (tmp_path / "keys.json").write_bytes(public_key_list(plan, key))
    delivered = list(write(bucket, with_digests(plan, simulate(plan), key, bucket="trail-bucket", root="")))
    (tmp_path / "lake").mkdir()
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL_NAME}"
    with serving(
        tmp_path / "lake",
        "--keys",
        str(tmp_path / "keys.json"),
        arn=arn,
        TRAIL_INSIGHTS__TRAIL__URL="s3://trail-bucket",
    ) as endpoint:

        def validated(tamper: bool) -> subprocess.CompletedProcess[str]:
            if tamper:
                log = next(each for each in delivered if "/CloudTrail/" in each.key)
                bucket.put(log.key, gzip.compress(b'{"Records":[]}'))
            return endpoint.aws(
                "validate-logs", "--trail-arn", arn, "--start-time", "2026-11-01T12:00:00Z", "--end-time",
                "2026-11-01T16:00:00Z", "--verbose", AWS_ENDPOINT_URL_S3=cloud.url,
            )  # fmt: skip

        yield validated


def test_validate_logs(signed: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """`aws cloudtrail validate-logs` takes the trail and its keys from here: all is valid, until a file is changed."""
    intact = signed(tamper=False)
    assert intact.returncode == 0, intact.stderr + intact.stdout
    assert re.search(r"(\d+)/\1 log files valid", intact.stdout)
    assert re.search(r"(\d+)/\1 digest files valid", intact.stdout)

    changed = signed(tamper=True)
    assert changed.returncode == 1
    assert "INVALID" in changed.stdout
