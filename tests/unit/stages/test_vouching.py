"""What digests say of the log files an insight rests on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from insights.settings import parse_settings
from insights.stages import verify, vouching
from insights.stages.vouching import Vouching
from insights.storage import insights, integrity
from insights.windows import Window, hour_of, parse_instant

PLACE = "111122223333", "us-east-1"
START = parse_instant("2026-11-01T13:05")


@pytest.fixture
def rests(pipeline: Any, record: Any, insight: Callable[..., Any]) -> Any:
    """A pipeline with an insight at 13:05, whose hour has two log files, and another hour with a third."""
    pipeline.deliver(record(1), at="20261101T1310Z", unique="A" * 16)
    pipeline.deliver(record(2), at="20261101T1315Z", unique="B" * 16)
    pipeline.deliver(record(3, eventTime="2026-11-01T09:00:00Z"), at="20261101T0905Z", unique="C" * 16)
    pipeline.ingest()
    place = {"account_id": PLACE[0], "region": PLACE[1], "status": "closed"}
    row = insight(start="2026-11-01T13:05", minutes=5) | place
    insights.write(pipeline.workspace.lake, row | {"end_time": parse_instant("2026-11-01T13:10")})
    return pipeline


def say(pipeline: Any, **verdicts: tuple[str, str]) -> None:
    """Enter a verdict and reason for log files by the letter of their names."""
    rows = [
        {
            "kind": "log file",
            "object_key": entry["object_key"],
            "object_etag": entry["object_etag"],
            "delivered_at": entry["delivered_at"],
            "verdict": verdicts[letter][0],
            "reason": verdicts[letter][1],
        }
        for entry in pipeline.rows("ledger")
        for letter in verdicts
        if f"_{letter * 16}." in entry["object_key"]
    ]
    integrity.write(pipeline.workspace.lake, *PLACE, rows)


def told(pipeline: Any) -> tuple[str, dict[str, Any]]:
    (row,) = insights.read(pipeline.workspace.lake)
    return row["integrity"], json.loads(row["integrity_json"])


def refresh(pipeline: Any) -> int:
    return vouching.refresh(pipeline.workspace, Window(START, parse_instant("2026-11-01T16:00")))


@pytest.mark.parametrize(
    ("a", "b", "worst"),
    [
        (("verified", "valid"), ("verified", "valid"), "verified"),
        (("verified", "valid"), ("unverified", "pending"), "unverified"),
        (("unverified", "gap"), ("refuted", "changed"), "refuted"),
    ],
)
def test_worst(rests: Any, a: tuple[str, str], b: tuple[str, str], worst: str) -> None:
    """The worst verdict on a log file of its hours is the insight's; the numbers and reasons stand beside it."""
    say(rests, A=a, B=b, C=("refuted", "changed"))
    refresh(rests)
    verdict, numbers = told(rests)

    assert verdict == worst
    assert sum(numbers[name] for name in ("verified", "unverified", "refuted")) == 2
    assert numbers["reasons"] == {reason: 1 for name, reason in (a, b) if name != "verified"}


def test_digests_arrive(rests: Any) -> None:
    """The columns follow the verdicts, the records in the row stay; a second look changes nothing."""
    refresh(rests)
    before = next(insights.read(rests.workspace.lake))
    say(rests, A=("verified", "valid"), B=("verified", "valid"))
    changed = refresh(rests)
    after = next(insights.read(rests.workspace.lake))

    assert (before["integrity"], after["integrity"], changed, refresh(rests)) == ("unverified", "verified", 1, 0)
    assert after["start_record_json"] == before["start_record_json"]
    assert after["end_record_json"] == before["end_record_json"]


def test_nothing_known(rests: Any) -> None:
    """Where the ledger knows no log file of its hours, an insight has no verdict."""
    row = next(insights.read(rests.workspace.lake)) | {"region": "eu-west-1"}

    assert Vouching(rests.workspace.lake).columns(row) == {"integrity": None, "integrity_json": None}


def deliver_the_next_day(pipeline: Any, record: Any) -> None:
    """Read a log file that came 29 hours late, and verify as the run of that hour does."""
    pipeline.deliver(record(4), at="20261102T1815Z", unique="D" * 16)
    pipeline.window = hour_of(parse_instant("2026-11-02T18:00"))
    pipeline.ingest()
    verify.run(pipeline.window, pipeline.workspace)


def test_a_late_log_file(rests: Any, record: Any) -> None:
    """A log file that comes the next day is one more that the insight rests on, though no digest speaks of it."""
    refresh(rests)
    deliver_the_next_day(rests, record)

    assert told(rests)[1]["unverified"] == 3


def test_what_retention_has_ended(rests: Any, record: Any) -> None:
    """Where the ledger has forgotten what an insight rests on, its columns stay."""
    refresh(rests)
    for info in list(rests.workspace.lake.list("ledger/")):
        rests.workspace.lake.delete(info.key)
    rests.workspace.settings = parse_settings({"retention": {"ledger_days": 40}})
    rests.workspace.now = lambda: parse_instant("2026-11-02T18:30") + timedelta(days=39)
    deliver_the_next_day(rests, record)

    assert told(rests)[1]["unverified"] == 2
