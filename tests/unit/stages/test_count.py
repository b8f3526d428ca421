from datetime import UTC, datetime

import msgspec

from insights.records.partitions import EventHour
from insights.stages import count
from insights.storage import hours, quality, reading
from insights.storage.quality import Judgement


def event_hour(hour: int) -> EventHour:
    return EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, hour, tzinfo=UTC))


def counted(pipeline) -> list[tuple[str, int]]:
    return [(f"{row['minute']:%H:%M}", row["count"]) for row in pipeline.rows("minute_counts")]


def test_counts(pipeline, record) -> None:
    """Every event hour that the deliveries touched is counted, duplicates once."""
    pipeline.deliver(record(1), record(2), record(1), record(3, eventTime="2026-11-01T12:59:00Z"))
    pipeline.normalize()
    report = pipeline.count()

    assert counted(pipeline) == [("12:59", 1), ("13:05", 2)]
    assert (report.counted, report.unchanged, report.held, report.calls) == (2, 0, 0, 3)
    assert report.hours == ("111122223333 us-east-1 2026-11-01T12:00Z", "111122223333 us-east-1 2026-11-01T13:00Z")


def test_again(pipeline, record) -> None:
    """Hours whose events did not change are not counted again."""
    pipeline.deliver(record(1))
    pipeline.ingest()
    report = pipeline.count()

    assert (report.counted, report.unchanged, report.hours) == (0, 1, ())


def test_late(pipeline, record) -> None:
    """An event that comes late for an hour counts it anew, and only that hour."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.ingest()
    pipeline.deliver(record(3), at="20261101T2300Z", unique="B" * 16)
    pipeline.normalize()
    report = pipeline.count()

    assert (report.counted, report.unchanged, report.calls) == (1, 1, 2)
    assert counted(pipeline) == [("12:00", 1), ("13:05", 2)]


def test_held_hour(pipeline, record) -> None:
    """An hour that a critical rule holds is not counted, others are; once its events change, it is."""
    pipeline.deliver(record(1), record(2, eventTime="2026-11-01T12:00:00Z"))
    pipeline.normalize()
    lake, held = pipeline.workspace.lake, event_hour(13)
    verdict = Judgement({held.path: hours.version(lake, held)}, {held.path: ("event-id-unique",)}, msgspec.Raw(b"{}"))
    quality.write(lake, held.day_path, verdict)
    report = pipeline.count()
    assert counted(pipeline) == [("12:00", 1)]
    assert (report.counted, report.held) == (1, 1)

    pipeline.deliver(record(3), unique="B" * 16)
    pipeline.normalize()
    pipeline.count()
    assert counted(pipeline) == [("12:00", 1), ("13:05", 2)]


def test_nothing_delivered(pipeline) -> None:
    """A window without deliveries has nothing to count."""
    assert pipeline.count().counted == 0


def test_a_part(pipeline, record) -> None:
    """Counting what was read so far does not say that all was read: no hour becomes complete by it."""
    pipeline.deliver(record(1))
    pipeline.normalize()

    report = count.run(pipeline.window, pipeline.workspace, is_whole=False)

    assert report.counted == 1
    assert reading.marked(pipeline.workspace.lake, pipeline.window) == set()
