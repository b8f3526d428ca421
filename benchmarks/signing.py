"""Requests signed by botocore, as a server receives them: for measurements, fuzzing and tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
KEY_ID = "READER"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - AWS's own example
LIST_TRAILS = (("X-Amz-Target", f"{TARGET}.ListTrails"), ("Content-Type", "application/x-amz-json-1.1"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str:
        """Give the value of a header."""
        return dict(self.headers)[name]

    def put(self, name: str, value: str) -> Sent:
        """Give the request with another value of a header, or with one header more."""
        return replace(self.without(name), headers=(*self.without(name).headers, (name, value)))

    def add(self, name: str, value: str) -> Sent:
        """Give the request with one header more, of whatever name."""
        return replace(self, headers=(*self.headers, (name, value)))

    def without(self, name: str) -> Sent:
        """Give the request without a header."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))


def sign(  # noqa: PLR0913 - a request has so many parts
    *,
    key_id: str = KEY_ID,
    secret: str = SECRET,
    token: str | None = None,
    at: datetime | None = None,
    url: str = "http://localhost:4580/",
    headers: tuple[tuple[str, str], ...] = LIST_TRAILS,
    body: bytes = b"{}",
    region: str = "us-east-1",
    service: str = "cloudtrail",
    method: str = "POST",
    signer: Any = SigV4Auth,
) -> Sent:
    """Let botocore sign a request.

    Args:
        at: When it is signed, by default now.
        signer: A class like `SigV4Auth`, which signs as the SDK does.
    """
    parts = urlsplit(url)
    request = AWSRequest(method=method, url=url, data=body)
    for name, value in (("Host", parts.netloc), *headers):
        request.headers[name] = value
    instant = (at or datetime.now(UTC)).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=instant):
        signer(Credentials(key_id, secret, token), service, region).add_auth(request)
    # The blanks that HTTP has around a header's value are no part of it.
    received = tuple((name.lower(), value.strip(" \t")) for name, value in request.headers.items())
    return Sent(method, parts.path, parts.query, received, body)
