"""A busy series that falls silent, and what only looks like it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from insights.records.series import Direction
from insights.statistics.coverage import Coverage, Place
from insights.statistics.detector import detect
from insights.statistics.reasons import Verdict
from insights.statistics.snapshot import to_table
from insights.windows import Window
from tests.unit.statistics.hand_made import At, Rows, Steady, Table


def trail(steady: Steady, at: At, *, names: int, silent: Window, days: int = 11) -> Rows:
    return [
        row
        for n in range(names)
        for row in steady(f"Put{n}", calls_per_minute=4, days=days, seed=n)
        if row["minute"] not in silent
    ]


def heaps(at: At, *, days: int = 11) -> Rows:
    """Sixty calls an hour of PutHeap, in about six heaps."""
    random = np.random.default_rng(5)
    return [
        {"minute": at(minutes=n), "event_name": "PutHeap", "count": int(random.geometric(0.1))}
        for n in range(days * 1440)
        if random.random() < 0.1
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
    silent = Window(at(10, 10), at(10, 16))
    rows = [row for row in heaps(at) if row["minute"] not in silent]

    (episode,) = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11))).episodes
    assert (episode.direction, episode.series.event_name) == (Direction.DROP, "PutHeap")
    assert episode.window_minutes == 240
    assert timedelta(0) <= silent.start - episode.start <= timedelta(hours=1)
    assert timedelta(0) <= episode.end - silent.end <= timedelta(hours=1)


def test_what_recovers_is_no_drop_any_more(table: Table, at: At, heartbeat: Rows) -> None:
    """Three hours without a heap are too few to tell; in the fourth one heap holds most of an hour's calls. As that
    hour is no drop, its four hours are none, though few calls were in them."""
    silent = Window(at(10, 10), at(10, 14))
    heap = {"minute": at(10, 13, 20), "event_name": "PutHeap", "count": 45}
    rows = [*(row for row in heaps(at) if row["minute"] not in silent), heap]

    found = detect(table([*heartbeat, *rows]), window=Window(at(9), at(11)))
    assert [e for e in found.episodes if e.direction is Direction.DROP] == []


class TestDeliveryProblem:
    """Four series lack the hours from 10:00 to 13:00 of the eleventh day."""

    @staticmethod
    def rows(steady: Steady, at: At, *, days: int = 11) -> Rows:
        return trail(steady, at, names=4, silent=Window(at(10, 10), at(10, 13)), days=days)

    def test_what_lacked_the_same_hours_is_no_drop_after_them(
        self, table: Table, at: At, steady: Steady, heartbeat: Rows
    ) -> None:
        """A series whose calls come in heaps is nearly quiet for two more hours: not enough alone, had it been called
        before."""
        heap = [row for row in heaps(at) if row["minute"] not in Window(at(10, 10), at(10, 15))]

        found = detect(table([*heartbeat, *self.rows(steady, at), *heap]), window=Window(at(9), at(11)))
        assert found.episodes == ()

    def test_it_is_no_lowest_hour_of_theirs(self, table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
        """Two days later one of them falls silent alone: it is told, and as much was expected of it as ever."""
        alone = Window(at(12, 10), at(12, 13))
        rows = [
            row for row in self.rows(steady, at, days=14) if row["event_name"] != "Put0" or row["minute"] not in alone
        ]

        (episode,) = detect(table([*heartbeat, *rows]), window=Window(at(9), at(14))).episodes
        assert (episode.direction, episode.series.event_name) == (Direction.DROP, "Put0")
        assert episode.record_calls > 150
        assert episode.expected_calls == pytest.approx(240, rel=0.05)

    def test_hour_by_hour_is_one_pass(self, table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
        """Every hour from the state before it ends in the very state that one pass ends in."""
        counts = table([*heartbeat, *self.rows(steady, at)])
        whole = detect(counts, window=Window(at(10, 8), at(10, 16)))
        state, found = detect(counts, window=Window(at(), at(10, 8))).state, []
        for hour in range(8, 16):
            part = detect(counts, window=Window(at(10, hour), at(10, hour + 1)), state=state)
            state, found = part.state, [*found, *part.reasons.to_pylist()]

        assert found == whole.reasons.to_pylist()
        assert {reason["verdict"] for reason in found} == {Verdict.MANY_DROPS}
        place = Place("111122223333", "us-east-1")
        assert to_table(state.places[place]).equals(to_table(whole.state.places[place]))

    def test_late_data_take_it_back(self, table: Table, at: At, steady: Steady, heartbeat: Rows) -> None:
        """Judged again with the calls that were missing, the hours end in what they would have been."""
        before = detect(table([*heartbeat, *self.rows(steady, at)]), window=Window(at(), at(10, 10)))
        counts = table([*heartbeat, *trail(steady, at, names=4, silent=Window(at(20), at(21)))])

        again = detect(counts, window=Window(at(10, 10), at(11)), state=before.state)
        once = detect(counts, window=Window(at(10, 10), at(11)))
        assert again.reasons.equals(once.reasons)
