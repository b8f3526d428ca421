"""What beats a series' own record is told, as far as there is a past to tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from insights.records.insight import Rate, baseline_minutes
from insights.records.series import Direction
from insights.statistics.detector import detect
from insights.statistics.episodes import Rule
from insights.windows import Window
from tests.unit.statistics.hand_made import BURST_AT, At, Rows, Steady, Table, announcement, spikes_of


@pytest.fixture(scope="module")
def announced(table: Table, steady: Steady) -> tuple[object, ...]:
    """The episodes of the announcement's account."""
    window = Window(BURST_AT - timedelta(days=1, minutes=25), BURST_AT + timedelta(hours=10, minutes=35))
    return detect(table(announcement(steady)), window=window).episodes


class TestAnnouncement:
    """AWS's published example: a baseline of 21 calls in seven days, six calls in one minute."""

    def test_one_episode_is_found(self, announced: tuple[object, ...]) -> None:
        """RunInstances is unusual once, and nothing else is."""
        assert [(e.series.event_name, e.direction) for e in announced] == [("RunInstances", Direction.SPIKE)]

    def test_it_lasts_the_minute(self, announced: tuple[object, ...]) -> None:
        """It starts 13:25 and ends 13:26, as AWS's records have it."""
        assert (announced[0].start, announced[0].end) == (BURST_AT, BURST_AT + timedelta(minutes=1))

    def test_its_rates_are_those_of_the_record(self, announced: tuple[object, ...]) -> None:
        """Six calls a minute against 21 calls in the minutes of the reported baseline."""
        episode = announced[0]

        assert (episode.detection, episode.total) == (Rate(6, 1), Rate(6, 1))
        assert episode.baseline == Rate(21, baseline_minutes(BURST_AT))

    def test_its_evidence_says_why(self, announced: tuple[object, ...]) -> None:
        """It beat the record of one call in a minute, and less than six calls would have done."""
        episode = announced[0]

        assert (episode.rule, episode.window_minutes, episode.record_calls) == (Rule.OWN_RECORD, 1, 1)
        assert episode.score >= episode.threshold
        assert 1 < episode.band_upper_calls_per_minute <= 6
        assert episode.detected_at == episode.closed_at == BURST_AT + timedelta(minutes=35)


def test_the_first_day_of_an_account_is_not_judged(table: Table, at: At, heartbeat: Rows) -> None:
    """A burst in the twentieth hour is learnt, not told; the same burst a day later would be."""
    early = {"minute": at(hours=20), "event_name": "RunInstances", "count": 500}
    late = {"minute": at(days=1, hours=20), "event_name": "RunInstances", "count": 500}
    window = Window(at(), at(days=3))

    assert spikes_of("RunInstances", detect(table([*heartbeat, early]), window=window)) == []
    assert len(spikes_of("RunInstances", detect(table([*heartbeat, late]), window=window))) == 1


@pytest.mark.parametrize(("days_before", "is_told"), [(29, True), (3, False)])
def test_a_new_series_has_to_beat_more_than_an_old_one(
    days_before: int, is_told: bool, table: Table, at: At, heartbeat: Rows
) -> None:
    """With three days of calls, one a day, 8 in a minute are unusual after a month and not yet in the first days."""
    usual = [{"minute": at(33 - days_before + day, 3), "event_name": "RunInstances"} for day in range(3)]
    burst = {"minute": at(33, 12), "event_name": "RunInstances", "count": 8}

    found = spikes_of("RunInstances", detect(table([*heartbeat, *usual, burst]), window=Window(at(32), at(35))))
    assert bool(found) == is_told


@pytest.mark.parametrize("factor", [2, 8])
def test_a_change_of_level_for_good_is_told_at_most_once(
    factor: int, table: Table, at: At, steady: Steady, heartbeat: Rows
) -> None:
    """The new level is accepted after eight hours."""
    before = steady("PutObject", calls_per_minute=5, days=10.4)
    after = steady("PutObject", calls_per_minute=5 * factor, start_day=10.4, days=9, seed=8)

    found = detect(table([*heartbeat, *before, *after]), window=Window(at(days=8), at(days=19)))
    assert len(found.episodes) <= 1


