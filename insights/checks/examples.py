"""How rows that failed a rule are shown to people.

What stands in a log was written by whoever made the call: it is shown short, and with nothing invisible left in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insights.checks.result import MAX_EXAMPLES
from insights.records.rules import FactBetween, NotNull, Rule, UniqueInHour, WithinHour
from insights.windows import format_instant

MAX_CHARACTERS = 200
PARTITION_HOUR = "partition_hour"
SECONDS_INTO_HOUR = "seconds_into_hour"


def examples_of(rule: Rule, values: Sequence[Any], table: pa.Table) -> Iterator[str]:
    """Write at most five failures of a rule on a table.

    `values` are the first five values that failed; where a value alone would say nothing, the events it belongs to are
    named instead.
    """
    match rule.check:
        case NotNull():
            for row in _rows_where(pc.is_null(table[rule.column]), table):
                yield example_of(f"{row['event_name']} at {format_instant(row['event_time'])}")
        case WithinHour():
            seconds = with_seconds(table)[SECONDS_INTO_HOUR]
            for row in _rows_where(pc.or_(pc.less(seconds, 0), pc.greater_equal(seconds, 3600)), table):
                yield f"{format_instant(row['event_time'])} in the hour of {format_instant(row[PARTITION_HOUR])}"
        case UniqueInHour():
            yield from (example_of(value[rule.column]) for value in values)
        case FactBetween(fact, minimum, maximum):
            yield from (f"{fact} is {value:g}, allowed is {minimum:g} to {maximum:g}" for value in values)
        case _:
            yield from (example_of(value) for value in values)


def example_of(value: object) -> str:
    """Write a value of a log: at most 200 characters, none of them invisible or able to turn the line around."""
    text = format_instant(value) if isinstance(value, datetime) else str(value)
    shown = text[: MAX_CHARACTERS + 1]
    return cut("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown))


def cut(text: str) -> str:
    """Shorten a text to 200 characters; an ellipsis ends one that lost something."""
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def with_seconds(table: pa.Table) -> pa.Table:
    """Add `seconds_into_hour`: how long after the start of its partition hour an event happened."""
    microseconds = pc.subtract(table["event_time"], table[PARTITION_HOUR]).cast(pa.int64()).cast(pa.float64())
    return table.append_column(SECONDS_INTO_HOUR, pc.divide(microseconds, 1e6))


def _rows_where(mask: Any, table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(mask).slice(0, MAX_EXAMPLES).to_pylist()
    return rows
