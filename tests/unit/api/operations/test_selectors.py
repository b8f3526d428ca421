"""What is looked for, as it is put and got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from insights.errors import AccessDeniedError, ConflictError, NotFoundError


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
