"""What is asked of Amazon SNS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from insights.errors import DeliveryError
from insights.notify.message import Message, message_of
from insights.notify.sns import SnsChannel

TOPIC = "arn:aws:sns:eu-west-1:111122223333:insights"


class RecordingClient:
    """Stands in for boto3's SNS client and keeps what it is asked to publish."""

    def __init__(self) -> None:
        self.made_for: list[tuple[str, str | None]] = []
        self.publications: list[dict[str, Any]] = []

    def __call__(self, service: str, region: str | None) -> RecordingClient:
        self.made_for.append((service, region))
        return self

    def publish(self, **publication: Any) -> None:
        self.publications.append(publication)


@pytest.fixture
def client() -> RecordingClient:
    return RecordingClient()


def published(client: RecordingClient, message: Message, topic: str = TOPIC) -> dict[str, Any]:
    SnsChannel(topic, client).send([message])
    (publication,) = client.publications
    return publication


def test_region(client: RecordingClient, message: Message) -> None:
    """The client is that of the topic's Region: SNS refuses topics of others."""
    published(client, message)

    assert client.made_for == [("sns", "eu-west-1")]


def test_words_for_people(client: RecordingClient, message: Message) -> None:
    """Mail and webhooks get the text under the subject, a phone the subject alone."""
    publication = published(client, message)

    bodies = json.loads(publication["Message"])
    assert (publication["TopicArn"], publication["MessageStructure"]) == (TOPIC, "json")
    assert publication["Subject"] == bodies["sms"] == message.subject
    assert bodies["default"] == message.text


@pytest.mark.parametrize("protocol", ["sqs", "lambda"])
def test_record_for_programs(client: RecordingClient, message: Message, protocol: str) -> None:
    """Queues and functions get the record as JSON."""
    publication = published(client, message)

    assert json.loads(json.loads(publication["Message"])[protocol]) == message.detail


def test_attributes(client: RecordingClient, message: Message) -> None:
    """Subscriptions can select by type, state, account, Region and API, and know a repetition by the record's id."""
    attributes = published(client, message)["MessageAttributes"]

    assert all(attribute["DataType"] == "String" for attribute in attributes.values())
    assert {name: attribute["StringValue"] for name, attribute in attributes.items()} == {
        "eventID": "0b0a4f0e-6a55-4a57-8d0f-0d5a3c1f7e11",
        "insightType": "ApiCallRateInsight",
        "state": "Start",
        "account": "111122223333",
        "region": "us-east-1",
        "eventName": "RunInstances",
    }


def test_absent_attribute(client: RecordingClient, start: dict[str, Any]) -> None:
    """An attribute without a value is left out: SNS refuses empty ones."""
    del start["recipientAccountId"]

    assert "account" not in published(client, message_of(start, "why"))["MessageAttributes"]


def test_fifo_topic(client: RecordingClient, message: Message) -> None:
    """On a FIFO topic the record's id tells repetitions, and the insight's id keeps Start before End."""
    publication = published(client, message, f"{TOPIC}.fifo")

    assert publication["MessageDeduplicationId"] == "0b0a4f0e-6a55-4a57-8d0f-0d5a3c1f7e11"
    assert publication["MessageGroupId"] == "5d3f2c0a-8f5e-4c39-9a7e-2f1f4f0f9b22"


def test_standard_topic(client: RecordingClient, message: Message) -> None:
    """A topic that is not FIFO is not asked for what only FIFO topics can do."""
    assert not {"MessageDeduplicationId", "MessageGroupId"} & set(published(client, message))


@pytest.mark.parametrize("length", [80, 170, 500, 1000, 20_000])
@pytest.mark.parametrize("character", ["x", "\\", '"', "\x00", "東", "\U0001f980"])
def test_size(client: RecordingClient, start: dict[str, Any], character: str, length: int) -> None:
    """However long and odd the user agents, what is published stays below 256 KiB: nobody can keep an alert from us."""
    shares = [{"value": character * length, "average": 1.2}] * 5
    for attribution in start["insightDetails"]["insightContext"]["attributions"]:
        attribution |= {"insight": shares, "baseline": shares}
    publication = published(client, message_of(start, character * length))

    attributes = publication["MessageAttributes"]
    assert len(publication["Message"].encode()) + len(json.dumps(attributes)) < 256 * 1024


def test_refused_by_itself(message: Message) -> None:
    """One message that SNS does not take keeps no other from being published; it alone is told as untaken."""

    class Choosy(RecordingClient):
        def publish(self, **publication: Any) -> None:
            if publication["Subject"] == "bad":
                raise ClientError({"Error": {"Code": "InvalidParameter"}}, "Publish")
            super().publish(**publication)

    client = Choosy()
    messages = [replace(message, message_id=name, subject=name) for name in ("first", "bad", "last")]
    with pytest.raises(DeliveryError, match="InvalidParameter") as failure:
        SnsChannel(TOPIC, client).send(messages)

    assert [publication["Subject"] for publication in client.publications] == ["first", "last"]
    assert failure.value.untaken == {"bad"}


def test_order(client: RecordingClient, message: Message) -> None:
    """Messages are published one by one in the order given."""
    SnsChannel(TOPIC, client).send([message, replace(message, subject="second")])

    assert [publication["Subject"] for publication in client.publications] == [message.subject, "second"]
