from datetime import timedelta

import msgspec

from insights.records.partitions import EventHour
from insights.storage import quality
from insights.storage.events import hour_key, merge_hour
from insights.storage.quality import Judgement
from insights.windows import Window, parse_instant

DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


def judgement(result: str, versions: dict[str, str], held: dict[str, tuple[str, ...]] | None = None) -> Judgement:
    return Judgement(versions, held or {}, msgspec.Raw(f'{{"result":"{result}"}}'.encode()))


def results(store) -> list[str]:
    return [msgspec.json.decode(each.result)["result"] for each in quality.read_judgements(store, DAY)]


def test_round_trip(store, hour) -> None:
    """A judgement comes back with its versions, held hours and document."""
    quality.write(store, hour.day_path, judgement("first", {hour.path: "v1"}, {hour.path: ("event-id-unique",)}))
    (found,) = quality.read_day(store, hour.day_path)

    assert (found.versions, found.held) == ({hour.path: "v1"}, {hour.path: ("event-id-unique",)})
    assert results(store) == ["first"]


def test_newer_judgement(store, hour) -> None:
    """An hour that was judged again no longer counts for what was said of it before."""
    other = EventHour(hour.account_id, hour.region, hour.start + timedelta(hours=1))
    quality.write(store, hour.day_path, judgement("both", {hour.path: "v1", other.path: "v1"}))
    quality.write(store, hour.day_path, judgement("one", {hour.path: "v2"}))
    assert [each.versions for each in quality.read_day(store, hour.day_path)] == [{other.path: "v1"}, {hour.path: "v2"}]

    quality.write(store, hour.day_path, judgement("other", {other.path: "v2"}))
    assert results(store) == ["one", "other"]


def test_held_hours(store, hour, record, events_of) -> None:
    """An hour is held as long as its events are those that were judged."""
    merge_hour(store, hour, events_of([record(1)]))
    version = store.get(hour_key(hour))[1]
    quality.write(store, hour.day_path, judgement("bad", {hour.path: version}, {hour.path: ("event-id-unique",)}))
    assert quality.held_hours(store, [hour]) == {hour: ("event-id-unique",)}

    merge_hour(store, hour, events_of([record(2)]))
    assert quality.held_hours(store, [hour]) == {}


def test_lost_race(store, hour, monkeypatch) -> None:
    """Two judgements that are written at once are both there."""
    put, other = store.put, EventHour(hour.account_id, hour.region, hour.start + timedelta(hours=1))
    rivals = [judgement("rival", {other.path: "v1"})]

    def put_after_a_rival(key: str, content: bytes, *, replacing: str | None = None) -> None:
        if rivals:
            quality.write(store, hour.day_path, rivals.pop())
        put(key, content, replacing=replacing)

    monkeypatch.setattr(store, "put", put_after_a_rival)
    quality.write(store, hour.day_path, judgement("mine", {hour.path: "v1"}))

    assert sorted(results(store)) == ["mine", "rival"]


def test_nothing(store, hour) -> None:
    """Days that were never judged have no judgement."""
    assert quality.read_day(store, hour.day_path) == []
    assert results(store) == []
