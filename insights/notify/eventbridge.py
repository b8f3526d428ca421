"""Notifications to an Amazon EventBridge bus, in the envelope CloudTrail's own Insights have but for the source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from insights.notify.aws import ClientFactory, Patience, Refusals, delivering, is_passing, record_json
from insights.notify.message import Message
from insights.windows import parse_instant

SOURCE = "trail.insights"
"""EventBridge keeps every source that begins with `aws.` for AWS: rules for `aws.cloudtrail` need this one added."""

DETAIL_TYPE = "AWS Insight via CloudTrail"
"""EventBridge User Guide, "AWS service events delivered via AWS CloudTrail"."""

BUS = re.compile(r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus/)?[/.\-_A-Za-z0-9]+", re.ASCII)
"""EventBridge API Reference, "PutEventsRequestEntry", EventBusName."""

MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 256 * 1024 - 1
"""A request was less than 256 KB for years and may have 1 MB today; the smaller figure holds everywhere."""

_ENVELOPE_BYTES = 14 + len(SOURCE) + len(DETAIL_TYPE)
"""EventBridge User Guide, "Calculating PutEvents event entry size": the time counts 14, texts their UTF-8 bytes."""

_ACTION = "events:PutEvents"


@dataclass(frozen=True, slots=True)
class EventBridgeChannel:
    """Puts each message on one bus as an event whose `detail` is the record.

    EventBridge itself delivers at least once; `detail.eventID` tells an event that came before.
    """

    bus: str
    clients: ClientFactory
    patience: Patience = field(default=Patience(), compare=False)

    @property
    def name(self) -> str:
        """The setting that opens this channel."""
        return f"eventbridge:{self.bus}"

    def send(self, messages: Sequence[Message]) -> None:
        """Put every message on the bus.

        Raises:
            DeliveryError: EventBridge refused the call or some of the events, or cannot be reached. An event refused
                by itself does not keep later ones from being put; one refused for the moment is put again first.
        """
        refusals = Refusals(self.name, _ACTION, [message.message_id for message in messages])
        with delivering(self.name, _ACTION):
            client = self.clients("events", self._region)
        for batch in _batches([self._entry(message) for message in messages]):
            with refusals.of([_event_id(entry) for entry in batch]):
                self._put(client, batch, refusals)
        refusals.tell()

    def _put(self, client: Any, batch: list[dict[str, Any]], refusals: Refusals) -> None:
        for is_last in self.patience.rounds():
            failures = _failures(batch, client.put_events(Entries=batch))
            again = [] if is_last else [entry for entry, code in failures if is_passing(code)]
            for entry, code in failures:
                if entry not in again:
                    refusals.add(_event_id(entry), code)
            batch = again
            if not batch:
                return

    @property
    def _region(self) -> str | None:
        return self.bus.split(":")[3] if self.bus.startswith("arn:") else None

    def _entry(self, message: Message) -> dict[str, Any]:
        return {
            "Time": parse_instant(message.detail["eventTime"]),
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": record_json(message, limit_bytes=MAX_REQUEST_BYTES - _ENVELOPE_BYTES),
            "Resources": [],
            "EventBusName": self.bus,
        }


def _batches(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut entries into requests, in order: at most ten, and less than the limit in bytes."""
    batch: list[dict[str, Any]] = []
    batch_bytes = 0
    for entry in entries:
        entry_bytes = _ENVELOPE_BYTES + len(entry["Detail"])
        if batch and (len(batch) == MAX_ENTRIES or batch_bytes + entry_bytes > MAX_REQUEST_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(entry)
        batch_bytes += entry_bytes
    if batch:
        yield batch


def _failures(batch: Sequence[dict[str, Any]], answer: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Pair refused events with their error codes; the answer lists results in the order of the entries."""
    results = zip(batch, answer["Entries"], strict=True)
    return [(entry, result["ErrorCode"]) for entry, result in results if result.get("ErrorCode")]


def _event_id(entry: dict[str, Any]) -> str:
    return str(json.loads(entry["Detail"])["eventID"])
