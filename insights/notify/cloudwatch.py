"""Notifications to Amazon CloudWatch Logs: the record, where CloudTrail would put it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from insights.notify.aws import ClientFactory, Refusals, delivering, record_json
from insights.notify.message import Message
from insights.windows import parse_instant

LOG_GROUP = re.compile(
    r"(arn:aws[\w-]*:logs:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:log-group:)?[.\-_/#A-Za-z0-9]{1,512}(:\*)?", re.ASCII
)
"""CloudWatch Logs API Reference, "CreateLogGroup", logGroupName; the console gives ARNs that end in `:*`."""

MAX_EVENTS = 10_000
MAX_BATCH_BYTES = 1_048_576
_EVENT_BYTES = 26
"""CloudWatch Logs API Reference, "PutLogEvents": a batch has at most 1,048,576 bytes, its messages and 26 bytes for
each; and spans at most 24 hours."""

MAX_SPAN = timedelta(hours=24)
MAX_AGE = timedelta(days=14) - timedelta(hours=1)
"""Events of 14 days or more are rejected, by a clock that need not be ours."""

RECORD_LIMIT_BYTES = 256 * 1024 - _EVENT_BYTES
"""Of one event, for years; today it may have 1 MB. The smaller figure holds everywhere."""

_ACTION = "logs:PutLogEvents"
_REJECTED = "Rejected"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CloudWatchLogsChannel:
    """Writes each record into a log group, which has to be there: one event a record, its message the record as JSON.

    The streams are named as CloudTrail's, `<account>_CloudTrail_<region>`, and made where they are missing. An event
    has the record's time. What is too old for that (14 days, or what the group keeps) has the time at which it is sent:
    nothing is lost, and the message has the record's own time.
    """

    group: str
    clients: ClientFactory
    now: Callable[[], datetime] = field(default=_utc_now, compare=False)

    @property
    def name(self) -> str:
        """The setting that opens this channel."""
        return f"cloudwatch-logs:{self.group}"

    def send(self, messages: Sequence[Message]) -> None:
        """Put every message, the oldest of a stream first.

        Raises:
            DeliveryError: CloudWatch Logs refused some of them, or cannot be reached. A stream that is refused does
                not keep messages from the others.
        """
        refusals = Refusals(self.name, _ACTION, [message.message_id for message in messages])
        with delivering(self.name, _ACTION):
            client = self.clients("logs", self._region)
        now = self.now()
        for stream, group in groupby(sorted(messages, key=_stream_and_time), key=_stream):
            events = sorted((_Event.of(message, now) for message in group), key=lambda event: event.at)
            for batch in _batches(events):
                with refusals.of([event.message_id for event in batch]):
                    self._put(client, stream, batch, refusals)
        refusals.tell()

    def _put(self, client: Any, stream: str, batch: Sequence[_Event], refusals: Refusals) -> None:
        now = self.now()
        late = _rejected(batch, self._answer(client, stream, batch))
        restamped = [_Event(event.message_id, now, event.text) for event in late]
        for event in _rejected(restamped, self._answer(client, stream, restamped)) if restamped else ():
            refusals.add(event.message_id, _REJECTED)

    def _answer(self, client: Any, stream: str, batch: Sequence[_Event]) -> dict[str, Any]:
        request = {
            "logGroupName": self._group_name,
            "logStreamName": stream,
            "logEvents": [event.entry for event in batch],
        }
        try:
            return dict(client.put_log_events(**request))
        except client.exceptions.ResourceNotFoundException:
            self._make_stream(client, stream)
            return dict(client.put_log_events(**request))

    def _make_stream(self, client: Any, stream: str) -> None:
        try:
            client.create_log_stream(logGroupName=self._group_name, logStreamName=stream)
        except client.exceptions.ResourceAlreadyExistsException:
            return

    @property
    def _group_name(self) -> str:
        return self.group.removesuffix(":*").rpartition(":")[2]

    @property
    def _region(self) -> str | None:
        return self.group.split(":")[3] if self.group.startswith("arn:") else None


@dataclass(frozen=True, slots=True)
class _Event:
    message_id: str
    at: datetime
    text: str

    @classmethod
    def of(cls, message: Message, now: datetime) -> _Event:
        text = record_json(message, limit_bytes=RECORD_LIMIT_BYTES)
        at = parse_instant(message.detail["eventTime"])
        return cls(message.message_id, at if now - at < MAX_AGE else now, text)

    @property
    def entry(self) -> dict[str, Any]:
        return {"timestamp": int(self.at.timestamp() * 1000), "message": self.text}

    @property
    def size(self) -> int:
        # The text is ASCII.
        return len(self.text) + _EVENT_BYTES


def _stream(message: Message) -> str:
    record = message.detail
    return f"{record['recipientAccountId']}_CloudTrail_{record['awsRegion']}"


def _stream_and_time(message: Message) -> tuple[str, datetime]:
    return _stream(message), parse_instant(message.detail["eventTime"])


def _batches(events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """Cut events, oldest first, into requests."""
    batch: list[_Event] = []
    for event in events:
        size = sum(each.size for each in batch) + event.size
        if batch and (len(batch) == MAX_EVENTS or size > MAX_BATCH_BYTES or event.at - batch[0].at >= MAX_SPAN):
            yield batch
            batch = []
        batch.append(event)
    if batch:
        yield batch


def _rejected(batch: Sequence[_Event], answer: dict[str, Any]) -> list[_Event]:
    """Give the events that were not taken for their time: those before two ends, and those from a start on."""
    said = answer.get("rejectedLogEventsInfo") or {}
    end = max(said.get("tooOldLogEventEndIndex", 0), said.get("expiredLogEventEndIndex", 0))
    start = said.get("tooNewLogEventStartIndex", len(batch))
    return [event for number, event in enumerate(batch) if number < end or number >= start]
