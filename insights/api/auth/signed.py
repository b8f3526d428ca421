"""Recognises callers by Signature Version 4, the way every AWS client signs.

Checks, names and messages of errors come in AWS's order: form, time, what is signed, scope, key, signature. Statuses
are those of the CloudTrail API Reference, "Common Errors"; InvalidSignatureException, which it does not list, has the
400 of AWS's JSON services.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from insights.api.auth.authorization import Authorization, incomplete, parse_authorization
from insights.api.auth.keys import AccessKey
from insights.api.auth.signature import Received, signature_of
from insights.api.caller import Caller, Headers
from insights.api.errors import AuthError

MOST_HEADERS = 100
LARGEST_HEADERS = 16 * 1024
"""Of path, query and all headers together, in characters."""

_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_TIMESTAMP_FORM = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
# What is read of a request; a second one could be read by a proxy, or by us, in place of the one that was signed.
_ONCE = ("authorization", "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-target")
_PRESIGNED = re.compile(r"(^|&)x-amz-(algorithm|credential|signature)=", re.IGNORECASE)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class SignedRequests:
    """Takes requests that are signed with one of our access keys.

    Args:
        keys: By id.
        now: The time, aware.
        skew: How far the client's clock may be off, either way; so long, too, may a request be sent again.
    """

    def __init__(self, keys: Mapping[str, AccessKey], *, now: Callable[[], datetime], skew: timedelta) -> None:
        self._keys, self._now, self._skew = keys, now, skew
        # An unknown key is checked as a known one is, and fails: both take the same time.
        self._nobody = secrets.token_hex()

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Give the caller whose key signed a request: its method, path, query, body and all headers that are read."""
        received = Received(method, path, query, headers, body)
        _check_size(received)
        authorization = _authorization(received)
        timestamp = self._timestamp(received)
        _check_signed(received, authorization)
        trouble = authorization.misdirection(timestamp[:8])
        if trouble is not None:
            raise _invalid(trouble)
        return self._holder(received, authorization, timestamp)

    def _timestamp(self, received: Received) -> str:
        """Give the time a request was signed at, if that is now."""
        values = received.values("x-amz-date")
        if not values:
            raise incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
        text = values[0].strip()
        try:
            if not _TIMESTAMP_FORM.fullmatch(text):
                raise ValueError
            at = datetime.strptime(text, _TIMESTAMP).replace(tzinfo=UTC)
        except ValueError as error:
            raise incomplete("X-Amz-Date must be in ISO-8601 'basic format'.") from error
        now = self._now().astimezone(UTC)
        told, minutes = now.strftime(_TIMESTAMP), f"{self._skew.total_seconds() / 60:g} min."
        if at < now - self._skew:
            limit = (now - self._skew).strftime(_TIMESTAMP)
            raise _invalid(f"Signature expired: {text} is now earlier than {limit} ({told} - {minutes})")
        if at > now + self._skew:
            limit = (now + self._skew).strftime(_TIMESTAMP)
            raise _invalid(f"Signature not yet current: {text} is still later than {limit} ({told} + {minutes})")
        return text

    def _holder(self, received: Received, authorization: Authorization, timestamp: str) -> Caller:
        """Give the caller who has the key, if it was the key that signed."""
        key = self._keys.get(authorization.key_id)
        secret = self._nobody if key is None else key.secret
        expected = signature_of(received, authorization, timestamp=timestamp, secret=secret)
        is_same = hmac.compare_digest(expected, authorization.signature)
        if key is None:
            raise AuthError(
                "UnrecognizedClientException", 403, "The security token included in the request is invalid."
            )
        if not is_same:
            raise _invalid(_MISMATCH)
        return key.caller


def _check_size(received: Received) -> None:
    size = sum(len(name) + len(value) for name, value in received.headers) + len(received.path) + len(received.query)
    if len(received.headers) > MOST_HEADERS or size > LARGEST_HEADERS:
        message = f"path, query and headers may have {LARGEST_HEADERS} characters and {MOST_HEADERS} headers"
        raise AuthError("MalformedHttpRequestException", 400, message)
    for name in _ONCE:
        if len(received.values(name)) > 1:
            raise AuthError("MalformedHttpRequestException", 400, f"the header {name} came more than once")


def _authorization(received: Received) -> Authorization:
    values = received.values("authorization")
    if values:
        return parse_authorization(values[0])
    message = "Request is missing Authentication Token"
    if _PRESIGNED.search(received.query):
        message += ": presigned URLs are not taken, sign in the Authorization header"
    raise AuthError("MissingAuthenticationTokenException", 403, message)


def _check_signed(received: Received, authorization: Authorization) -> None:
    """Refuse a request where something is read that nobody signed."""
    signed = set(authorization.signed_headers)
    if "host" not in signed:
        raise _invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    # AWS asks this of all x-amz- headers. It matters for the target, which names the operation.
    unsigned = {name for name, _ in received.headers if name.startswith("x-amz-")} - signed
    if unsigned:
        raise _invalid("There were X-Amz- headers present in the request which were not signed.")
    if not received.is_signable(authorization.signed_headers):
        raise _invalid("Path, query and signed headers must be printable ASCII.")
    digest = received.values("x-amz-content-sha256")
    if digest and digest[0].strip() != received.body_sha256:
        raise _invalid("X-Amz-Content-Sha256 is not the hash of the body; unsigned payloads are not taken.")


def _invalid(message: str) -> AuthError:
    return AuthError("InvalidSignatureException", 400, message)
