"""What is told of an hour before it is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from insights.windows import HOUR, MINUTE
from tests.unit.stages.running_hour import (
    BURST,
    HOUR_14,
    PLACE,
    QUEUE,
    complete,
    failing,
    judge,
    nudge,
    published,
    put_days,
    put_hour,
    settle,
    told,
    usual,
    with_burst,
)


def test_a_burst_is_told_in_the_running_hour(running: Any) -> None:
    """Of a burst from 14:10 on the calls up to 14:15 are enough: at 14:17 its Start is there, and says it is early."""
    report = nudge(running, with_burst(BURST, until=16), 17)

    (row,) = told(running)
    assert (report.started, report.early) == (1, 1)
    assert (row["event_name"], row["status"], row["is_early"]) == ("RunInstances", "open", True)
    assert row["start_time"] == HOUR_14 + 10 * MINUTE
    assert published(running) == [("Start", row["insight_id"])]


def test_it_is_told_once_however_often_one_looks(running: Any) -> None:
    """More calls, also earlier ones, change nothing of what was told, and bring nothing new."""
    nudge(running, with_burst(BURST, until=16), 17)
    before = told(running)
    again = judge(running, 14, 18)
    more = nudge(running, with_burst({8: 15, 9: 15} | BURST | dict.fromkeys(range(25, 40), 90), until=40), 41)

    assert (again.started, more.started) == (0, 0)
    assert told(running) == before


@pytest.mark.parametrize("tables", [{"trail": {}}, {"detect": {"early": False}}])
def test_who_does_not_ask_for_it_waits(open_nine_days: Callable[..., Any], tables: dict[str, Any]) -> None:
    """Without a queue, or switched off, a running hour is left alone."""
    assert nudge(open_nine_days(**tables), with_burst(BURST, until=16), 17).insights == ()


def test_an_hour_that_is_not_over_has_no_silence(running: Any) -> None:
    """A series that is busy as ever does not look as if it had dropped, and a burst in it is seen."""
    put_days(running.workspace.lake, usual() | {("CreateTags", None): dict.fromkeys(range(60), 10)})
    judge(running, 14, 5)
    quiet = nudge(running, usual(4) | {("CreateTags", None): dict.fromkeys(range(4), 10)}, 5)
    loud = nudge(running, usual(6) | {("CreateTags", None): dict.fromkeys(range(4), 10) | {4: 40, 5: 40}}, 7)

    assert (quiet.started, loud.started) == (0, 1)
    assert [(row["event_name"], row["direction"]) for row in told(running)] == [("CreateTags", "spike")]


def test_an_open_insight_is_not_begun_again(running: Any) -> None:
    """Where an insight is open, the part of the next hour that is there may look as if it had ended and begun louder:
    that is for the whole hour to say."""
    lake = running.workspace.lake
    put_hour(lake, HOUR_14, with_burst(dict.fromkeys(range(50, 60), 20)))
    settle(lake, HOUR_14 + HOUR)
    judge(running, 15, 21)
    (row,) = told(running)
    put_hour(lake, HOUR_14 + HOUR, with_burst({35: 90, 36: 90, 37: 90}, until=38))
    judge(running, 15, 39)

    assert row["status"] == "open"
    assert told(running) == [row]


def test_a_region_that_was_never_used(running: Any) -> None:
    """A burst in a Region of which there is no memory yet, for nothing was ever called there, is told as early."""
    put_hour(running.workspace.lake, HOUR_14, {("RunInstances", None): BURST}, place=(PLACE[0], "ap-south-1"))
    judge(running, 14, 17)

    assert [(row["region"], row["is_early"]) for row in told(running)] == [("ap-south-1", True)]


@pytest.mark.parametrize(("calls", "is_early"), [(900, False), (20, True)])
def test_errors_that_more_calls_could_explain_wait(
    open_nine_days: Callable[..., Any], calls: int, is_early: bool
) -> None:
    """An error that a known share of calls ends in is told early only if three times the calls seen would not explain
    it: of all that is counted, its expectation alone grows with what arrives later."""
    running = open_nine_days(detect={"call_rate": False})
    put_days(running.workspace.lake, failing(dict.fromkeys(range(60), 19), dict.fromkeys(range(60), 1)))
    judge(running, 14, 5)
    early = nudge(running, failing({12: calls}, {12: 150}), 17)
    complete(running, failing({12: calls}, {12: 150}))

    assert early.started == int(is_early)
    assert [(row["insight_type"], row["detection_calls"]) for row in told(running)] == [("ApiErrorRateInsight", 150)]


def test_what_is_said_to_be_normal_of_an_error(open_nine_days: Callable[..., Any]) -> None:
    """That three times the calls seen must not explain an error is a caution, not what is told to be normal: of the
    500 calls of 14:12 and of 20 in each of the 47 minutes before 14:00 one in twenty is expected to fail, as ever."""
    running = open_nine_days(detect={"call_rate": False})
    put_days(running.workspace.lake, failing(dict.fromkeys(range(60), 19), dict.fromkeys(range(60), 1)))
    judge(running, 14, 5)
    nudge(running, failing({12: 50}, {12: 450}), 17)

    (row,) = told(running)
    assert (row["is_early"], row["window_minutes"]) == (True, 60)
    assert row["expected_calls"] == pytest.approx((500 + 47 * 20) / 20, rel=0.02)


def test_when_the_hourly_run_is_behind(running: Any) -> None:
    """With four hours that are not complete nothing is told early: too much of what came before may be missing."""
    for hour in range(3):
        put_hour(running.workspace.lake, HOUR_14 + hour * HOUR, usual())
    put_hour(running.workspace.lake, HOUR_14 + 3 * HOUR, with_burst(BURST, until=16))
    report = judge(running, 17, 17)

    assert (report.judged, report.insights) == (0, ())


def test_hours_that_are_given_longer_to_settle(open_nine_days: Callable[..., Any]) -> None:
    """Where each hour waits three hours for its last objects, four are never complete, and nothing is behind."""
    running = open_nine_days(trail={"notifications": QUEUE, "settle_minutes": 180})
    lake = running.workspace.lake
    for hour in range(3):
        put_hour(lake, HOUR_14 + hour * HOUR, usual())
    put_hour(lake, HOUR_14 + 3 * HOUR, with_burst(BURST, until=16))
    settle(lake, HOUR_14 + 3 * HOUR)
    report = judge(running, 17, 17)

    assert (report.started, report.early) == (1, 1)


def test_a_look_costs_a_memory_and_the_counts_of_the_hour(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is unusual a look reads one hour's counts, no events and no insights."""
    lake = running.workspace.lake
    read: list[str] = []
    get = type(lake).get

    def noted(self: Any, key: str) -> Any:
        read.append(key)
        return get(self, key)

    put_hour(lake, HOUR_14, usual(16))
    monkeypatch.setattr(type(lake), "get", noted)
    judge(running, 14, 17)

    assert [key for key in read if key.endswith(".parquet") and not key.endswith("day.parquet")] == [
        "minute_counts/account_id=111122223333/region=us-east-1/date=2026-10-29/hour-14.parquet"
    ]
    assert len([key for key in read if key.endswith(".arrow")]) == 1
