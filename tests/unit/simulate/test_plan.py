from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from insights.errors import SettingsError
from insights.records.series import InsightType
from insights.simulate import Incident, IncidentKind, TrailPlan

START = datetime(2026, 11, 2, tzinfo=UTC)
INCIDENT = Incident(
    IncidentKind.CALL_BURST,
    "111122223333",
    "us-east-1",
    "ec2.amazonaws.com",
    "RunInstances",
    START,
    START + timedelta(minutes=1),
    calls=6,
    caller="role/launcher",
)
PLAN = TrailPlan(1, START, 1, ("111122223333",), ("us-east-1",), incidents=(INCIDENT,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"seed": -1}, "seed is -1", id="negative seed"),
        pytest.param({"start": datetime(2026, 11, 2)}, "no time zone", id="naive start"),  # noqa: DTZ001
        pytest.param({"start": START + timedelta(seconds=1)}, "whole minute", id="start within a minute"),
        pytest.param({"days": 0}, "days is 0", id="no length"),
        pytest.param({"calls_per_hour": -1}, "calls_per_hour", id="negative rate"),
        pytest.param({"late_share": 1.5}, "late_share is 1.5", id="share above one"),
        pytest.param({"records_per_object": 0}, "records_per_object", id="empty objects"),
        pytest.param({"layout": "flat"}, "layout is 'flat'", id="unknown layout"),
        pytest.param({"accounts": ("12",), "incidents": ()}, "twelve digits", id="short account"),
        pytest.param({"regions": ("../x",), "incidents": ()}, "no name of a Region", id="path in a Region"),
        pytest.param({"accounts": (), "incidents": ()}, "at least one account", id="no account"),
        pytest.param({"accounts": ("444455556666",)}, "not in the plan", id="incident elsewhere"),
        pytest.param({"start": START + timedelta(hours=1)}, "is outside of", id="incident before the start"),
    ],
)
def test_impossible_plan_is_refused(change, message):
    """A plan is checked when it is made, with a message that names the value."""
    with pytest.raises(SettingsError, match=message):
        dataclasses.replace(PLAN, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"event_name": "LaunchRockets"}, "no API LaunchRockets", id="unknown API"),
        pytest.param({"error_code": "Oops"}, "no error code 'Oops'", id="unknown error"),
        pytest.param({"caller": "launcher"}, "role/<name> or user/<name>", id="caller without a kind"),
        pytest.param({"caller": 'role/a"b'}, "role/<name> or user/<name>", id="caller that breaks JSON"),
        pytest.param({"calls": -1}, "-1 calls", id="negative calls"),
    ],
)
def test_impossible_incident_is_refused(change, message):
    """An incident that the simulation could not play is refused before anything is made."""
    with pytest.raises(SettingsError, match=message):
        dataclasses.replace(PLAN, incidents=(dataclasses.replace(INCIDENT, **change),))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (IncidentKind.CALL_BURST, InsightType.CALL_RATE),
        (IncidentKind.DROP, InsightType.CALL_RATE),
        (IncidentKind.DENIED_ENUMERATION, InsightType.ERROR_RATE),
        (IncidentKind.THROTTLING_STORM, InsightType.ERROR_RATE),
    ],
)
def test_incident_names_the_insight_type_that_shows_it(kind, expected):
    """Refused and throttled calls show in the error rate, all others in the call rate."""
    assert dataclasses.replace(INCIDENT, kind=kind).insight_type is expected
