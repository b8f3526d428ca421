"""What holds of every request: botocore's signature lets it in, and nothing of it can be altered afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.signing import KEY_ID, LIST_TRAILS, SECRET, Sent, sign
from insights.api.auth.keys import AccessKey
from insights.api.auth.signed import SignedRequests
from insights.api.caller import Caller
from insights.api.errors import AuthError

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
READER = Caller(KEY_ID, may_read=True, may_write_selectors=False, accounts=None)
DOOR = SignedRequests({KEY_ID: AccessKey(SECRET, READER)}, now=lambda: NOW, skew=timedelta(minutes=5))

ENCODED = st.integers(0, 255).map(lambda byte: f"%{byte:02X}")
PLAIN = st.sampled_from("abcXYZ019-_~!$'()*,;:@+")
SEGMENT = st.lists(PLAIN | ENCODED, min_size=1, max_size=6).map("".join)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))
PAIR = st.tuples(SEGMENT, st.none() | SEGMENT).map(lambda pair: pair[0] if pair[1] is None else f"{pair[0]}={pair[1]}")
QUERY = st.lists(PAIR, max_size=4).map("&".join)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("\t"), max_size=20)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["X-One", "x-two", "X-Amz-User-Agent", "amz-sdk-request"]), VALUE), max_size=5
)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    host, path, query = draw(st.sampled_from(["localhost:4580", "[::1]", "api.example"])), draw(PATH), draw(QUERY)
    return sign(
        at=NOW,
        url=f"http://{host}{path}" + (f"?{query}" if query else ""),
        headers=(*LIST_TRAILS, *draw(HEADERS)),
        body=draw(st.binary(max_size=40)),
        token=draw(st.none() | st.just("token/of+a=session")),
        region=draw(st.sampled_from(["us-east-1", "eu-central-2", "us-gov-west-1"])),
    )


def asked(sent: Sent) -> Caller:
    return DOOR.authenticate(sent.method, sent.path, sent.query, sent.headers, sent.body)


@given(requests())
def test_signed(sent: Sent) -> None:
    """Whatever path, query, headers and body: what botocore signed is let in."""
    assert asked(sent) == READER


@given(requests(), st.data())
def test_altered(sent: Sent, data: st.DataObject) -> None:
    """A letter or byte more anywhere, in what is signed or in the signature, and it is refused."""
    names = ["path", "query", "body", "method"] + [name for name, _ in sent.headers]
    changed = _longer(sent, data.draw(st.sampled_from(names)), data)

    with pytest.raises(AuthError):
        asked(changed)


@given(requests(), st.data())
def test_shortened(sent: Sent, data: st.DataObject) -> None:
    """A header less, and it is refused."""
    names = sorted({name for name, _ in sent.headers})

    with pytest.raises(AuthError):
        asked(sent.without(data.draw(st.sampled_from(names))))


@given(st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())), st.binary())
def test_anything(path: str, query: str, headers: list[tuple[str, str]], body: bytes) -> None:
    """Whatever arrives unsigned is refused, and nothing breaks over it."""
    with pytest.raises(AuthError):
        asked(Sent("POST", path, query, tuple(headers), body))


@given(requests(), st.text(max_size=60))
def test_any_authorization(sent: Sent, text: str) -> None:
    """Whatever stands in the header Authorization, only a signature lets in."""
    for value in (text, f"AWS4-HMAC-SHA256 {text}", sent.get("authorization")[:-1] + text, f"{text}{sent.body!r}"):
        if value.strip() != sent.get("authorization"):
            with pytest.raises(AuthError):
                asked(sent.put("authorization", value))


def _longer(sent: Sent, where: str, data: st.DataObject) -> Sent:
    if where == "body":
        return replace(sent, body=_inserted(sent.body, b"x", data))
    if where in ("path", "query", "method"):
        # Before the first slash of a path there is nothing.
        fixed, text = ("/", sent.path[1:]) if where == "path" else ("", getattr(sent, where))
        return replace(sent, **{where: fixed + _inserted(text, "x", data)})
    number = data.draw(st.sampled_from([i for i, (name, _) in enumerate(sent.headers) if name == where]))
    pairs = list(sent.headers)
    pairs[number] = (where, _inserted(pairs[number][1], "x", data))
    return replace(sent, headers=tuple(pairs))


def _inserted(text: Any, letter: Any, data: st.DataObject) -> Any:
    place = data.draw(st.integers(0, len(text)))
    return text[:place] + letter + text[place:]
