"""The operations that are answered, by CloudTrail's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from insights.api.operations import events, metrics, selectors, trails
from insights.api.service import Request, Service


@dataclass(frozen=True, slots=True)
class Operation:
    """What answers, and whether it changes the selectors or only reads."""

    answer: Callable[[Service, Request], dict[str, Any]]
    writes_selectors: bool = False


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "DescribeTrails": Operation(trails.describe_trails),
        "GetInsightSelectors": Operation(selectors.get_insight_selectors),
        "GetTrail": Operation(trails.get_trail),
        "GetTrailStatus": Operation(trails.get_trail_status),
        "ListInsightsData": Operation(events.list_insights_data),
        "ListInsightsMetricData": Operation(metrics.list_insights_metric_data),
        "ListPublicKeys": Operation(trails.list_public_keys),
        "ListTrails": Operation(trails.list_trails),
        "LookupEvents": Operation(events.lookup_events),
        "PutInsightSelectors": Operation(selectors.put_insight_selectors, writes_selectors=True),
    }
)
