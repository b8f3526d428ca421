from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from insights.errors import ReconciliationError
from insights.stages import reconcile
from insights.stages.report import ReconcileReport
from insights.storage import ledger
from insights.storage.objects import Folder
from insights.storage.tables import encode, read_columns
from insights.windows import DAY, Window, parse_instant


def run(pipeline) -> ReconcileReport:
    return reconcile.run(pipeline.window, pipeline.workspace)


@pytest.fixture
def busy(pipeline, record, key):
    """A pipeline that has met records and objects of every fate."""
    pipeline.deliver(record(1), record(1), record(2, eventCategory="NetworkActivity"), "bad", unique="A" * 16)
    pipeline.put(key(unique="B" * 16), b"")
    pipeline.put("README.md", b"")
    pipeline.ingest()
    return pipeline


def test_identity(busy) -> None:
    """Records in are kept, duplicate, out of scope or quarantined; objects listed are read, unread or skipped."""
    report = run(busy)

    assert (report.records_in, report.kept, report.duplicate, report.out_of_scope, report.quarantined) == (
        4,
        1,
        1,
        1,
        1,
    )
    assert (report.listed, report.read, report.unread, report.skipped) == (3, 2, 0, {"no JSON file name": 1})
    assert report.refused == {"empty_object": 1, "record_not_an_object": 1}


def test_unread(busy, record) -> None:
    """What was delivered since is unread, not lost."""
    busy.deliver(record(9), unique="C" * 16)

    assert (run(busy).read, run(busy).unread) == (2, 1)


def test_other_windows(busy, record) -> None:
    """What other windows delivered has no part in it."""
    busy.deliver(record(9), at="20261030T0000Z", unique="C" * 16)

    assert run(busy).listed == 3


def test_loose_objects_of_long_ago(pipeline, record, body, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loose object that was read long ago, and whose calls are of other days, is neither read nor unread."""
    pipeline.put("export.json", body(record(1, eventTime="2026-03-01T00:00:00Z")))
    pipeline.ingest()
    monkeypatch.setattr(ledger, "FRESH", timedelta(seconds=-1))
    report = run(pipeline)

    assert (report.listed, report.read, report.unread) == (1, 0, 0)
    assert report.skipped == {reconcile.READ_BEFORE: 1}


def test_loose_object_that_was_put_again(pipeline, record, body, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loose object with the same content and a later date was read; what was refused of it lies on its first day."""
    pipeline.put("export.json", body(record(1), "bad"))
    pipeline.ingest()
    list_folder = pipeline.workspace.trail.list_folder

    def later(prefix: str) -> Folder:
        found: Folder = list_folder(prefix)
        return replace(found, objects=tuple(replace(i, last_modified=i.last_modified + DAY) for i in found.objects))

    monkeypatch.setattr(pipeline.workspace.trail, "list_folder", later)
    report = run(pipeline)

    assert pipeline.extract().to_read == 0
    assert (report.read, report.quarantined, report.refused) == (1, 1, {"record_not_an_object": 1})


def test_replaced_and_deleted(busy, key) -> None:
    """What the trail no longer holds, or holds in another version, is not counted among its records."""
    busy.put(key(unique="A" * 16), busy.workspace.trail.get(key(unique="B" * 16))[0])
    busy.workspace.trail.delete(key(unique="B" * 16))
    report = run(busy)

    assert (report.read, report.unread, report.records_in, report.refused) == (0, 1, 0, {})


def test_refused_together(pipeline, record) -> None:
    """An object of junk adds up, though most of its records are refused in one row."""
    pipeline.deliver(*[0] * 3_000, unique="A" * 16)
    pipeline.deliver(record(1), unique="B" * 16)
    pipeline.ingest()
    report = run(pipeline)

    assert (report.records_in, report.kept, report.quarantined) == (3_001, 1, 3_000)
    assert report.refused == {"mostly_refused": 2_000, "record_not_an_object": 1_000}


def test_lost_quarantine(busy) -> None:
    """A quarantine that lost rows is noticed, and the message asks after them."""
    for info in list(busy.workspace.lake.list("quarantine/")):
        busy.workspace.lake.delete(info.key)

    with pytest.raises(
        ReconciliationError, match=r"1 quarantined records .* the quarantine table holds 0: was something"
    ):
        run(busy)


def test_numbers_that_do_not_add_up(busy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger whose numbers do not add up is told with all of them."""
    entries = reconcile.ledger.entries
    monkeypatch.setattr(
        reconcile.ledger, "entries", lambda *args: [entry | {"kept": 0, "duplicate": 0} for entry in entries(*args)]
    )

    with pytest.raises(
        ReconciliationError, match=r"4 records went in, 2 are accounted for \(0 kept, 0 duplicate, 1 out"
    ):
        run(busy)


def test_nothing_read_yet(pipeline, record) -> None:
    """Before anything is read everything is unread."""
    pipeline.deliver(record(1))

    assert (run(pipeline).read, run(pipeline).unread, run(pipeline).records_in) == (0, 1, 0)


def test_deleted_events(busy) -> None:
    """An hour whose file somebody deleted is missed by name, though the ledger's numbers add up."""
    lake = busy.workspace.lake
    (file,) = lake.list("events/")
    lake.delete(file.key)

    with pytest.raises(ReconciliationError, match=f"1 event hours .* first .*/{file.key}"):
        run(busy)


def test_earlier_version_of_events(pipeline, record) -> None:
    """Records that went with a file of which an earlier version was put back are missed, and their object is named."""
    lake = pipeline.workspace.lake
    pipeline.deliver(record(1), unique="A" * 16)
    pipeline.ingest()
    (file,) = lake.list("events/")
    earlier, _ = lake.get(file.key)
    later = pipeline.deliver(record(2), record(3), unique="B" * 16)
    pipeline.ingest()
    run(pipeline)
    lake.put(file.key, earlier)

    with pytest.raises(ReconciliationError, match=f"2 kept records of {later}, the events table holds 0 in .*1 of 2"):
        run(pipeline)


def test_rows_twice(pipeline, record) -> None:
    """Rows that somebody wrote into a file once more are noticed, though the ledger's numbers add up."""
    lake = pipeline.workspace.lake
    key = pipeline.deliver(record(1))
    pipeline.ingest()
    (file,) = lake.list("events/")
    table = read_columns(lake.get(file.key)[0])
    lake.put(file.key, encode(pa.concat_tables([table, table])))

    with pytest.raises(ReconciliationError, match=f"1 kept records of {key}, the events table holds 2 in "):
        run(pipeline)


def test_cost_of_lookback(pipeline, record, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hourly run counts the rows of its own deliveries only: those of its look back were counted by other runs."""
    pipeline.deliver(record(1, eventTime="2026-11-01T03:00:00Z"), at="20261101T0310Z", unique="A" * 16)
    pipeline.deliver(record(2, eventTime="2026-11-01T13:00:00Z"), at="20261101T1310Z", unique="B" * 16)
    pipeline.ingest()
    opened = []
    kept_for = reconcile.events.kept_for
    monkeypatch.setattr(reconcile.events, "kept_for", lambda lake, hour: opened.append(hour) or kept_for(lake, hour))
    pipeline.workspace.lookback = timedelta(hours=24)
    reconcile.run(Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00")), pipeline.workspace)

    assert [hour.start for hour in opened] == [parse_instant("2026-11-01T13:00")]
