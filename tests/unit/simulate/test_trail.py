from __future__ import annotations

import dataclasses
import gzip
import json
import re
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from insights.simulate import Incident, IncidentKind, TrailPlan, simulate

# AWS CloudTrail User Guide, "Finding your CloudTrail log files".
KEY = re.compile(
    r"(?P<prefix>.+/)?AWSLogs/(?P<organization>o-[a-z0-9]{10,32}/)?(?P<account>\d{12})/CloudTrail/(?P<region>[a-z0-9-]+)/"
    r"(?P<date>\d{4}/\d{2}/\d{2})/(?P=account)_CloudTrail_(?P=region)_(?P<stamp>\d{8}T\d{4})Z_[A-Za-z0-9]{16}\.json\.gz"
)
START = datetime(2026, 11, 2, tzinfo=UTC)
PLAN = TrailPlan(
    seed=11, start=START, days=0.25, accounts=("111122223333",), regions=("eu-west-1",), calls_per_hour=400
)


def test_every_key_follows_the_layout(default_trail):
    """An account trail's objects are named by account, Region and the UTC minute of their delivery."""
    for one in default_trail.objects:
        key = KEY.fullmatch(one.key)
        assert key is not None
        assert key["prefix"] is None
        assert key["organization"] is None
        assert key["date"] == f"{one.delivered_at:%Y/%m/%d}"
        assert key["stamp"] == f"{one.delivered_at:%Y%m%dT%H%M}"


def test_organization_trail_has_its_id_and_prefix_in_the_key():
    """An organization trail has o-<id> before the account, and a prefix comes before AWSLogs."""
    plan = dataclasses.replace(PLAN, layout="organization", prefix="logs/trail", organization_id="o-a1b2c3d4e5")
    key = KEY.fullmatch(next(simulate(plan)).key)

    assert key is not None
    assert (key["prefix"], key["organization"]) == ("logs/trail/", "o-a1b2c3d4e5/")


def test_keys_are_distinct(default_trail):
    """No object overwrites another."""
    assert len({one.key for one in default_trail.objects}) == len(default_trail.objects)


def test_objects_come_in_order_of_delivery(default_trail):
    """A reader of the stream sees what CloudTrail had delivered at any time."""
    times = [one.delivered_at for one in default_trail.objects]

    assert times == sorted(times)


def test_an_object_says_how_many_records_it_holds(default_trail):
    """`records` is the length of the Records array."""
    for one in default_trail.objects:
        assert one.records == len(json.loads(gzip.decompress(one.body))["Records"])


def test_same_plan_gives_the_same_bytes():
    """A seed names one trail: keys, bodies and times."""
    assert list(simulate(PLAN)) == list(simulate(PLAN))


def test_another_seed_gives_another_trail():
    """The seed is used."""
    other = dataclasses.replace(PLAN, seed=12)

    assert {one.key for one in simulate(PLAN)}.isdisjoint(one.key for one in simulate(other))


def test_large_deliveries_are_split():
    """An object holds no more than `records_per_object` records, and nothing is lost by splitting."""
    whole = list(simulate(PLAN))
    split = list(simulate(dataclasses.replace(PLAN, records_per_object=10)))

    assert max(one.records for one in whole) > max(one.records for one in split) == 10
    assert _event_ids(split) == _event_ids(whole)


def _event_ids(objects):
    return sorted(r["eventID"] for one in objects for r in json.loads(gzip.decompress(one.body))["Records"])


def _lag_minutes(one, record):
    """Minute in the object's name minus eventTime, as measured on real trails."""
    named = one.delivered_at.replace(second=0)
    return (named - datetime.fromisoformat(record["eventTime"])) / timedelta(minutes=1)


def test_lag_is_that_of_real_trails(default_trail):
    """A real trail of 2,900 records has lags of 0.1 to 9.9 minutes, median 3.3, 95th percentile 7.1."""
    lags = [_lag_minutes(one, record) for one, record in default_trail.distinct if "addendum" not in record]

    assert min(lags) >= 0.1
    assert max(lags) <= 10
    assert np.median(lags) == pytest.approx(3.3, abs=0.6)
    assert np.percentile(lags, 95) == pytest.approx(7.1, abs=0.8)


