from dataclasses import replace
from datetime import timedelta

from insights.records.partitions import EventHour
from insights.records.series import InsightType, SeriesKey
from insights.statistics.attribution import Tally
from insights.storage import counts, hours
from insights.storage.attribution import Question, tally
from insights.storage.events import merge_hour
from insights.windows import Window, parse_instant

CALLS = SeriesKey("111122223333", "us-east-1", "Management", InsightType.CALL_RATE, "ec2.amazonaws.com", "RunInstances")
SPAN = Window(parse_instant("2026-11-01T13:05"), parse_instant("2026-11-01T14:02"))


def fill(store, hour, record, events_of) -> dict[str, list]:
    """Merge calls in two hours; give those that RunInstances made in `SPAN`, by whether they read and failed."""
    early = record(1, eventTime="2026-11-01T13:04:59Z")
    write = record(2, eventTime="2026-11-01T13:05:00Z")
    read = record(3, eventTime="2026-11-01T13:06:00Z", readOnly=True)
    denied = record(4, eventTime="2026-11-01T14:01:59Z", errorCode="AccessDenied")
    late = record(5, eventTime="2026-11-01T14:02:00Z")
    other_api = record(6, eventTime="2026-11-01T13:10:00Z", eventName="StopInstances")
    other_source = record(7, eventTime="2026-11-01T13:10:00Z", eventSource="x.amazonaws.com")
    data = record(8, eventTime="2026-11-01T13:10:00Z", eventCategory="Data")
    after = EventHour(hour.account_id, hour.region, hour.start + timedelta(hours=1))
    merge_hour(store, hour, events_of([early, write, read, other_api, other_source, data]))
    merge_hour(store, after, events_of([denied, late]))
    for each in (hour, after):
        counts.count_hour(store, each, hours.version(store, each))
    return {"writes": [write, denied], "all": [write, read, denied], "denied": [denied]}


def test_answers(store, hour, record, events_of) -> None:
    """A question is about its series, span and kind of calls only; several are answered in their order."""
    calls = fill(store, hour, record, events_of)
    errors = replace(CALLS, insight_type=InsightType.ERROR_RATE, error_code="AccessDenied")
    found = tally(store, [Question(CALLS, SPAN, True), Question(CALLS, SPAN, False), Question(errors, SPAN, False)])

    assert found == [Tally.of(events_of(calls[name])) for name in ("writes", "all", "denied")]


def test_no_events(store) -> None:
    """A span without events in the lake has nobody in it."""
    assert tally(store, [Question(CALLS, SPAN, True)]) == [Tally()]


def test_each_hour_once(store, hour, record, events_of, monkeypatch) -> None:
    """However many questions are asked, an hour is read once."""
    fill(store, hour, record, events_of)
    read, get = [], store.get
    monkeypatch.setattr(store, "get", lambda key: read.append(key) or get(key))
    tally(store, [Question(CALLS, SPAN, True)] * 5)

    assert sum(key.startswith("events/") for key in read) == 2


def test_an_hour_the_counts_do_not_speak_of(store, hour, record, events_of) -> None:
    """Events that were held back, or came after the counting, explain no count."""
    calls = fill(store, hour, record, events_of)
    merge_hour(store, hour, events_of([record(9, eventTime="2026-11-01T13:20:00Z")], "later"))

    assert tally(store, [Question(CALLS, SPAN, True)]) == [Tally.of(events_of(calls["denied"]))]
