"""What holds for every trail that can be planned."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from insights.simulate import Incident, IncidentKind, TrailPlan, simulate

START = datetime(2026, 11, 2, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "us-east-1"


@st.composite
def plans(draw):
    days = draw(st.sampled_from([0.02, 0.1, 0.3]))
    first = draw(st.integers(0, int(days * 1440) - 10))
    burst = Incident(
        IncidentKind.CALL_BURST,
        ACCOUNT,
        REGION,
        "ec2.amazonaws.com",
        "StopInstances",
        START + timedelta(minutes=first),
        START + timedelta(minutes=first + draw(st.integers(1, 10))),
        calls=draw(st.integers(0, 50)),
        caller="role/scheduler",
    )
    return TrailPlan(
        seed=draw(st.integers(0, 2**32)),
        start=START,
        days=days,
        accounts=(ACCOUNT,),
        regions=(REGION,),
        calls_per_hour=draw(st.sampled_from([0.0, 3.0, 80.0])),
        duplicate_share=draw(st.sampled_from([0.0, 0.5, 1.0])),
        late_share=draw(st.sampled_from([0.0, 0.5])),
        data_share=draw(st.sampled_from([0.0, 0.5])),
        records_per_object=draw(st.sampled_from([1, 7, 2000])),
        incidents=(burst,),
    )


@settings(max_examples=25)
@given(plans())
def test_every_planned_call_is_delivered_and_no_record_before_its_time(plan):
    """Whatever is late, repeated or split: the incident's calls all arrive, none in an object older than itself."""
    distinct = {}
    for one in simulate(plan):
        records = json.loads(gzip.decompress(one.body))["Records"]
        assert 1 <= len(records) <= plan.records_per_object
        for record in records:
            assert datetime.fromisoformat(record["eventTime"]) < one.delivered_at
            distinct.setdefault(record["eventID"], record)
    callers = [record["userIdentity"].get("arn", "") for record in distinct.values()]

    assert sum("role/scheduler/" in arn for arn in callers) == plan.incidents[0].calls
