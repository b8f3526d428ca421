"""What the operations find in a small lake."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from insights.errors import AccessDeniedError, ConflictError, NotFoundError
from insights.records.schemas import INSIGHTS
from insights.stages import maintain
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.windows import parse_instant

NOW = parse_instant("2026-11-02T00:00")


@pytest.fixture
def filled(pipeline: Any, record: Callable[..., dict[str, Any]]) -> Any:
    """Nine calls: six at one second, two others, one of data."""
    same = [record(number) for number in range(1, 7)]
    user = {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAEXAMPLE", "arn": "arn:aws:iam::1:user/alice"}
    bucket = [{"ARN": "arn:aws:s3:::bucket", "accountId": "111122223333", "type": "AWS::S3::Bucket"}]
    pipeline.deliver(
        *same,
        record(7, eventTime="2026-11-01T13:59:59Z", eventName="DeleteBucket", eventSource="s3.amazonaws.com",
               userIdentity=user, resources=bucket, errorCode="AccessDenied"),
        record(8, eventTime="2026-11-01T14:00:00Z", eventName="ListBuckets", eventSource="s3.amazonaws.com",
               readOnly=True),
        record(9, eventTime="2026-11-01T14:00:01Z", eventName="GetObject", eventSource="s3.amazonaws.com",
               readOnly=True, managementEvent=False, eventCategory="Data"),
    )  # fmt: skip
    pipeline.ingest()
    pipeline.workspace.now = lambda: NOW
    return pipeline


def _names(answer: dict[str, Any]) -> list[str]:
    return [event["EventName"] for event in answer["Events"]]


@pytest.mark.usefixtures("filled")
class TestLookupEvents:
    def test_order(self, api: Any) -> None:
        """Management events come newest first; data events are none of them."""
        answer = api.ask("LookupEvents")

        assert _names(answer) == ["ListBuckets", "DeleteBucket", *["RunInstances"] * 6]
        assert "NextToken" not in answer

    def test_event(self, api: Any, record: Callable[..., dict[str, Any]]) -> None:
        """An event has CloudTrail's members, and the record as AWS wrote it, as a string."""
        (event,) = api.ask("LookupEvents", LookupAttributes=[_attribute("EventName", "DeleteBucket")])["Events"]

        written = json.loads(event.pop("CloudTrailEvent"))
        assert event == {
            "EventId": "00000007-2222-4222-8222-222222222222",
            "EventName": "DeleteBucket",
            "ReadOnly": "false",
            "AccessKeyId": "AKIAEXAMPLE",
            "EventTime": parse_instant("2026-11-01T13:59:59Z").timestamp(),
            "EventSource": "s3.amazonaws.com",
            "Username": "alice",
            "Resources": [{"ResourceType": "AWS::S3::Bucket", "ResourceName": "arn:aws:s3:::bucket"}],
        }
        assert written["eventID"] == event["EventId"]
        assert written["requestParameters"] == record(7)["requestParameters"]

    @pytest.mark.parametrize(
        ("key", "value", "found"),
        [
            ("EventId", "00000003-2222-4222-8222-222222222222", 1),
            ("EventName", "RunInstances", 6),
            ("EventSource", "s3.amazonaws.com", 2),
            ("ReadOnly", "true", 1),
            ("ReadOnly", "false", 7),
            ("Username", "alice", 1),
            ("Username", "session", 7),
            ("ResourceType", "AWS::S3::Bucket", 1),
            ("ResourceName", "arn:aws:s3:::bucket", 1),
            ("AccessKeyId", "AKIAEXAMPLE", 1),
            ("EventName", "runinstances", 0),
            ("EventName", "GetObject", 0),
        ],
    )
    def test_attributes(self, api: Any, key: str, value: str, found: int) -> None:
        """Every attribute of CloudTrail finds its events, now and when it is asked again."""
        for _ in range(2):
            assert len(api.ask("LookupEvents", LookupAttributes=[_attribute(key, value)])["Events"]) == found

    def test_pages(self, api: Any) -> None:
        """Pages of any size hold every event once, also those of one second."""
        whole = [event["EventId"] for event in api.ask("LookupEvents")["Events"]]
        for size in (1, 3, 5, 8):
            answer = api.ask("LookupEvents", MaxResults=size)
            found = list(answer["Events"])
            while "NextToken" in answer:
                answer = api.ask("LookupEvents", MaxResults=size, NextToken=answer["NextToken"])
                found += answer["Events"]
            assert [event["EventId"] for event in found] == whole

    @pytest.mark.parametrize("member", ["requestParameters", "userIdentity", "resources"])
    @pytest.mark.parametrize("number", ["1" * 5000, "1e400", "0.12345678901234567890"])
    def test_numbers_of_the_log(self, api: Any, filled: Any, body: Any, record: Any, member: str, number: str) -> None:
        """No number in a record hides the page it is on, and it is given back digit by digit."""
        written = gzip.decompress(body(record(99, **{member: "HERE"}))).replace(b'"HERE"', b"[%s]" % number.encode())
        filled.put(
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/"
            "111122223333_CloudTrail_us-east-1_20261101T1310Z_BBBBBBBBBBBBBBBB.json.gz",
            gzip.compress(written),
        )
        filled.workspace.now = Workspace.now
        filled.ingest()
        filled.workspace.now = lambda: NOW

        events = api.ask("LookupEvents")["Events"]
        assert len(events) == 9
        assert sum(f'"{member}":[{number}]' in event["CloudTrailEvent"] for event in events) == 1

    def test_half_characters(self, api: Any, filled: Any, record: Callable[..., dict[str, Any]]) -> None:
        """Halves of surrogate pairs, which no UTF-8 has, are escaped in the record and question marks beside it."""
        half, where = "\ud800", [{"type": "t\ud800", "ARN": "arn\ud800"}]
        odd = record(99, userAgent=half, requestParameters={"a": half}, resources=where,
                     userIdentity={"type": "IAMUser", "userName": half})  # fmt: skip
        filled.deliver(odd, unique="B" * 16)
        filled.workspace.now = Workspace.now
        filled.ingest()
        filled.workspace.now = lambda: NOW

        asked = json.dumps({"LookupAttributes": [_attribute("Username", "?")]})
        answer = api.send("LookupEvents", asked).content.decode()  # as clients do, which give up where it cannot be
        (event,) = json.loads(answer)["Events"]
        assert json.loads(event["CloudTrailEvent"]) == odd
        assert event["Resources"] == [{"ResourceType": "t?", "ResourceName": "arn?"}]

    def test_span(self, api: Any) -> None:
        """Both ends of the span belong to it."""
        start, end = (parse_instant(f"2026-11-01T{at}Z").timestamp() for at in ("13:59:59", "14:00:00"))

        assert _names(api.ask("LookupEvents", StartTime=start, EndTime=end)) == ["ListBuckets", "DeleteBucket"]
        assert _names(api.ask("LookupEvents", StartTime=start + 1, EndTime=end)) == ["ListBuckets"]
        assert _names(api.ask("LookupEvents", StartTime=start, EndTime=end - 1)) == ["DeleteBucket"]

    def test_what_comes_meanwhile(self, api: Any, filled: Any, record: Callable[..., dict[str, Any]]) -> None:
        """An event that comes between two pages, newer than the first, moves nothing."""
        answer = api.ask("LookupEvents", MaxResults=2)
        filled.deliver(record(99, eventTime="2026-11-01T14:30:00Z"), unique="B" * 16)
        filled.ingest()
        rest = api.ask("LookupEvents", NextToken=answer["NextToken"])

        assert _names(rest) == ["RunInstances"] * 6

    def test_an_hour_written_anew(self, api: Any, filled: Any, record: Callable[..., dict[str, Any]]) -> None:
        """An hour that is replaced between listing and reading is read as it is now."""
        api.ask("LookupEvents")
        filled.deliver(record(99, eventTime="2026-11-01T13:59:58Z", eventName="StopInstances"), unique="B" * 16)
        filled.ingest()

        assert "StopInstances" in _names(api.ask("LookupEvents", LookupAttributes=[_attribute("ReadOnly", "false")]))

    def test_token_of_another_request(self, api: Any) -> None:
        """A token goes with the parameters it was given for; another number of results is none of them."""
        token = api.ask("LookupEvents", MaxResults=2)["NextToken"]

        assert len(api.ask("LookupEvents", MaxResults=3, NextToken=token)["Events"]) == 3
        for other in (
            {"StartTime": 0},
            {"LookupAttributes": [_attribute("ReadOnly", "true")]},
            {"EventCategory": "insight"},
        ):
            assert api.refusal("LookupEvents", NextToken=token, **other) == (400, "InvalidNextTokenException")
        assert api.refusal("LookupEvents", NextToken=token, region="eu-west-1") == (400, "InvalidNextTokenException")

    def test_token_of_another_caller(self, api: Any, filled: Any, open_api: Callable[..., Any]) -> None:
        """Nor does somebody else get on with it."""
        token = api.ask("LookupEvents", MaxResults=2)["NextToken"]
        other = open_api(filled.workspace, name="somebody else")

        assert other.refusal("LookupEvents", NextToken=token) == (400, "InvalidNextTokenException")

    def test_accounts(self, filled: Any, open_api: Callable[..., Any]) -> None:
        """A caller sees events of the accounts that are theirs to see."""
        assert open_api(filled.workspace, accounts=frozenset({"111122223333"})).ask("LookupEvents")["Events"]
        assert open_api(filled.workspace, accounts=frozenset({"999999999999"})).ask("LookupEvents")["Events"] == []

    def test_region(self, api: Any) -> None:
        """A client of another Region finds nothing of this one."""
        assert api.ask("LookupEvents", region="us-east-1")["Events"]
        assert api.ask("LookupEvents", region="eu-west-1")["Events"] == []


