"""Who asks, and what they may do. How that is found out is somebody else's business: an `Authenticator`'s."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from insights.api.errors import AuthError


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was recognised.

    Attributes:
        name: For the log, and so that page tokens are nobody else's.
        may_read: Whether events, insights, counts and the trail may be seen.
        may_write_selectors: Whether Insights may be turned on and off.
        accounts: Whose data may be seen; None is everybody's.
    """

    name: str
    may_read: bool
    may_write_selectors: bool
    accounts: frozenset[str] | None


class Authenticator(Protocol):
    """Tells who sent a request."""

    def authenticate(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Caller:
        """Give the caller of a request.

        Args:
            method: `POST`.
            path: As the client wrote it, still encoded, with the prefix under which the API is mounted.
            query: What stands after the question mark, as the client wrote it.
            headers: By lower-case names.
            body: Every byte of it.

        Raises:
            AuthError: nobody we know sent this.
        """


class Anonymous:
    """Lets everybody do everything: for a server on the loopback interface that was told to.

    A page in a browser cannot use it: it would have to name a host that is not this one (DNS rebinding), or send a
    content type that browsers ask about first.
    """

    def authenticate(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Caller:
        """Give a caller who may do everything, if it was this machine that was asked for."""
        if not is_loopback(headers.get("host", "")):
            raise AuthError("AccessDeniedException", 403, "this server answers to localhost and 127.0.0.1 only")
        return Caller("anonymous", may_read=True, may_write_selectors=True, accounts=None)


class Nobody:
    """Lets nobody in: what holds where no credentials were set up."""

    def authenticate(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Caller:
        """Refuse."""
        raise AuthError("UnrecognizedClientException", 403, "no credentials are set up for this API")


def is_loopback(host: str) -> bool:
    """Tell whether a host (with or without a port) is this machine itself.

    >>> [is_loopback(host) for host in ("localhost:4000", "127.0.0.1", "[::1]:4000", "example.com", "127.0.0.1.nip.io")]
    [True, True, True, False, False]
    """
    name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
