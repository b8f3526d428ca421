"""What a nudged run reads, and when detection is to follow it."""

from __future__ import annotations

from datetime import datetime, timedelta

from insights.stages.workspace import Workspace
from insights.storage import changes, reading
from insights.windows import HOUR, Window, hour_of


def arrivals(nudged_at: datetime, settle: timedelta) -> Window:
    """Give the window whose deliveries are those of the hour of the nudge and of the one before.

    `Workspace.delivered` reads on for `settle` after a window, so this one ends as much earlier.
    """
    hour = hour_of(nudged_at)
    end = hour.end - settle
    return Window(min(hour.start, end) - HOUR, end)


def can_be_judged(workspace: Workspace) -> bool:
    """Tell whether an hour was counted anew that detection takes for data: late records of a complete hour.

    Replaying eight weeks for an hour that is still running would find nothing, every few minutes.
    """
    lake, settle = workspace.lake, timedelta(minutes=workspace.settings.trail.settle_minutes)
    counted = {change.hour for marks in changes.pending(lake).values() for change in marks}
    return any(
        reading.is_complete(hour, reading.spans(lake, hour_of(hour).widened(after=settle)), settle)
        for hour in sorted(counted, reverse=True)
    )
