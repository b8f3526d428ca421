"""What a nudged run reads, and when detection is to follow it."""

from __future__ import annotations

from datetime import datetime, timedelta

from insights.stages import early
from insights.stages.judging import Complete
from insights.stages.workspace import Workspace
from insights.storage import changes
from insights.windows import HOUR, Window, hour_of


def arrivals(nudged_at: datetime, settle: timedelta) -> Window:
    """Give the window whose deliveries are those of the hour of the nudge and of the one before.

    `Workspace.delivered` reads on for `settle` after a window, so this one ends as much earlier.
    """
    hour = hour_of(nudged_at)
    end = hour.end - settle
    return Window(min(hour.start, end) - HOUR, end)


def can_be_judged(workspace: Workspace) -> bool:
    """Tell whether an hour was counted anew that detection can make something of: a complete one, to which late records
    came, or one of the latest, if these are looked at early."""
    complete, is_early = Complete(workspace), early.is_wanted(workspace)
    counted = {change.hour for marks in changes.pending(workspace.lake).values() for change in marks}
    return any(
        hour in complete or (is_early and early.is_unsettled(hour, complete)) for hour in sorted(counted, reverse=True)
    )
