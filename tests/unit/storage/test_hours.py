from datetime import timedelta

from insights.records.partitions import EventHour
from insights.storage import hours, ledger
from insights.storage.events import hour_key, merge_hour
from insights.windows import Window, parse_instant

DELIVERED = Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00"))
NOTHING = {"records_in": 0, "kept": 0, "duplicate": 0, "out_of_scope": 0, "quarantined": 0}


def test_touched(store, hour, delivered) -> None:
    """The hours are those of all objects delivered in the window, each once and in order, whatever hour they are of."""
    before = EventHour(hour.account_id, hour.region, hour.start - timedelta(days=2))
    for key, time, paths in (("a", "13:10", [hour, before]), ("b", "13:20", [hour]), ("c", "14:00", [before])):
        entry = NOTHING | {"partitions": [each.path for each in paths]}
        ledger.write(store, key, [(delivered(key, time), entry)])

    assert hours.touched(store, DELIVERED) == [before, hour]


def test_nothing_touched(store) -> None:
    """A lake without a ledger has no hours."""
    assert hours.touched(store, DELIVERED) == []


def test_with_versions(store, hour, record, events_of) -> None:
    """Hours come by day with the ETag of their file; those the lake does not hold are left out."""
    later = EventHour(hour.account_id, hour.region, hour.start + timedelta(hours=1))
    absent = EventHour(hour.account_id, hour.region, hour.start + timedelta(hours=2))
    for each in (hour, later):
        merge_hour(store, each, events_of([record(1)]))

    assert dict(hours.with_versions(store, [absent, hour])) == {hour.day_path: {hour: store.get(hour_key(hour))[1]}}


def test_version(store, hour, record, events_of) -> None:
    """An hour's version is its file's ETag, and empty where there is none."""
    assert hours.version(store, hour) == ""
    merge_hour(store, hour, events_of([record(1)]))

    assert hours.version(store, hour) == store.get(hour_key(hour))[1]
