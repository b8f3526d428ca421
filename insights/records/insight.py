"""An insight, and the Start and End records AWS writes for one.

Format: AWS CloudTrail User Guide, "CloudTrail record contents for Insights events for trails". Averages are calls (or
errors) a minute, rounded to ten decimals, and always a whole count over a whole number of minutes. Ids are derived from
series, direction and start minute, so that judging an hour again names the same insight the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from insights.records.series import Direction, InsightType, SeriesKey
from insights.windows import DAY, MINUTE, floor, format_instant, parse_instant

RECORD_VERSION = "1.09"
"""The version of the newest Insight records seen; they do not follow the version of ordinary events."""

TOP_VALUES = 5
"""AWS names at most five values for each attribute."""

_NAMESPACE = UUID("6f1d7f0e-52a3-5c1b-9a55-0c7f0f3b8d10")


@dataclass(frozen=True, slots=True)
class Rate:
    """A whole count of calls over a whole number of minutes (> 0)."""

    calls: int
    minutes: int

    @property
    def calls_per_minute(self) -> float:
        """calls ÷ minutes, to ten decimals."""
        return round(self.calls / self.minutes, 10)


@dataclass(frozen=True, slots=True)
class Share:
    """What one value of an attribute (one role, one user agent, one error) contributed to a rate."""

    value: str
    calls: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who or what a rate came from: the top five values, most calls first, during the insight and in its baseline.

    `attribute` is `userIdentityArn`, `userAgent` or `errorCode`; calls without an error count as the value `"null"`.
    """

    attribute: str
    insight: tuple[Share, ...]
    baseline: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Insight:
    """One span of unusual minutes of one series, as far as AWS's records tell it.

    `detection` is what the window held that gave the alarm: the Start record's average and duration. `total` is what
    the whole span held, known once it is over: the End record's. `source_trail_arn` is told for data events only.
    """

    series: SeriesKey
    direction: Direction
    start: datetime
    end: datetime | None
    baseline: Rate
    detection: Rate
    total: Rate | None
    start_attributions: tuple[Attribution, ...] = ()
    end_attributions: tuple[Attribution, ...] = ()
    source_trail_arn: str | None = None

    @property
    def insight_id(self) -> str:
        """The `sharedEventID` of both records."""
        return insight_id(self.series, self.direction, self.start)


def insight_id(series: SeriesKey, direction: Direction, start: datetime) -> str:
    """Name the insight of a series that starts in a minute; the same three always give the same id."""
    parts = (
        series.account_id,
        series.region,
        series.event_category,
        series.insight_type,
        series.event_source,
        series.event_name,
        series.error_code or "",
        direction,
        format_instant(start),
    )
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))


def baseline_start(start: datetime) -> datetime:
    """Give the first minute of the reported baseline: 00:00 UTC, seven days before the day of the start."""
    return floor(start, DAY) - timedelta(days=7)


def baseline_minutes(start: datetime) -> int:
    """Give `baselineDuration`: 10080 plus the start's minute of the day (10080 … 11519)."""
    return int((start - baseline_start(start)) / MINUTE)


def start_record(insight: Insight) -> dict[str, Any]:
    """Give the Start record, its members in AWS's order."""
    return _record(insight, "Start", insight.start, insight.detection, insight.start_attributions)


def end_record(insight: Insight) -> dict[str, Any]:
    """Give the End record, its members in AWS's order.

    Raises:
        ValueError: the insight is not over yet.
    """
    if insight.end is None or insight.total is None:
        raise ValueError(f"insight {insight.insight_id} is not over yet: it has no End record")
    return _record(insight, "End", insight.end, insight.total, insight.end_attributions)


def closing_record(start: dict[str, Any], *, not_after: datetime) -> dict[str, Any]:
    """Give the End record of an insight of which nothing is known but its Start record: it ends with the window that
    spoke, and tells what that held."""
    details = start["insightDetails"]
    begun, minutes = parse_instant(start["eventTime"]), details["insightContext"]["statistics"]["insightDuration"]
    return start | {
        "eventTime": format_instant(min(begun + minutes * MINUTE, not_after)),
        "eventID": str(uuid5(UUID(start["sharedEventID"]), "End")),
        "insightDetails": details | {"state": "End"},
    }


def _record(
    insight: Insight, state: str, at: datetime, rate: Rate, attributions: tuple[Attribution, ...]
) -> dict[str, Any]:
    series, shared_id = insight.series, insight.insight_id
    details: dict[str, Any] = {
        "state": state,
        "eventSource": series.event_source,
        "eventName": series.event_name,
        "insightType": str(series.insight_type),
    }
    if series.error_code is not None:
        details["errorCode"] = series.error_code
    details["sourceEventCategory"] = series.event_category
    context: dict[str, Any] = {
        "statistics": {
            "baseline": {"average": _number(insight.baseline.calls, insight.baseline.minutes)},
            "insight": {"average": _number(rate.calls, rate.minutes)},
            "insightDuration": rate.minutes,
            "baselineDuration": insight.baseline.minutes,
        }
    }
    by_attribute = {attribution.attribute: attribution for attribution in attributions}
    wanted = [by_attribute[name] for name in attributes_of(series.insight_type) if name in by_attribute]
    if wanted:
        context["attributions"] = [_attribution(attribution, insight, rate) for attribution in wanted]
    details["insightContext"] = context
    if series.event_category == "Data" and insight.source_trail_arn is not None:
        details["insightSource"] = insight.source_trail_arn
    return {
        "eventVersion": RECORD_VERSION,
        "eventTime": format_instant(at),
        "awsRegion": series.region,
        "eventID": str(uuid5(UUID(shared_id), state)),
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": series.account_id,
        "sharedEventID": shared_id,
        "insightDetails": details,
        "eventCategory": "Insight",
    }


def _attribution(attribution: Attribution, insight: Insight, rate: Rate) -> dict[str, Any]:
    def shares(values: tuple[Share, ...], minutes: int) -> list[dict[str, Any]]:
        # Values of equal weight stay in the order they were given: the sort is stable.
        top = sorted(values, key=lambda share: -share.calls)[:TOP_VALUES]
        return [{"value": share.value, "average": _number(share.calls, minutes)} for share in top]

    return {
        "attribute": attribution.attribute,
        "insight": shares(attribution.insight, rate.minutes),
        "baseline": shares(attribution.baseline, insight.baseline.minutes),
    }


def _number(calls: int, minutes: int) -> int | float:
    """Write whole averages as AWS's launch record does (6, not 6.0)."""
    average = Rate(calls, minutes).calls_per_minute
    return int(average) if average.is_integer() else average


def attributes_of(insight_type: InsightType) -> tuple[str, ...]:
    """Name the attributes AWS gives for a type, in its order: error-rate records have no errorCode attribution."""
    common = ("userIdentityArn", "userAgent")
    return (*common, "errorCode") if insight_type is InsightType.CALL_RATE else common
