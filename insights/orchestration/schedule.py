"""What the DAGs share: assets, retries, and the form fields of a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, AssetWatcher, Param

from insights.errors import SettingsError
from insights.settings import Settings

MINUTE_COUNTS = Asset(name="trail_insights.minute_counts", uri="trail-insights://lake/minute_counts")
"""Changed whenever hours were counted anew; follow it to work on the counts yourself."""

INSIGHTS = Asset(name="trail_insights.insights", uri="trail-insights://lake/insights")
"""Changed whenever Insight records were published."""

START_DATE = datetime(2024, 1, 1, tzinfo=UTC)
"""Backfills may go further back; the scheduler starts with the newest hour (catchup is off)."""

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "trail-insights",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
}

WINDOW_PARAMS = {
    "trail": Param(
        None,
        type=["null", "string"],
        title="Trail",
        description="s3://bucket/prefix or a folder; empty takes trail.url of the settings.",
        section="What to analyse",
    ),
    "window_start": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="From",
        description="First instant (UTC). Empty counts days back instead.",
        section="What to analyse",
    ),
    "window_end": Param(
        None,
        type=["null", "string"],
        format="date-time",
        title="To",
        description="First instant that is no longer analysed (UTC). Empty is the hour that has just ended.",
        section="What to analyse",
    ),
    "days_back": Param(
        7,
        type="integer",
        minimum=1,
        maximum=90,
        title="Days back",
        description="How far before To the window starts, where From is empty.",
        section="What to analyse",
    ),
}


def deliveries(settings: Settings) -> Asset:
    """Give the asset that changes when objects of the trail arrive: watched where the settings name a queue.

    Raises:
        SettingsError: there is a queue, but the trail is no bucket.
    """
    watchers = []
    if settings.trail.notifications:
        watchers.append(AssetWatcher(name="trail_notifications", trigger=_trigger(settings)))
    return Asset(name="trail_insights.deliveries", uri="trail-insights://trail/deliveries", watchers=watchers)


def _trigger(settings: Settings) -> Any:
    # Airflow reads DAG files again and again: who has no queue shall not pay for the libraries.
    from insights.orchestration.notifications import DeliveryTrigger

    trail = settings.trail
    scheme, _, place = trail.url.partition("://")
    if scheme != "s3":
        raise SettingsError(
            f"trail.notifications is set, but the trail {trail.url!r} is in no bucket: name one like s3://bucket/prefix"
        )
    bucket, _, prefix = place.partition("/")
    return DeliveryTrigger(
        queue_url=trail.notifications,
        bucket=bucket,
        prefix=prefix,
        accounts=trail.accounts,
        regions=trail.regions,
        connection_id=settings.airflow.aws_connection,
        minutes=trail.nudge_minutes,
    )
