"""Who called: read from `events`, only for series that fire, each hour once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from insights.records.partitions import EventHour
from insights.records.schemas import EVENTS
from insights.records.series import InsightType, SeriesKey
from insights.statistics.attribution import Tally
from insights.statistics.subjects import POOL_EVENT_SOURCE, is_denial
from insights.storage import counts, events
from insights.storage.objects import ObjectStore
from insights.storage.tables import read_version
from insights.windows import Window

_COLUMNS = (
    "event_time", "event_category", "is_read_only", "event_source", "event_name", "error_code", "identity_arn",
    "identity_key", "user_agent", "source_ip_address",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """Which calls of a series, in which span: `writes_only` leaves out reads, as the series' counts did."""

    series: SeriesKey
    window: Window
    writes_only: bool


def tally(store: ObjectStore, questions: Sequence[Question]) -> list[Tally]:
    """Answer questions about one account × Region in their order, reading every event hour at most once."""
    tallies = [Tally() for _ in questions]
    hours: dict[EventHour, list[int]] = {}
    for number, question in enumerate(questions):
        for span in question.window.hours():
            hour = EventHour(question.series.account_id, question.series.region, span.start)
            hours.setdefault(hour, []).append(number)
    for place, asked in sorted(hours.items()):
        version = read_version(store, events.hour_key(place), EVENTS, columns=_COLUMNS)
        # An hour that was held back, or has changed since, is none that the counts speak of.
        if version.table.num_rows and counts.made_from(store, place) == version.etag:
            for number in asked:
                tallies[number] += Tally.of(_matching(version.table, questions[number]))
    return tallies


def _matching(rows: pa.Table, question: Question) -> pa.Table:
    series, time = question.series, EVENTS.field("event_time").type
    conditions = [
        pc.equal(rows["event_category"], series.event_category),
        pc.greater_equal(rows["event_time"], pa.scalar(question.window.start, time)),
        pc.less(rows["event_time"], pa.scalar(question.window.end, time)),
        *_of_series(rows, series),
    ]
    if question.writes_only:
        conditions.append(pc.invert(rows["is_read_only"]))
    return rows.filter(reduce(pc.and_, conditions))


def _of_series(rows: pa.Table, series: SeriesKey) -> list[pa.ChunkedArray]:
    if series.event_source == POOL_EVENT_SOURCE:
        # The pool counts operations; who is behind it shows in all the denied calls.
        codes = pc.unique(rows["error_code"]).drop_null().to_pylist()
        return [pc.is_in(rows["error_code"], pa.array([code for code in codes if is_denial(code)], pa.string()))]
    conditions = [
        pc.equal(rows["event_name"], series.event_name),
        pc.equal(rows["event_source"], series.event_source),
    ]
    if series.insight_type is InsightType.ERROR_RATE:
        conditions.append(pc.equal(rows["error_code"], series.error_code))
    return conditions
