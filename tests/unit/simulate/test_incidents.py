from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from insights.simulate import Incident, IncidentKind, TrailPlan, truth
from insights.simulate.incidents import planned_calls

START = datetime(2026, 11, 2, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "us-east-1"


def _made_by(trail, row):
    """The distinct records of a row's account, Region, span and identity."""
    start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
    return [
        record
        for _, record in trail.distinct
        if record["userIdentity"].get("arn") == row["identity"]
        and (record["recipientAccountId"], record["awsRegion"]) == (row["account_id"], row["region"])
        and start <= datetime.fromisoformat(record["eventTime"]) < end
    ]


def test_every_kind_of_incident_is_in_the_default_trail(default_trail):
    """The default scenario shows whatever the simulation can do."""
    assert {row["kind"] for row in truth(default_trail.plan)} == {str(kind) for kind in IncidentKind}


def test_truth_counts_the_calls_in_the_records(default_trail):
    """The trail holds exactly the announced calls of every incident, of the announced API and outcome."""
    for row in truth(default_trail.plan):
        records = _made_by(default_trail, row) if row["identity"] else []
        assert len(records) == row["calls"], row
        assert {record.get("errorCode") for record in records} <= {row["error_code"]}
        if row["event_name"] is not None:
            assert {(r["eventSource"], r["eventName"]) for r in records} <= {(row["event_source"], row["event_name"])}


def test_an_incidents_caller_does_nothing_else(default_trail):
    """Attribution has one right answer: the caller of an incident is seen in the incident only."""
    callers = Counter(record["userIdentity"].get("arn") for _, record in default_trail.distinct)
    announced = {row["identity"]: row["calls"] for row in truth(default_trail.plan) if row["identity"]}

    assert {arn: callers[arn] for arn in announced} == announced


def _times_of(trail, row):
    return [
        datetime.fromisoformat(record["eventTime"])
        for _, record in trail.distinct
        if (record["recipientAccountId"], record["awsRegion"]) == (row["account_id"], row["region"])
        and (record["eventSource"], record["eventName"]) == (row["event_source"], row["event_name"])
    ]


def test_a_dropped_api_is_busy_before_and_silent_then(default_trail):
    """A drop is seen against a dense past: no call in its span, many a calls an hour outside of it."""
    row = next(row for row in truth(default_trail.plan) if row["kind"] == "drop")
    start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
    times = _times_of(default_trail, row)
    before = [at for at in times if at < start]

    assert not [at for at in times if start <= at < end]
    assert len(before) / ((start - START) / timedelta(hours=1)) == pytest.approx(row["usual_calls_per_hour"], rel=0.25)


def test_a_new_api_is_never_called_before(default_trail):
    """An API that is new is called by the incident only."""
    row = next(row for row in truth(default_trail.plan) if row["kind"] == "new_api")

    assert len(_times_of(default_trail, row)) == row["calls"]


def test_an_enumeration_goes_through_many_apis(default_trail):
    """One identity is denied at far more APIs than the eight that make an enumeration."""
    row = next(row for row in truth(default_trail.plan) if row["kind"] == "denied_enumeration")

    assert len({(r["eventSource"], r["eventName"]) for r in _made_by(default_trail, row)}) > 50


def test_truth_is_json_in_order_of_start(default_trail):
    """Rows can be written as they are, and read like a timeline."""
    rows = truth(default_trail.plan)

    assert json.loads(json.dumps(rows)) == rows
    assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)


def test_incidents_belong_to_one_account_and_region():
    """Another Region of the plan gets none of an incident's calls."""
    incident = Incident(
        IncidentKind.CALL_BURST,
        ACCOUNT,
        REGION,
        "iam.amazonaws.com",
        "CreateUser",
        START,
        START + timedelta(minutes=5),
        calls=30,
        caller="user/mallory",
    )
    plan = TrailPlan(1, START, 1, (ACCOUNT,), (REGION, "eu-west-1"), incidents=(incident,))

    assert len(planned_calls(plan, ACCOUNT, REGION, first_caller=0).calls) == 30
    assert len(planned_calls(plan, ACCOUNT, "eu-west-1", first_caller=0).calls) == 0
