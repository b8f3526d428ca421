"""What is said of hand-made trails."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from insights.errors import SettingsError
from insights.records.insight import Rate, baseline_minutes
from insights.records.series import Direction, InsightType
from insights.statistics.coverage import Coverage
from insights.statistics.detector import detect
from insights.statistics.episodes import Rule
from insights.statistics.parameters import Parameters
from insights.windows import Window

At = Callable[..., datetime]
Rows = list[dict[str, object]]
Table = Callable[[Rows], pa.Table]
Steady = Callable[..., Rows]

BURST_AT = datetime(2019, 11, 7, 13, 25, tzinfo=UTC)


def announcement(steady: Steady) -> Rows:
    """The launch announcement's account: RunInstances 21 times in seven days, then six times in the minute 13:25."""
    calls = [{"minute": BURST_AT - timedelta(hours=8 * i), "event_name": "RunInstances"} for i in range(1, 22)]
    burst = {"minute": BURST_AT, "event_name": "RunInstances", "count": 6}
    others = [
        {**row, "minute": row["minute"] - datetime(2026, 3, 2, tzinfo=UTC) + BURST_AT - timedelta(days=8, minutes=25)}
        for name in ("DescribeTags", "CreateTags", "StopInstances")
        for row in steady(name, calls_per_minute=0.2, days=9, seed=len(name))
    ]
    return [*calls, burst, *others]


def spikes_of(name: str, detection: object) -> list[object]:
    return [e for e in detection.episodes if e.series.event_name == name]


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


def test_a_nightly_burst_is_told_once(table: Table, at: At, heartbeat: Rows) -> None:
    """A cron job that begins after eight quiet days is an insight on its first night and never again."""
    nights = [{"minute": at(days=d, hours=2), "event_name": "CreateSnapshot", "count": 60} for d in range(8, 22)]

    found = spikes_of("CreateSnapshot", detect(table([*heartbeat, *nights]), window=Window(at(days=6), at(days=22))))
    assert [episode.start for episode in found] == [at(days=8, hours=2)]


def test_a_nightly_burst_in_history_is_not_told(table: Table, at: At, heartbeat: Rows) -> None:
    """What was seen before the window is learnt silently, and mutes its repeats."""
    nights = [{"minute": at(days=d, hours=2), "event_name": "CreateSnapshot", "count": 60} for d in range(3, 12)]

    assert detect(table([*heartbeat, *nights]), window=Window(at(days=5), at(days=12))).episodes == ()


@pytest.mark.parametrize(("hour", "told"), [(2, 1), (8, 2)])
def test_a_monthly_job_is_told_once(hour: int, told: int, table: Table, at: At, heartbeat: Rows) -> None:
    """Thirty days later it repeats what it did at its time of day; at another time it is news."""
    runs = [
        {"minute": at(days=day, hours=hours), "event_name": "CreateSnapshot", "count": 60}
        for day, hours in ((8, 2), (38, hour))
    ]

    found = spikes_of("CreateSnapshot", detect(table([*heartbeat, *runs]), window=Window(at(days=6), at(days=40))))
    assert len(found) == told


def test_a_monthly_job_of_the_first_day_is_its_own_record(table: Table, at: At, heartbeat: Rows) -> None:
    """What an account does before it is judged is remembered for 31 days and more."""
    runs = [{"minute": at(days=day, hours=2), "event_name": "CreateSnapshot", "count": 60} for day in (0, 31)]

    assert detect(table([*heartbeat, *runs]), window=Window(at(days=6), at(days=33))).episodes == ()


@pytest.mark.parametrize(("days_before", "is_told"), [(29, True), (3, False)])
def test_a_new_series_has_to_beat_more_than_an_old_one(
    days_before: int, is_told: bool, table: Table, at: At, heartbeat: Rows
) -> None:
    """With three days of calls, one a day, 8 in a minute are unusual after a month and not yet in the first days."""
    usual = [{"minute": at(33 - days_before + day, 3), "event_name": "RunInstances"} for day in range(3)]
    burst = {"minute": at(33, 12), "event_name": "RunInstances", "count": 8}

    found = spikes_of("RunInstances", detect(table([*heartbeat, *usual, burst]), window=Window(at(32), at(35))))
    assert bool(found) == is_told


