"""From four hand-written objects to the tables: reviewed values, see README.md."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from insights.records.event import restore_text
from insights.stages import reconcile
from insights.storage.opening import open_store

SMALL_TRAIL = Path(__file__).parent / "small_trail"


def as_json(rows: Any) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False, default=readable) + "\n"


def readable(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value.isoformat()


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names and value is not None}


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    rows, text = sorted(rows, key=lambda row: (row["folder"], row["minute"], row["event_name"])), io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def read(open_pipeline: Callable[..., Any]) -> Any:
    """A pipeline that has read the small trail."""
    pipeline = open_pipeline()
    pipeline.workspace.trail = open_store(str(SMALL_TRAIL / "trail"))
    pipeline.ingest()
    return pipeline


OUTPUTS: dict[str, Callable[[Any], str]] = {
    "events.json": lambda read: as_json([without(row) for row in read.rows("events")]),
    "minute_counts.csv": lambda read: as_csv(read.rows("minute_counts")),
    "quarantine.json": lambda read: as_json([without(row, "object_etag") for row in read.rows("quarantine")]),
    "ledger.json": lambda read: as_json([without(row, "object_etag") for row in read.rows("ledger")]),
    "reconcile.json": lambda read: as_json(reconcile.run(read.window, read.workspace).to_builtins()),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output(read: Any, name: str, pytestconfig: pytest.Config) -> None:
    """A table is what was reviewed, value for value."""
    output = OUTPUTS[name](read)
    if pytestconfig.getoption("--rewrite-golden"):
        (SMALL_TRAIL / name).write_text(output, encoding="utf-8")

    assert output == (SMALL_TRAIL / name).read_text(encoding="utf-8")


def test_records_come_back(read: Any) -> None:
    """Each event gives back the record of the hand-written object it came from."""
    written = []
    for path in sorted((SMALL_TRAIL / "trail").rglob("*_CloudTrail_*.json")):
        written += json.loads(path.read_text(encoding="utf-8"))["Records"]

    given_back = [json.loads(restore_text(row)) for row in read.rows("events")]
    assert len(given_back) == 7
    assert all(record in written for record in given_back)
