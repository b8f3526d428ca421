"""count: bring `minute_counts` up to date with `events`, but for hours that a critical rule holds back."""

from __future__ import annotations

from insights.records.partitions import EventHour
from insights.stages.report import CountReport
from insights.stages.workspace import Workspace
from insights.storage import reading
from insights.storage.counts import count_hour
from insights.storage.hours import touched, with_versions
from insights.storage.quality import held_hours
from insights.windows import Window


def run(window: Window, workspace: Workspace, *, is_whole: bool = True) -> CountReport:
    """Count every event hour that the window's deliveries touched and whose counts are not those of its events.

    Args:
        window: The span whose deliveries were read.
        workspace: Where the lake is.
        is_whole: Whether everything that was delivered was read. It is noted, and detection takes hours for complete
            by that.
    """
    lake, delivered = workspace.lake, workspace.delivered(window)
    hours = touched(lake, delivered)
    held = held_hours(lake, hours)
    changed: dict[EventHour, int] = {}
    unchanged = 0
    for _, versions in with_versions(lake, (hour for hour in hours if hour not in held)):
        for hour, version in versions.items():
            calls = count_hour(lake, hour, version)
            if calls is None:
                unchanged += 1
            else:
                changed[hour] = calls
    if is_whole:
        reading.mark(lake, delivered)
    return CountReport(
        window=str(window),
        counted=len(changed),
        unchanged=unchanged,
        held=len(held),
        calls=sum(changed.values()),
        hours=tuple(str(hour) for hour in changed),
    )
