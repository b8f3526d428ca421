"""Who is let in: the requests that botocore signed, and none where anything is off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.signing import KEY_ID, LIST_TRAILS, SECRET, Sent, sign
from insights.api.auth.keys import AccessKey
from insights.api.auth.signed import LARGEST_HEADERS, SignedRequests
from insights.api.caller import Caller
from insights.api.errors import AuthError

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
READER = Caller(KEY_ID, may_read=True, may_write_selectors=False, accounts=None)


def asked(sent: Sent, now: datetime = NOW) -> Caller:
    door = SignedRequests({KEY_ID: AccessKey(SECRET, READER)}, now=lambda: now, skew=timedelta(minutes=5))
    return door.authenticate(sent.method, sent.path, sent.query, sent.headers, sent.body)


def refusal(sent: Sent, now: datetime = NOW) -> AuthError:
    with pytest.raises(AuthError) as refused:
        asked(sent, now)
    return refused.value


def signed(**what: Any) -> Sent:
    return sign(at=NOW, **what)


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"body": b""},
        {"body": b'{"MaxResults": 5}'},
        {"url": "http://insights.example/cloudtrail"},
        {"url": "http://[::1]:4580/cloudtrail/"},
        {"url": "http://localhost/a%20b/%E2%82%AC/c+d?x=%2F&a=1&a=0&empty"},
        {"region": "ap-southeast-4"},
        {"region": "us-gov-west-1"},
        {"token": "a-session-token/with+marks=="},
        {"headers": (*LIST_TRAILS, ("X-Twice", "one"), ("X-Twice", " two   spaces\t and a tab "))},
    ],
    ids=lambda what: next(iter(what), "plain"),
)
def test_signed(what: dict[str, Any]) -> None:
    """What botocore signs with a key of ours is its holder's."""
    assert asked(signed(**what)) == READER


def test_a_hash_of_the_body_in_a_header() -> None:
    """Some SDKs send the hash of the body along: it must be the body's."""
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # printf '{}' | sha256sum
    with_digest = signed(headers=(*LIST_TRAILS, ("X-Amz-Content-SHA256", digest)))

    assert asked(with_digest) == READER


@pytest.mark.parametrize("value", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "0" * 64])
def test_unsigned_payload(value: str) -> None:
    """A body that is not covered by the signature is taken from nobody, however properly that is signed."""
    refused = refusal(signed(headers=(*LIST_TRAILS, ("X-Amz-Content-SHA256", value))))

    assert (refused.code, refused.status) == ("InvalidSignatureException", 400)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_clocks_that_differ(minutes: int) -> None:
    """A client's clock may be five minutes off, either way."""
    assert asked(signed(), NOW + timedelta(minutes=minutes)) == READER


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (301, "Signature expired: 20261101T120000Z is now earlier than 20261101T120001Z (20261101T120501Z - 5 min.)"),
        (
            -301,
            "Signature not yet current: 20261101T120000Z is still later than 20261101T115959Z "
            "(20261101T115459Z + 5 min.)",
        ),
    ],
)
def test_replay(seconds: int, message: str) -> None:
    """What was overheard is worth nothing once the window is over; AWS's words say how far the clocks are apart."""
    refused = refusal(signed(), NOW + timedelta(seconds=seconds))

    assert (refused.code, refused.status, refused.message) == ("InvalidSignatureException", 400, message)


class _SignsLess(SigV4Auth):
    """Signs without some headers, as no SDK does."""

    left_out: tuple[str, ...] = ()

    def headers_to_sign(self, request: Any) -> Any:
        headers = super().headers_to_sign(request)
        for name in self.left_out:
            del headers[name]
        return headers


@pytest.mark.parametrize("name", ["host", "x-amz-target", "x-amz-date", "x-amz-security-token"])
def test_what_must_be_signed(name: str) -> None:
    """A header that is acted on, but that nobody signed, could be anybody's."""

    class SignsLess(_SignsLess):
        left_out = (name,)

    refused = refusal(signed(signer=SignsLess, token="token"))

    assert (refused.code, refused.status) == ("InvalidSignatureException", 400)


def test_headers_that_proxies_add() -> None:
    """Headers that nothing reads need no signature: proxies add some."""
    assert asked(signed().add("x-forwarded-for", "192.0.2.1").add("user-agent", "curl")) == READER


