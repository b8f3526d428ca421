"""Series are whole while the files they lie in move."""

from __future__ import annotations

from datetime import datetime

import pytest

from insights.records.partitions import EventHour
from insights.storage import compaction, count_files, counts, hours
from insights.storage.events import merge_hour
from insights.storage.series_search import Series, SeriesSearch
from insights.windows import HOUR, Window, parse_instant

PLACE = ("111122223333", "us-east-1")
DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))
SERIES = Series("Management", "ec2.amazonaws.com", "RunInstances")
FOUR, ONE = (EventHour(*PLACE, DAY.start + number * HOUR) for number in (4, 13))


@pytest.fixture
def count(store, record, events_of):
    """Adds a call to an hour and counts it."""

    def counted(number: int, hour: EventHour) -> None:
        merge_hour(store, hour, events_of([record(number, eventTime=f"{hour.start:%FT%H}:05:07Z")], str(number)))
        counts.count_hour(store, hour, hours.version(store, hour))

    return counted


@pytest.fixture
def compact(store):
    def compacted() -> None:
        folder = count_files.folder_of(ONE)
        compaction.merge_counts(store, folder, list(store.list(folder)))

    return compacted


def calls(search: SeriesSearch, window: Window = DAY) -> dict[datetime, int]:
    found = search.counted(("111122223333",), "us-east-1", window, SERIES)
    return {DAY.start + HOUR * ((minute * 60 - DAY.start.timestamp()) / 3600): count
            for minute, count in zip(found.minutes.tolist(), found.calls.tolist(), strict=True)}  # fmt: skip


BOTH = {FOUR.start + HOUR / 12: 1, ONE.start + HOUR / 12: 1}


def test_one_file_a_day(store, count, compact) -> None:
    """Hours that were put together count as before, once each, and those that were not asked for do not."""
    count(1, FOUR)
    count(2, ONE)
    compact()

    assert calls(SeriesSearch(store)) == BOTH
    assert calls(SeriesSearch(store), Window(DAY.start + 12 * HOUR, DAY.end)) == {ONE.start + HOUR / 12: 1}


def test_put_together_since_it_was_listed(store, count, compact) -> None:
    """What was listed and then moved into the day's file is found there, at once."""
    count(1, FOUR)
    count(2, ONE)
    search = SeriesSearch(store)
    assert calls(search, Window(DAY.start + 22 * HOUR, DAY.end)) == {}
    compact()

    assert calls(search) == BOTH


def test_day_rewritten_since_it_was_listed(store, count, compact) -> None:
    """An hour that had a file of its own when it was listed, and is in the day's file now, is not counted twice."""
    count(1, FOUR)
    compact()
    count(2, ONE)
    search = SeriesSearch(store)
    assert calls(search, Window(DAY.start + 22 * HOUR, DAY.end)) == {}
    compact()

    assert calls(search) == BOTH
