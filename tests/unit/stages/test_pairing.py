"""Which row an episode is told in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from insights.records.insight import Rate
from insights.records.series import Direction, InsightType, SeriesKey
from insights.stages.pairing import pair
from insights.statistics.episodes import Episode
from insights.windows import HOUR, MINUTE, floor, parse_instant

TEN = parse_instant("2026-11-01T10:00")
SERIES = SeriesKey(
    "111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", "RunInstances"
)


def episode(start: int, end: int | None = None) -> Episode:
    """Give a spike, by minutes after ten, that was detected in the hour it started in."""
    begin = TEN + start * MINUTE
    hour_end = floor(begin, HOUR) + HOUR
    return Episode(
        series=SERIES,
        direction=Direction.SPIKE,
        start=begin,
        end=None if end is None else TEN + end * MINUTE,
        baseline=Rate(1, 10080),
        detection=Rate(30, 5),
        detection_end=begin + 5 * MINUTE,
        total=None if end is None else Rate(30, end - start),
        detected_at=hour_end,
        closed_at=None if end is None else hour_end,
        score=9.0,
        threshold=5.0,
        expected_calls=0.1,
        window_minutes=5,
        record_calls=None,
        record_date=None,
        band_upper_calls_per_minute=1.0,
        rule="rule",
    )


def row(told: Episode, **columns: Any) -> dict[str, Any]:
    """Give the columns of the row it was told in that pairing looks at."""
    names = ("account_id", "region", "insight_type", "event_category", "event_source", "event_name", "error_code")
    end: datetime | None = told.end
    return {
        "insight_id": told.episode_id, "direction": told.direction, "start_time": told.start, "end_time": end,
        "status": "closed" if end else "open", "detected_at": told.detected_at, "is_early": False,
        **{name: getattr(told.series, name) for name in names}, **columns,
    }  # fmt: skip


def test_its_own_row_comes_first() -> None:
    """Of two rows that overlap an episode the one with its id is its, whichever comes first."""
    first, second = row(episode(8, 20)), row(episode(10, 20))

    pairs, left = pair([episode(10, 20)], [first, second])
    assert ([told for _, told in pairs], left) == ([second], [first])


def test_a_start_that_moved() -> None:
    """Without that, a row of the series that shares some of its time; one that ended before does not."""
    moved, over = row(episode(10, 20)), row(episode(2, 5))

    pairs, left = pair([episode(9, 20)], [over, moved])
    assert ([told for _, told in pairs], left) == ([moved], [over])


@pytest.mark.parametrize(("is_early", "is_same"), [(True, True), (False, False)])
def test_what_was_told_early_is_its_hours(is_early: bool, is_same: bool) -> None:
    """What was told early of an hour is the spike that the whole hour shows, though they share no minute."""
    told = row(episode(40), is_early=is_early)

    ((_, found),), _ = pair([episode(2, 5)], [told])
    assert (found == told) is is_same


@pytest.mark.parametrize(
    "other",
    [
        replace(SERIES, region="eu-west-1"),
        replace(SERIES, account_id="444455556666"),
        replace(SERIES, event_name="StopInstances"),
        replace(SERIES, insight_type=InsightType.ERROR_RATE, error_code="AccessDenied"),
    ],
)
def test_other_series(other: SeriesKey) -> None:
    """Rows of another place or series are never its, early or not."""
    told = row(replace(episode(9), series=other), is_early=True)

    assert pair([episode(10)], [told]) == ([(episode(10), None)], [told])


def test_a_row_is_one_episodes() -> None:
    """Of two spikes of an hour the one that overlaps has the row that was told early; the other is new."""
    told = row(episode(40), is_early=True)

    pairs, left = pair([episode(2, 5), episode(39, 50)], [told])
    assert ([found for _, found in pairs], left) == ([None, told], [])


def test_what_was_withdrawn_is_told_anew() -> None:
    """A row that was withdrawn is the same insight only by its id."""
    gone = row(episode(10), status="withdrawn", is_early=True)

    assert pair([episode(9)], [gone])[0] == [(episode(9), None)]
    assert pair([episode(10)], [gone])[0] == [(episode(10), gone)]
