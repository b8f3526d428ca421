from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from insights.windows import DAY, HOUR, MINUTE, Window, ceil, floor, format_instant, parse_instant

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
STEPS = st.sampled_from([MINUTE, HOUR, DAY, timedelta(minutes=5)])
WINDOWS = st.builds(
    lambda start, minutes: Window(start, start + timedelta(minutes=minutes)), INSTANTS, st.integers(1, 5_000)
)


@given(WINDOWS)
def test_hours_tile_a_window(window: Window) -> None:
    """The hours of a window touch each other, are aligned, and cover it with less than an hour to spare at each end."""
    hours = list(window.hours())

    assert all(one.end == other.start for one, other in pairwise(hours))
    assert all(hour.start == floor(hour.start, HOUR) for hour in hours)
    assert window.start - HOUR < hours[0].start <= window.start
    assert window.end <= hours[-1].end < window.end + HOUR


@given(WINDOWS)
def test_days_are_made_of_hours(window: Window) -> None:
    """The days of a window are those of its hours."""
    assert {floor(hour.start, DAY) for hour in window.hours()} == {day.start for day in window.days()}


@given(WINDOWS, WINDOWS)
def test_overlap(one: Window, other: Window) -> None:
    """Overlap does not ask who comes first, and means that the later start lies in both."""
    later = max(one.start, other.start)

    assert one.overlaps(other) == other.overlaps(one) == (later in one and later in other)


@given(INSTANTS, STEPS)
def test_rounding(instant: datetime, step: timedelta) -> None:
    """Rounding down and up enclose an instant within one step; twice is once."""
    below, above = floor(instant, step), ceil(instant, step)

    assert below <= instant <= above
    assert above - below in (timedelta(), step)
    assert floor(below, step) == below
    assert ceil(above, step) == above


@given(INSTANTS)
def test_instants_round_trip(instant: datetime) -> None:
    """What is written is read as the second it was written for."""
    assert parse_instant(format_instant(instant)) == instant.replace(microsecond=0)
