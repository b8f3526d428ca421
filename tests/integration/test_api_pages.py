"""Pages of thousands of records and values, as boto3 turns them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from benchmarks import lakes
from tests.integration.endpoints import Endpoint, serving


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> lakes.Lake:
    """A lake of 12,000 calls in two days, and 500 insights."""
    return lakes.make(tmp_path_factory.mktemp("made"), event_count=12_000, days=2, insight_count=500)


@pytest.fixture(scope="module")
def large(made: lakes.Lake) -> Iterator[Endpoint]:
    with serving(made.folder) as endpoint:
        yield endpoint


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
