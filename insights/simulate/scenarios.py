"""Ready plans: a trail with incidents of every kind, the one of AWS's announcement, and a quiet one."""

from __future__ import annotations

from datetime import datetime, timedelta

from insights.errors import SettingsError
from insights.simulate.plan import Incident, IncidentKind, Layout, Routine, TrailPlan
from insights.windows import DAY, MINUTE, floor, parse_instant

SCENARIOS = ("default", "announcement", "quiet")

_ACCOUNTS = ("111122223333", "444455556666", "777788889999")
_REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")

# kind, account, Region, API, time into the last day, minutes, calls, caller, error code, usual calls per hour
_Row = tuple[IncidentKind, int, int, tuple[str, str] | None, str, int, int, str, str | None, float | None]

_INCIDENTS: tuple[_Row, ...] = (
    (IncidentKind.LEVEL_CHANGE, 1, 1, ("ecs", "RunTask"), "02:00", 1320, 1320, "role/batch-rollout", None, 40),
    (IncidentKind.DROP, 2, 0, ("logs", "CreateLogStream"), "05:00", 300, 0, "role/nobody", None, 120),
    (IncidentKind.CALL_BURST, 1, 0, ("ec2", "CreateSnapshot"), "08:10", 25, 180, "role/snapshot-copier", None, 4),
    (IncidentKind.DENIED_ENUMERATION, 0, 1, None, "11:05", 14, 240, "user/contractor", "AccessDenied", None),
    (IncidentKind.CALL_BURST, 0, 0, ("ec2", "TerminateInstances"), "13:25", 1, 42, "role/cleanup-script", None, 2),
    (IncidentKind.THROTTLING_STORM, 2, 1, ("ssm", "GetParametersByPath"), "15:40", 20, 600, "role/config-reloader",
     "ThrottlingException", 30),
    (IncidentKind.NEW_API, 0, 2, ("ec2", "RequestSpotInstances"), "18:30", 6, 30, "user/build-legacy", None, 0),
)  # fmt: skip


def scenario(
    name: str,
    *,
    start: datetime,
    days: float = 8.0,
    seed: int = 1,
    calls_per_hour: float = 200.0,
    layout: Layout = "account",
) -> TrailPlan:
    """Give a ready plan.

    - `default`: three accounts in three Regions, seven incidents in the last day, at the same hours always.
    - `announcement`: the story of AWS's announcement of CloudTrail Insights (News Blog, 2019-11-20): one account in
      us-east-1, 21 RunInstances calls in the baseline, then six in the minute 13:25 of the last day.
    - `quiet`: as `default`, without an incident.

    Raises:
        SettingsError: no scenario has this name, or the plan is too short for its incidents.
    """
    if name not in SCENARIOS:
        raise SettingsError(f"there is no scenario {name!r}: choose one of {', '.join(SCENARIOS)}")
    one = name == "announcement"
    accounts, regions = (_ACCOUNTS[:1], _REGIONS[:1]) if one else (_ACCOUNTS, _REGIONS)
    incidents, routines = _parts(name, start, start + days * DAY)
    return TrailPlan(
        seed=seed,
        start=start,
        days=days,
        accounts=accounts,
        regions=regions,
        layout=layout,
        calls_per_hour=calls_per_hour,
        incidents=incidents,
        routines=routines,
    )


def _parts(name: str, start: datetime, end: datetime) -> tuple[tuple[Incident, ...], tuple[Routine, ...]]:
    if name == "quiet":
        return (), ()
    if name == "announcement":
        return _announcement(start, end)
    if end - start < DAY:
        raise SettingsError(
            f"the incidents of the scenario {name} lie in its last day: simulate one day or more, or the scenario quiet"
        )
    return _incidents_of_last_day(end), ()


def _incidents_of_last_day(end: datetime) -> tuple[Incident, ...]:
    return tuple(
        Incident(
            kind=kind,
            account_id=_ACCOUNTS[account],
            region=_REGIONS[region],
            event_source=None if api is None else f"{api[0]}.amazonaws.com",
            event_name=None if api is None else api[1],
            start=end - DAY + _since_midnight(begins),
            end=end - DAY + _since_midnight(begins) + minutes * MINUTE,
            calls=calls,
            caller=caller,
            error_code=error_code,
            usual_calls_per_hour=usual,
        )
        for kind, account, region, api, begins, minutes, calls, caller, error_code, usual in _INCIDENTS
    )


def _announcement(start: datetime, end: datetime) -> tuple[tuple[Incident, ...], tuple[Routine, ...]]:
    last_day = floor(end - MINUTE, DAY)
    at = last_day + _since_midnight("13:25")
    baseline_start = last_day - 7 * DAY  # the reported baseline begins at 00:00 UTC, seven days before
    if start > baseline_start or end < at + MINUTE:
        raise SettingsError(
            f"the announcement's baseline runs from {baseline_start.isoformat()} to {at.isoformat()}: "
            "start at 00:00 UTC and simulate eight whole days or more"
        )
    where = (_ACCOUNTS[0], _REGIONS[0], "ec2.amazonaws.com", "RunInstances")
    incident = Incident(IncidentKind.CALL_BURST, *where, at, at + MINUTE, 6, "role/launch-script")
    return (incident,), (Routine(*where, baseline_start, at, 21, "role/fleet-operator"),)


def _since_midnight(clock: str) -> timedelta:
    return parse_instant(f"1970-01-01T{clock}Z") - parse_instant("1970-01-01T00:00Z")
