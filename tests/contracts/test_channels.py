"""What every channel keeps: each message arrives once, in order, with its id and its record; a failure says where.

A new channel is held to all of this by one more function in `CHANNELS`. SNS, EventBridge and CloudWatch Logs are those
of a moto server on the loopback; the first two are read through a queue that is subscribed to them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from insights.errors import DeliveryError, UnreachableError
from insights.notify.aws import ClientFactory, client_factory
from insights.notify.channels import Channel, LogChannel, MemoryChannel, open_channels
from insights.notify.message import Message, message_of
from insights.records.insight import Attribution, Insight, Rate, Share, end_record, start_record
from insights.records.series import Direction, InsightType, SeriesKey
from insights.storage.aws_access import AwsAccess

REGION = "us-east-1"
UNIQUE = count()


@dataclass(frozen=True)
class Delivery:
    """A channel, and a way to read what arrived at its other end: the records, oldest first."""

    channel: Channel
    arrived: Callable[[], list[dict[str, Any]]]


def clients_of(aws_endpoint: str) -> ClientFactory:
    import boto3

    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    return client_factory(AwsAccess(lambda: session, aws_endpoint).client, attempts=1)


def messages(number: int) -> list[Message]:
    """Give messages about Starts and Ends of insights a minute apart, caused by a user agent with a hostile name."""
    series = SeriesKey("111122223333", REGION, "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", "RunInstances")
    agents = (Attribution("userAgent", (Share('x\n<b>"\\ \x1b[2J 東京', 6),), ()),)
    records: list[dict[str, Any]] = []
    for minute in range((number + 1) // 2):
        start = datetime(2025, 3, 4, 14, minute, tzinfo=UTC)
        insight = Insight(
            series,
            Direction.SPIKE,
            start,
            start + timedelta(minutes=1),
            Rate(21, 10080),
            Rate(6, 5),
            Rate(6, 1),
            agents,
        )
        records += [start_record(insight), end_record(insight)]
    return [message_of(record, "6 calls where none is usual") for record in records[:number]]


def memory(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    channel = MemoryChannel()
    return Delivery(channel, lambda: [message.detail for message in channel.messages])


def log(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    return Delivery(LogChannel(), lambda: [json.loads(line[line.index("{") :]) for line in caplog.messages])


def sns(aws_endpoint: str, caplog: pytest.LogCaptureFixture, suffix: str = "") -> Delivery:
    clients = clients_of(aws_endpoint)
    queue = new_queue(clients, suffix)
    attributes = {"FifoTopic": "true"} if suffix else {}
    topic = clients("sns", REGION).create_topic(Name=f"topic-{next(UNIQUE)}{suffix}", Attributes=attributes)["TopicArn"]
    clients("sns", REGION).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    (channel,) = open_channels([f"sns:{topic}"], clients)
    return Delivery(channel, lambda: [json.loads(body["Message"]) for body in queue.bodies()])


def sns_fifo(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    return sns(aws_endpoint, caplog, ".fifo")


def eventbridge(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    clients = clients_of(aws_endpoint)
    queue = new_queue(clients)
    events, bus = clients("events", REGION), f"bus-{next(UNIQUE)}"
    events.create_event_bus(Name=bus)
    # The rule a user writes: it must match what the channel sends.
    pattern = {"source": ["trail.insights"], "detail-type": ["AWS Insight via CloudTrail"]}
    events.put_rule(Name="insights", EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="insights", EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue.arn}])
    (channel,) = open_channels([f"eventbridge:{bus}"], clients)
    return Delivery(channel, lambda: [body["detail"] for body in queue.bodies()])


def cloudwatch(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    clients = clients_of(aws_endpoint)
    logs, group = clients("logs", REGION), f"/aws/cloudtrail/trail-{next(UNIQUE)}"
    logs.create_log_group(logGroupName=group)
    (channel,) = open_channels([f"cloudwatch-logs:{group}"], clients)

    def arrived() -> list[dict[str, Any]]:
        # What `aws logs tail` shows of the stream that CloudTrail itself would write.
        if not logs.describe_log_streams(logGroupName=group)["logStreams"]:
            return []
        stream = f"111122223333_CloudTrail_{REGION}"
        found = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [json.loads(event["message"]) for event in found["events"]]

    return Delivery(channel, arrived)


@dataclass(frozen=True)
class Queue:
    client: Any
    url: str
    arn: str

    def bodies(self) -> list[dict[str, Any]]:
        """Take everything out of the queue."""
        bodies: list[dict[str, Any]] = []
        while received := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                bodies.append(json.loads(message["Body"]))
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def new_queue(clients: ClientFactory, suffix: str = "") -> Queue:
    client = clients("sqs", REGION)
    attributes = {"FifoQueue": "true"} if suffix else {}
    url = client.create_queue(QueueName=f"queue-{next(UNIQUE)}{suffix}", Attributes=attributes)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Queue(client, url, arn)


CHANNELS = [memory, log, sns, sns_fifo, eventbridge, cloudwatch]


@pytest.fixture(params=CHANNELS, ids=lambda make: make.__name__)
def delivery(request: pytest.FixtureRequest, aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> Delivery:
    made: Delivery = request.param(aws_endpoint, caplog)
    return made


class TestEveryChannel:
    def test_arrival(self, delivery: Delivery) -> None:
        """More messages than fit one request arrive once each, in order, with their ids and whole records."""
        sent = messages(12)
        delivery.channel.send(sent)

        arrived = delivery.arrived()
        assert [record["eventID"] for record in arrived] == [message.message_id for message in sent]
        assert arrived == [message.detail for message in sent]

    def test_one_after_another(self, delivery: Delivery) -> None:
        """A channel can be sent to again; what it was sent before does not come again."""
        first, second = messages(2)
        delivery.channel.send([first])
        delivery.channel.send([second])

        assert delivery.arrived() == [first.detail, second.detail]

    def test_nothing(self, delivery: Delivery) -> None:
        """No messages are no failure and nothing arrives."""
        delivery.channel.send([])

        assert delivery.arrived() == []

    def test_messages_stay(self, delivery: Delivery) -> None:
        """Sending leaves the messages as they were."""
        sent = messages(2)
        delivery.channel.send(sent)

        assert sent == messages(2)

    def test_name(self, delivery: Delivery) -> None:
        """A channel has a name for people to read: one line."""
        assert delivery.channel.name
        assert delivery.channel.name.isprintable()


FAR_CHANNELS = [
    f"sns:arn:aws:sns:{REGION}:111122223333:nowhere",
    f"sns:arn:aws:sns:{REGION}:111122223333:nowhere.fifo",
    "eventbridge:nowhere",
    f"eventbridge:arn:aws:events:{REGION}:123456789012:event-bus/nowhere",
    "cloudwatch-logs:nowhere",
    f"cloudwatch-logs:arn:aws:logs:{REGION}:123456789012:log-group:nowhere:*",
]


@pytest.mark.parametrize("spec", FAR_CHANNELS)
class TestFarChannels:
    def test_unknown_target(self, spec: str, aws_endpoint: str) -> None:
        """A topic, bus or log group that is not there is told by name, with what to do; nothing was taken."""
        (channel,) = open_channels([spec], clients_of(aws_endpoint))

        with pytest.raises(DeliveryError, match=r"create it, or correct the channel's setting") as failure:
            channel.send(messages(1))
        assert str(failure.value).startswith(f"{spec} ")
        assert failure.value.untaken == {messages(1)[0].message_id}

    def test_unreachable(self, spec: str) -> None:
        """Where nobody answers, the channel is told by name, with what to do; it is asked once only."""
        (channel,) = open_channels([spec], clients_of("http://127.0.0.1:1"))

        with pytest.raises(UnreachableError, match=r"could not be reached .* check the network") as failure:
            channel.send(messages(3))
        assert str(failure.value).startswith(f"{spec} ")
        assert failure.value.untaken == {message.message_id for message in messages(3)}


def test_fifo_topic_drops_repetitions(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    """Sent again after a failure, a message reaches the subscribers of a FIFO topic once."""
    delivery = sns_fifo(aws_endpoint, caplog)
    delivery.channel.send(messages(2))
    delivery.channel.send(messages(3))

    assert delivery.arrived() == [message.detail for message in messages(3)]


def test_filter_policy(aws_endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    """A subscription that asks for Starts only gets Starts only."""
    delivery = sns(aws_endpoint, caplog)
    client = clients_of(aws_endpoint)("sns", REGION)
    topic = delivery.channel.name.removeprefix("sns:")
    (subscription,) = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    client.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"state": ["Start"]}),
    )
    delivery.channel.send(messages(4))

    assert [record["insightDetails"]["state"] for record in delivery.arrived()] == ["Start", "Start"]
