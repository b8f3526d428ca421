"""A busy series that falls silent, and what only looks like it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from insights.records.series import Direction
from insights.statistics.coverage import Coverage
from insights.statistics.detector import detect
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Steady, Table


def trail(steady: Steady, at: At, *, names: int, silent: Window) -> Rows:
    return [
        row
        for n in range(names)
        for row in steady(f"Put{n}", calls_per_minute=4, days=11, seed=n)
        if row["minute"] not in silent
    ]


def test_a_busy_series_going_silent_is_a_drop(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """Silence from 10:10 to 13:40 is told to the minute, but for the calls Poisson left out beside it."""
    silent = Window(at(10, 10, 10), at(10, 13, 40))
    rows = trail(steady, at, names=1, silent=silent)

    (episode,) = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11))).episodes
    assert (episode.direction, episode.series.event_name) == (Direction.DROP, "Put0")
    assert abs(episode.start - silent.start) <= timedelta(minutes=1)
    assert abs(episode.end - silent.end) <= timedelta(minutes=1)
    assert episode.total.calls <= 2


def test_a_series_without_busy_days_before_has_no_drop(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """What was busy since yesterday only has no lowest hour of its own to be held against."""
    rows = [row for row in trail(steady, at, names=1, silent=Window(at(10, 10), at(10, 13))) if row["minute"] >= at(9)]
    quiet = steady("Put0", calls_per_minute=0.2, days=9, seed=3)

    found = detect(table([*heartbeat, *quiet, *rows]), window=Window(at(9), at(11)))
    assert [e for e in found.episodes if e.direction is Direction.DROP] == []


def test_a_delivery_gap_is_no_drop(table: Table, at: At, steady: Steady) -> None:
    """Hours in which nothing of the account arrived are no data."""
    rows = trail(steady, at, names=2, silent=Window(at(10, 10), at(10, 13)))

    assert detect(table(rows), window=Window(at(9), at(11))).episodes == ()


def test_a_gap_named_by_coverage_is_no_drop(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """Rows of hours that are not covered are neither calls nor time."""
    rows = trail(steady, at, names=1, silent=Window(at(10, 10), at(10, 13)))
    hours = [at(hours=h) for h in range(264) if not 250 <= h < 253]
    coverage = Coverage.of(("111122223333", "us-east-1", hour) for hour in hours)

    assert detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)), coverage=coverage).episodes == ()


def test_many_drops_at_once_are_a_delivery_problem(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """Four series that fall silent in one hour are not told."""
    rows = trail(steady, at, names=4, silent=Window(at(10, 10), at(10, 13)))

    found = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)))
    assert [e for e in found.episodes if e.direction is Direction.DROP] == []


def test_silence_of_a_series_whose_calls_come_in_heaps(table: Table, at: At, heartbeat: Rows) -> None:
    """Of 60 calls an hour in six heaps one hour may well lack all; four hours without a single heap are told."""
    random, silent = np.random.default_rng(5), Window(at(10, 10), at(10, 16))
    rows = [
        {"minute": minute, "event_name": "PutHeap", "count": int(random.geometric(0.1))}
        for minute in (at(0) + timedelta(minutes=n) for n in range(11 * 1440))
        if random.random() < 0.1 and minute not in silent
    ]

    (episode,) = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11))).episodes
    assert (episode.direction, episode.series.event_name) == (Direction.DROP, "PutHeap")
    assert episode.window_minutes == 240
    assert timedelta(0) <= silent.start - episode.start <= timedelta(hours=1)
    assert timedelta(0) <= episode.end - silent.end <= timedelta(hours=1)


def test_what_recovers_is_no_drop_any_more(table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
    """Four series lack three hours, a delivery problem. One is always quieter in the hour after: as it then is as
    usual, its four hours are no drop, though few calls were in them."""
    rows = [
        row
        for row in trail(steady, at, names=4, silent=Window(at(10, 10), at(10, 13)))
        if row["event_name"] != "Put0" or row["minute"].hour != 13 or row["minute"].minute % 2 == 0
    ]

    found = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)))
    assert [e for e in found.episodes if e.direction is Direction.DROP] == []
