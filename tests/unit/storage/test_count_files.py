from datetime import UTC, datetime

import pytest

from insights.errors import ConflictError
from insights.records.partitions import EventHour
from insights.storage import compaction, count_files, counts, hours
from insights.storage.events import merge_hour
from insights.windows import Window, parse_instant

DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))
PLACE = ("111122223333", "us-east-1")


def at(text: str) -> EventHour:
    return EventHour(*PLACE, datetime.fromisoformat(f"2026-11-01T{text}").replace(tzinfo=UTC))


def compact(store) -> None:
    folder = count_files.folder_of(at("13:00"))
    compaction.merge_counts(store, folder, list(store.list(folder)))


def calls(store) -> dict[str, int]:
    files = counts.files_of(store, *PLACE, DAY)
    return {f"{file.hour:%H}": sum(counts.read(store, file)["count"].to_pylist()) for file in files}


@pytest.fixture
def count(store, record, events_of):
    """Adds an event to an hour and counts it."""

    def counted(number: int, hour: EventHour, key: str = "a") -> None:
        merge_hour(store, hour, events_of([record(number, eventTime=f"{hour.start:%FT%H}:05:07Z")], key))
        counts.count_hour(store, hour, hours.version(store, hour))

    return counted


def test_one_file_a_day(store, count) -> None:
    """Hours that were put together lie in one file, and each is read as before."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    compact(store)

    assert [info.key.rpartition("/")[2] for info in store.list("minute_counts/")] == ["day.parquet"]
    assert calls(store) == {"04": 1, "13": 1}


def test_late_event_after_compaction(store, count) -> None:
    """An hour that is counted again after its day was put together is replaced in the day's file; others stay."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    compact(store)
    count(3, at("13:00"), "b")

    assert [info.key.rpartition("/")[2] for info in store.list("minute_counts/")] == ["day.parquet"]
    assert calls(store) == {"04": 1, "13": 2}
    assert counts.made_from(store, at("13:00")) == hours.version(store, at("13:00"))


def test_new_hour_of_a_compacted_day(store, count) -> None:
    """An hour that the day's file does not have gets a file of its own, and joins the day later."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    compact(store)
    count(3, at("05:00"))
    beside = calls(store)
    compact(store)

    assert beside == calls(store) == {"04": 1, "05": 1, "13": 1}
    assert [info.key.rpartition("/")[2] for info in store.list("minute_counts/")] == ["day.parquet"]


def test_a_writer_that_slept(store, count) -> None:
    """A file that somebody puts for an hour that the day's file has means nothing: it is neither read nor believed, and
    goes with the next compaction."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    old = store.get(count_files.hour_key(at("13:00")))[0]
    compact(store)
    count(3, at("13:00"), "b")
    store.put(count_files.hour_key(at("13:00")), old)
    read = calls(store)
    believed = counts.count_hour(store, at("13:00"), hours.version(store, at("13:00")))
    compact(store)

    assert read == {"04": 1, "13": 2}
    assert believed is None
    assert [info.key.rpartition("/")[2] for info in store.list("minute_counts/")] == ["day.parquet"]


def test_a_sealed_hour_is_not_replaced(store, count) -> None:
    """Who was about to replace an hour's file when it was sealed is told, and its counts go to the day's file."""
    count(1, at("13:00"))
    found = count_files.locate(store, at("13:00"))
    rows = counts.read(store, counts.files_of(store, *PLACE, DAY)[0])
    count_files.seal(store, count_files.hour_key(at("13:00")))

    with pytest.raises(ConflictError):
        count_files.put(store, found, rows, "newer")
    count(2, at("13:00"), "b")
    assert {info.key.rpartition("/")[2] for info in store.list("minute_counts/")} == {"day.parquet", "hour-13.parquet"}
    assert calls(store) == {"13": 2}


def test_moved_between_listing_and_reading(store, count) -> None:
    """An hour that is put together after it was listed is found in the day's file."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    files = counts.files_of(store, *PLACE, DAY)
    compact(store)

    assert [table["count"].to_pylist() for table in counts.read_files(store, files)] == [[1], [1]]


def test_events_that_are_gone(store, count) -> None:
    """Counts stay when the events they were made from are deleted while they are to be counted again."""
    count(1, at("13:00"))
    store.delete(next(iter(store.list("events/"))).key)

    assert counts.count_hour(store, at("13:00"), "heard of") is None
    assert calls(store) == {"13": 1}


def test_read_counts(store, count) -> None:
    """Each hour of a compacted day comes with its own rows."""
    count(1, at("04:00"))
    count(2, at("13:00"))
    compact(store)
    found = {f"{hour.start:%H}": table["minute"].to_pylist() for hour, table in counts.read_counts(store, DAY)}

    assert found == {"04": [parse_instant("2026-11-01T04:05")], "13": [parse_instant("2026-11-01T13:05")]}
