"""A small lake to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.api.operations.asking import NOW


@pytest.fixture
def filled(pipeline: Any, record: Callable[..., dict[str, Any]]) -> Any:
    """Nine calls: six at one second, two others, one of data."""
    same = [record(number) for number in range(1, 7)]
    user = {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAEXAMPLE", "arn": "arn:aws:iam::1:user/alice"}
    bucket = [{"ARN": "arn:aws:s3:::bucket", "accountId": "111122223333", "type": "AWS::S3::Bucket"}]
    pipeline.deliver(
        *same,
        record(7, eventTime="2026-11-01T13:59:59Z", eventName="DeleteBucket", eventSource="s3.amazonaws.com",
               userIdentity=user, resources=bucket, errorCode="AccessDenied"),
        record(8, eventTime="2026-11-01T14:00:00Z", eventName="ListBuckets", eventSource="s3.amazonaws.com",
               readOnly=True),
        record(9, eventTime="2026-11-01T14:00:01Z", eventName="GetObject", eventSource="s3.amazonaws.com",
               readOnly=True, managementEvent=False, eventCategory="Data"),
    )  # fmt: skip
    pipeline.ingest()
    pipeline.workspace.now = lambda: NOW
    return pipeline
