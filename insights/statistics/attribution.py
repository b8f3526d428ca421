"""Who and what a rate came from: calls by role or user, by user agent, by error.

The source is a slice of the events table: the events of the series that fired, in the episode or its baseline. A call
that lacks the attribute counts under "null", the string AWS uses for calls without an error. So the values of an
attribute always add up to the calls, and the averages to the statistic where there are at most five values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insights.records.insight import TOP_VALUES, Attribution, Share, attributes_of
from insights.records.series import InsightType

MISSING = "null"


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls by value of each attribute. Tallies add up; an empty one is neutral."""

    identities: Mapping[str, int] = field(default_factory=dict)
    user_agents: Mapping[str, int] = field(default_factory=dict)
    error_codes: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: pa.Table) -> Tally:
        """Count events with the columns `identity_arn, identity_key, user_agent, error_code, source_ip_address`.

        An identity is its `identity_key`, the role without the session's name, so that the sessions of a role are one;
        where there is none it is the ARN, and without that "null", as for calls an AWS service makes by itself.
        """
        identity = pc.coalesce(_text(events["identity_key"]), _text(events["identity_arn"]))
        names = ("user_agent", "error_code", "source_ip_address")
        return cls(_counted(identity), *(_counted(_text(events[name])) for name in names))

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            _sum(self.identities, other.identities),
            _sum(self.user_agents, other.user_agents),
            _sum(self.error_codes, other.error_codes),
            _sum(self.addresses, other.addresses),
        )

    @property
    def calls(self) -> int:
        """All calls counted."""
        return sum(self.error_codes.values())


def attributions(during: Tally, before: Tally, insight_type: InsightType) -> tuple[Attribution, ...]:
    """Name the top five values of each attribute of a type, most calls first and equal ones by value.

    Args:
        during: the calls of the episode (or of the window that spoke).
        before: the calls of the reported baseline.
        insight_type: decides which attributes AWS gives.
    """
    return tuple(
        Attribution(name, _top(_values(during, name)), _top(_values(before, name)))
        for name in attributes_of(insight_type)
    )


def excess(during: Tally, before: Tally, *, minutes: int, minutes_before: int) -> dict[str, list[dict[str, Any]]]:
    """Split what is above the usual rate by identity, agent, address and error: the five values with most of it each.

    Args:
        during: the calls of the episode (or of the window that spoke), over `minutes`.
        before: the calls of the reported baseline, over `minutes_before`.

    Returns:
        For each attribute values with their calls and their `excess`: calls beyond those of as many usual minutes.
    """
    return {
        "userIdentityArn": _excess(during.identities, before.identities, minutes / minutes_before),
        "userAgent": _excess(during.user_agents, before.user_agents, minutes / minutes_before),
        "sourceIPAddress": _excess(during.addresses, before.addresses, minutes / minutes_before),
        "errorCode": _excess(during.error_codes, before.error_codes, minutes / minutes_before),
    }


def _excess(during: Mapping[str, int], before: Mapping[str, int], share: float) -> list[dict[str, Any]]:
    excess = {value: during.get(value, 0) - before.get(value, 0) * share for value in {*during, *before}}
    ranked = sorted(excess.items(), key=lambda item: (-abs(item[1]), item[0]))[:TOP_VALUES]
    return [{"value": value, "calls": during.get(value, 0), "excess": round(above, 3)} for value, above in ranked]


def _values(tally: Tally, attribute: str) -> Mapping[str, int]:
    return {
        "userIdentityArn": tally.identities,
        "userAgent": tally.user_agents,
        "errorCode": tally.error_codes,
    }[attribute]


def _top(values: Mapping[str, int]) -> tuple[Share, ...]:
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(value, calls) for value, calls in ranked[:TOP_VALUES])


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    pairs = pc.value_counts(pc.fill_null(column, MISSING)).to_pylist()
    return {pair["values"]: pair["counts"] for pair in pairs}


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(left) + Counter(right))
