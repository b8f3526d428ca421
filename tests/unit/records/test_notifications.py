"""The bodies are those of the guides' examples, cut to what matters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from insights.records.notifications import StoredObject, TrailPart, created_objects

FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01"
KEY = f"{FOLDER}/111122223333_CloudTrail_us-east-1_20261101T1310Z_AAAAAAAAAAAAAAAA.json.gz"
HERE = StoredObject("trail-bucket", KEY)


def s3_message(key: str = KEY, *, bucket: str = "trail-bucket", event: str = "ObjectCreated:Put") -> dict[str, Any]:
    place = {
        "s3SchemaVersion": "1.0",
        "configurationId": "trail",
        "bucket": {
            "name": bucket,
            "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
            "arn": f"arn:aws:s3:::{bucket}",
        },
        "object": {
            "key": key,
            "size": 1024,
            "eTag": "d41d8cd98f00b204e9800998ecf8427e",
            "sequencer": "0055AED6DCD90281E5",
        },
    }
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": event, "s3": place}
    return {"Records": [record]}


def sns_message(body: object) -> dict[str, Any]:
    topic = "arn:aws:sns:us-east-1:111122223333:trail"
    return {"Type": "Notification", "TopicArn": topic, "Subject": "Amazon S3", "Message": json.dumps(body)}


def eventbridge_message(key: str = KEY, *, kind: str = "Object Created", source: str = "aws.s3") -> dict[str, Any]:
    detail = {
        "version": "0",
        "bucket": {"name": "trail-bucket"},
        "object": {"key": key, "size": 5},
        "reason": "PutObject",
    }
    return {"version": "0", "id": "17793124", "detail-type": kind, "source": source, "detail": detail}


CLOUDTRAIL_MESSAGE = {"s3Bucket": "trail-bucket", "s3ObjectKey": [KEY]}


@pytest.mark.parametrize(
    "message",
    [
        s3_message(),
        sns_message(s3_message()),
        eventbridge_message(),
        sns_message(eventbridge_message()),
        sns_message(CLOUDTRAIL_MESSAGE),
        CLOUDTRAIL_MESSAGE,
    ],
    ids=["S3", "S3 by SNS", "EventBridge", "EventBridge by SNS", "CloudTrail by SNS", "CloudTrail by SNS, raw"],
)
def test_every_form(message: object) -> None:
    """Whichever way a delivery is told, the object is found."""
    assert created_objects(json.dumps(message)) == [HERE]


def test_several_in_one() -> None:
    """A message may tell of several objects."""
    keys = ["a.json.gz", "b.json.gz"]
    several = {"Records": [s3_message(key)["Records"][0] for key in keys]}

    assert [each.key for each in created_objects(json.dumps(several))] == keys
    assert [each.key for each in created_objects(json.dumps(CLOUDTRAIL_MESSAGE | {"s3ObjectKey": keys}))] == keys


def test_encoded_key() -> None:
    """S3 encodes keys as a form does; EventBridge does not."""
    assert created_objects(json.dumps(s3_message("red+flower%2B.json")))[0].key == "red flower+.json"
    assert created_objects(json.dumps(eventbridge_message("red+flower%2B.json")))[0].key == "red+flower%2B.json"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "trail-bucket", "HostId": "8cLeGAmw098X5cv4"}
        ),
        json.dumps(sns_message({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "trail-bucket"})),
        json.dumps(s3_message(event="ObjectRemoved:Delete")),
        json.dumps(eventbridge_message(kind="Object Deleted")),
        json.dumps(eventbridge_message(source="my.own")),
        "",
        "not JSON",
        "5",
        "null",
        "[]",
        "{}",
        '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
        '{"Records": {"s3": 5}}',
        '{"Message": "{"}',
        '{"s3Bucket": "trail-bucket", "s3ObjectKey": [5]}',
        "[" * 100_000,
        '{"x": ' + "[" * 100_000,
        "\ud800",
    ],
    ids=lambda body: body[:40].encode("unicode_escape").decode(),
)
def test_nothing_created(body: str) -> None:
    """The test message, other events, and what is no message at all name no object and stop nothing."""
    assert created_objects(body) == []


def test_only_one_envelope() -> None:
    """An envelope in an envelope is nobody's form, and not unwrapped for ever."""
    assert created_objects(json.dumps(sns_message(sns_message(s3_message())))) == []


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (TrailPart("trail-bucket", ""), True),
        (TrailPart("trail-bucket", "AWSLogs/"), True),
        (TrailPart("trail-bucket", "", ["111122223333"], ["us-east-1"]), True),
        (TrailPart("other-bucket", ""), False),
        (TrailPart("trail-bucket", "logs/"), False),
        (TrailPart("trail-bucket", "", ["444455556666"]), False),
        (TrailPart("trail-bucket", "", (), ["eu-west-1"]), False),
    ],
)
def test_part_of_a_trail(part: TrailPart, found: bool) -> None:
    """Only the trail's bucket, prefix, accounts and Regions count."""
    assert part.has(HERE) is found


@pytest.mark.parametrize(
    "key",
    [
        KEY.replace("CloudTrail", "CloudTrail-Insight"),
        KEY.replace("CloudTrail", "CloudTrail-Digest"),
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/notes.json",
        "../../etc/passwd",
        "",
    ],
)
def test_no_log_object(key: str) -> None:
    """Insight, digest and foreign objects of the bucket are no deliveries of calls: our own output wakes nobody."""
    assert not TrailPart("trail-bucket", "").has(StoredObject("trail-bucket", key))
