from __future__ import annotations

from datetime import timedelta

import pytest

from insights.errors import WindowError
from insights.settings import parse_settings
from insights.stages import extract, maintain
from insights.storage import changes, compaction, discovery, disputes, integrity, ledger, reading
from insights.windows import DAY, Window, parse_instant

# Calls, and deliveries, of 2026-11-01.
AFTER_THREE_DAYS = parse_instant("2026-11-04T00:00")
TABLES = ("events", "minute_counts", "quality", "coverage", "quarantine", "insights", "reasons", "ledger", "integrity")


def keys(pipeline, *tables: str) -> list[str]:
    return sorted(info.key for table in tables for info in pipeline.workspace.lake.list(f"{table}/"))


@pytest.fixture
def day(open_pipeline, record):
    """Opens a lake with calls of three hours of 2026-11-01, three days later; keyword arguments are settings."""

    def opened(*, now=AFTER_THREE_DAYS, **tables):
        pipeline = open_pipeline(**tables)
        pipeline.workspace.now = lambda: parse_instant("2026-11-01T16:00")
        for number, hour in enumerate(("13", "14", "15")):
            pipeline.deliver(
                record(number, eventTime=f"2026-11-01T{hour}:05:07Z"), {"eventName": "broken"},
                at=f"20261101T{hour}10Z", unique=f"{number}" * 16,
            )  # fmt: skip
            pipeline.ingest()
        pipeline.workspace.now = lambda: now
        return pipeline

    return opened


def test_small_files_become_one(day) -> None:
    """Each table has one file a day afterwards, with the same rows, and a second run changes nothing."""
    pipeline = day()
    before = pipeline.tables()
    report = maintain.run(None, pipeline.workspace)
    files = keys(pipeline, "minute_counts", "ledger", "quarantine")
    again = maintain.run(None, pipeline.workspace)

    assert [key.rpartition("/")[2] for key in files] == ["day.parquet"] * 3
    assert pipeline.tables() == before
    assert {table: (each.days, each.files) for table, each in report.merged.items()} == {
        "minute_counts": (1, 3), "ledger": (1, 3), "quarantine": (1, 3),
    }  # fmt: skip
    assert report.deleted == again.deleted == again.merged == {}


def test_young_days_are_left_alone(day) -> None:
    """Days that ended less than `lake.compact_after_days` ago keep their small files: much is still to come."""
    pipeline = day(now=parse_instant("2026-11-03T00:00"), lake={"compact_after_days": 3})
    maintain.run(None, pipeline.workspace)

    assert len(keys(pipeline, "minute_counts")) == 3


def test_dry_run(day) -> None:
    """A dry run tells what there is to do, and does none of it."""
    pipeline = day(now=AFTER_THREE_DAYS + 60 * DAY, retention={"events_days": 40})
    before = keys(pipeline, "events", "minute_counts", "ledger", "quarantine", "state")
    report = maintain.run(None, pipeline.workspace, is_dry_run=True)

    assert keys(pipeline, "events", "minute_counts", "ledger", "quarantine", "state") == before
    assert (report.merged["minute_counts"].files, report.deleted["events"].files) == (3, 3)
    assert report.deleted["events"].bytes == sum(i.size for i in pipeline.workspace.lake.list("events/"))


def test_nothing_is_deleted_unless_it_is_set(day) -> None:
    """Without settings nothing is ever deleted, however old."""
    pipeline = day(now=AFTER_THREE_DAYS + 4000 * DAY)
    before = pipeline.tables()
    maintain.run(None, pipeline.workspace)

    assert pipeline.tables() == before


@pytest.mark.parametrize("table", TABLES)
def test_a_table_keeps_its_days(day, table: str) -> None:
    """Of the table that is named, days that ended so many days ago go; those of a day less, and other tables, stay."""
    first, last = parse_instant("2026-11-02") + 200 * DAY, timedelta(seconds=1)
    pipeline = day(retention={f"{table}_days": 200})
    lake = pipeline.workspace.lake
    lake.put("quality/account_id=111122223333/region=us-east-1/date=2026-11-01/quality.json", b"[]")
    lake.put("integrity/account_id=111122223333/region=us-east-1/date=2026-11-01/integrity.parquet", b"")
    lake.put("coverage/account_id=111122223333/region=us-east-1/date=2026-11-01/coverage.parquet", b"")
    lake.put("reasons/account_id=111122223333/region=us-east-1/date=2026-11-01/reasons.parquet", b"")
    lake.put("insights/date=2026-11-01/an-insight.parquet", b"")
    lake.put("AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/record.json.gz", b"")
    tables = (*TABLES, "AWSLogs")
    pipeline.workspace.now = lambda: first - last
    kept = maintain.run(None, pipeline.workspace)
    others = keys(pipeline, *(each for each in tables if each != table))
    pipeline.workspace.now = lambda: first
    report = maintain.run(None, pipeline.workspace)

    assert kept.deleted == {}
    assert ([name for name in report.deleted if name in TABLES], keys(pipeline, table)) == ([table], [])
    assert keys(pipeline, *(each for each in tables if each != table)) == others


