"""The AWS command line and boto3, as they are installed, over the trail of AWS's announcement."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from insights.windows import parse_instant
from tests.integration.endpoints import ARN, NAME, Endpoint


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


def test_region(announced: Endpoint) -> None:
    """A client of another Region sees no insights of this one."""
    assert announced.client("eu-west-1").lookup_events(EventCategory="insight")["Events"] == []