CHANGES: dict[str, Callable[[Sent], Sent]] = {
    "body": lambda sent: Sent(sent.method, sent.path, sent.query, sent.headers, b'{"a":1}'),
    "method": lambda sent: Sent("PUT", sent.path, sent.query, sent.headers, sent.body),
    "path": lambda sent: Sent(sent.method, "/other", sent.query, sent.headers, sent.body),
    "query": lambda sent: Sent(sent.method, sent.path, "a=1", sent.headers, sent.body),
    "target": lambda sent: sent.put("x-amz-target", "CloudTrail_20131101.PutInsightSelectors"),
    "host": lambda sent: sent.put("host", "attacker.example"),
    "date": lambda sent: sent.put("x-amz-date", "20261101T120001Z"),
    "content type": lambda sent: sent.put("content-type", "text/plain"),
    "signature": lambda sent: sent.put("authorization", sent.get("authorization")[:-64] + "0" * 64),
    "signed header gone": lambda sent: sent.without("content-type"),
    "value that is no ASCII": lambda sent: sent.put("content-type", "application/x-amz-json-1.1\xa0"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_altered(change: Callable[[Sent], Sent]) -> None:
    """Whatever was signed and is altered afterwards is refused, and not told how it should have been signed."""
    refused = refusal(change(signed()))

    assert (refused.code, refused.status) == ("InvalidSignatureException", 400)
    assert SECRET not in refused.message
    assert "AWS4" not in refused.message


def test_wrong_secret() -> None:
    """A wrong secret is told in AWS's words."""
    refused = refusal(signed(secret="another-secret-of-forty-characters-00000"))

    assert (refused.code, refused.status) == ("InvalidSignatureException", 400)
    assert refused.message.startswith("The request signature we calculated does not match the signature you provided.")


def test_unknown_key() -> None:
    """A key that is not ours is told in AWS's words, and by the documented status."""
    refused = refusal(signed(key_id="AKIAIOSFODNN7EXAMPLE"))

    assert (refused.code, refused.status) == ("UnrecognizedClientException", 403)
    assert refused.message == "The security token included in the request is invalid."


def test_as_much_work_for_an_unknown_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown key costs the same computation as a wrong secret: time tells nothing."""
    from insights.api.auth import signed as module

    computed = []

    def counted(*arguments: Any, **named: Any) -> str:
        computed.append(named["secret"])
        return original(*arguments, **named)

    original = module.signature_of
    monkeypatch.setattr(module, "signature_of", counted)
    refusal(signed(key_id="AKIAIOSFODNN7EXAMPLE"))
    refusal(signed(secret="another-secret-of-forty-characters-00000"))

    assert len(computed) == 2
    assert len({len(each) >= len(SECRET) for each in computed}) == 1


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ({"service": "s3"}, "correct service: 'cloudtrail'"),
        ({"region": "nowhere"}, "valid region"),
        ({"region": "us-east-1/x"}, "exactly 5"),
    ],
)
def test_scope(what: dict[str, Any], word: str) -> None:
    """A signature for another service is none for this one, nor one for a Region that cannot be."""
    assert word in refusal(signed(**what)).message


@pytest.mark.parametrize(("old", "new"), [("20261101", "20261031"), ("aws4_request", "aws4_other")])
def test_altered_scope(old: str, new: str) -> None:
    """Day and end of the credential's scope must be the request's."""
    sent = signed()
    refused = refusal(sent.put("authorization", sent.get("authorization").replace(old, new)))

    assert (refused.code, refused.status) == ("InvalidSignatureException", 400)


def test_no_authorization() -> None:
    """A request that nobody signed is told so."""
    refused = refusal(signed().without("authorization"))

    assert (refused.code, refused.status) == ("MissingAuthenticationTokenException", 403)


def test_presigned() -> None:
    """A signature in the URL is not taken: URLs end up in logs, and clients of this API never sign so."""
    request = AWSRequest(method="POST", url="http://localhost:4580/", headers={"X-Amz-Target": "ListTrails"})
    SigV4QueryAuth(Credentials(KEY_ID, SECRET), "cloudtrail", "us-east-1").add_auth(request)
    refused = refusal(Sent("POST", "/", urlsplit(request.url).query, (("host", "localhost:4580"),), b""))

    assert (refused.code, refused.status) == ("MissingAuthenticationTokenException", 403)
    assert "presigned" in refused.message


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=Host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Credential=a/b/c/d/e, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 " + "x" * 5000,
    ],
)
def test_incomplete(value: str) -> None:
    """An Authorization header of another form is told so, and its content not repeated."""
    refused = refusal(signed().put("authorization", value))

    assert (refused.code, refused.status) == ("IncompleteSignatureException", 403)
    assert "dXNlcjpwYXNz" not in refused.message


@pytest.mark.parametrize("value", ["", "now", "2026-11-01T12:00:00Z", "20261301T120000Z", "٢٠٢٦١١٠١T١٢٠٠٠٠Z"])
def test_dates(value: str) -> None:
    """A date of another form, or of no calendar, is no date."""
    assert refusal(signed().put("x-amz-date", value)).code == "IncompleteSignatureException"


def test_no_date() -> None:
    """Without a date a signature would hold for ever."""
    assert refusal(signed().without("x-amz-date")).code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "name", ["authorization", "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-target"]
)
def test_twice(name: str) -> None:
    """A header that is acted on comes once: of two, a proxy could read the one and this server the other."""
    refused = refusal(signed().add(name, "x").add(name, "y"))

    assert (refused.code, refused.status) == ("MalformedHttpRequestException", 400)


@pytest.mark.parametrize(
    "headers", [[(f"x-{number}", "") for number in range(100)], [("x-long", "x" * LARGEST_HEADERS)]]
)
def test_too_much(headers: list[tuple[str, str]]) -> None:
    """Neither a crowd of headers nor a very long one is worked on."""
    sent = signed()
    for name, value in headers:
        sent = sent.add(name, value)

    assert refusal(sent).code == "MalformedHttpRequestException"


@pytest.mark.parametrize("path", ["/a#b", "/a b", "/a\tb", "/é", "http://localhost/", ""])
def test_paths_that_cannot_be_sent(path: str) -> None:
    """A path that the signer would read otherwise than the server is refused, not guessed at."""
    sent = signed()

    assert refusal(Sent(sent.method, path, sent.query, sent.headers, sent.body)).code == "InvalidSignatureException"
