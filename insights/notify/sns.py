"""Notifications to an Amazon SNS topic: words for people, the record for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from insights.notify.aws import ClientFactory, Refusals, delivering, record_json
from insights.notify.message import Message, inert

TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
"""Topic names: Amazon SNS API Reference, "CreateTopic"."""

RECORD_LIMIT_BYTES = 32 * 1024
"""A published message may have 256 KiB in all. It holds the record twice, its quotes and backslashes doubled (at most
128 KiB), beside a text of some thousand characters."""


_ACTION = "sns:Publish"


@dataclass(frozen=True, slots=True)
class SnsChannel:
    """Publishes each message to one topic, in order.

    Subscribers by mail and webhook read the message's text, by SMS its subject, by SQS and Lambda the record as JSON. A
    FIFO topic drops a message sent again within five minutes and keeps Start before End; others deliver it again.
    """

    topic_arn: str
    clients: ClientFactory

    @property
    def name(self) -> str:
        """The setting that opens this channel."""
        return f"sns:{self.topic_arn}"

    def send(self, messages: Sequence[Message]) -> None:
        """Publish every message.

        Raises:
            DeliveryError: SNS refused some of them, or cannot be reached. One refused by itself does not keep later
                ones from being sent.
        """
        refusals = Refusals(self.name, _ACTION, [message.message_id for message in messages])
        with delivering(self.name, _ACTION):
            client = self.clients("sns", self.topic_arn.split(":")[3])
        for message in messages:
            with refusals.of([message.message_id]):
                client.publish(**self._publication(message))
        refusals.tell()

    def _publication(self, message: Message) -> dict[str, Any]:
        publication = {
            "TopicArn": self.topic_arn,
            "Subject": message.subject,
            "Message": _body(message),
            "MessageStructure": "json",
            "MessageAttributes": _attributes(message),
        }
        if self.topic_arn.endswith(".fifo"):
            publication["MessageDeduplicationId"] = message.message_id
            publication["MessageGroupId"] = message.detail["sharedEventID"]
        return publication


def _body(message: Message) -> str:
    record = record_json(message, limit_bytes=RECORD_LIMIT_BYTES)
    return json.dumps({"default": message.text, "sms": message.subject, "sqs": record, "lambda": record})


def _attributes(message: Message) -> dict[str, dict[str, str]]:
    """Name what a subscription's filter policy selects by; SNS refuses empty values, so what is absent is left out."""
    record, details = message.detail, message.detail["insightDetails"]
    values = {
        "eventID": message.message_id,
        "insightType": details["insightType"],
        "state": details["state"],
        "account": record.get("recipientAccountId"),
        "region": record["awsRegion"],
        "eventName": details["eventName"],
    }
    return {name: {"DataType": "String", "StringValue": inert(value)} for name, value in values.items() if value}
