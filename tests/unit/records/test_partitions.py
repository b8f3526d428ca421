from datetime import UTC, datetime

import pytest

from insights.records.partitions import EventHour, is_usable_name, parse_event_hour
from insights.windows import Window

HOUR = EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 13, tzinfo=UTC))


def test_paths() -> None:
    """An event hour's folders follow the Hive convention, so that other engines know the columns."""
    assert HOUR.day_path == "account_id=111122223333/region=us-east-1/date=2026-11-01"
    assert HOUR.path == "account_id=111122223333/region=us-east-1/date=2026-11-01/hour=13"
    assert str(HOUR) == "111122223333 us-east-1 2026-11-01T13:00Z"


def test_window() -> None:
    """An event hour lasts an hour."""
    assert HOUR.window == Window(datetime(2026, 11, 1, 13, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC))


def test_parse() -> None:
    """The hour is found in the key of a file that lies in its folder."""
    assert parse_event_hour(f"events/{HOUR.path}/events.parquet") == HOUR


@pytest.mark.parametrize(
    "path",
    [
        "",
        "events/README",
        "account_id=1/region=r/date=2026-11-01/",
        "account_id=1/region=r/date=2026-13-01/hour=00",
        "account_id=1/region=r/date=2026-11-01/hour=24",
    ],
)
def test_no_hour(path: str) -> None:
    """A path without an hour, or with one that does not exist, has none."""
    assert parse_event_hour(path) is None


@pytest.mark.parametrize("name", ["111122223333", "us-gov-west-1", "-", "a" * 64])
def test_usable_names(name: str) -> None:
    """Account ids, Regions and the sign for unknown can name folders."""
    assert is_usable_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a b", "a=b", "-a", "us-east-1\n", "é", "a" * 65])
def test_unusable_names(name: str) -> None:
    """Text that could lead out of the lake, or change the meaning of a path, never becomes part of one."""
    assert not is_usable_name(name)
