"""How often somebody may call: token buckets, one for each caller and one for all who were refused."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from insights.api.caller import Authenticator, Caller, Headers
from insights.api.errors import AuthError

_MOST_CALLERS = 1024


@dataclass(slots=True)
class Buckets:
    """One token bucket for each name: it holds `burst` tokens and gets `per_second` new ones.

    Memory is bounded: the name that was quiet for longest is forgotten, which fills its bucket.

    >>> seconds = iter([0.0, 0.0, 0.0, 0.5])
    >>> buckets = Buckets(per_second=2, burst=2, clock=lambda: next(seconds))
    >>> [buckets.take("a") for _ in range(4)]
    [True, True, False, True]
    """

    per_second: float
    burst: int
    clock: Callable[[], float]
    most_names: int = _MOST_CALLERS
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, name: str) -> bool:
        """Take a token, if there is one."""
        with self._lock:
            now = self.clock()
            level, at = self._levels.pop(name, (float(self.burst), now))
            level = min(level + max(now - at, 0.0) * self.per_second, float(self.burst))
            is_given = level >= 1.0
            self._levels[name] = (level - 1.0 if is_given else level, now)
            if len(self._levels) > self.most_names:
                self._levels.popitem(last=False)
            return is_given


class Throttled:
    """Lets callers through as often as they may call.

    Who is refused shares a bucket with everybody else who is: guessing gets slow, and nobody can keep a caller out by
    using its name.
    """

    def __init__(self, authenticator: Authenticator, callers: Buckets, refused: Buckets) -> None:
        self._authenticator, self._callers, self._refused = authenticator, callers, refused

    def authenticate(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Caller:
        """Give the caller, if it may call now."""
        try:
            caller = self._authenticator.authenticate(method, path, query, headers, body)
        except AuthError:
            if not self._refused.take("refused"):
                raise _exceeded() from None
            raise
        if not self._callers.take(caller.name):
            raise _exceeded()
        return caller


def _exceeded() -> AuthError:
    return AuthError("ThrottlingException", 400, "Rate exceeded")
