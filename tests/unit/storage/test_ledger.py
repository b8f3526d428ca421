from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from insights.records.schemas import LEDGER
from insights.storage import integrity, ledger
from insights.storage.objects import ObjectInfo
from insights.windows import DAY, Window, parse_instant

COUNTS = {
    "records_in": 5,
    "kept": 2,
    "duplicate": 1,
    "out_of_scope": 1,
    "quarantined": 1,
    "partitions": ["account_id=111122223333/region=us-east-1/date=2026-11-01/hour=13"],
}


def between(start: str, end: str) -> Window:
    return Window(parse_instant(f"2026-11-01T{start}"), parse_instant(f"2026-11-01T{end}"))


def enter(store, *objects) -> None:
    ledger.write(store, ledger.unit_name(objects), [(each, COUNTS) for each in objects])


def test_entry(store, delivered) -> None:
    """An entry says which version of which object became what."""
    enter(store, delivered("a", "13:10", etag="v1", size=99))
    (entry,) = ledger.entries(store, between("13:00", "14:00"))

    assert list(entry) == [*LEDGER.names, "withdrawn"]
    assert (entry["object_key"], entry["object_etag"], entry["object_bytes"]) == ("a", "v1", 99)
    assert {name: entry[name] for name in COUNTS} == COUNTS


def test_window(store, delivered) -> None:
    """Entries are those delivered in the window, half open."""
    enter(store, *(delivered(time, time) for time in ("12:59", "13:00", "13:59", "14:00")))

    assert [each["object_key"] for each in ledger.entries(store, between("13:00", "14:00"))] == ["13:00", "13:59"]


def test_loose_objects(store, delivered) -> None:
    """Loose objects that were entered just now belong to every window: their time of delivery means nothing."""
    enter(store, delivered("loose", "03:00", is_loose=True))
    far = Window(parse_instant("2020-01-01"), parse_instant("2020-01-02"))

    assert [each["object_key"] for each in ledger.entries(store, far)] == ["loose"]


class TestLooseObjectsOfLongAgo:
    @pytest.fixture
    def aged(self, store, delivered, monkeypatch):
        """A ledger with loose objects of three days with calls of three others, the first and the next nine of which
        were entered days ago; the last, and an object with a name, today."""
        hour = COUNTS["partitions"][0]
        for number in range(11):
            day = timedelta(days=(number > 0) + (number > 9))
            each = delivered(f"loose-{number}", is_loose=True)
            each = msgspec.structs.replace(each, delivered_at=each.delivered_at + 20 * DAY + day)
            counts = COUNTS | {"partitions": [hour.replace("11-01", f"11-{1 + day.days:02}")]}
            ledger.write(store, ledger.unit_name([each]), [(each, counts)])
        today = msgspec.structs.replace(delivered("named"), delivered_at=parse_instant("2026-11-09T13:00"))
        enter(store, today)
        inner = store.list

        def aged(prefix: str) -> Iterator[ObjectInfo]:
            for info in inner(prefix):
                age = 3 * DAY if "11-21" in info.key or "11-22" in info.key else timedelta()
                yield replace(info, last_modified=info.last_modified - age)

        monkeypatch.setattr(store, "list", aged)
        return store

    @pytest.mark.parametrize(("window", "found"), [
        (("2026-11-01", "2026-11-02"), {"loose-0", "loose-10"}),  # that of the calls
        (("2026-11-21", "2026-11-22"), {"loose-0", "loose-10"}),  # that on which it was modified
        (("2026-11-09", "2026-11-10"), {"named", "loose-10"}),
    ])  # fmt: skip
    def test_windows(self, aged, window: tuple[str, str], found: set[str]) -> None:
        """Once it is no longer new, a loose object belongs to the days of its calls and of its modification only."""
        asked = Window(*map(parse_instant, window))

        assert {each["object_key"] for each in ledger.entries(aged, asked)} == found

    def test_their_files_are_not_read(self, aged, monkeypatch) -> None:
        """Days that do not matter are not fetched, however many there are."""
        fetched: list[str] = []
        get = aged.get
        monkeypatch.setattr(aged, "get", lambda key: fetched.append(key) or get(key))
        list(ledger.entries(aged, Window(parse_instant("2026-11-09"), parse_instant("2026-11-10"))))

        assert {key.split("/")[3] for key in fetched if "account_id=-" in key} == {"date=2026-11-23"}

    def test_looked_up_by_day(self, aged, delivered, monkeypatch) -> None:
        """Loose objects come by name, not by day: each day's entries are looked up once all the same."""
        listed: list[str] = []
        inner = aged.list
        monkeypatch.setattr(aged, "list", lambda prefix: listed.append(prefix) or inner(prefix))
        objects = [delivered(f"x-{number}", is_loose=True) for number in range(6)]
        mixed = [msgspec.structs.replace(o, delivered_at=o.delivered_at + n % 2 * DAY) for n, o in enumerate(objects)]

        assert [is_unread for _, is_unread in ledger.unread(aged, mixed)] == [True] * 6
        assert len(listed) == 1 + 2  # the list of all that were read, and the two days