def test_loose_objects_stay_in_the_ledger(open_pipeline, record, body) -> None:
    """What was read of objects without a time of delivery is remembered: they are found again by every run."""
    pipeline = open_pipeline(retention={"ledger_days": 40})
    pipeline.put("export.json.gz", body(record()))
    pipeline.ingest()
    pipeline.workspace.now = lambda: parse_instant("2090-01-01")
    maintain.run(None, pipeline.workspace)

    assert len(pipeline.rows("ledger")) == 1


def test_what_is_deleted_is_not_read_again(day) -> None:
    """A run that begins before what is kept is refused, and says where to begin."""
    pipeline = day(now=parse_instant("2026-12-20T05:00"), retention={"ledger_days": 40, "events_days": 50})
    maintain.run(None, pipeline.workspace)

    with pytest.raises(WindowError, match="2026-11-11T00:00:00Z"):
        extract.run(pipeline.window, pipeline.workspace)
    pipeline.window = Window(parse_instant("2026-11-11"), parse_instant("2026-11-12"))
    assert pipeline.extract().to_read == 0


def test_a_late_record_of_a_deleted_hour(day, record) -> None:
    """A record that comes after its hour was deleted is out of scope: counted anew from it alone, the hour's counts
    would be wrong."""
    pipeline = day(now=parse_instant("2026-12-20T05:00"), retention={"events_days": 40})
    maintain.run(None, pipeline.workspace)
    counts = pipeline.rows("minute_counts")
    pipeline.window = Window(parse_instant("2026-12-19"), parse_instant("2026-12-20"))
    pipeline.deliver(record(9, eventTime="2026-11-01T13:30:00Z"), record(10, eventTime="2026-12-19T01:00:00Z"),
                     at="20261219T0105Z")  # fmt: skip
    report = pipeline.ingest()

    assert (report.kept, report.out_of_scope) == (1, 1)
    assert [row for row in pipeline.rows("minute_counts") if "2026-11-01" in row["folder"]] == counts
    assert not any("2026-11-01" in key for key in keys(pipeline, "events"))


def test_marks_of_deleted_hours(day) -> None:
    """Hours that can no longer be judged are not waited for."""
    pipeline = day(now=parse_instant("2026-12-20"), retention={"events_days": 40})
    before = changes.pending(pipeline.workspace.lake)
    maintain.run(None, pipeline.workspace)

    assert before
    assert changes.pending(pipeline.workspace.lake) == {}


def test_old_plans(day) -> None:
    """Work files go so many days after they were written, whatever day they are about."""
    pipeline = day(retention={"plans_days": 3})
    written = max(info.last_modified for info in pipeline.workspace.lake.list("plans/"))
    pipeline.workspace.now = lambda: written + 2 * DAY
    maintain.run(None, pipeline.workspace)
    kept = keys(pipeline, "plans")
    pipeline.workspace.now = lambda: written + 4 * DAY
    maintain.run(None, pipeline.workspace)

    assert (len(kept), keys(pipeline, "plans")) == (3, [])


def test_what_listings_cost(day) -> None:
    """What finding a window's objects cost goes with the quality reports, which are the only ones to show it."""
    pipeline = day(retention={"quality_days": 40})
    newer = Window(parse_instant("2026-11-01T12:00"), parse_instant("2026-11-02T12:00"))
    discovery.write(pipeline.workspace.lake, newer, discovery.Discovery(1, 1))
    pipeline.workspace.now = lambda: parse_instant("2026-11-02") + 40 * DAY
    report = maintain.run(None, pipeline.workspace)

    assert report.deleted["state/discovery"].files == 1
    assert discovery.read(pipeline.workspace.lake, pipeline.window) is None
    assert discovery.read(pipeline.workspace.lake, newer) is not None


def test_what_was_withdrawn(day) -> None:
    """How the records of a refuted object are counted goes with the object's entry in the ledger, not before."""
    pipeline = day(retention={"ledger_days": 40})
    (first, *_) = pipeline.rows("ledger")
    integrity.withdraw(
        pipeline.workspace.lake, integrity.Withdrawal(first["object_key"], first["object_etag"], 0, 0, 2)
    )
    pipeline.workspace.now = lambda: parse_instant("2026-11-01T23:00") + 40 * DAY
    maintain.run(None, pipeline.workspace)
    before = keys(pipeline, integrity.WITHDRAWN, "ledger")
    pipeline.workspace.now = lambda: parse_instant("2026-11-02") + 40 * DAY
    maintain.run(None, pipeline.workspace)

    assert len(before) == 2
    assert keys(pipeline, integrity.WITHDRAWN, "ledger") == []


