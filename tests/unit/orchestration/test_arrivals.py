from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from insights.orchestration.arrivals import arrivals, can_be_judged
from insights.records.partitions import EventHour
from insights.settings import parse_settings
from insights.stages.workspace import Workspace
from insights.storage import changes, reading
from insights.storage.opening import open_store
from insights.windows import Window, parse_instant


@pytest.mark.parametrize("settle_minutes", [0, 20, 60, 1440])
@pytest.mark.parametrize("nudged_at", ["2026-11-01T13:00", "2026-11-01T13:25:31", "2026-11-01T13:59:59"])
def test_what_a_nudge_reads(nudged_at: str, settle_minutes: int) -> None:
    """At 13:25 the deliveries from 12:00 to 14:00 are looked through, however long one waits for late ones."""
    workspace = Workspace(parse_settings({"trail": {"settle_minutes": settle_minutes}}))

    window = arrivals(parse_instant(nudged_at), timedelta(minutes=settle_minutes))

    delivered = workspace.delivered(window)
    assert delivered.end == parse_instant("2026-11-01T14:00")
    assert delivered.start <= parse_instant("2026-11-01T12:00")
    assert delivered.end - delivered.start <= timedelta(minutes=max(120, settle_minutes + 60))


@pytest.fixture
def counted() -> Callable[[int], Workspace]:
    """Gives a lake where an hour was counted anew, and deliveries from 10:00 to 14:20 were read whole, at 14:25."""

    def opened(hour: int, **trail: Any) -> Workspace:
        workspace: Any = Workspace(
            parse_settings({"trail": trail}), now=lambda: datetime(2026, 11, 1, 14, 25, tzinfo=UTC)
        )
        workspace.lake = open_store("memory://lake")
        reading.mark(workspace.lake, Window(parse_instant("2026-11-01T10:00"), parse_instant("2026-11-01T14:20")))
        at = datetime(2026, 11, 1, hour, tzinfo=UTC)
        changes.mark(workspace.lake, EventHour("111122223333", "us-east-1", at), "version")
        return workspace

    return opened


@pytest.mark.parametrize(("hour", "expected"), [(9, False), (10, True), (13, True), (14, False)])
def test_what_can_be_judged(counted: Callable[[int], Workspace], hour: int, expected: bool) -> None:
    """Detection is woken for an hour whose deliveries were all read, and let sleep for one that is still running."""
    assert can_be_judged(counted(hour)) is expected


@pytest.mark.parametrize(("hour", "expected"), [(9, False), (13, True), (14, True), (15, False)])
def test_what_can_be_looked_at(counted: Callable[..., Workspace], hour: int, expected: bool) -> None:
    """With a queue the running hour is reason enough; an hour of the future is none, nor one that was never read."""
    assert can_be_judged(counted(hour, notifications="https://sqs.us-east-1.amazonaws.com/1/q")) is expected


def test_nothing_to_judge(counted: Callable[[int], Workspace]) -> None:
    """Where detection has been, it is not woken again."""
    workspace = counted(13)
    for marks in changes.pending(workspace.lake).values():
        changes.clear(workspace.lake, marks)

    assert not can_be_judged(workspace)
