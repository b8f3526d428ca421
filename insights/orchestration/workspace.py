"""The workspace as Airflow's processes open it: settings, and AWS through a connection."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from insights.orchestration.aws import aws_access
from insights.settings import load_settings
from insights.stages.workspace import Workspace
from insights.storage.objects import AwsAccess


def open_workspace(*, trail: str | None = None, is_scheduled: bool = False) -> Workspace:
    """Open trail and lake of the settings.

    Args:
        trail: Another trail than that of the settings.
        is_scheduled: Whether to look for what came late; the earlier hours of a backfill are other runs' work.
    """
    settings = load_settings()
    if trail:
        settings = msgspec.structs.replace(settings, trail=msgspec.structs.replace(settings.trail, url=trail))
    uses_aws = any(url.startswith("s3://") for url in (settings.trail.url, settings.lake.url)) or any(
        channel != "log" for channel in settings.notify.channels
    )
    return Workspace(
        settings,
        aws=aws_access(settings.airflow.aws_connection) if uses_aws else AwsAccess(),
        lookback=timedelta(hours=settings.trail.lookback_hours if is_scheduled else 0),
    )
