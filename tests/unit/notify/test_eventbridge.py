"""What is asked of Amazon EventBridge, and what is made of its answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from insights.errors import DeliveryError
from insights.notify.aws import Patience
from insights.notify.eventbridge import EventBridgeChannel
from insights.notify.message import Message

AT_ONCE = Patience(attempts=3, pause=lambda seconds: None)
BUS_ARN = "arn:aws:events:eu-west-1:111122223333:event-bus/security"


class RecordingClient:
    """Stands in for boto3's EventBridge client: keeps the requests, and refuses the events named in `refused`, for
    so many rounds."""

    def __init__(self, refused: dict[str, str] | None = None, rounds: int = 1000) -> None:
        self.refused, self.rounds = refused or {}, rounds
        self.made_for: list[tuple[str, str | None]] = []
        self.requests: list[list[dict[str, Any]]] = []

    def __call__(self, service: str, region: str | None) -> RecordingClient:
        self.made_for.append((service, region))
        return self

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.requests.append(Entries)
        results = [self._result(json.loads(entry["Detail"])["eventID"]) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _result(self, event_id: str) -> dict[str, str]:
        if event_id in self.refused and len(self.requests) <= self.rounds:
            return {"ErrorCode": self.refused[event_id], "ErrorMessage": "quoted by nobody"}
        return {"EventId": f"put-{event_id}"}


def numbered(message: Message, count: int) -> list[Message]:
    """Give messages that differ in their ids: event-0, event-1, …"""
    ids = [f"event-{number}" for number in range(count)]
    return [replace(message, message_id=name, detail=message.detail | {"eventID": name}) for name in ids]


def lengthened(message: Message, characters: int) -> Message:
    """Give the message with a user agent of so many characters in its record's attributions."""
    detail = json.loads(json.dumps(message.detail))
    detail["insightDetails"]["insightContext"]["attributions"][1]["insight"][0]["value"] = "x" * characters
    return replace(message, detail=detail)


def test_envelope(message: Message) -> None:
    """An event has the detail type CloudTrail's own Insights have, our source, the record's time, and the record."""
    client = RecordingClient()
    EventBridgeChannel("security", client).send([message])

    ((entry,),) = client.requests
    assert json.loads(entry.pop("Detail")) == message.detail
    assert entry == {
        "Time": datetime(2025, 3, 4, 14, 7, tzinfo=UTC),
        "Source": "trail.insights",
        "DetailType": "AWS Insight via CloudTrail",
        "Resources": [],
        "EventBusName": "security",
    }


@pytest.mark.parametrize(("bus", "region"), [("security", None), (BUS_ARN, "eu-west-1")])
def test_region(message: Message, bus: str, region: str | None) -> None:
    """A bus is looked for in the Region its ARN names; a bare name, in the configured one."""
    client = RecordingClient()
    EventBridgeChannel(bus, client).send([message])

    assert client.made_for == [("events", region)]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])], ids=str)
def test_ten_a_request(message: Message, count: int, sizes: list[int]) -> None:
    """A request has at most ten events, which is what PutEvents takes."""
    client = RecordingClient()
    EventBridgeChannel("security", client).send(numbered(message, count))

    assert [len(request) for request in client.requests] == sizes


def test_bytes_a_request(message: Message) -> None:
    """Events that together pass 256 KB go in several requests, each below it, in order and whole."""
    client = RecordingClient()
    messages = [lengthened(one, 100_000) for one in numbered(message, 5)]
    EventBridgeChannel("security", client).send(messages)

    assert [len(request) for request in client.requests] == [2, 2, 1]
    assert all(sum(len(entry["Detail"]) for entry in request) < 256 * 1024 for request in client.requests)
    assert [json.loads(entry["Detail"]) for request in client.requests for entry in request] == [
        one.detail for one in messages
    ]


def test_record_too_long(message: Message, caplog: pytest.LogCaptureFixture) -> None:
    """A record of more than 256 KB goes without its attributions, which are optional, and a warning says so."""
    client = RecordingClient()
    EventBridgeChannel("security", client).send([lengthened(message, 300_000)])

    ((entry,),) = client.requests
    sent = json.loads(entry["Detail"])
    assert list(sent["insightDetails"]["insightContext"]) == ["statistics"]
    assert sent["eventID"] == message.detail["eventID"]
    assert message.message_id in caplog.text


def test_refused_events(message: Message) -> None:
    """Events refused by themselves are told by id, code and remedy, once all the others have been put."""
    client = RecordingClient(refused={"event-0": "ThrottlingException", "event-3": "NotAuthorizedForSourceException"})

    with pytest.raises(DeliveryError) as failure:
        EventBridgeChannel("security", client, AT_ONCE).send(numbered(message, 12))

    assert [len(request) for request in client.requests] == [10, 1, 1, 2]
    assert failure.value.untaken == {"event-0", "event-3"}
    assert str(failure.value) == (
        "eventbridge:security refused 2 of 12 notifications (event-0, event-3): "
        "NotAuthorizedForSourceException: allow events:PutEvents on it to the credentials in use; "
        "ThrottlingException: this passes by itself: run the notification again"
    )


def test_throttled_events(message: Message) -> None:
    """Events that were refused for the moment are put again, they alone, and nobody hears of it."""
    client = RecordingClient(refused={"event-1": "ThrottlingException", "event-2": "InternalException"}, rounds=2)
    EventBridgeChannel("security", client, AT_ONCE).send(numbered(message, 4))

    put = [[json.loads(entry["Detail"])["eventID"] for entry in request] for request in client.requests]
    assert put == [["event-0", "event-1", "event-2", "event-3"], ["event-1", "event-2"], ["event-1", "event-2"]]


def test_many_refused_events(message: Message) -> None:
    """Of many refused events five are named."""
    client = RecordingClient(refused={f"event-{number}": "InternalFailure" for number in range(12)})

    with pytest.raises(DeliveryError, match=r"refused 12 of 12 .*\(event-0, .*event-4 and 7 more\)"):
        EventBridgeChannel("security", client, AT_ONCE).send(numbered(message, 12))
