from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from insights.storage.event_search import EventSearch, Query
from insights.windows import parse_instant

FIRST, LAST = parse_instant("2026-10-01"), parse_instant("2026-12-01")
ASKED = Query(("111122223333",), "us-east-1", FIRST, LAST)


@pytest.fixture
def filled(pipeline: Any, record: Callable[..., dict[str, Any]]) -> Any:
    """A call at 13:05 and 13:06 of each of three days, one at the very start of an hour."""
    days = ("2026-11-01", "2026-11-02", "2026-11-03")
    pipeline.deliver(
        *(record(2 * n, eventTime=f"{day}T13:05:00Z", eventName=f"Call{n}") for n, day in enumerate(days)),
        *(record(2 * n + 1, eventTime=f"{day}T13:06:00Z", eventName=f"Call{n}") for n, day in enumerate(days)),
        record(100, eventTime="2026-11-02T14:00:00Z", eventName="OnTheHour"),
    )
    pipeline.ingest()
    return pipeline


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event_id"][:8] for row in rows]


NEWEST_FIRST = ["00000005", "00000004", "00000064", "00000003", "00000002", "00000001", "00000000"]


def test_slow(filled: Any) -> None:
    """Where time is over with every hour that is read, pages come short, and hold each event once all the same."""
    ticks = count()
    search = EventSearch(filled.workspace.lake, seconds=0.5, clock=lambda: next(ticks))
    found, query = [], ASKED
    for _ in range(20):
        page = search.page(query, 50)
        found += _ids(page.rows)
        if page.position is None:
            break
        query = replace(ASKED, after=page.position)

    assert found == NEWEST_FIRST
    assert page.position is None


def test_reads_only_what_it_needs(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is full after the newest hour reads no other; nor does one that was asked before read what has
    nothing of it."""
    lake, read = filled.workspace.lake, list[str]()
    original = lake.get_range

    def noted(key: str, start: int, end: int, *, etag: str) -> bytes:
        read.append(key.partition("date=")[2][:10])
        found: bytes = original(key, start, end, etag=etag)
        return found

    monkeypatch.setattr(lake, "get_range", noted)
    search = EventSearch(lake)
    search.page(ASKED, 1)
    assert set(read) == {"2026-11-03"}

    rare = replace(ASKED, attribute=("EventName", "Call0"))
    assert len(search.page(rare, 50).rows) == 2
    read.clear()
    assert len(search.page(rare, 50).rows) == 2
    assert set(read) == {"2026-11-01"}


def test_events_without_ids(filled: Any, record: Callable[..., dict[str, Any]]) -> None:
    """Records of version 1.0, which have no id, are turned page by page like any others."""
    old = record(7, eventTime="2026-11-04T10:00:00Z", eventVersion="1.0")
    del old["eventID"]
    filled.deliver(old, old | {"sourceIPAddress": "192.0.2.11"}, unique="B" * 16)
    filled.ingest()
    search = EventSearch(filled.workspace.lake)
    first = search.page(ASKED, 1)
    second = search.page(replace(ASKED, after=first.position), 1)

    assert {page.rows[0]["source_ip_address"] for page in (first, second)} == {"192.0.2.10", "192.0.2.11"}


def test_regions_are_no_paths(filled: Any) -> None:
    """What a client calls its Region never chooses another folder."""
    assert EventSearch(filled.workspace.lake).page(replace(ASKED, region="../us-east-1"), 50).rows == []
