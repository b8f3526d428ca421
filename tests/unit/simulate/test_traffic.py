from __future__ import annotations

import numpy as np
import pytest

from insights.simulate.callers import callers_of, service_itself
from insights.simulate.services import APIS, ApiKind, place_of
from insights.simulate.traffic import Schedule, ordinary_traffic

MONDAY = 1_793_577_600  # 2026-11-02T00:00:00Z
HOUR = 3600
CALLERS = (
    *callers_of("111122223333", 1),
    *(service_itself("111122223333", api.event_source) for api in APIS if api.kind is ApiKind.SERVICE_EVENT),
)


def _traffic(region="us-east-1", *, calls_per_hour=200.0, data_share=0.0, usual=None):
    rng = np.random.default_rng(7)
    return ordinary_traffic(
        region, calls_per_hour=calls_per_hour, data_share=data_share, usual=usual or {}, callers=CALLERS, rng=rng
    )


def _week_of_calls(traffic):
    rng = np.random.default_rng(8)
    hours = range(MONDAY, MONDAY + 168 * HOUR, HOUR)
    return np.concatenate([traffic.calls_between(hour, hour + HOUR, rng) for hour in hours])


@pytest.fixture(scope="module")
def week():
    return _week_of_calls(_traffic())


def test_a_week_has_the_planned_number_of_calls(week):
    """`calls_per_hour` is the mean over a week, programs run by the clock included."""
    assert len(week) / 168 == pytest.approx(200, rel=0.06)


def test_reads_outnumber_writes_as_in_real_trails(week):
    """Real accounts read in 60 to 80 % of their calls."""
    is_read = np.array([api.is_read_only for api in APIS])

    assert 0.6 < is_read[week["api"]].mean() < 0.8


def test_about_one_call_in_ten_fails(week):
    """The real trail of 2,900 records has 10.3 % errors."""
    assert (week["failure"] >= 0).mean() == pytest.approx(0.1, abs=0.03)


def test_few_apis_make_most_calls_and_many_are_rare(week):
    """Popularity is uneven: ten APIs make half of the calls, a fifth of the APIs have less than one a day."""
    counts = np.sort(np.bincount(week["api"], minlength=len(APIS)))[::-1]

    assert counts[:10].sum() > len(week) / 2
    assert np.count_nonzero(counts < 7) > len(APIS) / 5


def test_minutes_vary_more_than_independent_calls_would():
    """Counts are overdispersed: the variance by minute is well above the mean, which a Poisson process has for both."""
    api = place_of("ec2.amazonaws.com", "DescribeInstances")
    calls = _week_of_calls(_traffic(usual={api: 300.0}, calls_per_hour=10))
    minutes = np.bincount((calls["at"][calls["api"] == api] - MONDAY) // 60, minlength=168 * 60)

    assert minutes.mean() == pytest.approx(5, rel=0.1)
    assert minutes.var() > 1.2 * minutes.mean()


def test_people_rest_at_night_and_at_weekends():
    """In Dublin the office hours of Tuesday are busier than the night and than Sunday."""
    traffic = _traffic("eu-west-1")
    tuesday_noon, tuesday_night, sunday_noon = (traffic.week[hour] for hour in (24 + 12, 24 + 2, 6 * 24 + 12))

    assert traffic.week.mean() == pytest.approx(1)
    assert tuesday_noon > 2 * sunday_noon > tuesday_night


def test_the_weekend_is_quieter_than_the_working_days(week):
    """The rhythm of the week falls on the calendar's Saturday and Sunday (2026-11-02 is a Monday)."""
    calls_by_day = np.bincount(np.minimum((week["at"] - MONDAY) // (24 * HOUR), 6))

    assert calls_by_day[5:].max() < calls_by_day[:5].min()


def test_a_usual_rate_replaces_popularity():
    """An API whose rate is fixed at zero is never called, not even by a program run by the clock."""
    silent = place_of("ec2.amazonaws.com", "RunInstances")

    assert silent not in _week_of_calls(_traffic(usual={silent: 0.0}))["api"]


def test_global_services_are_recorded_in_us_east_1_only():
    """IAM, Route 53, CloudFront and Organizations write their records in us-east-1."""
    elsewhere = _week_of_calls(_traffic("eu-west-1"))
    services = {APIS[place].service for place in np.unique(elsewhere["api"])}

    assert services.isdisjoint({"iam", "route53", "cloudfront", "organizations"})
    assert "ec2" in services


def test_data_events_have_their_share():
    """Data events are none unless asked for, then the share of the calls that no clock starts."""
    is_data = np.array([api.kind is ApiKind.DATA for api in APIS])

    assert not is_data[_week_of_calls(_traffic())["api"]].any()
    assert is_data[_week_of_calls(_traffic(data_share=0.4))["api"]].mean() == pytest.approx(0.4, abs=0.06)


def test_service_events_are_made_by_their_service(week):
    """Nobody but the service itself stands behind an AwsServiceEvent."""
    events = [call for call in week if APIS[call["api"]].kind is ApiKind.SERVICE_EVENT]

    assert events
    for call in events:
        assert f'"invokedBy":"{APIS[call["api"]].event_source}"' in CALLERS[call["caller"]].identity


@pytest.mark.parametrize(
    ("minute", "hour", "expected"),
    [
        pytest.param(15, None, MONDAY + 3 * HOUR + 15 * 60, id="hourly"),
        pytest.param(15, 3, MONDAY + 3 * HOUR + 15 * 60, id="nightly, in its hour"),
        pytest.param(15, 4, None, id="nightly, in another hour"),
    ],
)
def test_schedule_starts_at_its_minute(minute, hour, expected):
    """A program is started at its minute of every hour, or of its one hour of the day."""
    schedule = Schedule(minute, hour, apis=np.array([0]), caller=0, calls=1)

    assert schedule.starts(MONDAY + 3 * HOUR, MONDAY + 4 * HOUR) == expected
