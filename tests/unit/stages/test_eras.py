"""Which memory judges an hour."""

from __future__ import annotations

from datetime import timedelta

from insights.stages.eras import Era, concerned, era_of
from insights.windows import HOUR, Window, hour_of, parse_instant

HISTORY = timedelta(days=56)
AUTUMN = Era(parse_instant("2026-10-01T00:00"), HISTORY)
SUMMER = Era(parse_instant("2026-07-01T00:00"), HISTORY)
WINTER = Era(parse_instant("2027-01-01T00:00"), HISTORY)
FAR = parse_instant("2030-01-01T00:00")


def test_eras_are_quarters() -> None:
    """Each begins where the one before ends, over the turn of the year too."""
    assert era_of(parse_instant("2026-12-31T23:59"), HISTORY) == AUTUMN
    assert (AUTUMN.end, AUTUMN.previous, WINTER.previous) == (WINTER.start, SUMMER, AUTUMN)


def test_what_is_detected_by_the_end_of_an_era_is_its_own() -> None:
    """An insight is detected at the end of an hour: the last of an era is the first instant of the next."""
    assert AUTUMN.tells(WINTER.start)
    assert not WINTER.tells(WINTER.start)


def test_an_hour_concerns_its_era_and_one_that_learns_from_it() -> None:
    """In the last 56 days of a quarter the next one's memory learns too, and in its first hours the last one's ends."""

    def eras(instant: str) -> list[Era]:
        return [era for era, _ in concerned(hour_of(parse_instant(instant)), FAR, HISTORY)]

    assert eras("2026-10-20T05:00") == [AUTUMN]
    assert eras("2026-12-20T05:00") == [AUTUMN, WINTER]
    assert eras("2027-01-01T05:00") == [AUTUMN, WINTER]
    assert eras("2027-01-02T05:00") == [WINTER]


def test_no_memory_is_made_before_its_era() -> None:
    """What the next quarter will learn is no work yet."""
    span = Window(parse_instant("2026-12-20T00:00"), parse_instant("2026-12-21T00:00"))

    assert list(concerned(span, span.end, HISTORY)) == [(AUTUMN, span.start)]


def test_an_era_is_judged_from_where_it_begins_to_learn() -> None:
    """A window that begins before concerns it from there on."""
    span = Window(parse_instant("2026-01-01T00:00"), WINTER.start + HOUR)

    assert dict(concerned(span, FAR, HISTORY))[WINTER] == WINTER.start - HISTORY