@pytest.mark.usefixtures("filled")
class TestMetrics:
    GRAPH: ClassVar = {
        "EventSource": "ec2.amazonaws.com",
        "EventName": "RunInstances",
        "InsightType": "ApiCallRateInsight",
    }

    def test_non_zero(self, api: Any) -> None:
        """By default only periods with calls are given: six calls in an hour are a tenth of a call a minute."""
        answer = api.ask("ListInsightsMetricData", **self.GRAPH)

        assert answer == self.GRAPH | {
            "Timestamps": [parse_instant("2026-11-01T13:00").timestamp()],
            "Values": [0.1],
        }

    def test_errors(self, api: Any) -> None:
        """An error rate counts the calls that ended in the one error asked for."""
        asked = {"EventSource": "s3.amazonaws.com", "EventName": "DeleteBucket", "InsightType": "ApiErrorRateInsight"}

        assert api.ask("ListInsightsMetricData", **asked, ErrorCode="AccessDenied", Period=60)["Values"] == [1.0]
        assert api.ask("ListInsightsMetricData", **asked, ErrorCode="NoSuchBucket", Period=60)["Values"] == []

    def test_data_events(self, api: Any) -> None:
        """With the trail's name the calls are those of data events, and the trail is named."""
        asked = {"EventSource": "s3.amazonaws.com", "EventName": "GetObject", "InsightType": "ApiCallRateInsight"}
        answer = api.ask("ListInsightsMetricData", **asked, TrailName="trail-insights", Period=60)

        assert answer["Values"] == [1.0]
        assert answer["TrailARN"] == "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail-insights"
        assert api.ask("ListInsightsMetricData", **asked, Period=60)["Values"] == []

    def test_end_is_excluded(self, api: Any) -> None:
        """A time stamp at the start of the span belongs to it, one at its end does not."""
        at = parse_instant("2026-11-01T13:05").timestamp()

        def values(start: float, end: float) -> list[float]:
            answer = api.ask("ListInsightsMetricData", **self.GRAPH, Period=60, StartTime=start, EndTime=end)
            return list(answer["Values"])

        assert values(at, at + 60) == [6.0]
        assert values(at - 60, at) == []
        assert values(at + 1, at + 120) == []

    def test_pages(self, api: Any) -> None:
        """Zeros are paged like any values, each time stamp once."""
        start = parse_instant("2026-11-01T12:30").timestamp()
        asked = self.GRAPH | {"Period": 300, "DataType": "FillWithZeros", "StartTime": start, "EndTime": start + 3600}
        answer = api.ask("ListInsightsMetricData", **asked, MaxResults=5)
        times, values = answer["Timestamps"], answer["Values"]
        while "NextToken" in answer:
            answer = api.ask("ListInsightsMetricData", **asked, MaxResults=5, NextToken=answer["NextToken"])
            times, values = times + answer["Timestamps"], values + answer["Values"]

        assert times == [start + 300 * number for number in range(12)]
        assert values == [6 / 5 if number == 7 else 0 for number in range(12)]

    def test_days_put_together(self, filled: Any, api: Any) -> None:
        """Maintenance puts a day's counts into one file; the graph is the same after it as before."""
        asked = self.GRAPH | {"Period": 60}
        before = api.ask("ListInsightsMetricData", **asked)
        filled.workspace.now = lambda: NOW + timedelta(days=5)
        maintain.run(None, filled.workspace)
        names = {info.key.rpartition("/")[2] for info in filled.workspace.lake.list("minute_counts/")}

        assert names == {"day.parquet"}
        assert before["Values"] == [6.0]
        assert api.ask("ListInsightsMetricData", **asked) == before

    @pytest.mark.parametrize("asked", [{"EndTime": 253402300799.5}, {"StartTime": 253402300799, "EndTime": 9e99}])
    def test_end_of_the_calendar(self, api: Any, asked: dict[str, float]) -> None:
        """Times up to the last that there is are answered or refused like any other."""
        response = api.send("ListInsightsMetricData", json.dumps(self.GRAPH | asked))

        assert response.status_code in (200, 400)

    def test_accounts(self, filled: Any, open_api: Callable[..., Any]) -> None:
        """Calls of accounts that are not the caller's to see do not count."""
        api = open_api(filled.workspace, accounts=frozenset({"999999999999"}))

        assert api.ask("ListInsightsMetricData", **self.GRAPH)["Values"] == []


