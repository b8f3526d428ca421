"""Who asks, and what they may do. How that is found out is somebody else's business: an `Authenticator`'s."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from insights.api.errors import AuthError

Headers = Sequence[tuple[str, str]]
"""By lower-case names, in the order they came; a name comes as often as it was sent."""


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

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Give the caller of a request.

        Args:
            method: `POST`.
            path: As the client wrote it, still encoded, with the prefix under which the API is mounted.
            query: What stands after the question mark, as the client wrote it.
            headers: All of them.
            body: Every byte of it.

        Raises:
            AuthError: nobody we know sent this.
        """


class Anonymous:
    """Lets everybody do everything: for a server on the loopback interface that was told to.

    A page in a browser cannot use it: it would have to name a host that is not this one (DNS rebinding), or send a
    content type that browsers ask about first.
    """

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Give a caller who may do everything, if it was this machine that was asked for."""
        hosts = [value for name, value in headers if name == "host"]
        if len(hosts) != 1 or not is_loopback(hosts[0]):
            raise AuthError("AccessDeniedException", 403, "this server answers to localhost and 127.0.0.1 only")
        return Caller("anonymous", may_read=True, may_write_selectors=True, accounts=None)


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
