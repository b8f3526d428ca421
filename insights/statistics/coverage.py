"""Which hours had data: silence is not calm.

An account × Region × hour nobody delivered is neither calls nor time. No baseline learns from it and no drop is seen in
it. Coverage is an algebra: parts add up, nothing is neutral.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from insights.windows import HOUR, MINUTE, parse_instant

_EPOCH = parse_instant("1970-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where calls are judged together: one account in one Region."""

    account_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The hours with data of every place, as whole hours since 1970-01-01T00:00Z."""

    hours: Mapping[Place, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, hours: Iterable[tuple[str, str, datetime]]) -> Coverage:
        """Build coverage from (account id, Region, any instant of the hour)."""
        collected: dict[Place, set[int]] = {}
        for account_id, region, instant in hours:
            collected.setdefault(Place(account_id, region), set()).add(hour_index(instant))
        return cls({place: frozenset(found) for place, found in collected.items()})

    def __add__(self, other: Coverage) -> Coverage:
        places = self.hours.keys() | other.hours.keys()
        return Coverage({place: self.of_place(place) | other.of_place(place) for place in places})

    def of_place(self, place: Place) -> frozenset[int]:
        """Give the hours with data of one place."""
        return self.hours.get(place, frozenset())


def hour_index(instant: datetime) -> int:
    """Number the hour an instant lies in: whole hours since 1970-01-01T00:00Z."""
    return (instant - _EPOCH) // HOUR


def instant_of(minute: int) -> datetime:
    """Give the instant of a minute numbered since 1970-01-01T00:00Z."""
    return _EPOCH + MINUTE * minute
