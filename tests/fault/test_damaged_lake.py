"""Damaged files of the lake, and files of other programs in it: whoever reads one says which it is, and the remedy."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from insights.api.operations.trails import get_trail_status
from insights.api.service import Request, Service
from insights.errors import StorageError
from insights.records.schemas import EVENTS, INSIGHTS
from insights.settings import parse_settings
from insights.stages import extract
from insights.stages.workspace import Workspace
from insights.storage import (
    compaction,
    count_files,
    coverage,
    discovery,
    disputes,
    event_search,
    hours,
    insight_search,
    insights,
    integrity,
    ledger,
    publications,
    quality,
    quarantine,
    reasons,
    series_search,
    tables,
)
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.storage.trail import TrailObject
from insights.windows import DAY as A_DAY
from insights.windows import Window, parse_instant

START = parse_instant("2026-11-01")
DAY = Window(START, START + A_DAY)
PLACE = ("111122223333", "us-east-1")
FOLDER = "account_id=111122223333/region=us-east-1"
OF_DAY = f"{FOLDER}/date=2026-11-01"
OBJECT = TrailObject("a", "1", 1, *PLACE, START, False)
SERIES = series_search.Series("Management", "ec2.amazonaws.com", "RunInstances")


def _trail_status(lake: ObjectStore) -> object:
    workspace = Workspace(
        parse_settings({"trail": {"arn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"}})
    )
    workspace.lake = lake
    caller: Any = type("Caller", (), {"accounts": None, "name": "somebody"})
    return get_trail_status(Service(workspace), Request("GetTrailStatus", caller, PLACE[1], {"Name": "management"}))


def _merged(lake: ObjectStore, table: str) -> object:
    """Put the damaged file together with another, which is whole."""
    (info,) = lake.list(f"{table}/")
    folder = f"{info.key.rpartition('/')[0]}/"
    schema = pa.schema([(name, pa.string()) for name in ("object_key", "object_etag", "record_index", "reason")])
    lake.put(f"{folder}other.parquet", tables.encode(schema.empty_table()))
    return compaction.MERGES[table](lake, folder, list(lake.list(folder)))


def _plan(lake: ObjectStore) -> object:
    workspace = Workspace(parse_settings({}))
    workspace.lake = lake
    return extract.read_plan(workspace, "plans/2026-11-01/a.json")


PARQUET: list[tuple[str, str, Callable[[ObjectStore], object]]] = [
    (
        "a page of events",
        f"events/{OF_DAY}/hour=13/events.parquet",
        lambda lake: event_search.EventSearch(lake).page(
            event_search.Query((PLACE[0],), PLACE[1], DAY.start, DAY.end), 50
        ),
    ),
    (
        "rows of events",
        f"events/{OF_DAY}/hour=13/events.parquet",
        lambda lake: tables.read_version(lake, f"events/{OF_DAY}/hour=13/events.parquet", EVENTS),
    ),
    (
        "a series of an hour",
        f"minute_counts/{OF_DAY}/hour-13.parquet",
        lambda lake: series_search.SeriesSearch(lake).counted((PLACE[0],), PLACE[1], DAY, SERIES),
    ),
    (
        "the counts of a day",
        f"minute_counts/{OF_DAY}/day.parquet",
        lambda lake: count_files.read_day(lake, f"minute_counts/{OF_DAY}/"),
    ),
    ("insights", "insights/date=2026-11-01/a.parquet", lambda lake: list(insights.read(lake))),
    (
        "a page of Insight records",
        "insights/date=2026-11-01/a.parquet",
        lambda lake: insight_search.InsightSearch(lake).page(
            insight_search.Query(None, PLACE[1], "Management", DAY.start, DAY.end), 50
        ),
    ),
    ("candidates", f"reasons/{OF_DAY}/reasons.parquet", lambda lake: list(reasons.read(lake, DAY))),
    ("hours read", f"coverage/{OF_DAY}/coverage.parquet", lambda lake: list(coverage.read(lake, DAY))),
    ("verdicts", f"integrity/{OF_DAY}/integrity.parquet", lambda lake: integrity.read_days(lake, *PLACE, DAY)),
    ("entries", f"ledger/{OF_DAY}/a.parquet", lambda lake: hours.touched(lake, DAY)),
    ("what was read", f"ledger/{OF_DAY}/a.parquet", lambda lake: ledger.already_read(lake, OF_DAY)),
    ("the ledger put together", f"ledger/{OF_DAY}/a.parquet", lambda lake: _merged(lake, "ledger")),
    ("the last delivery", f"ledger/{OF_DAY}/a.parquet", _trail_status),
    (
        "what is refused",
        "quarantine/date=2026-11-01/a.parquet",
        lambda lake: quarantine.count_by_reason(lake, [OBJECT]),
    ),
    (
        "what is put back",
        "quarantine/date=2026-11-01/a.parquet",
        lambda lake: quarantine.take_out(lake, [OBJECT], "refuted_object"),
    ),
    (
        "the quarantine put together",
        "quarantine/date=2026-11-01/day.parquet",
        lambda lake: _merged(lake, "quarantine"),
    ),
]

JSON: list[tuple[str, str, Callable[[ObjectStore], object]]] = [
    ("a batch", f"state/publishing/{FOLDER}.json", lambda lake: publications.publishing(lake, PLACE)),
    ("the index", f"published/{OF_DAY}/a.json", lambda lake: publications.published(lake, PLACE, ["2026-11-01"])),
    (
        "what is to be told",
        "outbox/date=2026-11-01/a.json",
        lambda lake: [publications.read_waiting(lake, each) for each in publications.waiting(lake)],
    ),
    ("a plan", "plans/2026-11-01/a.json", _plan),
    (
        "what finding cost",
        "state/discovery/2026-11/20261101T0000-20261102T0000.json",
        lambda lake: discovery.read(lake, DAY),
    ),
    ("a dispute", "state/disputed/date=2026-11-01/a.json", lambda lake: list(disputes.read(lake, DAY))),
    ("a withdrawal", "state/withdrawn/2026-11-01/a.json", lambda lake: integrity.withdrawals(lake, DAY)),
    ("judgements", f"quality/{OF_DAY}/quality.json", lambda lake: quality.read_day(lake, OF_DAY)),
]


def _foreign() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"some": [1], "other": ["x"]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize("content", [b"", b"\xff is no text", b"PAR1" + bytes(20) + b"PAR1", _foreign()])
@pytest.mark.parametrize(("what", "key", "read"), PARQUET, ids=[what for what, _, _ in PARQUET])
def test_parquet(what: str, key: str, read: Callable[[ObjectStore], object], content: bytes) -> None:
    """Every reader of a table names the file that is damaged, or has other columns than its table."""
    _refuses(key, read, content)


@pytest.mark.parametrize("content", [b"", b'{"a', b"\xff", b'["\xff"]', b"[1]", b"null"])
@pytest.mark.parametrize(("what", "key", "read"), JSON, ids=[what for what, _, _ in JSON])
def test_json(what: str, key: str, read: Callable[[ObjectStore], object], content: bytes) -> None:
    """Every reader of the lake's state names the file that is no JSON, or holds something else."""
    _refuses(key, read, content)


