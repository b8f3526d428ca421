"""The workspace as Airflow's processes open it: settings, and AWS through a connection."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from insights.errors import SettingsError
from insights.orchestration.aws import aws_access
from insights.settings import Settings, load_settings
from insights.stages.workspace import Workspace
from insights.storage import reading
from insights.storage.aws_access import AwsAccess
from insights.windows import Window

LONGEST_OUTAGE = timedelta(days=14)
"""A scheduled run catches up with what was delivered while nothing ran, this far back."""


def open_workspace(*, trail: str | None = None) -> Workspace:
    """Open trail and lake of the settings.

    Args:
        trail: Another trail than that of the settings.

    Raises:
        SettingsError: the other trail is a folder, but the settings' is none: a form must not open a worker's files.
    """
    settings = load_settings()
    if trail:
        if _is_folder(trail) and not _is_folder(settings.trail.url):
            raise SettingsError(f"the trail {trail!r} is a folder of the worker: name one like s3://bucket/prefix")
        settings = msgspec.structs.replace(settings, trail=msgspec.structs.replace(settings.trail, url=trail))
    return Workspace(settings, aws=aws_access(settings.airflow.aws_connection) if _uses_aws(settings) else AwsAccess())


def look_back(workspace: Workspace, window: Window) -> None:
    """Let a scheduled run take what came late: `trail.lookback_hours` back, or to the end of what was read before it.

    Only a scheduled run: the earlier hours of a backfill are other runs' work.
    """
    usual = timedelta(hours=workspace.settings.trail.lookback_hours)
    earlier = reading.marked(workspace.lake, window.widened(before=LONGEST_OUTAGE))
    ends = [span.end for span in earlier if span.end < window.end and span.end > window.start - LONGEST_OUTAGE]
    outage = window.start - max(ends) if ends else timedelta()
    workspace.lookback = max(usual, outage)


def _uses_aws(settings: Settings) -> bool:
    urls = (settings.trail.url, settings.lake.url)
    return any(url.startswith("s3://") for url in urls) or any(name != "log" for name in settings.notify.channels)


def _is_folder(url: str) -> bool:
    return "://" not in url or url.startswith("file://")
