"""The way through on S3, a moto server's on the loopback: what memory and folders do, buckets do."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from insights.errors import NotFoundError
from insights.settings import parse_settings
from insights.stages import extract, reconcile
from insights.stages.workspace import Workspace
from insights.storage.aws_access import AwsAccess


@cache
def session() -> Any:
    import boto3

    return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")


@pytest.fixture(scope="module")
def on_s3(aws_endpoint: str) -> Workspace:
    """A trail and a lake in two buckets, the trail below a prefix."""
    client = session().client("s3", endpoint_url=aws_endpoint)
    client.create_bucket(Bucket="trail")
    client.create_bucket(Bucket="lake")
    urls = {"trail": {"url": "s3://trail/audit/logs"}, "lake": {"url": "s3://lake"}}
    return Workspace(parse_settings(urls), aws=AwsAccess(session, aws_endpoint))


def test_same_tables(pipeline, on_s3: Workspace, record, body, key) -> None:
    """A trail in a bucket gives the tables it gives in memory, and other people's files there are left alone."""
    pipeline.deliver(record(1), record(2), "bad", unique="A" * 16)
    pipeline.deliver(record(2), record(3, eventTime="2026-11-01T12:00:00Z"), unique="B" * 16)
    pipeline.ingest()
    expected = pipeline.tables()

    for info in pipeline.workspace.trail.list(""):
        on_s3.trail.put(info.key, pipeline.workspace.trail.get(info.key)[0])
    on_s3.trail.put("exports/events.json", body(record(4)))
    pipeline.workspace = on_s3
    pipeline.ingest()

    def without_etags(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        return {name: [row | {"object_etag": None} for row in rows] for name, rows in tables.items()}

    assert without_etags(pipeline.tables()) == without_etags(expected)
    assert reconcile.run(pipeline.window, on_s3).skipped == {"no trail object name": 1}
    assert pipeline.ingest().objects == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://no-such-bucket/logs", "s3://no-such-bucket/logs is not there: check the name of the bucket"),
        ("s3://trail/no/such/prefix", r"nothing below s3://trail/no/such/prefix: check the bucket and prefix"),
    ],
)
def test_wrong_place(pipeline, on_s3: Workspace, url: str, message: str) -> None:
    """A bucket or prefix that is not there is told by name, and never taken for a calm trail."""
    workspace = Workspace(parse_settings({"trail": {"url": url}, "lake": {"url": "s3://lake"}}), aws=on_s3.aws)

    with pytest.raises(NotFoundError, match=message):
        extract.run(pipeline.window, workspace)
