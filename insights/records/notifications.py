"""What a queue's message says was delivered, in every form in which S3 and CloudTrail say it.

Formats: Amazon S3 User Guide, "Event message structure" (keys percent-encoded, as in a form), and the same wrapped by
SNS (Amazon SNS Developer Guide, "Message format", member `Message`); Amazon S3 User Guide, "EventBridge event message
structure" (keys as they are); AWS CloudTrail User Guide, "Configuring Amazon SNS notifications for CloudTrail".
Whoever can write to the bucket or the queue chooses the text: it is only ever compared, and never handed on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote_plus

import msgspec

from insights.records.object_keys import TrailKey, parse_key


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The bucket and key of an object."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class TrailPart:
    """The part of a trail that is read; no account or Region at all stands for every one."""

    bucket: str
    prefix: str
    accounts: Collection[str] = ()
    regions: Collection[str] = ()

    def has(self, each: StoredObject) -> bool:
        """Tell whether an object is one of the trail's log objects."""
        if each.bucket != self.bucket or not each.key.startswith(self.prefix):
            return False
        key = parse_key(each.key)
        return (
            isinstance(key, TrailKey)
            and (not self.accounts or key.account_id in self.accounts)
            and (not self.regions or key.region in self.regions)
        )


class _Name(msgspec.Struct):
    name: str


class _Key(msgspec.Struct):
    key: str


class _Place(msgspec.Struct):
    bucket: _Name
    object: _Key


class _Record(msgspec.Struct, rename="camel"):
    s3: _Place
    event_name: str


class _Message(msgspec.Struct, rename="camel"):
    """All forms in one: each has members that the others lack."""

    records: list[_Record] = msgspec.field(default_factory=list, name="Records")
    wrapped: str = msgspec.field(default="", name="Message")
    detail_type: str = msgspec.field(default="", name="detail-type")
    source: str = ""
    detail: _Place | None = None
    bucket: str = msgspec.field(default="", name="s3Bucket")
    keys: list[str] = msgspec.field(default_factory=list, name="s3ObjectKey")


_codec = msgspec.json.Decoder(_Message)


def created_objects(body: str) -> list[StoredObject]:
    """Give the objects that a message says were created: none for S3's test message, and for what is no such message.

    Args:
        body: The message's body as SQS gives it, with or without the envelope of SNS.
    """
    message = _decode(body)
    if message is not None and message.wrapped:
        message = _decode(message.wrapped)
    if message is None:
        return []
    found = [
        StoredObject(record.s3.bucket.name, unquote_plus(record.s3.object.key))
        for record in message.records
        if record.event_name.startswith("ObjectCreated:")
    ]
    if message.detail is not None and (message.source, message.detail_type) == ("aws.s3", "Object Created"):
        found.append(StoredObject(message.detail.bucket.name, message.detail.object.key))
    return found + [StoredObject(message.bucket, key) for key in message.keys]


def _decode(text: str) -> _Message | None:
    try:
        return _codec.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
