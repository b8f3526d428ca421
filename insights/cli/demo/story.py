"""The trail the demo tells its story with: eight quiet days and four incidents, the last of them fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from insights.simulate import Incident, IncidentKind, TrailPlan
from insights.windows import Window

DAYS = 8
NEWEST = timedelta(hours=2)
"""What is left for the hourly DAG once the history has been analysed."""

_ACCOUNTS = ("111122223333", "444455556666")
_REGIONS = ("us-east-1", "eu-west-1")


def plan(end: datetime) -> TrailPlan:
    """Give the trail that ends at a whole hour."""
    return TrailPlan(
        seed=20191120,
        start=end - timedelta(days=DAYS),
        days=DAYS,
        accounts=_ACCOUNTS,
        regions=_REGIONS,
        calls_per_hour=150,
        incidents=tuple(_incidents(end)),
    )


def history(end: datetime) -> Window:
    """What `initial_analysis` is asked for."""
    return Window(end - timedelta(days=DAYS), end - NEWEST)


def _incidents(end: datetime) -> list[Incident]:
    first, second = _ACCOUNTS
    here, there = _REGIONS

    def at(hours: float) -> datetime:
        return end - timedelta(hours=hours)

    def minutes(count: int) -> timedelta:
        return timedelta(minutes=count)

    burst, denied, storm, fresh = at(20.5), at(11.25), at(6.75), at(1.5)
    ec2, ssm = "ec2.amazonaws.com", "ssm.amazonaws.com"
    return [
        Incident(
            IncidentKind.CALL_BURST, first, here, ec2, "TerminateInstances", burst, burst + minutes(1), 42,
            "role/cleanup-script", usual_calls_per_hour=2,
        ),
        Incident(
            IncidentKind.DENIED_ENUMERATION, first, there, None, None, denied, denied + minutes(14), 240,
            "user/contractor", "AccessDenied",
        ),
        Incident(
            IncidentKind.THROTTLING_STORM, second, there, ssm, "GetParametersByPath", storm, storm + minutes(20), 600,
            "role/config-reloader", "ThrottlingException", 30,
        ),
        Incident(
            IncidentKind.NEW_API, second, here, ec2, "RequestSpotInstances", fresh, fresh + minutes(6), 30,
            "user/build-legacy", usual_calls_per_hour=0,
        ),
    ]  # fmt: skip
