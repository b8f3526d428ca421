"""A trail with a burst, late and repeated records ends in the same tables however it is read."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from insights.simulate import TrailPlan, scenario, simulate
from insights.stages import reconcile
from insights.stages.workspace import Workspace
from insights.windows import DAY, Window, parse_instant

Analyse = Callable[[Window, Workspace], None]


@pytest.fixture(scope="module")
def plan() -> TrailPlan:
    start = parse_instant("2026-10-31")
    return scenario("announcement", start=start, calls_per_hour=3.0, seed=3)


@pytest.fixture(scope="module")
def trail(plan: TrailPlan) -> list[Any]:
    return list(simulate(plan))


@pytest.fixture(scope="module")
def window(plan: TrailPlan) -> Window:
    return plan.window.widened(after=DAY / 2)


@pytest.fixture(scope="module")
def tables(rows_of: Callable[..., Any]) -> Callable[[Workspace], dict[str, Any]]:
    return lambda workspace: {name: rows_of(workspace.lake, name) for name in ("events", "minute_counts", "insights")}


def published_by(workspace: Workspace) -> dict[str, bytes]:
    return {info.key: workspace.lake.get(info.key)[0] for info in workspace.lake.list("AWSLogs/")}


@pytest.fixture(scope="module")
def at_once(trail: list[Any], window: Window, open_lake: Any, tables: Any, analyse: Analyse) -> dict[str, Any]:
    workspace = open_lake(trail)
    analyse(window, workspace)
    found: dict[str, Any] = tables(workspace)
    assert len(found["insights"]) == 1
    return found


def test_hours_in_any_order(
    trail: list[Any], window: Window, open_lake: Any, tables: Any, at_once: Any, ingest: Analyse, analyse: Analyse
) -> None:
    """Hour by hour, in any order, ends in the same rows as the whole window at once."""
    workspace = open_lake(trail)
    hours = list(window.hours())
    random.Random(7).shuffle(hours)

    for hour in hours:
        ingest(hour, workspace)
    analyse(hours[0], workspace)

    assert tables(workspace) == at_once


def test_judged_every_hour(
    trail: list[Any], window: Window, open_lake: Any, tables: Any, at_once: Any, ingest: Analyse, analyse: Analyse
) -> None:
    """Nor does it matter that the last hours were judged one after another, as they came."""
    workspace = open_lake(trail)
    last = Window(window.end - DAY, window.end)
    ingest(Window(window.start, last.start), workspace)

    for hour in last.hours():
        analyse(hour, workspace)

    assert tables(workspace) == at_once


def test_half_of_it_late(
    trail: list[Any], window: Window, open_lake: Any, tables: Any, at_once: dict[str, Any], analyse: Analyse
) -> None:
    """Half of the objects turn up after the window was analysed: events and counts end in the same rows, the burst is
    still one insight, and what was published of it stays as it was."""
    shuffled = random.Random(8).sample(trail, len(trail))
    workspace = open_lake(shuffled[: len(trail) // 2])
    analyse(window, workspace)
    published = published_by(workspace)
    assert published

    for each in shuffled:
        workspace.trail.put(each.key, each.body)
    analyse(window, workspace)

    found = tables(workspace)
    assert (found["events"], found["minute_counts"]) == (at_once["events"], at_once["minute_counts"])
    assert [row["insight_id"] for row in found["insights"]] == [row["insight_id"] for row in at_once["insights"]]
    assert published_by(workspace).items() >= published.items()


def test_everything_is_accounted_for(trail: list[Any], window: Window, open_lake: Any, ingest: Analyse) -> None:
    """Of a trail read twice every record is kept, or known as a duplicate; none is lost."""
    workspace = open_lake(trail)
    ingest(window, workspace)
    ingest(window, workspace)

    report = reconcile.run(window, workspace)

    assert (report.listed, report.read, report.unread) == (len(trail), len(trail), 0)
    assert report.records_in == sum(each.records for each in trail)
    assert report.kept + report.duplicate == report.records_in
    assert report.duplicate > 0