def _refuses(key: str, read: Callable[[ObjectStore], object], content: bytes) -> None:
    lake = open_store("memory://lake")
    lake.put(key, content)

    with pytest.raises(StorageError) as refused:
        read(lake)
    assert f"memory://lake/{key} is damaged" in str(refused.value)
    assert 'docs/operations.md says under "A file of the lake is damaged"' in str(refused.value)


def test_record_in_an_insight() -> None:
    """An insight whose record is no JSON any more is named: Parquet itself does not tell when a text has changed."""
    lake = open_store("memory://lake")
    values = {"string": "x", "timestamp[us, tz=UTC]": START, "int64": 1, "double": 0.5, "bool": False}
    row = {field.name: values[str(field.type)] for field in INSIGHTS}
    insights.write(lake, row | {"start_record_json": "{}", "end_record_json": "{"})

    with pytest.raises(StorageError, match=r"/insights/date=2026-11-01/\S+\.parquet is damaged"):
        list(insights.read(lake))


def test_empty_part_is_not_deleted() -> None:
    """Putting a day together takes an empty file for damaged, not for gone: it stays for whoever mends it."""
    lake = open_store("memory://lake")
    lake.put(f"ledger/{OF_DAY}/a.parquet", b"")
    with pytest.raises(StorageError):
        _merged(lake, "ledger")

    assert [info.key.rpartition("/")[2] for info in lake.list("ledger/")] == ["a.parquet", "other.parquet"]
