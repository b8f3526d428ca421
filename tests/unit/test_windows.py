from datetime import UTC, datetime, timedelta, timezone

import pytest

from insights.errors import WindowError
from insights.windows import DAY, HOUR, Window, ceil, floor, format_instant, hour_of, joined, parse_instant


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestWindow:
    def test_half_open(self) -> None:
        """The start lies in a window, the end does not."""
        window = Window(at("2026-11-01T13:00"), at("2026-11-01T14:00"))

        assert at("2026-11-01T13:00") in window
        assert at("2026-11-01T13:59:59") in window
        assert at("2026-11-01T14:00") not in window

    def test_utc(self) -> None:
        """Instants of another zone become the same instants in UTC."""
        india = timezone(timedelta(hours=5, minutes=30))
        window = Window(datetime(2026, 11, 1, 18, 30, tzinfo=india), datetime(2026, 11, 1, 19, 30, tzinfo=india))

        assert str(window) == "2026-11-01T13:00:00Z/2026-11-01T14:00:00Z"
        assert window.start.tzinfo is UTC

    def test_naive(self) -> None:
        """An instant without a zone is refused by name, with how to write it."""
        with pytest.raises(WindowError, match=r"end 2026-11-01T14:00:00 has no time zone: .*2026-11-01T14:00:00Z"):
            Window(at("2026-11-01T13:00"), datetime(2026, 11, 1, 14))  # noqa: DTZ001

    @pytest.mark.parametrize("end", ["2026-11-01T13:00", "2026-11-01T12:00"], ids=["no time", "backwards"])
    def test_empty(self, end: str) -> None:
        """A window without an instant in it is refused."""
        with pytest.raises(WindowError, match="is empty: its end must be later than its start"):
            Window(at("2026-11-01T13:00"), at(end))

    def test_hours(self) -> None:
        """The hours of a window are whole, in order, and cover its ragged ends."""
        window = Window(at("2026-11-01T22:59"), at("2026-11-02T01:00:01"))

        assert [hour.start for hour in window.hours()] == [
            at("2026-11-01T22:00"), at("2026-11-01T23:00"), at("2026-11-02T00:00"), at("2026-11-02T01:00"),
        ]  # fmt: skip
        assert {hour.end - hour.start for hour in window.hours()} == {HOUR}

    def test_days(self) -> None:
        """The days of a window that ends at midnight do not include the day that begins there."""
        window = Window(at("2026-10-31T23:00"), at("2026-11-02T00:00"))

        assert [day.start for day in window.days()] == [at("2026-10-31T00:00"), at("2026-11-01T00:00")]

    def test_overlap(self) -> None:
        """Windows that only touch do not overlap."""
        first, second = Window(at("2026-11-01T13:00"), at("2026-11-01T14:00")), hour_of(at("2026-11-01T14:20"))

        assert not first.overlaps(second)
        assert first.widened(after=timedelta(seconds=1)).overlaps(second)

    def test_holds(self) -> None:
        """A window holds itself and what lies in it, and nothing that reaches out of it."""
        window, half = hour_of(at("2026-11-01T13:00")), timedelta(minutes=30)

        assert window.holds(window)
        assert window.holds(Window(window.start + half, window.end))
        assert not window.holds(window.widened(after=half))
        assert not window.holds(window.widened(before=half))


def test_joined() -> None:
    """Windows that overlap, lie in each other or touch become one; the others stay, in order."""
    one, two, three, five = (hour_of(at(f"2026-11-01T{hour:02}:00")) for hour in (1, 2, 3, 5))
    inner = Window(one.start + timedelta(minutes=10), one.end - timedelta(minutes=10))

    assert joined([five, three, two, one, inner]) == [Window(one.start, three.end), five]
    assert joined([]) == []


@pytest.mark.parametrize(
    ("rounded", "instant", "step", "expected"),
    [
        (floor, "2026-11-01T13:59:59", HOUR, "2026-11-01T13:00"),
        (floor, "2026-11-01T13:00:00", HOUR, "2026-11-01T13:00"),
        (floor, "2026-11-01T23:59:59", DAY, "2026-11-01T00:00"),
        (ceil, "2026-11-01T13:00:01", HOUR, "2026-11-01T14:00"),
        (ceil, "2026-11-01T13:00:00", HOUR, "2026-11-01T13:00"),
        (floor, "1969-12-31T23:30:00", HOUR, "1969-12-31T23:00"),
    ],
)
def test_rounding(rounded, instant: str, step: timedelta, expected: str) -> None:
    """Rounding goes to whole steps; what is whole already stays."""
    assert rounded(at(instant), step) == at(expected)


def test_hour_of() -> None:
    """An instant of another zone lies in a UTC hour."""
    half_past = datetime(2026, 11, 1, 18, 45, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert hour_of(half_past) == Window(at("2026-11-01T13:00"), at("2026-11-01T14:00"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T13:25:00Z", "2026-11-01T13:25"),
        ("2026-11-01T13:25", "2026-11-01T13:25"),
        ("2026-11-01", "2026-11-01T00:00"),
        ("2026-11-01T13:25:00+05:30", "2026-11-01T07:55"),
        ("20261101T132500Z", "2026-11-01T13:25"),
    ],
)
def test_parse_instant(text: str, expected: str) -> None:
    """ISO 8601 instants are read; one without an offset is UTC."""
    assert parse_instant(text) == at(expected)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1761998700", "0001-01-01T00:00+05:00"])
def test_parse_nonsense(text: str) -> None:
    """What is no instant, or none a calendar has, is quoted with how to write one."""
    with pytest.raises(WindowError, match="is not a time: write it like 2026-11-01T13:00Z") as refused:
        parse_instant(text)
    assert repr(text) in str(refused.value)


def test_format_instant() -> None:
    """Instants are written as CloudTrail writes eventTime."""
    assert format_instant(at("2026-11-01T13:25:00.999999")) == "2026-11-01T13:25:00Z"