class TestLooseFiles:
    """Files whose names tell nothing."""

    @pytest.fixture
    def loose(self, open_pipeline, record, body):
        """Opens a lake that read one of each of two days."""

        def opened(**tables):
            pipeline = open_pipeline(**tables)
            pipeline.workspace.now = lambda: parse_instant("2026-11-03T00:00")
            for number, day in enumerate(("01", "02")):
                pipeline.put(f"{day}.json.gz", body(record(number, eventTime=f"2026-11-{day}T13:05:07Z")))
                pipeline.ingest()
            return pipeline

        return opened

    @pytest.mark.parametrize("is_dry_run", [True, False])
    def test_list_becomes_one_file(self, loose, is_dry_run: bool) -> None:
        """The list of those that were read is put together, and tells the same; they are not read again."""
        pipeline = loose()
        report = maintain.run(None, pipeline.workspace, is_dry_run=is_dry_run)
        names = [info.key.rpartition("/")[2] for info in pipeline.workspace.lake.list(ledger.LOOSE_READ)]

        assert (report.merged["state/loose_read"].files, report.merged["state/loose_read"].days) == (2, 0)
        assert (names == ["day.parquet"]) is not is_dry_run
        assert pipeline.extract().to_read == 0
        assert ("state/loose_read" in maintain.run(None, pipeline.workspace).merged) is is_dry_run

    def test_read_before_there_was_a_list(self, loose, monkeypatch) -> None:
        """What is in the ledger alone is put into the list by the first tidying up, and not looked up ever after."""
        pipeline = loose()
        lake = pipeline.workspace.lake
        for info in list(lake.list(ledger.LOOSE_READ)):
            lake.delete(info.key)
        maintain.run(None, pipeline.workspace)
        listed: list[str] = []
        inner = lake.list
        monkeypatch.setattr(lake, "list", lambda prefix: listed.append(prefix) or inner(prefix))
        assert pipeline.extract().already_read == 2
        assert [prefix for prefix in listed if prefix.startswith("ledger/")] == []
        maintain.run(None, pipeline.workspace)

        assert "ledger/account_id=-/" not in listed

    def test_notes(self, loose) -> None:
        """The notes where calls of a day are to be found go with that day's ledger; no run may look back to it then."""
        pipeline = loose(retention={"ledger_days": 40})
        pipeline.workspace.now = lambda: parse_instant("2026-11-02") + 40 * DAY
        report = maintain.run(None, pipeline.workspace)
        (left,) = keys(pipeline, ledger.LOOSE)

        assert report.deleted["state/loose"].files == 1
        assert "/date=2026-11-02/" in left
        with pytest.raises(WindowError, match="begins before 2026-11-03"):
            pipeline.extract()


def test_disputes(pipeline, record) -> None:
    """What was noted of events that two files tell differently goes with the ledger, which knows the files."""
    pipeline.deliver(record(1))
    pipeline.deliver(record(1, userAgent="another"), unique="B" * 16)
    pipeline.ingest()
    assert len(keys(pipeline, disputes.FOLDER)) == 1
    pipeline.workspace.settings = parse_settings({"retention": {"ledger_days": 40}})
    pipeline.workspace.now = lambda: parse_instant("2026-11-02") + 40 * DAY
    report = maintain.run(None, pipeline.workspace)

    assert report.deleted["state/disputed"].files == 1
    assert keys(pipeline, disputes.FOLDER) == []


def test_verdicts_that_were_deleted_are_not_asked_for(day) -> None:
    """Where verdicts are gone no run may begin, or what was refuted could be taken for true; coverage stops nobody."""
    now = parse_instant("2026-12-20T05:00")
    with pytest.raises(WindowError, match="2026-11-11T00:00:00Z"):
        day(now=now, retention={"integrity_days": 40}).extract()

    assert day(now=now, retention={"coverage_days": 40}).extract().to_read == 0


def test_marks_of_what_was_read(pipeline) -> None:
    """Marks are joined first and go an hour later; what was read says the same before, between and after."""
    lake, first = pipeline.workspace.lake, parse_instant("2026-10-31T20:00")
    for number in range(12):
        start = first + number * timedelta(hours=1)
        reading.mark(lake, Window(start, start + timedelta(hours=1, minutes=20)))
    reading.mark(lake, Window(parse_instant("2026-11-03"), parse_instant("2026-11-04")))
    asked = Window(parse_instant("2026-10-31"), parse_instant("2026-11-05"))
    said = [reading.spans(lake, asked)]
    before = parse_instant("2026-11-02")
    newest = max(info.last_modified for info in lake.list("state/read/"))
    for later in (0, 1, 2):
        compaction.merge_marks(lake, before, newest + later * timedelta(hours=2))
        said.append(reading.spans(lake, asked))

    assert all(spans == said[0] for spans in said)
    assert [info.key.removeprefix("state/read/") for info in lake.list("state/read/")] == [
        "2026-10/20261031T2000-20261101T0000",
        "2026-11/20261101T0000-20261101T0820",
        "2026-11/20261103T0000-20261104T0000",
    ]
