from insights.records.schemas import LEDGER
from insights.storage import integrity, ledger
from insights.windows import Window, parse_instant

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
    """Loose objects belong to every window: their time of delivery means nothing."""
    enter(store, delivered("loose", "03:00", is_loose=True))

    assert [each["object_key"] for each in ledger.entries(store, between("13:00", "14:00"))] == ["loose"]


def test_unread(store, delivered) -> None:
    """An object counts as read in the version that was read only."""
    enter(store, delivered("a", etag="v1"))
    objects = [delivered("a", etag="v1"), delivered("a", etag="v2"), delivered("b", etag="v1")]

    assert [is_unread for _, is_unread in ledger.unread(store, objects)] == [False, True, True]


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
