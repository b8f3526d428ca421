"""notify: hand every published record that is news to every channel, once.

What is to be told lies in the outbox: publish puts there what is younger than `notify.max_age_hours`. A mark says that
a channel took a record. It is put after the channel took it: killed in between, the record goes out again with the same
message id, rather than never. What a channel does not take stays in the outbox, however old it gets, and is sent again
by the next run; what all took stays while it is young, for a channel that is added.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import blake2b

import msgspec

from insights.errors import DeliveryError, UnreachableError
from insights.notify.aws import client_factory
from insights.notify.channels import Channel, open_channels
from insights.notify.message import LogFiles, Message, message_of
from insights.stages.report import NotifyReport
from insights.stages.workspace import Workspace
from insights.storage import publications
from insights.storage.objects import ObjectStore
from insights.storage.publications import Item, Waiting, by_age
from insights.storage.tables import put_if_new
from insights.windows import Window

logger = logging.getLogger(__name__)

_AT_ONCE = 10
"""Records between two marks: as many as a request of EventBridge takes, and as would at most go out again."""


def run(window: Window | None, workspace: Workspace, channels: Sequence[Channel] | None = None) -> NotifyReport:
    """Send what has not been sent, whatever the window.

    Args:
        channels: Where to; by default what the settings name.

    Raises:
        DeliveryError: some channel did not take everything; the others did, run it again.
    """
    settings, lake = workspace.settings.notify, workspace.lake
    if channels is None:
        channels = open_channels(settings.channels, client_factory(workspace.aws.client))
    waiting = list(publications.waiting(lake))
    missing = {channel.name: _missing(lake, channel, waiting) for channel in channels}
    due = {each for one in missing.values() for each in one}
    items = {each: publications.read_waiting(lake, each) for each in due}
    failures: list[DeliveryError] = []
    taken: set[tuple[str, str]] = set()
    for channel in channels:
        mine = sorted((items[each] for each in missing[channel.name]), key=by_age)
        for event_id in _send(lake, channel, mine, failures):
            taken.add((channel.name, event_id))
    oldest = workspace.now() - timedelta(hours=settings.max_age_hours)
    still = {each for name, some in missing.items() for each in some if (name, each.event_id) not in taken}
    for each in waiting:
        if each.day.end <= oldest and each not in still:
            publications.forget(lake, each)
    for error in failures:
        logger.error("%s", error)
    if failures:
        raise failures[0]
    return NotifyReport(window=str(window or "everything"), sent=len(taken))


def _missing(lake: ObjectStore, channel: Channel, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Give what a channel has no mark of."""
    folders = {f"{_folder(channel)}/{each.folder}/" for each in waiting}
    taken = {info.key for folder in folders for info in lake.list(folder)}
    return [each for each in waiting if f"{_folder(channel)}/{each.folder}/{each.event_id}.json" not in taken]


def _send(lake: ObjectStore, channel: Channel, items: Sequence[Item], failures: list[DeliveryError]) -> Iterator[str]:
    """Send records, in order; yields the ids of those that were taken and adds what failed."""
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        failure = _failure(channel, some)
        untaken = failure.untaken if failure else frozenset()
        for item in some:
            if untaken is not None and item.event_id not in untaken:
                mark = f"{_folder(channel)}/{item.folder}/{item.event_id}.json"
                put_if_new(lake, mark, json.dumps({"channel": channel.name}).encode())
                yield item.event_id
        if failure:
            failures.append(failure)
        if isinstance(failure, UnreachableError):
            return


def _failure(channel: Channel, items: Sequence[Item]) -> DeliveryError | None:
    try:
        channel.send([_message(item) for item in items])
    except DeliveryError as error:
        return error
    return None


def _message(item: Item) -> Message:
    log_files = None if item.integrity_json is None else msgspec.json.decode(item.integrity_json, type=LogFiles)
    return message_of(msgspec.json.decode(item.record), item.explanation, log_files)


def _folder(channel: Channel) -> str:
    return f"notified/channel={blake2b(channel.name.encode(), digest_size=6).hexdigest()}"