def test_an_episode_of_eight_hours_is_a_change_of_level(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """Eight times the calls, for good: told from the first minute, ended after eight hours."""
    before = steady("PutObject", calls_per_minute=5, days=10.5)
    after = steady("PutObject", calls_per_minute=40, start_day=10.5, days=4, seed=8)

    (episode,) = spikes_of(
        "PutObject", detect(table([*heartbeat, *before, *after]), window=Window(at(days=8), at(days=14)))
    )
    assert (episode.start, episode.end, episode.level_shift) == (at(10, 12), at(10, 20), True)


def test_errors_that_follow_volume_are_no_news(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """When twenty times the reads bring twenty times the errors, the error rate is silent; errors alone are told."""
    usual = steady("Get", calls_per_minute=0.5, days=12, is_read_only=True)
    usual_errors = steady("Get", calls_per_minute=0.05, days=12, is_read_only=True, error_code="NoSuchKey", seed=2)
    errors = [
        {"minute": at(10, 12, m), "event_name": "Get", "is_read_only": True, "error_code": "NoSuchKey", "count": 2}
        for m in range(30)
    ]
    calls = [{"minute": at(10, 12, m), "event_name": "Get", "is_read_only": True, "count": 18} for m in range(30)]
    base, window = [*heartbeat, *usual, *usual_errors], Window(at(9), at(12))

    assert spikes_of("Get", detect(table([*base, *errors, *calls]), window=window)) == []
    assert len(spikes_of("Get", detect(table([*base, *errors]), window=window))) == 1


def test_a_region_never_used_before_is_judged_from_its_first_hour(table: Table, at: At, heartbeat: Rows) -> None:
    """Where an account is known, calls in another Region are its first there, and one insight tells of all of them."""
    calls = [
        {"minute": at(9, 12, m), "region": "ap-south-1", "event_source": f"{source}.amazonaws.com", "event_name": name}
        for source, name in (("ec2", "RunInstances"), ("iam", "CreateUser"), ("s3", "CreateBucket"))
        for m in range(0, 60, 3)
    ]
    window = Window(at(9), at(10))

    found = detect(table([*heartbeat, *calls]), window=window).episodes
    assert [(episode.series.region, episode.is_new_region) for episode in found] == [("ap-south-1", True)]
    assert detect(table(calls), window=window).episodes == ()


@pytest.mark.parametrize(("day", "is_new"), [(10, True), (12, False)])
def test_a_region_is_new_for_some_days(day: int, is_new: bool, table: Table, at: At, heartbeat: Rows) -> None:
    """A spike in a Region that was first used two days ago says so; one after four days, or at home, does not."""
    begin = [{"minute": at(8, 12), "region": "ap-south-1", "event_name": "Begin"}]
    spikes = [
        {"minute": at(day, 12, m), "region": region, "event_name": "RunInstances", "count": 50}
        for region in ("ap-south-1", "us-east-1")
        for m in range(5)
    ]

    found = spikes_of("RunInstances", detect(table([*heartbeat, *begin, *spikes]), window=Window(at(day), at(day + 1))))
    assert {episode.series.region: episode.is_new_region for episode in found} == {
        "ap-south-1": is_new,
        "us-east-1": False,
    }


@pytest.mark.parametrize(("day", "told"), [(3, 1), (9, 2)])
def test_what_the_first_week_told_becomes_a_record(day: int, told: int, table: Table, at: At, heartbeat: Rows) -> None:
    """A burst of an account's first week is its series' habit ten days later, at whatever hour; a later one is news."""
    usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(70)]
    bursts = [
        {"minute": at(days=day + after, hours=hour), "event_name": "RunInstances", "count": 60}
        for after, hour in ((0, 9), (10, 17))
    ]

    found = spikes_of("RunInstances", detect(table([*heartbeat, *usual, *bursts]), window=Window(at(), at(days=21))))
    assert len(found) == told


@pytest.mark.parametrize(("after", "told"), [(1, 2), (4, 1)])
def test_a_burst_of_the_first_week_that_doubles_is_news_for_days(
    after: int, told: int, table: Table, at: At, heartbeat: Rows
) -> None:
    """An incident that comes back twice as large the next day is told again; four days later that is no record."""
    usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(70)]
    bursts = [
        {"minute": at(days=3, hours=9), "event_name": "RunInstances", "count": 60},
        {"minute": at(days=3 + after, hours=9), "event_name": "RunInstances", "count": 130},
    ]

    found = spikes_of("RunInstances", detect(table([*heartbeat, *usual, *bursts]), window=Window(at(), at(days=12))))
    assert len(found) == told


def test_a_record_of_the_first_week_is_named(table: Table, at: At, heartbeat: Rows) -> None:
    """What beats the burst of the first week says so: its calls and its date are the record."""
    usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(70)]
    bursts = [
        {"minute": at(days=day, hours=13), "event_name": "RunInstances", "count": count}
        for day, count in ((3, 20), (17, 2000))
    ]

    found = spikes_of("RunInstances", detect(table([*heartbeat, *usual, *bursts]), window=Window(at(), at(days=18))))
    assert (found[-1].record_calls, found[-1].record_date) == (20, at(days=3).date())