def test_a_repeat_is_muted_and_a_double_is_told(table: Table, at: At, heartbeat: Rows) -> None:
    """After an insight of 100 calls, 120 the next day are its repeat; 250 are a new insight."""
    bursts = [
        {"minute": at(days=day, hours=9), "event_name": "RunInstances", "count": count}
        for day, count in ((10, 100), (11, 120), (12, 250))
    ]

    usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(42)]
    counts = table([*heartbeat, *usual, *bursts])

    found = spikes_of("RunInstances", detect(counts, window=Window(at(days=9), at(days=14))))
    assert [episode.total for episode in found] == [Rate(100, 1), Rate(250, 1)]


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


class TestDrops:
    """A busy series that falls silent, and what only looks like it."""

    def trail(self, steady: Steady, at: At, *, names: int, silent: Window) -> Rows:
        return [
            row
            for n in range(names)
            for row in steady(f"Put{n}", calls_per_minute=4, days=11, seed=n)
            if row["minute"] not in silent
        ]

    def test_a_busy_series_going_silent_is_a_drop(self, table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
        """Silence from 10:10 to 13:40 is told to the minute, but for the calls Poisson left out beside it."""
        silent = Window(at(10, 10, 10), at(10, 13, 40))
        rows = self.trail(steady, at, names=1, silent=silent)

        (episode,) = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11))).episodes
        assert (episode.direction, episode.series.event_name) == (Direction.DROP, "Put0")
        assert abs(episode.start - silent.start) <= timedelta(minutes=1)
        assert abs(episode.end - silent.end) <= timedelta(minutes=1)
        assert episode.total.calls <= 2

    def test_a_series_without_busy_days_before_has_no_drop(
        self, table: Table, at: At, steady: Steady, heartbeat: Rows
    ) -> None:
        """What was busy since yesterday only has no lowest hour of its own to be held against."""
        rows = [
            row
            for row in self.trail(steady, at, names=1, silent=Window(at(10, 10), at(10, 13)))
            if row["minute"] >= at(9)
        ]
        quiet = steady("Put0", calls_per_minute=0.2, days=9, seed=3)

        found = detect(table([*heartbeat, *quiet, *rows]), window=Window(at(9), at(11)))
        assert [e for e in found.episodes if e.direction is Direction.DROP] == []

    def test_a_delivery_gap_is_no_drop(self, table: Table, at: At, steady: Steady) -> None:
        """Hours in which nothing of the account arrived are no data."""
        rows = self.trail(steady, at, names=2, silent=Window(at(10, 10), at(10, 13)))

        assert detect(table(rows), window=Window(at(9), at(11))).episodes == ()

    def test_a_gap_named_by_coverage_is_no_drop(self, table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
        """Rows of hours that are not covered are neither calls nor time."""
        rows = self.trail(steady, at, names=1, silent=Window(at(10, 10), at(10, 13)))
        hours = [at(hours=h) for h in range(264) if not 250 <= h < 253]
        coverage = Coverage.of(("111122223333", "us-east-1", hour) for hour in hours)

        assert detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)), coverage=coverage).episodes == ()

    def test_many_drops_at_once_are_a_delivery_problem(
        self, table: Table, at: At, steady: Steady, heartbeat: Rows
    ) -> None:
        """Four series that fall silent in one hour are not told."""
        rows = self.trail(steady, at, names=4, silent=Window(at(10, 10), at(10, 13)))

        found = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)))
        assert [e for e in found.episodes if e.direction is Direction.DROP] == []