@pytest.fixture
def data_insight(pipeline: Any) -> str:
    """An insight of data events, still open; gives the id of its record."""
    start, event_id = parse_instant("2026-11-01T14:07"), "00000000-0000-4000-8000-000000000001"
    told = {"eventID": event_id, "eventTime": "2026-11-01T14:07:00Z", "insightDetails": {"sourceEventCategory": "Data"}}
    values: dict[str, Any] = {"string": "x", "int64": 1, "double": 0.5, "bool": False}
    row = {field.name: None if field.nullable else values.get(str(field.type), start) for field in INSIGHTS}
    row |= {"account_id": "111122223333", "region": "us-east-1", "event_category": "Data", "event_name": "GetObject"}
    insights.write(pipeline.workspace.lake, row | {"start_record_json": json.dumps(told)})
    return event_id


class TestInsightsData:
    def test_only_here(self, filled: Any, api: Any, data_insight: str) -> None:
        """Insights of data events are listed by the trail, and not among those of management events."""
        source = "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail-insights"
        (event,) = api.ask("ListInsightsData", InsightSource=source, DataType="InsightsEvents")["Events"]

        assert (event["EventId"], event["EventName"], event["Resources"]) == (data_insight, "GetObject", [])
        assert json.loads(event["CloudTrailEvent"])["insightDetails"] == {"sourceEventCategory": "Data"}
        assert api.ask("LookupEvents", EventCategory="insight")["Events"] == []

    @pytest.mark.parametrize(("dimension", "found"), [({"EventName": "GetObject"}, 1), ({"EventName": "PutObject"}, 0)])
    @pytest.mark.usefixtures("filled", "data_insight")
    def test_dimension(self, api: Any, dimension: dict[str, str], found: int) -> None:
        """They are found by one dimension."""
        asked = {"InsightSource": "trail-insights", "DataType": "InsightsEvents", "Dimensions": dimension}

        assert len(api.ask("ListInsightsData", **asked)["Events"]) == found

    @pytest.mark.usefixtures("data_insight")
    def test_accounts(self, filled: Any, open_api: Callable[..., Any]) -> None:
        """Who may not see the account sees none of them."""
        api = open_api(filled.workspace, accounts=frozenset({"999999999999"}))

        assert api.ask("ListInsightsData", InsightSource="trail-insights", DataType="InsightsEvents")["Events"] == []


