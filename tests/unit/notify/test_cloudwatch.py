"""What is asked of Amazon CloudWatch Logs, and what is made of its answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from insights.errors import DeliveryError
from insights.notify.cloudwatch import CloudWatchLogsChannel
from insights.notify.message import Message

GROUP_ARN = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/cloudtrail/my-trail:*"
NOW = datetime(2025, 3, 4, 14, 30, tzinfo=UTC)
TOO_OLD, EXPIRED, TOO_NEW = "tooOldLogEventEndIndex", "expiredLogEventEndIndex", "tooNewLogEventStartIndex"


class RecordingClient:
    """Stands in for boto3's client: keeps the requests, knows some streams, and answers rejections, one a request."""

    class exceptions:
        class ResourceNotFoundException(ClientError): ...

        class ResourceAlreadyExistsException(ClientError): ...

    def __init__(self, *rejections: dict[str, int], streams: set[str] | None = None, has_group: bool = True) -> None:
        self.rejections, self.streams, self.has_group = list(rejections), streams, has_group
        self.made_for: list[tuple[str, str | None]] = []
        self.requests: list[dict[str, Any]] = []

    def __call__(self, service: str, region: str | None) -> RecordingClient:
        self.made_for.append((service, region))
        return self

    def put_log_events(self, **request: Any) -> dict[str, Any]:
        if self.streams is not None and request["logStreamName"] not in self.streams:
            raise self.exceptions.ResourceNotFoundException(answer("ResourceNotFoundException"), "PutLogEvents")
        self.requests.append(request)
        return {"rejectedLogEventsInfo": self.rejections.pop(0)} if self.rejections else {}

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        if not self.has_group:
            raise self.exceptions.ResourceNotFoundException(answer("ResourceNotFoundException"), "CreateLogStream")
        assert self.streams is not None
        self.streams.add(logStreamName)


def answer(code: str) -> Any:
    return {"Error": {"Code": code}, "ResponseMetadata": {"RequestId": "request-1"}}


def channel(client: RecordingClient, group: str = "trail") -> CloudWatchLogsChannel:
    return CloudWatchLogsChannel(group, client, lambda: NOW)


def numbered(message: Message, count: int, apart: timedelta = timedelta(minutes=1)) -> list[Message]:
    """Give messages with the ids event-0, event-1, …, each so long after the one before."""
    first = datetime(2025, 3, 4, 14, 7, tzinfo=UTC)
    times = [f"{first + number * apart:%Y-%m-%dT%H:%M:%SZ}" for number in range(count)]
    return [
        replace(message, message_id=f"event-{i}", detail=message.detail | {"eventID": f"event-{i}", "eventTime": at})
        for i, at in enumerate(times)
    ]


def ids(request: dict[str, Any]) -> list[str]:
    return [json.loads(event["message"])["eventID"] for event in request["logEvents"]]


def test_request(message: Message) -> None:
    """An event has the record's time in milliseconds and the record; its stream is named as CloudTrail's own."""
    client = RecordingClient()
    channel(client).send([message])

    (request,) = client.requests
    ((event,),) = [request["logEvents"]]
    assert (request["logGroupName"], request["logStreamName"]) == ("trail", "111122223333_CloudTrail_us-east-1")
    assert event["timestamp"] == 1741097220000
    assert json.loads(event["message"]) == message.detail


@pytest.mark.parametrize(
    ("group", "name", "region"),
    [("trail", "trail", None), (GROUP_ARN, "/aws/cloudtrail/my-trail", "eu-west-1")],
)
def test_group(message: Message, group: str, name: str, region: str | None) -> None:
    """A group is looked for in the Region its ARN names; a bare name, in the configured one."""
    client = RecordingClient()
    channel(client, group).send([message])

    assert client.made_for == [("logs", region)]
    assert client.requests[0]["logGroupName"] == name


def test_stream_is_made(message: Message) -> None:
    """A stream that is not there yet is made, and the events are put into it."""
    client = RecordingClient(streams=set())
    channel(client).send(numbered(message, 2))

    assert client.streams == {"111122223333_CloudTrail_us-east-1"}
    assert [ids(request) for request in client.requests] == [["event-0", "event-1"]]