class TestWhatIsAnalysed:
    """Writes for call rates, reads and writes for errors, unless told otherwise."""

    def burst(self, at: At, **other: object) -> dict[str, object]:
        return {"minute": at(3, 12), "event_name": "GetObject", "count": 200, **other}

    def found(self, table: Table, at: At, rows: Rows, parameters: Parameters) -> list[tuple[str, str | None]]:
        episodes = detect(table(rows), window=Window(at(2), at(4)), parameters=parameters).episodes
        return [(str(e.series.insight_type), e.series.error_code) for e in episodes]

    def test_reads_have_no_call_rate(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A burst of reads is not told."""
        assert self.found(table, at, [*heartbeat, self.burst(at, is_read_only=True)], Parameters()) == []

    def test_reads_have_one_when_asked_for(self, table: Table, at: At, heartbeat: Rows) -> None:
        """With include_reads it is."""
        rows = [*heartbeat, self.burst(at, is_read_only=True)]

        assert self.found(table, at, rows, Parameters(include_reads=True)) == [("ApiCallRateInsight", None)]

    def test_failed_reads_have_an_error_rate(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A burst of throttled reads is an error-rate insight of that error."""
        rows = [*heartbeat, self.burst(at, is_read_only=True, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters()) == [("ApiErrorRateInsight", "Throttling")]

    def test_data_events_are_left_out_by_default(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Only the categories asked for are judged; then data reads count."""
        rows = [*heartbeat, self.burst(at, is_read_only=True, event_category="Data")]

        assert self.found(table, at, rows, Parameters()) == []
        assert self.found(table, at, rows, Parameters(categories=("Data",))) == [("ApiCallRateInsight", None)]

    def test_error_rate_can_be_turned_off(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Then only the call rate speaks."""
        rows = [*heartbeat, self.burst(at, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters(error_rate=False)) == [("ApiCallRateInsight", None)]

    def test_call_rate_can_be_turned_off(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Then only the error rate speaks."""
        rows = [*heartbeat, self.burst(at, error_code="Throttling")]

        assert self.found(table, at, rows, Parameters(call_rate=False)) == [("ApiErrorRateInsight", "Throttling")]


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


def test_many_operations_denied_for_the_first_time_are_one_insight(table: Table, at: At, heartbeat: Rows) -> None:
    """Twelve operations denied once each in ten minutes show in no series of their own, but in the pool."""
    denied = [
        {"minute": at(3, 12, n % 10), "event_name": f"List{n}", "is_read_only": True, "error_code": "AccessDenied"}
        for n in range(12)
    ]

    (episode,) = detect(table([*heartbeat, *denied]), window=Window(at(2), at(4))).episodes
    assert (episode.series.event_name, episode.series.insight_type) == ("NewlyDeniedApis", InsightType.ERROR_RATE)
    assert episode.total == Rate(12, 10)


def test_denials_of_a_part_of_an_hour_are_counted_by_the_hour(table: Table, at: At, heartbeat: Rows) -> None:
    """While denials may come that move an operation's first to another minute, only a window that holds both speaks."""
    denied = [
        {"minute": at(3, 12, n % 4), "event_name": f"List{n}", "is_read_only": True, "error_code": "AccessDenied"}
        for n in range(12)
    ]
    windows = [
        detect(table([*heartbeat, *denied]), window=Window(at(3, 12), at(3, 13)), is_partial=is_partial)
        .episodes[0]
        .window_minutes
        for is_partial in (False, True)
    ]

    assert windows == [5, 60]


@pytest.mark.parametrize("region", ["us-east-1", "ap-south-1"])
def test_first_denials_that_come_slowly_are_none_of_the_pools(
    region: str, table: Table, at: At, heartbeat: Rows
) -> None:
    """Twelve first denials nine minutes apart are fewer than eight in any hour: the longest window of the pool. In a
    Region that was never used before it has no longer ones either."""
    denial = {"is_read_only": True, "error_code": "AccessDenied", "region": region}
    denials = [{**denial, "minute": at(9, 1, 2 + 9 * n), "event_name": f"Get{n}"} for n in range(12)]

    assert detect(table([*heartbeat, *denials]), window=Window(at(9), at(9, 8))).episodes == ()


def test_operations_denied_every_day_do_not_fill_the_pool(table: Table, at: At, heartbeat: Rows) -> None:
    """Only a first denial in seven days counts."""
    denied = [
        {"minute": at(day, 12, n % 10), "event_name": f"List{n}", "is_read_only": True, "error_code": "AccessDenied"}
        for n in range(12)
        for day in range(4)
    ]

    assert detect(table([*heartbeat, *denied]), window=Window(at(2), at(4))).episodes == ()


def test_new_operations_of_a_service_share_one_insight(table: Table, at: At, heartbeat: Rows) -> None:
    """A service taken into use shows its first burst, not one for each of its operations."""
    bursts = [{"minute": at(3, 12 + n), "event_name": f"Create{n}", "count": 80} for n in range(5)]

    found = detect(table([*heartbeat, *bursts]), window=Window(at(2), at(4)))
    assert [e.series.event_name for e in found.episodes] == ["Create0"]


def test_the_first_of_an_hour_has_it(table: Table, at: At, heartbeat: Rows) -> None:
    """Of operations of a new service that burst in one hour the first has the insight, whatever its name."""
    bursts = [{"minute": at(3, 12, 50 - 10 * n), "event_name": f"Create{n}", "count": 80} for n in range(5)]

    found = detect(table([*heartbeat, *bursts]), window=Window(at(2), at(4)))
    assert [e.series.event_name for e in found.episodes] == ["Create4"]


def test_operations_tried_once_before_are_new_with_their_service(table: Table, at: At, heartbeat: Rows) -> None:
    """A service of which somebody once tried everything is new all the same when it is taken into use."""
    tried = [{"minute": at(3, 12, n), "event_name": f"Create{n}"} for n in range(5)]
    bursts = [{"minute": at(13, 12 + n), "event_name": f"Create{n}", "count": 80} for n in range(5)]

    found = detect(table([*heartbeat, *tried, *bursts]), window=Window(at(2), at(15)))
    assert [e.series.event_name for e in found.episodes] == ["Create0"]


def test_other_operations_denied_days_later_are_news(table: Table, at: At, heartbeat: Rows) -> None:
    """Who tries other operations three days later is told of again: none of them had been denied before."""
    denied = [
        {
            "minute": at(day, 12, n % 10),
            "event_name": f"List{day}{n}",
            "is_read_only": True,
            "error_code": "AccessDenied",
        }
        for n in range(12)
        for day in (3, 6)
    ]

    found = spikes_of("NewlyDeniedApis", detect(table([*heartbeat, *denied]), window=Window(at(2), at(8))))
    assert [episode.start for episode in found] == [at(3, 12), at(6, 12)]


def test_a_region_never_used_before_is_judged_from_its_first_hour(table: Table, at: At, heartbeat: Rows) -> None:
    """Where an account is known, calls in another Region are its first there, and one insight tells of all of them."""
    calls = [
        {"minute": at(9, 12, m), "region": "ap-south-1", "event_source": f"{source}.amazonaws.com", "event_name": name}
        for source, name in (("ec2", "RunInstances"), ("iam", "CreateUser"), ("s3", "CreateBucket"))
        for m in range(0, 60, 3)
    ]
    window = Window(at(9), at(10))

    found = detect(table([*heartbeat, *calls]), window=window).episodes
    assert [episode.series.region for episode in found] == ["ap-south-1"]
    assert detect(table(calls), window=window).episodes == ()


def test_calls_in_unusually_many_minutes_are_told(table: Table, at: At, heartbeat: Rows) -> None:
    """Who runs a script three times a day makes 60 calls in a minute, three times a day. One call every four minutes
    for three hours is fewer calls than that, but the series was never called in so many minutes of such a time."""
    scripts = [
        {"minute": at(day, 7 + 4 * n, (13 * day + 29 * n) % 60), "event_name": "PutObject", "count": 60}
        for day in range(24)
        for n in range(3)
    ]
    drip = [{"minute": at(20, 1, minutes=4 * n), "event_name": "PutObject"} for n in range(45)]
    counts, window = table([*heartbeat, *scripts, *drip]), Window(at(18), at(24))

    (episode,) = spikes_of("PutObject", detect(counts, window=window))
    assert at(20, 1) <= episode.start <= at(20, 1, 8)
    assert at(20, 3, 50) <= episode.end <= at(20, 4)
    assert episode.rule == Rule.OWN_MINUTES
    only_calls = Parameters(active_windows_minutes=())
    assert not spikes_of("PutObject", detect(counts, window=window, parameters=only_calls))


def test_many_minutes_of_fewer_calls_than_usual_are_no_high_rate(table: Table, at: At, heartbeat: Rows) -> None:
    """Of a script that makes 300 calls three times a day, 37 an hour on average, 7 minutes with a call in an hour are
    more than ever, and still far fewer calls: an insight whose rate is below its baseline would be none."""
    scripts = [
        {"minute": at(day, 7 + 4 * n, (13 * day + 29 * n) % 60), "event_name": "PutObject", "count": 300}
        for day in range(24)
        for n in range(3)
    ]
    drip = [{"minute": at(20, 1, minutes=8 * n), "event_name": "PutObject"} for n in range(25)]

    found = detect(table([*heartbeat, *scripts, *drip]), window=Window(at(20), at(21)))
    assert not spikes_of("PutObject", found)
    reason = next(row for row in found.reasons.to_pylist() if row["event_name"] == "PutObject")
    assert (reason["verdict"], reason["rule"]) == ("too few calls above what is expected", Rule.OWN_MINUTES)
    assert reason["calls"] <= 25
    assert reason["expected_calls"] / reason["window_minutes"] == pytest.approx(3 * 300 / 1440, rel=0.02)


def test_of_a_change_of_level_the_minutes_are_learnt_too(table: Table, at: At, heartbeat: Rows) -> None:
    """Two calls an hour become one in every minute: from then on as many minutes with calls are expected as calls,
    also of the hours in which the change was noticed."""
    before = [{"minute": at(hours=h, minutes=m), "event_name": "PutObject"} for h in range(24 * 10) for m in (5, 35)]
    after = [{"minute": at(10, 5, m), "event_name": "PutObject"} for m in range(60 * 20)]

    state = detect(table([*heartbeat, *before, *after]), window=Window(at(11), at(11, 1))).state
    series = next(iter(state.places.values())).series
    row = next(row for row, subject in enumerate(series.subjects) if subject.series.event_name == "PutObject")
    assert series.active_week[row] == pytest.approx(series.week[row], rel=0.01)


def test_a_muted_repeat_that_grew_mutes_the_next_one(table: Table, at: At, heartbeat: Rows) -> None:
    """A weekly job of 40, 56, 56 and 76 calls grew by less than half from one week to the next: it is told once."""
    jobs = [
        {"minute": at(9 + 7 * week, 3, 30), "event_name": "PutObject", "count": calls}
        for week, calls in enumerate((40, 56, 56, 76))
    ]

    found = spikes_of("PutObject", detect(table([*heartbeat, *jobs]), window=Window(at(2), at(32))))
    assert [episode.start for episode in found] == [at(9, 3, 30)]


@pytest.mark.parametrize("count", [-3, None, 1.5])
def test_counts_that_are_no_counts_are_refused(table: Table, at: At, heartbeat: Rows, count: float | None) -> None:
    """A count below zero, none at all, or a part of a call is named with its row's minute."""
    counts = table(heartbeat).to_pandas().astype({"count": "float64"})
    counts.loc[1000, "count"] = np.nan if count is None else count

    with pytest.raises(SettingsError, match=r"the minute counts have the count (-3|nan|1\.5) .* at 2026-03-15T21:20"):
        detect(counts, window=Window(at(2), at(3)))


class TestReasons:
    """What was said and what was not, to be asked like any table."""

    def verdicts(self, table: Table, at: At, rows: Rows) -> list[tuple[str, str]]:
        found = detect(table(rows), window=Window(at(9), at(12))).reasons.to_pylist()
        return [(row["event_name"], row["verdict"]) for row in found]

    def test_what_is_told_has_its_evidence(self, table: Table, at: At, heartbeat: Rows) -> None:
        """An insight's reason names the episode, the window, the score and what the score had to reach."""
        burst = {"minute": at(9, 12), "event_name": "RunInstances", "count": 45}
        found = detect(table([*heartbeat, burst]), window=Window(at(9), at(10)))
        (reason,), (episode,) = found.reasons.to_pylist(), found.episodes

        assert (reason["verdict"], reason["insight_id"]) == ("told", episode.episode_id)
        assert (reason["rule"], reason["calls"], reason["window_minutes"]) == (Rule.NEW_SERIES, 45, 1)
        assert reason["score"] == episode.score >= reason["threshold"] == 14
        assert reason["window_end"] == at(9, 12, 1)

    def test_a_repeat_says_that_it_is_one(self, table: Table, at: At, heartbeat: Rows) -> None:
        """The same burst a day later is seen, and held back."""
        usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(36)]
        bursts = [{"minute": at(day, 9), "event_name": "RunInstances", "count": 100} for day in (9, 10)]

        assert self.verdicts(table, at, [*heartbeat, *usual, *bursts]) == [
            ("RunInstances", "told"),
            ("RunInstances", "repeats an insight of the last days"),
        ]

    def test_a_new_service_says_that_it_is_one(self, table: Table, at: At, heartbeat: Rows) -> None:
        """The second operation of a service that was taken into use is held back."""
        bursts = [{"minute": at(10, 12 + n), "event_name": f"Create{n}", "count": 80} for n in range(2)]

        assert self.verdicts(table, at, [*heartbeat, *bursts]) == [
            ("Create0", "told"),
            ("Create1", "its service is new and has had its insight"),
        ]

    def test_too_few_calls_say_so(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Where fifty calls are asked for, a burst of 45 is seen and not worth a word."""
        burst = {"minute": at(9, 12), "event_name": "RunInstances", "count": 45}
        parameters = Parameters(min_excess_calls=50)
        found = detect(table([*heartbeat, burst]), window=Window(at(9), at(10)), parameters=parameters)

        assert found.episodes == ()
        assert found.reasons["verdict"].to_pylist() == ["too few calls above what is expected"]

    def test_an_account_without_a_past_says_so(self, table: Table, at: At, heartbeat: Rows) -> None:
        """On the first day nothing is told."""
        burst = {"minute": at(hours=20), "event_name": "RunInstances", "count": 500}
        reasons = detect(table([*heartbeat, burst]), window=Window(at(), at(1))).reasons

        assert reasons["verdict"].to_pylist() == ["its account has too little history"]


class TestPresets:
    """Sensitivities, by what they tell."""

    def is_told(self, table: Table, at: At, rows: Rows, preset: str) -> bool:
        window = Window(at(9), at(10))
        return bool(detect(table(rows), window=window, parameters=Parameters.preset(preset)).episodes)

    @pytest.mark.parametrize(("preset", "told"), [("aws", True), ("high", False), ("medium", False), ("low", False)])
    def test_two_calls_over_nothing(self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows) -> None:
        """AWS told of 2 calls in a minute over a baseline of 0 (a published sample of 2020)."""
        rows = [*heartbeat, {"minute": at(9, 12), "event_name": "RunInstances", "count": 2}]

        assert self.is_told(table, at, rows, preset) is told

    @pytest.mark.parametrize(("preset", "told"), [("aws", True), ("medium", False)])
    def test_four_errors_over_23_a_week(self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows) -> None:
        """AWS told of 4 errors against 23 in the week before."""
        error = {"event_name": "DescribeQuery", "is_read_only": True, "error_code": "QueryIdNotFoundException"}
        week = [{**error, "minute": at(9, 12) - timedelta(hours=7 * i)} for i in range(1, 24)]
        four = [{**error, "minute": at(9, 12, m)} for m in range(4)]

        assert self.is_told(table, at, [*heartbeat, *week, *four], preset) is told

    @pytest.mark.parametrize(("preset", "told"), [("high", True), ("medium", True), ("low", False)])
    def test_nine_calls_where_one_is_usual(
        self, preset: str, told: bool, table: Table, at: At, heartbeat: Rows
    ) -> None:
        """The lowest sensitivity asks for an excess of ten calls."""
        usual = [{"minute": at(hours=8 * i), "event_name": "RunInstances"} for i in range(27)]
        rows = [*heartbeat, *usual, {"minute": at(9, 12), "event_name": "RunInstances", "count": 9}]

        assert self.is_told(table, at, rows, preset) is told


class TestInput:
    """Any order, any encoding, any table."""

    def test_columns_may_be_left_out(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Without category, kind and error every row is a successful write of the control plane; others are ignored."""
        counts = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        fewer = counts.drop_columns(["event_category", "is_read_only", "error_code"]).append_column(
            "note", pa.nulls(counts.num_rows)
        )
        window = Window(at(2), at(4))

        assert detect(fewer, window=window).episodes == detect(counts, window=window).episodes != ()

    def test_a_missing_column_is_named(self, table: Table, at: At) -> None:
        """What cannot be guessed is asked for."""
        with pytest.raises(SettingsError, match="no column region"):
            detect(table([]).drop_columns(["region"]), window=Window(at(), at(1)))

    def test_order_does_not_matter(self, table: Table, steady: Steady) -> None:
        """Rows backwards give the same episodes."""
        rows = announcement(steady)
        window = Window(BURST_AT - timedelta(days=1), BURST_AT + timedelta(days=1))

        assert detect(table(rows[::-1]), window=window).episodes == detect(table(rows), window=window).episodes

    def test_rows_of_one_key_and_minute_add_up(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A count written in parts is the same count."""
        burst = {"minute": at(3, 12), "event_name": "RunInstances"}
        parts = table([*heartbeat, *({**burst, "count": 1 + n} for n in range(9))])
        whole = table([*heartbeat, {**burst, "count": 45}])
        window = Window(at(2), at(4))

        assert detect(parts, window=window).episodes == detect(whole, window=window).episodes != ()

    def test_dictionaries_and_frames_are_tables_too(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Dictionary-encoded strings and a pandas frame give what plain Arrow gives."""
        plain = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        names = ("account_id", "region", "event_source", "event_name", "error_code")
        encoded = plain
        for name in names:
            encoded = encoded.set_column(encoded.schema.get_field_index(name), name, encoded[name].dictionary_encode())
        window = Window(at(2), at(4))
        expected = detect(plain, window=window).episodes

        assert detect(encoded, window=window).episodes == expected
        assert detect(plain.to_pandas(), window=window).episodes == expected != ()

    def test_places_are_judged_apart(self, table: Table, at: At, heartbeat: Rows) -> None:
        """The same burst in two Regions is two episodes, each as if it were alone."""
        burst = {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}
        here = [*heartbeat, burst]
        there = [{**row, "region": "eu-west-1"} for row in here]
        window = Window(at(2), at(4))
        alone = [detect(table(rows), window=window).episodes for rows in (there, here)]

        assert sorted(detect(table([*here, *there]), window=window).episodes, key=lambda e: e.series) == sorted(
            (e for episodes in alone for e in episodes), key=lambda e: e.series
        )

    def test_rows_after_the_window_are_not_looked_at(self, table: Table, at: At, heartbeat: Rows) -> None:
        """What is said of a window is the same whatever follows."""
        burst = {"minute": at(3, 12, 50), "event_name": "RunInstances", "count": 45}
        after = {"minute": at(3, 13, 1), "event_name": "RunInstances", "count": 4500}
        window = Window(at(2), at(3, 13))

        with_after = detect(table([*heartbeat, burst, after]), window=window).episodes
        assert with_after == detect(table([*heartbeat, burst]), window=window).episodes != ()

    def test_an_empty_table_says_nothing(self, table: Table, at: At) -> None:
        """No rows, no episodes."""
        assert detect(table([]), window=Window(at(), at(1))).episodes == ()


class TestState:
    """What one call hands to the next."""

    def test_a_state_past_the_window_is_refused(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Hours already learnt cannot be judged again."""
        state = detect(table(heartbeat), window=Window(at(), at(2))).state

        with pytest.raises(ValueError, match="use an earlier one"):
            detect(table(heartbeat), window=Window(at(1), at(3)), state=state)

    def test_a_state_is_not_changed_by_its_use(self, table: Table, at: At, heartbeat: Rows) -> None:
        """Judging twice from the same state says the same, also from a pickled copy of it."""
        counts = table([*heartbeat, {"minute": at(3, 12), "event_name": "RunInstances", "count": 45}])
        state = detect(counts, window=Window(at(), at(3))).state
        copy = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own bytes
        window = Window(at(3), at(4))
        first = detect(counts, window=window, state=state).episodes

        assert first != ()
        assert detect(counts, window=window, state=state).episodes == first
        assert detect(counts, window=window, state=copy).episodes == first

    def test_an_open_episode_is_told_open_and_then_closed(
        self, table: Table, at: At, steady: Steady, heartbeat: Rows
    ) -> None:
        """What its Start tells is the same in both calls."""
        burst = [{"minute": at(3, 12, m), "event_name": "RunInstances", "count": 30} for m in range(40, 90)]
        counts = table([*heartbeat, *burst])

        first = detect(counts, window=Window(at(2), at(3, 13)))
        second = detect(counts, window=Window(at(3, 13), at(3, 15)), state=first.state)
        (opened,), (closed,) = first.episodes, second.episodes
        assert (opened.end, opened.total, opened.closed_at) == (None, None, None)
        assert closed.end == at(3, 13, 30)
        assert closed.episode_id == opened.episode_id
        for name in ("start", "baseline", "detection", "score", "threshold", "expected_calls", "detected_at", "rule"):
            assert getattr(closed, name) == getattr(opened, name)
