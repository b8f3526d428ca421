"""How the trail is described."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from insights.windows import parse_instant
from tests.unit.api.operations.asking import NOW


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
