"""How often who may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from insights.api.auth.throttle import Buckets, Throttled
from insights.api.caller import Caller
from insights.api.errors import AuthError


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class ByName:
    """Takes the path for the caller's name; who is called `/stranger` is refused."""

    def authenticate(
        self, method: str, path: str, query: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Caller:
        if path == "/stranger":
            raise AuthError("UnrecognizedClientException", 403, "unknown")
        return Caller(path, may_read=True, may_write_selectors=True, accounts=None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttled(clock: Clock) -> Throttled:
    return Throttled(ByName(), Buckets(2, 4, clock), Buckets(2, 4, clock))


def asked(throttled: Throttled, name: str) -> str:
    try:
        throttled.authenticate("POST", name, "", [], b"")
    except AuthError as error:
        return f"{error.code} {error.status}"
    return "let in"


def test_burst(throttled: Throttled) -> None:
    """So many may come at once, and AWS's error follows, with the status AWS gives it."""
    assert [asked(throttled, "/a") for _ in range(5)] == ["let in"] * 4 + ["ThrottlingException 400"]


def test_rate(throttled: Throttled, clock: Clock) -> None:
    """After a burst two a second may come, and a pause is saved up to the burst, not more."""
    for _ in range(5):
        asked(throttled, "/a")
    clock.seconds += 1
    assert [asked(throttled, "/a") for _ in range(3)].count("let in") == 2
    clock.seconds += 3600
    assert [asked(throttled, "/a") for _ in range(9)].count("let in") == 4


def test_each_for_itself(throttled: Throttled) -> None:
    """One caller's haste is not another's."""
    for _ in range(5):
        asked(throttled, "/a")

    assert asked(throttled, "/b") == "let in"


def test_strangers_share(throttled: Throttled) -> None:
    """Who is refused is slowed down together with all who are, and takes nothing from callers who are known."""
    assert [asked(throttled, "/stranger") for _ in range(5)] == ["UnrecognizedClientException 403"] * 4 + [
        "ThrottlingException 400"
    ]
    assert asked(throttled, "/a") == "let in"


def test_a_clock_that_jumps_back(clock: Clock) -> None:
    """A clock that goes backwards takes no tokens away."""
    buckets = Buckets(2, 4, clock)
    buckets.take("a")
    clock.seconds -= 100

    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]


def test_memory(clock: Clock) -> None:
    """However many names come, so many are remembered."""
    buckets = Buckets(2, 4, clock, most_names=10)
    for number in range(1000):
        buckets.take(f"name {number}")

    assert len(buckets._levels) == 10
