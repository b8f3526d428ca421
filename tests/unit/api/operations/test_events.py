"""What is found of calls and of insights."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from insights.records.schemas import INSIGHTS
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.windows import parse_instant
from tests.unit.api.operations.asking import NOW, attribute


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
        (event,) = api.ask("LookupEvents", LookupAttributes=[attribute("EventName", "DeleteBucket")])["Events"]

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
            assert len(api.ask("LookupEvents", LookupAttributes=[attribute(key, value)])["Events"]) == found

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

        asked = json.dumps({"LookupAttributes": [attribute("Username", "?")]})
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

        assert "StopInstances" in _names(api.ask("LookupEvents", LookupAttributes=[attribute("ReadOnly", "false")]))

    def test_token_of_another_request(self, api: Any) -> None:
        """A token goes with the parameters it was given for; another number of results is none of them."""
        token = api.ask("LookupEvents", MaxResults=2)["NextToken"]

        assert len(api.ask("LookupEvents", MaxResults=3, NextToken=token)["Events"]) == 3
        for other in (
            {"StartTime": 0},
            {"LookupAttributes": [attribute("ReadOnly", "true")]},
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
