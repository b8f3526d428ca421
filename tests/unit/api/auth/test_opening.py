"""Who decides on a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.signing import KEY_ID, SECRET, Sent, sign
from insights.api.auth.keys import secret_in_environment
from insights.api.auth.opening import OpenedLate, open_authenticator
from insights.api.caller import Anonymous, Authenticator, Caller, Headers
from insights.api.errors import AuthError
from insights.errors import SettingsError
from insights.settings import ApiSettings, parse_settings

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Tokens:
    """Knows everybody by their token."""

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        name = dict(headers)["authorization"].removeprefix("Bearer ")
        return Caller(f"user:{name}", may_read=True, may_write_selectors=True, accounts=None)


def opened(tokens: Authenticator | None = None, **api: Any) -> Authenticator:
    settings = parse_settings({"api": {"keys": [{"id": KEY_ID, "secret": "env:A"}], **api}}).api
    fetch = secret_in_environment({"A": SECRET})
    return open_authenticator(settings, secret_of=fetch, now=lambda: NOW, tokens=tokens, clock=lambda: 0.0)


def asked(door: Authenticator, sent: Sent) -> str:
    try:
        return door.authenticate(sent.method, sent.path, sent.query, sent.headers, sent.body).name
    except AuthError as error:
        return error.code


def test_keys() -> None:
    """The settings' keys are let in."""
    assert asked(opened(), sign(at=NOW)) == KEY_ID


def test_no_keys() -> None:
    """Without keys nobody is."""
    door = open_authenticator(ApiSettings(), secret_of=secret_in_environment({}), now=lambda: NOW)

    assert asked(door, sign(at=NOW)) == "UnrecognizedClientException"


def test_limits() -> None:
    """The settings' limits hold."""
    door = opened(burst=2)

    assert [asked(door, sign(at=NOW)) for _ in range(3)] == [KEY_ID, KEY_ID, "ThrottlingException"]


@pytest.mark.parametrize(("skew", "answer"), [(6, KEY_ID), (5, "InvalidSignatureException")])
def test_clock(skew: int, answer: str) -> None:
    """The settings say how far a clock may be off."""
    assert asked(opened(clock_skew_minutes=skew), sign(at=NOW.replace(minute=6))) == answer


def test_tokens() -> None:
    """A host's own tokens are taken beside signatures, where it has some."""
    bearing = Sent("POST", "/", "", (("authorization", "Bearer alice"),), b"")

    assert asked(opened(Tokens()), bearing) == "user:alice"
    assert asked(opened(Tokens()), sign(at=NOW)) == KEY_ID
    assert asked(opened(), bearing) == "IncompleteSignatureException"


def test_two_ways_at_once() -> None:
    """A request that comes with a token and a signature is of nobody."""
    signed, token = sign(at=NOW), ("authorization", "Bearer alice")

    for headers in ((*signed.headers, token), (token, *signed.headers)):
        assert asked(opened(Tokens()), replace(signed, headers=headers)) == "MalformedHttpRequestException"


def test_opened_late() -> None:
    """A wrong setting is told with the request that needs it, and once it is mended the next request is answered."""
    tries: list[Authenticator | SettingsError] = [Anonymous(), SettingsError("set the variable A")]

    def opens() -> Authenticator:
        found = tries.pop()
        if isinstance(found, SettingsError):
            raise found
        return found

    door, here = OpenedLate(opens), Sent("POST", "/", "", (("host", "localhost"),), b"")
    with pytest.raises(SettingsError):
        asked(door, here)

    assert [asked(door, here) for _ in range(2)] == ["anonymous"] * 2
