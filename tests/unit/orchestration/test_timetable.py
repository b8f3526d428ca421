from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
import pytest


def at(text: str) -> pendulum.DateTime:
    """Airflow hands its timetables pendulum's instants."""
    return pendulum.parse(text)


@pytest.fixture
def timetable() -> Any:
    from insights.orchestration.timetable import SettledHourTimetable

    return SettledHourTimetable(settle_minutes=20)


def runs_between(timetable: Any, earliest: pendulum.DateTime, latest: pendulum.DateTime) -> list[Any]:
    """All runs Airflow creates in a span, as a backfill asks for them."""
    from airflow.timetables.base import TimeRestriction

    restriction = TimeRestriction(earliest=earliest, latest=latest, catchup=True)
    found: list[Any] = []
    while True:
        last = found[-1].data_interval if found else None
        run = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if run is None:
            return found
        found.append(run)


def test_interval_is_a_whole_hour(timetable: Any) -> None:
    """A run's data interval is one whole UTC hour, wherever in an hour its span begins."""
    (first, *_) = runs_between(timetable, at("2026-11-01T13:05"), at("2026-11-01T16:00"))

    assert (first.data_interval.start, first.data_interval.end) == (at("2026-11-01T14:00"), at("2026-11-01T15:00"))


def test_runs_once_settled(timetable: Any) -> None:
    """An hour is run twenty minutes after its end, when CloudTrail has delivered it."""
    (first, *_) = runs_between(timetable, at("2026-11-01T13:00"), at("2026-11-01T16:00"))

    assert first.run_after == at("2026-11-01T14:20")


def test_logical_date_is_the_start(timetable: Any) -> None:
    """Backfills name hours by their start; the delay does not move that."""
    (first, *_) = runs_between(timetable, at("2026-11-01T13:00"), at("2026-11-01T16:00"))

    assert first.logical_date == at("2026-11-01T13:00")


def test_backfill_of_a_day(timetable: Any) -> None:
    """A backfill of a day is its 24 hours, without a gap or an overlap."""
    runs = runs_between(timetable, at("2026-11-01T00:00"), at("2026-11-01T23:59"))

    expected = [at("2026-11-01T00:00") + timedelta(hours=hour) for hour in range(24)]
    assert [run.data_interval.start for run in runs] == expected
    assert [run.data_interval.end for run in runs] == [start + timedelta(hours=1) for start in expected]


def test_summer_time_does_not_matter(timetable: Any) -> None:
    """Nor on the days on which European and American clocks change: hours are UTC's."""
    for day in ("2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01"):
        assert len(runs_between(timetable, at(f"{day}T00:00"), at(f"{day}T23:59"))) == 24


def test_no_run_after_the_last_date(timetable: Any) -> None:
    """Where the span is over there is no further run."""
    assert runs_between(timetable, at("2026-11-01T13:00"), at("2026-11-01T12:00")) == []


def test_manual_run_takes_the_last_whole_hour(timetable: Any) -> None:
    """A run by hand at 13:05 is about the hour that ended at 13:00."""
    interval = timetable.infer_manual_data_interval(run_after=at("2026-11-01T13:05"))

    assert (interval.start, interval.end) == (at("2026-11-01T12:00"), at("2026-11-01T13:00"))


def test_serialised_and_back() -> None:
    """Airflow's processes hand the timetable to one another with its delay."""
    from insights.orchestration.timetable import SettledHourTimetable

    again = SettledHourTimetable.deserialize(SettledHourTimetable(settle_minutes=45).serialize())

    assert again.settle_minutes == 45
    (first, *_) = runs_between(again, at("2026-11-01T13:00"), at("2026-11-01T16:00"))
    assert first.run_after == at("2026-11-01T14:45")


def test_summary_says_when(timetable: Any) -> None:
    """The UI shows when an hour is run."""
    assert timetable.summary == "hourly, 20 min after the hour"


@pytest.mark.parametrize(
    ("now", "hour"),
    [("13:05", "11:00"), ("13:19", "11:00"), ("13:20", "12:00"), ("13:59", "12:00")],
)
def test_without_catchup_it_begins_with_the_last_settled_hour(
    timetable: Any, monkeypatch: pytest.MonkeyPatch, now: str, hour: str
) -> None:
    """Whenever the DAG is switched on there is an hour to run at once: the newest whose delay is over."""
    from airflow.timetables.base import TimeRestriction

    from insights.orchestration import timetable as module

    monkeypatch.setattr(module, "_utc_now", lambda: at(f"2026-11-01T{now}"))
    restriction = TimeRestriction(earliest=at("2024-01-01T00:00"), latest=None, catchup=False)

    run = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)

    assert (run.data_interval.start, run.run_after <= at(f"2026-11-01T{now}")) == (at(f"2026-11-01T{hour}"), True)
