"""ListInsightsMetricData: how often an API was called, or failed with one error, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from insights.api.service import Request, Service
from insights.records.series import InsightType
from insights.storage.counts import FIRST_HOUR, LAST_HOUR
from insights.storage.series_search import Counted, Series
from insights.windows import DAY, Window

MOST_RESULTS = 21_600
PERIODS = (60, 300, 3600)
_USUAL_SPAN = 90 * DAY
_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Points:
    """Time stamps `start`, `start + period`, … before `end`; all in seconds since 1970."""

    start: int
    end: int
    period: int

    @property
    def window(self) -> Window | None:
        """What the values of the points are made of, as far as anything can have been counted there."""
        # Compared as numbers: rounded up, the last second of the calendar is none of it.
        start = max(self.start, int(FIRST_HOUR.timestamp()))
        end = min(self.end, int(LAST_HOUR.timestamp()))
        return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)) if start < end else None


def list_insights_metric_data(service: Service, request: Request) -> dict[str, Any]:
    """Give the mean calls (or errors) a minute of each period.

    AWS keeps minutes for 15 days and hours for 90; here a value of any age and period is given while its hour is in the
    lake. Without a trail's name they are of management events, with it of data events.
    """
    kind, error_code = InsightType(request.parameters["InsightType"]), request.get("ErrorCode")
    if kind is InsightType.ERROR_RATE and error_code is None:
        raise request.refused("ErrorCode", "ErrorCode is required for the insight type ApiErrorRateInsight.")
    name = request.get("TrailName")
    trail = None if name is None else request.trail(service, name)
    points, limit = _points(service, request), request.get("MaxResults", MOST_RESULTS)
    if request.get("DataType") == "FillWithZeros":
        points = _Points(points.start, min(points.end, points.start + limit * points.period), points.period)
    series = Series(
        event_category="Management" if trail is None else "Data",
        event_source=request.parameters["EventSource"],
        event_name=request.parameters["EventName"],
        error_code=error_code if kind is InsightType.ERROR_RATE else None,
    )
    times, values, reached = _values(service, request, points, series)
    if len(times) > limit:
        reached = times[limit]
    echoed = ("EventSource", "EventName", "InsightType", "ErrorCode")
    last = _end(service, request)
    return (
        ({} if trail is None else {"TrailARN": str(trail)})
        | {member: request.parameters[member] for member in echoed if member in request.parameters}
        | {"Timestamps": times[:limit], "Values": values[:limit]}
        | request.token(service, {"next": reached, "end": last} if reached < last else None)
    )


def _points(service: Service, request: Request) -> _Points:
    period = request.get("Period", 3600)
    if period not in PERIODS:
        raise request.refused("Period", f"Period must be one of {', '.join(map(str, PERIODS))} seconds.")
    position, end = request.position(service), _end(service, request)
    usual = service.workspace.now() - _USUAL_SPAN
    start = position["next"] if position else _rounded_up(request.get("StartTime", usual), period)
    if not position and request.get("StartTime", usual).timestamp() >= end:
        raise request.refused("StartTime", "StartTime must be before EndTime.")
    return _Points(start, max(-(-end // period) * period, start), period)


def _end(service: Service, request: Request) -> int:
    """Give the second before which time stamps lie: that of the first page, where none is named."""
    if "EndTime" in request.parameters:
        return _rounded_up(request.parameters["EndTime"], 1)
    position = request.position(service)
    return int(position["end"]) if position else _rounded_up(service.workspace.now(), 1)


def _rounded_up(instant: datetime, seconds: int) -> int:
    """Give the first whole multiple of some seconds since 1970 that is not before an instant."""
    return -(-(instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=seconds)) * seconds


def _values(service: Service, request: Request, points: _Points, series: Series) -> tuple[list[int], list[float], int]:
    """Give time stamps, values, and the time stamp that was reached."""
    window, reached, sums = points.window, points.end, dict[int, int]()
    if window is not None:
        accounts = service.series.accounts(request.region, request.caller.accounts)
        counted = service.series.counted(accounts, request.region, window, series)
        sums = _sums(counted, points.period)
        if counted.end < window.end:
            reached = int(counted.end.timestamp())
    if request.get("DataType") == "FillWithZeros":
        times = list(range(points.start, reached, points.period))
    else:
        times = [at for at in sorted(sums) if points.start <= at < reached]
    minutes = points.period // _MINUTE_SECONDS
    return times, [sums.get(at, 0) / minutes for at in times], reached


def _sums(counted: Counted, period: int) -> dict[int, int]:
    """Add minutes up to periods."""
    at, first = np.unique(counted.minutes * _MINUTE_SECONDS // period * period, return_index=True)
    sums = np.add.reduceat(counted.calls, first) if len(first) else first
    return dict(zip(at.tolist(), sums.tolist(), strict=True))
