from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from insights.errors import AccessDeniedError
from insights.storage.aws_access import AwsAccess
from insights.storage.public_keys import list_public_keys

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
REQUEST = {"StartTime": SINCE, "EndTime": UNTIL}


def entry(fingerprint: str) -> dict[str, Any]:
    return {"Value": b"\x30\x82", "ValidityStartTime": SINCE, "ValidityEndTime": UNTIL, "Fingerprint": fingerprint}


class Session:
    """Gives one stubbed client, whatever the Region it is asked for."""

    def __init__(self) -> None:
        credentials = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        import boto3

        self.made = boto3.client("cloudtrail", region_name="eu-west-1", **credentials)
        self.stub = Stubber(self.made)
        self.regions: list[str] = []

    def client(self, service: str, *, region_name: str, config: Any) -> Any:
        self.regions.append(region_name)
        return self.made


def test_pages() -> None:
    """All pages are read, in the Region asked for, into the form `aws cloudtrail list-public-keys` prints."""
    session = Session()
    session.stub.add_response("list_public_keys", {"PublicKeyList": [entry("a")], "NextToken": "more"}, REQUEST)
    session.stub.add_response("list_public_keys", {"PublicKeyList": [entry("b")]}, {**REQUEST, "NextToken": "more"})
    with session.stub:
        keys = json.loads(list_public_keys(AwsAccess(lambda: session), "us-west-2", since=SINCE, until=UNTIL))

    assert session.regions == ["us-west-2"]
    assert [each["Fingerprint"] for each in keys["PublicKeyList"]] == ["a", "b"]
    assert keys["PublicKeyList"][0]["Value"] == "MII="
    assert keys["PublicKeyList"][0]["ValidityStartTime"] == "2026-11-01T00:00:00Z"


def test_refused() -> None:
    """A refusal tells the permission that is needed, and that a file does as well."""
    session = Session()
    session.stub.add_client_error("list_public_keys", "AccessDeniedException")
    with session.stub, pytest.raises(AccessDeniedError, match=r"allow cloudtrail:ListPublicKeys, or name a file"):
        list_public_keys(AwsAccess(lambda: session), "us-west-2", since=SINCE, until=UNTIL)
