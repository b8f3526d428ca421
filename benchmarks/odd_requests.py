"""Requests that no client sends: random ones, malformed ones, and valid signed ones with something altered.

The same seed gives the same requests, but for the time they are signed at.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

from benchmarks.signing import KEY_ID, TARGET, Sent, sign
from insights.api.model import operation_model, service_model
from insights.api.operations import OPERATIONS

_STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 51, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, float("nan"), float("inf"), "", " ", "\0",
    "\ud800", "\U0001f600", "x" * 3000, "../../etc/passwd", "%s%n{0}", "<script>", "a\r\nb: c", "insight", "EventId",
    "arn:aws:cloudtrail:us-east-1:111122223333:trail/trail_name", "trail-insights", "2026-11-01T00:00:00Z", "60",
    [], {}, [[]], {"": {}}, [None], {"EventName": "x"},
)  # fmt: skip


def requests(seed: int) -> Iterator[Sent]:
    """Give requests without end."""
    source = random.Random(seed)
    kinds: Sequence[Callable[[random.Random], Sent]] = (_valid, _valid, _altered, _altered, _noise)
    while True:
        yield source.choice(kinds)(source)


def _valid(source: random.Random) -> Sent:
    """Give a request that is signed as it should be, for an operation and parameters that may not be."""
    name = source.choice([*[*OPERATIONS] * 15, *service_model().operation_names, "Nothing", _text(source)])
    target = f"{TARGET}.{name}".encode("ascii", "ignore").decode()
    kind = source.choice(["application/x-amz-json-1.1"] * 30 + ["application/json", "text/plain"])
    region = source.choice(["us-east-1"] * 20 + ["eu-west-1", "nowhere", "../x"])
    headers = (("X-Amz-Target", _printable(target)), ("Content-Type", kind))
    return sign(headers=headers, body=_body(source, name), region=region)


def _altered(source: random.Random) -> Sent:  # noqa: PLR0911 - one for each kind of change
    """Give a signed request of which something was changed afterwards."""
    sent = _valid(source)
    where = source.randrange(7)
    names = [name for name, _ in sent.headers]
    if where == 0:
        return replace(sent, body=bent(source, sent.body))
    if where == 1:
        return replace(sent, path="/" + _printable(_text(source)).replace(" ", ""))
    if where == 2:
        return replace(sent, query=_printable(_text(source)).replace(" ", ""))
    if where == 3:
        return sent.without(source.choice(names))
    if where == 4:
        return sent.add(source.choice([*names, "x-amz-security-token", "content-encoding", "range"]), _value(source))
    if where == 5:
        return replace(
            sent, method=source.choice(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post"])
        )
    name = source.choice(names)
    return sent.put(name, _printable(bent(source, sent.get(name).encode()).decode("latin-1")))


def _noise(source: random.Random) -> Sent:
    """Give a request of nothing in particular."""
    names = ["authorization", "x-amz-date", "x-amz-target", "content-type", "host", "x-amz-content-sha256", "cookie"]
    headers = [(source.choice(names), _value(source)) for _ in range(source.randrange(8))]
    if source.random() < 0.1:
        headers += [(f"x-{number}", "y" * source.randrange(300)) for number in range(source.randrange(200))]
    if source.random() < 0.05:
        headers.append(("authorization", "AWS4-HMAC-SHA256 " + "Credential=" * source.randrange(5000)))
    method = source.choice(["POST", "POST", "GET", "OPTIONS", "BREW"])
    path = "/" + _printable(_text(source)).replace(" ", "")
    return Sent(method, path, "", tuple(headers), source.randbytes(source.randrange(200)))


def _body(source: random.Random, operation: str) -> bytes:
    model = operation_model(operation)
    if source.random() < 0.1:
        return bent(source, b'{"MaxResults": 5, "LookupAttributes": []}')
    if source.random() < 0.02:
        depth = source.randrange(100_000)
        return source.choice([b"[", b'{"a":']) * depth
    if source.random() < 0.05:
        return json.dumps(source.choice(_STRANGE)).encode()
    shape = None if model is None else model.input_shape
    return json.dumps(_like(source, shape) if shape else {}).encode()


def _like(source: random.Random, shape: Shape, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind of shape
    """Give a value that a shape might have, or now and then one that it cannot have."""
    if source.random() < 0.08:
        return source.choice(_STRANGE)
    match shape.type_name:
        case "structure":
            some = [name for name in shape.members if name in shape.required_members or source.random() < 0.5]
            return {name: _like(source, shape.members[name], depth + 1) for name in some} if depth < 6 else {}
        case "list":
            return [_like(source, shape.member, depth + 1) for _ in range(source.choice([0, 1, 1, 2]))]
        case "map":
            return {_like_text(source, shape.key): _like(source, shape.value, depth + 1)}
        case "string":
            return _like_text(source, shape)
        case "timestamp":
            return source.choice([0, 1.5, -1, 1e11, 1.79e9, 1.7931e9, "2026-11-01T00:00:00Z", "yesterday"])
        case "boolean":
            return source.choice([True, False])
        case _:
            return source.choice([1, 5, 50, 60, 300, 3600, source.randrange(-10, 30_000)])


def _like_text(source: random.Random, shape: Shape) -> str:
    if shape.metadata.get("enum"):
        return str(source.choice(shape.metadata["enum"]))
    known = ["trail-insights", "RunInstances", "ec2.amazonaws.com", "arn:aws:cloudtrail:us-east-1:111122223333:trail/x"]
    return source.choice([*known, _text(source)])


def _text(source: random.Random) -> str:
    letters = ["a", "Z", "0", ".", "/", ":", "-", "_", " ", "%", "%2F", "\u00e9", "\u4e2d", "\n", "\0", "'", '"', "\\"]
    return "".join(source.choice(letters) for _ in range(source.randrange(30)))


def _printable(text: str) -> str:
    return re.sub(r"[^!-~]|[#?]", "-", text)


def _value(source: random.Random) -> str:
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"Credential={KEY_ID}/{date[:8]}/us-east-1/cloudtrail/aws4_request"
    digits = "".join(source.choice("0123456789abcdef") for _ in range(64))
    known = [
        f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={digits}",
        f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=, Signature={digits}",
        f"Bearer {digits}", date, "UNSIGNED-PAYLOAD", digits, f"{TARGET}.LookupEvents", "localhost", "\xe9\xff", "",
    ]  # fmt: skip
    return source.choice([*known, _printable(_text(source)), "z" * source.randrange(20_000)])


def bent(source: random.Random, content: bytes) -> bytes:
    """Give bytes with something cut off, changed or put in."""
    place = source.randrange(len(content) + 1)
    match source.randrange(4):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + source.randbytes(1) + content[place + 1 :]
        case 2:
            return content[:place] + source.choice([b"\xff", b"\0", b"]", b"}", b'"', b"9" * 5000]) + content[place:]
        case _:
            return content[:place] + content
