"""The graphs of calls and of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from insights.stages import maintain
from insights.windows import parse_instant
from tests.unit.api.operations.asking import NOW


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
