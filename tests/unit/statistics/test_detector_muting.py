"""What is told once and not again."""

from __future__ import annotations

import pytest

from insights.records.insight import Rate
from insights.statistics.detector import detect
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Row, Rows, Table, spikes_of


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


@pytest.mark.parametrize(("calls", "told"), [(120, 1), (240, 2)])
def test_a_monthly_job_may_do_more_than_last_month(
    calls: int, told: int, table: Table, at: At, heartbeat: Rows
) -> None:
    """At its time of day, thirty days later, twice its calls are its repeat; four times as many are news."""
    runs = [
        {"minute": at(days=day, hours=2), "event_name": "CreateSnapshot", "count": count}
        for day, count in ((8, 60), (38, calls))
    ]

    found = spikes_of("CreateSnapshot", detect(table([*heartbeat, *runs]), window=Window(at(days=6), at(days=40))))
    assert len(found) == told


def test_a_monthly_job_of_the_first_day_is_its_own_record(table: Table, at: At, heartbeat: Rows) -> None:
    """What an account does before it is judged is remembered for 31 days and more."""
    runs = [{"minute": at(days=day, hours=2), "event_name": "CreateSnapshot", "count": 60} for day in (0, 31)]

    assert detect(table([*heartbeat, *runs]), window=Window(at(days=6), at(days=33))).episodes == ()


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


def test_a_muted_repeat_that_grew_mutes_the_next_one(table: Table, at: At, heartbeat: Rows) -> None:
    """A weekly job of 40, 56, 56 and 76 calls grew by less than half from one week to the next: it is told once."""
    jobs = [
        {"minute": at(9 + 7 * week, 3, 30), "event_name": "PutObject", "count": calls}
        for week, calls in enumerate((40, 56, 56, 76))
    ]

    found = spikes_of("PutObject", detect(table([*heartbeat, *jobs]), window=Window(at(2), at(32))))
    assert [episode.start for episode in found] == [at(9, 3, 30)]


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


class TestKnownService:
    """EC2 was called every day for a week before some of its operations are called, or fail, for the first time."""

    @staticmethod
    def told(table: Table, at: At, heartbeat: Rows, *rows: Row) -> list[tuple[str, str | None]]:
        """Operation and error of what is told after day 9."""
        usual = [{"minute": at(day, 8), "event_name": "CreateTags"} for day in range(12)]
        found = detect(table([*heartbeat, *usual, *rows]), window=Window(at(9), at(13))).episodes
        return [(e.series.event_name, e.series.error_code) for e in found]

    def test_an_error_holds_no_calls_back(self, table: Table, at: At, heartbeat: Rows) -> None:
        """A read fails for the first time; eleven hours later a write is called for the first time: two insights."""
        read = {"event_name": "DescribeHosts", "is_read_only": True}
        error = {"minute": at(10, 1), "error_code": "Client.Busy", "count": 20, **read}
        calls = {"minute": at(10, 12), "event_name": "RequestSpotInstances", "count": 20}

        told = self.told(table, at, heartbeat, error, calls)
        assert told == [("DescribeHosts", "Client.Busy"), ("RequestSpotInstances", None)]

    @pytest.mark.parametrize(("calls", "names"), [(25, ["Create"]), (40, ["Create", "Delete"])])
    def test_half_as_many_again_are_told(
        self, calls: int, names: list[str], table: Table, at: At, heartbeat: Rows
    ) -> None:
        """After 20 first calls of one operation, 25 of another are more of the same; 40 are news."""
        first = {"minute": at(10, 1), "event_name": "Create", "count": 20}
        second = {"minute": at(10, 12), "event_name": "Delete", "count": calls}

        assert [name for name, _ in self.told(table, at, heartbeat, first, second)] == names


def test_a_new_service_has_one_insight_however_large(table: Table, at: At, heartbeat: Rows) -> None:
    """Thirty operations of a service taken into use, each called more than the one before, and failing: one insight."""
    bursts = [
        {"minute": at(10, n), "event_name": f"Create{n}", "count": 20 * (n + 1), "error_code": error}
        for n in range(30)
        for error in (None, "Conflict")
    ]

    found = detect(table([*heartbeat, *bursts]), window=Window(at(9), at(13))).episodes
    assert [e.series.event_name for e in found] == ["Create0"]


def test_a_service_of_an_accounts_first_day_is_known(table: Table, at: At, heartbeat: Rows) -> None:
    """In an account three days old, a service that was called in its first hours is as well known as the account."""
    first = {"minute": at(0, 1), "event_name": "CreateTags"}
    bursts = [{"minute": at(3, 1 + n), "event_name": f"Create{n}", "count": 20 * 2**n} for n in range(3)]

    found = detect(table([*heartbeat, first, *bursts]), window=Window(at(2), at(4))).episodes
    assert [e.series.event_name for e in found] == ["Create0", "Create1", "Create2"]
