"""Where messages can go, and how a setting names it.

A channel is anything with a `name` and a `send`. To add one: write its module beside this one, and one case in
`_open_channel`. It is then held to the contract every channel keeps: each message goes out once, whole, in order, or a
DeliveryError says which channel failed and what to do.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from insights.errors import SettingsError
from insights.notify.aws import ClientFactory
from insights.notify.cloudwatch import LOG_GROUP, CloudWatchLogsChannel
from insights.notify.eventbridge import BUS, EventBridgeChannel
from insights.notify.message import Message
from insights.notify.sns import TOPIC_ARN, SnsChannel

logger = logging.getLogger(__name__)


class Channel(Protocol):
    """A place notifications are handed over to."""

    @property
    def name(self) -> str:
        """The setting that opens this channel."""

    def send(self, messages: Sequence[Message]) -> None:
        """Hand over every message, in order.

        Raises:
            DeliveryError: some or all were not taken, its `untaken` says which. One the channel refuses for itself
                does not keep the others from it. Sent again, receivers know a message by its `message_id`.
        """


@dataclass(frozen=True, slots=True)
class MemoryChannel:
    """Keeps what it is sent: for demonstrations, and for tests of whatever sends."""

    messages: list[Message] = field(default_factory=list)

    @property
    def name(self) -> str:
        """There is no setting for it: it is handed over, never opened."""
        return "memory"

    def send(self, messages: Sequence[Message]) -> None:
        """Keep every message, in order."""
        self.messages.extend(messages)


@dataclass(frozen=True, slots=True)
class LogChannel:
    """Writes each message to the log as one line: the subject, then the record as JSON.

    The level is WARNING, so that it shows wherever logging was not set up at all.
    """

    @property
    def name(self) -> str:
        """The setting that opens this channel."""
        return "log"

    def send(self, messages: Sequence[Message]) -> None:
        """Write every message, in order."""
        for message in messages:
            logger.warning("%s %s", message.subject, _one_line(message))


def open_channels(specs: Sequence[str], clients: ClientFactory) -> list[Channel]:
    """Give the channels that settings name, each once; nothing is connected to before the first message.

    Args:
        specs: `log`, `sns:TOPIC_ARN`, `eventbridge:BUS_NAME_OR_ARN`, `cloudwatch-logs:GROUP_NAME_OR_ARN`.
        clients: makes the boto3 clients that AWS's channels need.

    Raises:
        SettingsError: a name is none of these.
    """
    return [_open_channel(spec, clients) for spec in dict.fromkeys(specs)]


def _open_channel(spec: str, clients: ClientFactory) -> Channel:
    kind, _, target = spec.partition(":")
    if spec == "log":
        return LogChannel()
    if kind == "sns" and TOPIC_ARN.fullmatch(target):
        return SnsChannel(target, clients)
    if kind == "eventbridge" and BUS.fullmatch(target):
        return EventBridgeChannel(target, clients)
    if kind == "cloudwatch-logs" and LOG_GROUP.fullmatch(target):
        return CloudWatchLogsChannel(target, clients)
    raise SettingsError(
        f"the channel {spec!r} is unknown: write log, sns:arn:aws:sns:us-east-1:111122223333:topic, eventbridge:bus "
        "with the name or the ARN of a bus, or cloudwatch-logs:group with the name or the ARN of a log group"
    )


def _one_line(message: Message) -> str:
    """Write the record as JSON, in which everything but printable ASCII is escaped."""
    return json.dumps(message.detail, separators=(",", ":"))