class TestSelectors:
    CALLS: ClassVar = [{"InsightType": "ApiCallRateInsight"}]

    def test_replaced(self, api: Any) -> None:
        """Each put replaces what was there; categories that are not named are Management."""
        both = [{"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data", "Management"]}]
        api.ask("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=both)
        api.ask("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=self.CALLS)

        found = api.ask("GetInsightSelectors", TrailName="trail-insights")
        assert found == {
            "TrailARN": "arn:aws:cloudtrail:us-east-1:000000000000:trail/trail-insights",
            "InsightSelectors": [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Management"]}],
        }

    def test_told(self, api: Any) -> None:
        """The host is told when something is newly looked for, and only then."""
        told: list[None] = []
        api.service.on_selected = lambda: told.append(None)
        for selectors, times in (([], 0), (self.CALLS, 1), (self.CALLS, 1)):
            api.ask("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=selectors)
            assert len(told) == times

    def test_no_data_events(self, open_pipeline: Callable[..., Any], open_api: Callable[..., Any]) -> None:
        """Insights of data events are refused where the trail's data events are not kept."""
        api = open_api(open_pipeline(trail={"categories": ["Management"]}).workspace)
        data = [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Data"]}]

        status = api.refusal("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=data)
        assert status == (400, "InvalidParameterException")

    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            (ConflictError, "ConflictException"),
            (AccessDeniedError, "InsufficientS3BucketPolicyException"),
            (NotFoundError, "S3BucketDoesNotExistException"),
        ],
    )
    def test_bucket(
        self, pipeline: Any, api: Any, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception], code: str
    ) -> None:
        """Selectors that cannot be kept are refused for CloudTrail's own reasons."""

        def refused(*arguments: object, **more: object) -> None:
            raise trouble("no")

        monkeypatch.setattr(pipeline.workspace.lake, "put", refused)
        status = api.refusal("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=[])
        assert status == (400, code)


class TestTrails:
    def test_description(self, open_pipeline: Callable[..., Any], open_api: Callable[..., Any]) -> None:
        """The trail is described by its settings: ARN, bucket and prefix, and whether Insights are on."""
        arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/management-events"
        made = open_pipeline(trail={"arn": arn, "url": "s3://bucket/some/prefix"}, detect={"call_rate": False})
        trail = open_api(made.workspace).ask("GetTrail", Name="management-events")["Trail"]

        assert (trail["TrailARN"], trail["Name"], trail["HomeRegion"]) == (arn, "management-events", "eu-west-1")
        assert (trail["S3BucketName"], trail["S3KeyPrefix"]) == ("bucket", "some/prefix")
        assert trail["HasInsightSelectors"] is True

    def test_shadow(self, api: Any) -> None:
        """In other Regions than its own the trail is a shadow, which can be left out."""
        assert len(api.ask("DescribeTrails", region="eu-west-1")["trailList"]) == 1
        assert api.ask("DescribeTrails", region="eu-west-1", includeShadowTrails=False)["trailList"] == []
        assert len(api.ask("DescribeTrails", region="us-east-1", includeShadowTrails=False)["trailList"]) == 1

    def test_unknown_names(self, api: Any) -> None:
        """Names of other trails are left out."""
        assert api.ask("DescribeTrails", trailNameList=["another-trail"])["trailList"] == []
        assert len(api.ask("DescribeTrails", trailNameList=["another-trail", "trail-insights"])["trailList"]) == 1

    def test_status(self, filled: Any, api: Any) -> None:
        """The status tells when the newest object that was read was delivered; a day without any is no logging."""
        delivered = parse_instant("2026-11-01T13:10").timestamp()
        status = api.ask("GetTrailStatus", Name="trail-insights")
        assert (status["IsLogging"], status["LatestDeliveryTime"]) == (True, delivered)

        filled.workspace.now = lambda: NOW + timedelta(days=2)
        assert api.ask("GetTrailStatus", Name="trail-insights")["IsLogging"] is False

    def test_status_without_data(self, api: Any) -> None:
        """A trail of which nothing was read has no time of delivery."""
        assert api.ask("GetTrailStatus", Name="trail-insights") == {"IsLogging": False}


def _attribute(key: str, value: str) -> dict[str, str]:
    return {"AttributeKey": key, "AttributeValue": value}
