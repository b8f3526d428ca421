"""First denials, which are pooled."""

from __future__ import annotations

import pytest

from insights.records.insight import Rate
from insights.records.series import InsightType
from insights.statistics.detector import detect
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Table, spikes_of


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
