"""Minutes with calls, counted beside calls."""

from __future__ import annotations

import pytest

from insights.statistics.detector import detect
from insights.statistics.episodes import Rule
from insights.statistics.parameters import Parameters
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Table, spikes_of


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


def test_errors_in_unusually_many_minutes_are_told(table: Table, at: At, heartbeat: Rows) -> None:
    """Where the errors of a series come by the sixty, three times a day, one every four minutes for three hours are few
    errors, but in more minutes than ever: that many errors are usual says nothing of how many minutes hold one."""
    denied = {"event_name": "PutObject", "error_code": "AccessDenied"}
    scripts = [
        {**denied, "minute": at(day, 7 + 4 * n, (13 * day + 29 * n) % 60), "count": 60}
        for day in range(24)
        for n in range(3)
    ]
    drip = [{**denied, "minute": at(20, 1, minutes=4 * n)} for n in range(45)]
    granted = [{"event_name": "PutObject", "minute": at(minutes=n)} for n in range(24 * 1440)]

    found = detect(table([*heartbeat, *granted, *scripts, *drip]), window=Window(at(18), at(24)))
    errors = [episode for episode in spikes_of("PutObject", found) if episode.series.error_code]
    assert [episode.rule for episode in errors] == [Rule.OWN_MINUTES]


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
