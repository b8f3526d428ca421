"""The IAM policies that SECURITY.md hands out allow what is needed and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

SECURITY = Path(__file__).parents[3] / "SECURITY.md"


def statements_about(arn: str) -> list[dict[str, Any]]:
    """Give all statements about resources that begin so, of all policies."""
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", SECURITY.read_text(), re.DOTALL)]
    return [s for policy in policies for s in policy["Statement"] if s["Resource"].startswith(arn)]


def statements(bucket: str) -> list[dict[str, Any]]:
    """Give all statements about a bucket, of all policies."""
    return statements_about(f"arn:aws:s3:::{bucket}")


def actions(bucket: str) -> set[str]:
    """Give the actions allowed on a bucket or its objects."""
    allowed = [statement["Action"] for statement in statements(bucket)]
    return {action for entry in allowed for action in ([entry] if isinstance(entry, str) else entry)}


def test_the_trail_is_only_read() -> None:
    """On the trail bucket, objects are listed and read; nothing there can be written or deleted."""
    assert actions("my-trail-bucket") == {"s3:ListBucket", "s3:GetObject"}


def test_the_lake_can_be_kept() -> None:
    """On the lake bucket, objects are listed, read, written and deleted; the bucket itself cannot be changed."""
    assert actions("my-lake-bucket") == {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}


@pytest.mark.parametrize("bucket", ["my-trail-bucket", "my-lake-bucket"])
def test_objects_and_buckets_are_not_mixed_up(bucket: str) -> None:
    """ListBucket is granted on the bucket, all else on objects below a prefix: the other way round has no effect."""
    on_bucket = {statement["Resource"]: statement["Action"] for statement in statements(bucket)}

    assert on_bucket.pop(f"arn:aws:s3:::{bucket}") == "s3:ListBucket"
    assert [resource for resource in on_bucket if not re.fullmatch(r"arn:aws:s3:::[\w-]+/[\w-]+/\*", resource)] == []


def test_channels_are_only_told() -> None:
    """Topics, buses and log groups can be told, and CloudTrail's streams made; nothing of theirs can be read."""
    for service, allowed in {
        "sns": "sns:Publish",
        "events": "events:PutEvents",
        "logs": ["logs:PutLogEvents", "logs:CreateLogStream"],
    }.items():
        (statement,) = statements_about(f"arn:aws:{service}:")
        assert statement["Action"] == allowed


def test_the_queue_is_only_emptied() -> None:
    """Of the queue, messages are taken and deleted, as the trigger asks for; nobody is told anything through it."""
    (statement,) = statements_about("arn:aws:sqs:")

    assert set(statement["Action"]) == {"sqs:ReceiveMessage", "sqs:DeleteMessage"}


def test_the_queue_takes_from_the_bucket_only() -> None:
    """The queue that the operations page makes is open to one bucket, and to nobody who could flood it."""
    text = (SECURITY.parent / "docs" / "operations.md").read_text()
    (attributes,) = [
        json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if "Policy" in found
    ]
    (statement,) = json.loads(attributes["Policy"])["Statement"]

    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-trail-bucket"},
        "StringEquals": {"aws:SourceAccount": "111122223333"},
    }
