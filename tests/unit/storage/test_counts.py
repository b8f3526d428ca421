from datetime import UTC, datetime

from insights.records.partitions import EventHour
from insights.storage import changes, counts, hours
from insights.storage.events import merge_hour
from insights.storage.tables import read_columns
from insights.windows import Window, parse_instant


def counted(store, hour) -> list[tuple[str, int]]:
    table = read_columns(store.get(counts.hour_key(hour))[0])
    return list(zip(table["event_name"].to_pylist(), table["count"].to_pylist(), strict=True))


def test_count(store, hour, record, events_of) -> None:
    """An hour is counted from its events, and says from which version of them."""
    merge_hour(store, hour, events_of([record(1), record(2), record(3, eventName="StopInstances")]))
    calls = counts.count_hour(store, hour, hours.version(store, hour))

    assert calls == 3
    assert counted(store, hour) == [("RunInstances", 2), ("StopInstances", 1)]
    assert counts.made_from(store, hour) == hours.version(store, hour)


def test_unchanged(store, hour, record, events_of) -> None:
    """Counts of the events' present version are not made again."""
    merge_hour(store, hour, events_of([record(1)]))
    counts.count_hour(store, hour, hours.version(store, hour))
    version = store.get(counts.hour_key(hour))[1]

    assert counts.count_hour(store, hour, hours.version(store, hour)) is None
    assert store.get(counts.hour_key(hour))[1] == version


def test_changed(store, hour, record, events_of) -> None:
    """Events that came late make the counts anew, whatever version the caller had heard of."""
    merge_hour(store, hour, events_of([record(1)]))
    heard_of = hours.version(store, hour)
    merge_hour(store, hour, events_of([record(2)], "b"))

    assert counts.count_hour(store, hour, heard_of) == 2
    assert counted(store, hour) == [("RunInstances", 2)]


def test_merged_while_counting(store, hour, record, events_of, monkeypatch) -> None:
    """Events that are merged between reading and writing are counted before the work is called done."""
    merge_hour(store, hour, events_of([record(1)]))
    put, merged = store.put, []

    def put_after_a_merge(key: str, content: bytes, *, replacing: str | None = None) -> None:
        if key.startswith("minute_counts/") and not merged:
            merged.append(key)
            merge_hour(store, hour, events_of([record(2)], "b"))
        put(key, content, replacing=replacing)

    monkeypatch.setattr(store, "put", put_after_a_merge)
    counts.count_hour(store, hour, hours.version(store, hour))

    assert counted(store, hour) == [("RunInstances", 2)]


def fill(store, record, events_of, *places: tuple[str, str]) -> None:
    for number, (account, start) in enumerate(places):
        hour = EventHour(account, "us-east-1", datetime.fromisoformat(start).replace(tzinfo=UTC))
        merge_hour(store, hour, events_of([record(number, eventTime=f"{start}:00Z")]))
        counts.count_hour(store, hour, hours.version(store, hour))


def test_files_of(store, record, events_of) -> None:
    """The files of a place come oldest first, and only those whose hours begin in the span."""
    fill(
        store, record, events_of,
        ("111122223333", "2026-11-02T00:00"), ("111122223333", "2026-11-01T23:00"),
        ("111122223333", "2026-11-02T01:00"), ("111122223333", "2026-10-01T05:00"),
        ("444455556666", "2026-11-01T23:00"),
    )  # fmt: skip
    span = Window(parse_instant("2026-11-01T22:00"), parse_instant("2026-11-02T01:00"))

    files = counts.files_of(store, "111122223333", "us-east-1", span)

    assert [f"{file.hour:%m-%dT%H}" for file in files] == ["11-01T23", "11-02T00"]


def test_counting_leaves_a_mark_to_judge(store, hour, record, events_of) -> None:
    """An hour that is counted anew is pending until somebody judged it; one that is up to date is not."""
    fill(store, record, events_of, ("111122223333", "2026-11-01T13:00"))
    pending = changes.pending(store)
    changes.clear(store, pending["111122223333", "us-east-1"])
    counts.count_hour(store, hour, hours.version(store, hour))

    assert {place: [change.hour for change in found] for place, found in pending.items()} == {
        ("111122223333", "us-east-1"): [parse_instant("2026-11-01T13:00")]
    }
    assert changes.pending(store) == {}


def test_read(store, hour, record, events_of) -> None:
    """One hour's counts are read with texts as dictionaries."""
    fill(store, record, events_of, ("111122223333", "2026-11-01T13:00"))
    span = Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00"))
    (file,) = counts.files_of(store, "111122223333", "us-east-1", span)
    table = counts.read(store, file)

    assert table["event_name"].to_pylist() == ["RunInstances"]
    assert str(table.schema.field("event_source").type).startswith("dictionary")


def test_read_counts(store, record, events_of) -> None:
    """The hours of a window come with their tables, others do not."""
    fill(store, record, events_of, *(("111122223333", f"2026-11-01T{hour}:00") for hour in ("12", "13", "14")))
    window = Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00"))

    assert [(str(hour), table["count"].to_pylist()) for hour, table in counts.read_counts(store, window)] == [
        ("111122223333 us-east-1 2026-11-01T13:00Z", [1])
    ]