def test_late_records_say_so_and_are_as_many_as_planned():
    """Late records carry AWS's addendum, arrive hours after the call, and are the planned share."""
    plan = dataclasses.replace(PLAN, late_share=0.05, days=1)
    first = {}
    for one in simulate(plan):
        for record in json.loads(gzip.decompress(one.body))["Records"]:
            first.setdefault(record["eventID"], (one, record))
    late = [_lag_minutes(one, record) for one, record in first.values() if "addendum" in record]

    assert len(late) / len(first) == pytest.approx(0.05, rel=0.2)
    assert min(late) >= 60
    assert all(r["addendum"]["reason"] == "DELIVERY_DELAY" for _, r in first.values() if "addendum" in r)


def test_an_incidents_calls_are_never_late():
    """Even where everything else is late, an incident is delivered within ten minutes: a demonstration can show it."""
    burst = Incident(
        IncidentKind.CALL_BURST,
        "111122223333",
        "eu-west-1",
        "ec2.amazonaws.com",
        "StopInstances",
        START,
        START + timedelta(minutes=1),
        calls=20,
        caller="role/scheduler",
    )
    plan = dataclasses.replace(PLAN, late_share=1.0, duplicate_share=0.0, calls_per_hour=20, incidents=(burst,))
    of_incident = [
        _lag_minutes(one, record)
        for one in simulate(plan)
        for record in json.loads(gzip.decompress(one.body))["Records"]
        if "role/scheduler/" in record["userIdentity"].get("arn", "")
    ]

    assert len(of_incident) == 20
    assert max(of_incident) <= 10


def test_repeated_records_are_as_many_as_planned_and_equal():
    """A share of the records comes again, unchanged, in a later object."""
    plan = dataclasses.replace(PLAN, duplicate_share=0.1, days=0.5)
    seen, repeated = {}, 0
    for one in simulate(plan):
        for record in json.loads(gzip.decompress(one.body))["Records"]:
            known = seen.setdefault(record["eventID"], (one, record))
            if known[0] is not one:
                repeated += 1
                assert record == known[1]
                assert one.delivered_at > known[0].delivered_at

    assert repeated / len(seen) == pytest.approx(0.1, rel=0.15)


def test_most_objects_are_not_sorted(default_trail):
    """Of 55 real objects 33 are not in order of time: CloudTrail promises no order."""
    unsorted = 0
    for one in default_trail.objects:
        times = [record["eventTime"] for record in json.loads(gzip.decompress(one.body))["Records"]]
        unsorted += times != sorted(times)

    assert 0.3 < unsorted / len(default_trail.objects) < 0.9


def test_records_cross_into_the_next_hour_and_day(default_trail):
    """Delivery time is not event time: some records lie in an earlier hour, some in an earlier day than their key."""
    hours = [(one.delivered_at, datetime.fromisoformat(r["eventTime"])) for one, r in default_trail.distinct]
    other_hour = sum(delivered.hour != at.hour for delivered, at in hours) / len(hours)

    assert 0.04 < other_hour < 0.25
    assert any(delivered.date() > at.date() for delivered, at in hours)


def test_calls_lie_within_the_plan_and_are_all_delivered(default_trail):
    """No call is outside of [start, end); what is under way at the end is delivered after it."""
    window = default_trail.plan.window

    assert all(datetime.fromisoformat(record["eventTime"]) in window for _, record in default_trail.records)
    assert default_trail.objects[-1].delivered_at > window.end


def test_every_account_and_region_has_records(default_trail):
    """Records name the account and Region of their object."""
    plan = default_trail.plan
    seen = set()
    for one, record in default_trail.distinct:
        key = KEY.fullmatch(one.key)
        seen.add((key["account"], key["region"]))
        assert (record["recipientAccountId"], record["awsRegion"]) == (key["account"], key["region"])

    assert seen == {(account, region) for account in plan.accounts for region in plan.regions}


def _peak_bytes(days):
    tracemalloc.start()
    for _ in simulate(dataclasses.replace(PLAN, days=days, calls_per_hour=60)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_length_of_the_trail():
    """Six days need about the memory of two: objects stream (what is kept for all trails is filled beforehand)."""
    for _ in simulate(dataclasses.replace(PLAN, days=6, calls_per_hour=60)):
        pass

    assert _peak_bytes(days=6) < 1.2 * _peak_bytes(days=2)