def test_no_group(message: Message) -> None:
    """A group that is not there is told by name, with what to do: nobody makes one that nobody asked for."""
    with pytest.raises(DeliveryError, match=r"^cloudwatch-logs:trail refused .* create it") as failure:
        channel(RecordingClient(streams=set(), has_group=False)).send([message])
    assert failure.value.untaken == {message.message_id}


def test_streams(message: Message) -> None:
    """Every account and Region has a stream of its own."""
    elsewhere = replace(message, message_id="x", detail=message.detail | {"awsRegion": "eu-west-1", "eventID": "x"})
    client = RecordingClient()
    channel(client).send([message, elsewhere])

    assert [request["logStreamName"] for request in client.requests] == [
        "111122223333_CloudTrail_eu-west-1",
        "111122223333_CloudTrail_us-east-1",
    ]


def test_order(message: Message) -> None:
    """The events of a request are in the order of their times, which is what PutLogEvents demands."""
    client = RecordingClient()
    channel(client).send(numbered(message, 3)[::-1])

    assert ids(client.requests[0]) == ["event-0", "event-1", "event-2"]


def test_span(message: Message) -> None:
    """A request spans less than 24 hours."""
    client = RecordingClient()
    channel(client).send(numbered(message, 4, apart=timedelta(hours=12)))

    assert [ids(request) for request in client.requests] == [["event-0", "event-1"], ["event-2", "event-3"]]


def test_size(message: Message, caplog: pytest.LogCaptureFixture) -> None:
    """A request has at most 1,048,576 bytes, 26 more for each event; a record too long goes without attributions."""
    details = message.detail["insightDetails"]

    def lengthened(one: Message, length: int) -> Message:
        context = details["insightContext"] | {
            "attributions": [{"attribute": "userAgent", "insight": [{"value": "x" * length, "average": 1}]}]
        }
        return replace(one, detail=one.detail | {"insightDetails": details | {"insightContext": context}})

    messages = [lengthened(one, 200_000) for one in numbered(message, 6)]
    client = RecordingClient()
    channel(client).send([*messages, lengthened(replace(message, message_id="long"), 300_000)])

    sizes = [sum(len(event["message"]) + 26 for event in request["logEvents"]) for request in client.requests]
    assert sum(len(request["logEvents"]) for request in client.requests) == 7
    assert max(sizes) <= 1_048_576
    assert "long" in caplog.text


def test_old_records(message: Message) -> None:
    """What is older than CloudWatch Logs takes (14 days) has the time of its sending, and comes in order."""
    young = replace(message, message_id="young", detail=message.detail | {"eventTime": "2025-03-04T14:07:00Z"})
    old = replace(message, message_id="old", detail=message.detail | {"eventTime": "2025-02-18T14:07:00Z"})
    client = RecordingClient()
    channel(client).send([old, young])

    times = [event["timestamp"] for request in client.requests for event in request["logEvents"]]
    assert times == [1741097220000, NOW.timestamp() * 1000]


@pytest.mark.parametrize(
    ("rejection", "again"),
    [
        ({TOO_OLD: 2}, ["event-0", "event-1"]),
        ({EXPIRED: 1}, ["event-0"]),
        ({TOO_OLD: 1, EXPIRED: 2}, ["event-0", "event-1"]),
        ({TOO_NEW: 2}, ["event-2"]),
    ],
    ids=str,
)
def test_rejected_for_their_time(message: Message, rejection: dict[str, int], again: list[str]) -> None:
    """Events that are too old for the group, or of a clock that is ahead, are put with the time of their sending."""
    client = RecordingClient(rejection)
    channel(client).send(numbered(message, 3))

    assert [ids(request) for request in client.requests] == [["event-0", "event-1", "event-2"], again]
    assert {event["timestamp"] for event in client.requests[1]["logEvents"]} == {NOW.timestamp() * 1000}


def test_rejected_again(message: Message) -> None:
    """Events that are not taken even so are told by id; the others are taken."""
    client = RecordingClient({TOO_OLD: 1}, {TOO_NEW: 0})

    with pytest.raises(DeliveryError, match=r"refused 1 of 3 notifications \(event-0\): Rejected: compare") as failure:
        channel(client).send(numbered(message, 3))
    assert failure.value.untaken == {"event-0"}