class TestLooseObjectsThatWereRead:
    """Every search finds them all."""

    @pytest.fixture
    def read(self, store, delivered):
        """Loose objects of thirty days, each entered on its own."""
        objects = [delivered(f"loose-{number}", is_loose=True) for number in range(30)]
        objects = [msgspec.structs.replace(o, delivered_at=o.delivered_at + n * DAY) for n, o in enumerate(objects)]
        for each in objects:
            enter(store, each)
        return objects

    def test_no_day_is_looked_at(self, store, delivered, read, monkeypatch) -> None:
        """One list tells of all that were read; a new one, and a new version, is looked up in the ledger of its day."""
        listed: list[str] = []
        inner = store.list
        monkeypatch.setattr(store, "list", lambda prefix: listed.append(prefix) or inner(prefix))
        assert [is_unread for _, is_unread in ledger.unread(store, read)] == [False] * 30
        assert listed == [ledger.LOOSE_READ]
        changed, new = msgspec.structs.replace(read[7], etag="2"), delivered("new", is_loose=True)

        assert list(ledger.to_read(store, [*read, changed, new])) == [(changed, True), (new, False)]
        assert [prefix for prefix in listed[2:] if prefix.startswith("ledger/")] == listed[2:]
        assert len(listed[2:]) == 2

    def test_overwritten_on_another_day(self, store, delivered, read) -> None:
        """A file that is overwritten days after it was read is another version of it, as on the same day."""
        later = [msgspec.structs.replace(each, etag="2", delivered_at=each.delivered_at + 40 * DAY) for each in read]
        new = delivered("new", is_loose=True)

        assert list(ledger.to_read(store, [*later, new])) == [*((each, True) for each in later), (new, False)]

    def test_list_is_behind(self, store, read) -> None:
        """What was entered by a run that was killed before it could be listed is not read again."""
        for info in list(store.list(ledger.LOOSE_READ)):
            store.delete(info.key)

        assert [is_unread for _, is_unread in ledger.unread(store, read)] == [False] * 30

    def test_named_objects_are_not_listed(self, store, delivered) -> None:
        """The list is of loose objects alone: those with names are looked up by their day."""
        enter(store, delivered("a"))

        assert list(store.list(ledger.LOOSE_READ)) == []


def test_unread(store, delivered) -> None:
    """An object counts as read in the version that was read only."""
    enter(store, delivered("a", etag="v1"))
    objects = [delivered("a", etag="v1"), delivered("a", etag="v2"), delivered("b", etag="v1")]

    assert [is_unread for _, is_unread in ledger.unread(store, objects)] == [False, True, True]


def test_replaced_after_days_of_others(store, delivered) -> None:
    """That another version was read is told on every day, also after days of new objects and days without news."""
    days = [delivered(f"{number}", etag="v1") for number in range(30)]
    days = [msgspec.structs.replace(each, delivered_at=each.delivered_at + n * DAY) for n, each in enumerate(days)]
    enter(store, *days)
    found = [msgspec.structs.replace(each, etag="v2") if n % 3 == 2 else each for n, each in enumerate(days)]
    found = [msgspec.structs.replace(each, key=f"new-{n}") if n % 3 == 0 else each for n, each in enumerate(found)]
    told = {each.key: is_replacement for each, is_replacement in ledger.to_read(store, found)}

    assert told == {each.key: n % 3 == 2 for n, each in enumerate(found) if n % 3 != 1}


def test_entered_twice(store, delivered) -> None:
    """An object that two runs entered in different company is one entry."""
    first, second, third = delivered("a"), delivered("b"), delivered("c")
    enter(store, first, second)
    enter(store, second, third)

    assert [each["object_key"] for each in ledger.entries(store, between("13:00", "14:00"))].count("b") == 1
    assert len(list(store.list("ledger/"))) == 2


def test_repeated(store, delivered) -> None:
    """The same objects in another order are the same file."""
    enter(store, delivered("a"), delivered("b"))
    enter(store, delivered("b"), delivered("a"))

    assert len(list(store.list("ledger/"))) == 1


def test_unit_name(delivered) -> None:
    """A unit's name depends on keys and ETags, and on nothing else."""
    unit = ledger.unit_name([delivered("a"), delivered("b")])

    assert ledger.unit_name([delivered("b", "15:00"), delivered("a")]) == unit
    assert ledger.unit_name([delivered("a"), delivered("b", etag="2")]) != unit
    assert ledger.unit_name([delivered("a")]) != unit


def test_withdrawals_of_other_days_are_not_read(store, delivered, monkeypatch) -> None:
    """Numbers are those of today where records were withdrawn; what was withdrawn on other days costs nothing."""
    name = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/{0}/111122223333_CloudTrail_us-east-1_202611{0}T1310Z_{1}"
    today, other = (name.format(day, "A" * 16 + ".json.gz") for day in ("01", "02"))
    enter(store, delivered(today, "13:10", etag="1"))
    for key in (today, other):
        integrity.withdraw(store, integrity.Withdrawal(key, "1", 0, 1, 3))
    fetched: list[str] = []
    get = store.get
    monkeypatch.setattr(store, "get", lambda key: fetched.append(key) or get(key))
    (entry,) = ledger.entries(store, between("13:00", "14:00"))

    assert (entry["kept"], entry["quarantined"], entry["withdrawn"]) == (0, 3, 2)
    assert sum(key.startswith(integrity.WITHDRAWN) for key in fetched) == 1
