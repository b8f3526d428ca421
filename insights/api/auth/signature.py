"""The signature a request should have: AWS's own signer, run over what arrived.

What is canonical in a path, a query or a header is botocore's business; the canonical form is what both sides sign.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import ReadOnlyCredentials

from insights.api.auth.authorization import Authorization
from insights.api.caller import Headers

# What a URL cannot hold, and the mark of a fragment, which the signer would cut off: neither is ever sent by a client.
_UNSIGNABLE_URL = re.compile(r"[^!-~]|#")
_UNSIGNABLE_VALUE = re.compile(r"[^\t -~]")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: path and query still encoded, headers by lower-case names, each as often as it came."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    def values(self, name: str) -> list[str]:
        """Give all values of a header."""
        return [value for each, value in self.headers if each == name]

    def is_signable(self, signed_headers: Sequence[str]) -> bool:
        """Tell whether all that the signature is over can be written in one way only."""
        signed = set(signed_headers)
        return (
            self.path.startswith("/")
            and not _UNSIGNABLE_URL.search(self.path + self.query)
            and not any(_UNSIGNABLE_VALUE.search(value) for name, value in self.headers if name in signed)
        )

    @property
    def body_sha256(self) -> str:
        """The hash of the body, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Signs the headers it is given, none more or less, and a body by its hash."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def payload(self, request: AWSRequest) -> str:
        digest: str = request.context["body_sha256"]
        return digest


def signature_of(received: Received, authorization: Authorization, *, timestamp: str, secret: str) -> str:
    """Compute the signature that a request has if it was signed with a secret.

    Args:
        received: The request.
        authorization: Names scope and signed headers.
        timestamp: Its `x-amz-date`.
        secret: The access key's secret.
    """
    # The host is signed as a header; that of the URL is read by nobody.
    url = f"http://localhost{received.path}" + (f"?{received.query}" if received.query else "")
    request = AWSRequest(method=received.method, url=url)
    for name, value in received.headers:
        if name in authorization.signed_headers:
            # Assigning adds: a header that came twice is signed with both of its values.
            request.headers[name] = value
    request.context.update(timestamp=timestamp, body_sha256=received.body_sha256)
    credentials = ReadOnlyCredentials(authorization.key_id, secret, None)
    signer = _Signer(credentials, authorization.service, authorization.region)
    text: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return text
