from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from insights.records.insight import Insight, Rate, end_record, start_record
from insights.records.schemas import INSIGHTS
from insights.records.series import Direction, InsightType, SeriesKey
from insights.storage import insights
from insights.storage.insight_search import InsightSearch, Page, Query
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import MINUTE, parse_instant

FIRST, LAST = parse_instant("2026-10-01"), parse_instant("2026-12-01")
ASKED = Query(None, "us-east-1", "Management", FIRST, LAST)


def put(lake: ObjectStore, start: str, minutes: int, name: str, **series: str) -> None:
    """Put an insight that lasted some minutes."""
    begin = parse_instant(start)
    names = {"account_id": "111122223333", "region": "us-east-1", "event_category": "Management"} | series
    told = Insight(
        series=SeriesKey(
            **names, insight_type=InsightType.CALL_RATE, event_source="ec2.amazonaws.com", event_name=name
        ),
        direction=Direction.SPIKE,
        start=begin,
        end=begin + minutes * MINUTE,
        baseline=Rate(21, 10080),
        detection=Rate(30, 5),
        total=Rate(30, minutes),
    )
    values: dict[str, Any] = {"string": "x", "int64": 1, "double": 0.5, "bool": False}
    row = {field.name: values.get(str(field.type), begin) for field in INSIGHTS} | names
    insights.write(
        lake,
        row
        | {
            "insight_id": told.insight_id,
            "event_source": "ec2.amazonaws.com",
            "event_name": name,
            "start_record_json": json.dumps(start_record(told)),
            "end_record_json": json.dumps(end_record(told)),
        },
    )


@pytest.fixture
def lake() -> ObjectStore:
    """Three insights; the first is over only after the second, a day later, has begun."""
    store = open_store("memory://lake")
    put(store, "2026-11-01T22:00", 240, "Long")
    put(store, "2026-11-02T01:00", 5, "Short")
    put(store, "2026-11-05T12:00", 5, "Late")
    return store


def told(page: Page) -> list[tuple[str, str]]:
    return [(each.event_name, json.loads(each.text)["insightDetails"]["state"]) for each in page.records]


ALL = [("Late", "End"), ("Late", "Start"), ("Long", "End"), ("Short", "End"), ("Short", "Start"), ("Long", "Start")]


def test_order(lake: ObjectStore) -> None:
    """Records come newest first by their own time, which for an End can be the day after its insight's."""
    assert told(InsightSearch(lake).page(ASKED, 50)) == ALL


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages(lake: ObjectStore, size: int) -> None:
    """Pages of any size hold each record once."""
    assert list(_turned(InsightSearch(lake), size)) == ALL


def test_slow(lake: ObjectStore) -> None:
    """Where time is over with every day that is read, pages come short, and hold each record once all the same."""
    ticks = count()
    assert list(_turned(InsightSearch(lake, seconds=0.5, clock=lambda: next(ticks)), 50)) == ALL


def _turned(search: InsightSearch, size: int) -> Iterator[tuple[str, str]]:
    after = None
    for _ in range(30):
        page = search.page(_with(after=after), size)
        yield from told(page)
        if page.position is None:
            return
        after = page.position
    raise AssertionError("the pages do not end")


def _with(**changes: Any) -> Query:
    from dataclasses import replace

    return replace(ASKED, **changes)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"attribute": ("EventName", "Short")}, ALL[3:5]),
        ({"attribute": ("EventSource", "s3.amazonaws.com")}, []),
        ({"first": parse_instant("2026-11-02T02:00"), "last": parse_instant("2026-11-05T12:00")}, ALL[1:3]),
        ({"accounts": frozenset({"999999999999"})}, []),
        ({"accounts": frozenset({"111122223333"})}, ALL),
        ({"region": "eu-west-1"}, []),
        ({"event_category": "Data"}, []),
    ],
)
def test_questions(lake: ObjectStore, changes: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """A record is found by name and source, span (both ends included), account, Region and category."""
    assert told(InsightSearch(lake).page(_with(**changes), 50)) == found


def test_event_id(lake: ObjectStore) -> None:
    """An event id finds the one record of the pair that it is of."""
    search = InsightSearch(lake)
    start = search.page(ASKED, 50).records[1]

    assert told(search.page(_with(attribute=("EventId", start.event_id)), 50)) == [("Late", "Start")]


def test_news(lake: ObjectStore) -> None:
    """An insight that comes later is there at once."""
    search = InsightSearch(lake)
    search.page(ASKED, 50)
    put(lake, "2026-11-06T12:00", 5, "New")

    assert told(search.page(ASKED, 1)) == [("New", "End")]
