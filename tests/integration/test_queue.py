"""The trigger on a queue that speaks SQS's protocol, told by S3 and SNS themselves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest


def test_every_way_of_being_told(cloud: Any, two_hours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3's own messages, SNS's, EventBridge's and CloudTrail's are understood; other messages are only taken away."""
    from insights.orchestration import notifications

    sqs, sns, s3 = cloud.client("sqs"), cloud.client("sns"), cloud.client("s3")
    queue = sqs.create_queue(QueueName="trail-arrivals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="trail")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    # S3 sends its test message at once.
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="trail-bucket", NotificationConfiguration={"QueueConfigurations": [told]}
    )
    cloud.deliver(two_hours[:2])
    place = {"bucket": {"name": "trail-bucket"}, "object": {"key": two_hours[2].key}}
    sns.publish(TopicArn=topic, Message=json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": place}]}))
    sns.publish(TopicArn=topic, Message=json.dumps({"s3Bucket": "trail-bucket", "s3ObjectKey": [two_hours[3].key]}))
    bridged = {"source": "aws.s3", "detail-type": "Object Created", "detail": place}
    for body in (json.dumps(bridged), "garbage"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)

    async def no_time(_: float) -> None:
        return None

    async def first_event() -> Any:
        trigger = notifications.DeliveryTrigger(queue, "trail-bucket", "", (), (), "aws_default", minutes=5)
        async for event in trigger.run():
            return event.payload
        return None

    monkeypatch.setattr(notifications.asyncio, "sleep", no_time)

    assert asyncio.run(first_event()) == {"messages": 7, "objects": 5}
    assert sqs.receive_message(QueueUrl=queue).get("Messages", []) == []
