"""Puts together who decides on a request: signatures, the host's tokens if it has any, and the throttle over both."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property

from insights.api.auth.keys import access_keys
from insights.api.auth.signed import SignedRequests
from insights.api.auth.throttle import Buckets, Throttled
from insights.api.caller import Authenticator, Caller, Headers
from insights.settings import ApiKeySettings, ApiSettings

BEARER = "Bearer "


def open_authenticator(
    settings: ApiSettings,
    *,
    secret_of: Callable[[ApiKeySettings], str],
    now: Callable[[], datetime],
    tokens: Authenticator | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Authenticator:
    """Make what lets in the holders of the settings' access keys, and nobody else.

    Args:
        settings: Keys and limits.
        secret_of: Fetches the secret that a key names.
        now: The time, aware, against which signatures are held.
        tokens: Recognises who sends `Authorization: Bearer …`; without it nobody does.
        clock: Seconds that only grow, for the throttle.

    Raises:
        SettingsError: a key cannot be used.
    """
    skew = timedelta(minutes=settings.clock_skew_minutes)
    signed = SignedRequests(access_keys(settings.keys, secret_of), now=now, skew=skew)
    callers, refused = (Buckets(settings.requests_per_second, settings.burst, clock) for _ in range(2))
    return Throttled(signed if tokens is None else _ByScheme(signed, tokens), callers, refused)


class OpenedLate:
    """Opens the authenticator when the first request asks for it, and again for the next one where that fails."""

    def __init__(self, open_it: Callable[[], Authenticator]) -> None:
        self._open = open_it

    @cached_property
    def _authenticator(self) -> Authenticator:
        return self._open()

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Ask the authenticator."""
        return self._authenticator.authenticate(method, path, query, headers, body)


class _ByScheme:
    """Leaves bearer tokens to who knows them; everything else must be signed."""

    def __init__(self, signed: Authenticator, tokens: Authenticator) -> None:
        self._signed, self._tokens = signed, tokens

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        given = [value for name, value in headers if name == "authorization"]
        is_token = len(given) == 1 and given[0].startswith(BEARER)
        return (self._tokens if is_token else self._signed).authenticate(method, path, query, headers, body)
