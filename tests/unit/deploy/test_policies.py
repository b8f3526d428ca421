"""The IAM policies that SECURITY.md hands out allow what is needed and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

SECURITY = Path(__file__).parents[3] / "SECURITY.md"


def statements(bucket: str) -> list[dict[str, Any]]:
    """Give all statements about a bucket, of all policies."""
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", SECURITY.read_text(), re.DOTALL)]
    return [s for policy in policies for s in policy["Statement"] if s["Resource"].startswith(f"arn:aws:s3:::{bucket}")]


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
