"""Which hours had data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from insights.statistics.coverage import Coverage, Place, hour_index, instant_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_any_instant_names_its_hour() -> None:
    """12:59 covers 12:00 to 13:00."""
    assert Coverage.of([("1", "r", NOON.replace(minute=59))]) == Coverage.of([("1", "r", NOON)])


def test_coverages_add_up() -> None:
    """Parts join place by place, and none is neutral."""
    here, later, there = (
        Coverage.of([cell]) for cell in (("1", "r", NOON), ("1", "r", NOON.replace(hour=13)), ("2", "r", NOON))
    )

    assert (here + later + there).of_place(Place("1", "r")) == {hour_index(NOON), hour_index(NOON) + 1}
    assert here + Coverage() == here


def test_an_unknown_place_has_no_hours() -> None:
    """Nothing was delivered there."""
    assert Coverage().of_place(Place("1", "r")) == frozenset()


@pytest.mark.parametrize("minute", [0, 29_540_000, 29_540_041])
def test_minutes_and_instants_are_the_same_thing(minute: int) -> None:
    """Numbered since 1970-01-01T00:00Z, as Unix time is."""
    assert instant_of(minute) == datetime.fromtimestamp(minute * 60, tz=UTC)
