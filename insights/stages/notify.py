"""notify: hand every published record to every channel, once.

A mark in the lake says that a channel took a record. It is put after the channel took it: killed in between, the record
goes out again with the same message id, rather than never. Records older than `notify.max_age_hours` are history, which
a backfill finds by the dozen: they are published, but nobody is woken for them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b

from insights.errors import DeliveryError
from insights.notify.aws import client_factory
from insights.notify.channels import Channel, open_channels
from insights.notify.message import message_of
from insights.stages.eras import LONGEST_EPISODE
from insights.stages.publish import PublishedRecord, records
from insights.stages.report import NotifyReport
from insights.stages.workspace import Workspace
from insights.storage.objects import ObjectStore
from insights.storage.tables import put_if_new
from insights.windows import DAY, Window, format_instant, parse_instant

logger = logging.getLogger(__name__)


def run(window: Window | None, workspace: Workspace, channels: Sequence[Channel] | None = None) -> NotifyReport:
    """Send what has not been sent.

    Args:
        channels: Where to; by default what the settings name.

    Raises:
        DeliveryError: some channel did not take everything; the others did, run it again.
    """
    settings = workspace.settings.notify
    if channels is None:
        aws = workspace.aws
        channels = open_channels(settings.channels, client_factory(aws.session(), endpoint_url=aws.endpoint_url))
    oldest = workspace.now() - timedelta(hours=settings.max_age_hours)
    # The End of an insight can be news though its Start is none.
    recent = Window(oldest - LONGEST_EPISODE, workspace.now() + DAY)
    published = list(records(window or recent, workspace))
    news = [each for each in published if parse_instant(each.record["eventTime"]) >= oldest]
    failures: list[DeliveryError] = []
    sent = 0
    for channel in channels:
        try:
            sent += _send(workspace.lake, channel, news)
        except DeliveryError as error:
            logger.error("%s", error)
            failures.append(error)
    if failures:
        raise failures[0]
    return NotifyReport(window=str(window or "everything"), sent=sent, too_old=len(published) - len(news))


def _send(lake: ObjectStore, channel: Channel, news: Sequence[PublishedRecord]) -> int:
    # Only the days of the news: of what was ever told there is more every year.
    folders = {f"{_mark(channel, each).rpartition('/')[0]}/" for each in news}
    taken = {info.key for folder in sorted(folders) for info in lake.list(folder)}
    waiting = [each for each in news if _mark(channel, each) not in taken]
    failures: list[DeliveryError] = []
    for each in waiting:
        try:
            channel.send([message_of(each.record, each.explanation)])
        except DeliveryError as error:
            # One record a channel does not take must not keep the others from it.
            failures.append(error)
            continue
        put_if_new(lake, _mark(channel, each), json.dumps({"channel": channel.name}).encode())
    if failures:
        raise failures[0]
    return len(waiting)


def _mark(channel: Channel, each: PublishedRecord) -> str:
    date = format_instant(parse_instant(each.record["eventTime"]))[:10]
    return f"notified/{_digest(channel)}/date={date}/{each.record['eventID']}.json"


def _digest(channel: Channel) -> str:
    return f"channel={blake2b(channel.name.encode(), digest_size=6).hexdigest()}"
