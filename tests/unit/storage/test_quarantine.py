import msgspec
import pyarrow as pa
import pytest

from insights.records.event import Refusal
from insights.records.schemas import QUARANTINE
from insights.storage import parts, quarantine
from insights.storage.tables import encode, read_columns

BAD_RECORD = Refusal("missing_field", "eventTime", 3, b"{}")
BAD_OBJECT = Refusal("not_gzip", "begins with 00", None, b"\x00" * 100_000)


def rows(store) -> list[dict]:
    return [row for info in store.list("quarantine/") for row in read_columns(store.get(info.key)[0]).to_pylist()]


def test_row(store, delivered) -> None:
    """A row says what was refused and why, below the day the object was delivered."""
    quarantine.write(store, [(delivered("a", etag="v1"), BAD_RECORD)])

    (info,) = store.list("quarantine/date=2026-11-01/")
    assert read_columns(store.get(info.key)[0]).schema.names == QUARANTINE.names
    assert rows(store) == [
        {
            "reason": "missing_field",
            "detail": "eventTime",
            "object_key": "a",
            "object_etag": "v1",
            "record_index": 3,
            "content": b"{}",
            "content_bytes": 2,
            "records": 1,
        }
    ]


def test_long_content(store, delivered) -> None:
    """Of a large object the first 64 KiB are kept, and its size."""
    quarantine.write(store, [(delivered("a"), BAD_OBJECT)])

    assert (len(rows(store)[0]["content"]), rows(store)[0]["content_bytes"]) == (65_536, 100_000)


def test_count(store, delivered) -> None:
    """Rows are counted by reason, for the versions asked for; records apart from objects."""
    quarantine.write(store, [(delivered("a"), BAD_RECORD), (delivered("b"), BAD_OBJECT), (delivered("c"), BAD_RECORD)])
    replaced = msgspec.structs.replace(delivered("c"), etag="other version")
    found = quarantine.count_by_reason(store, [delivered("a"), delivered("b"), replaced])

    assert (found.reasons, found.records) == ({"missing_field": 1, "not_gzip": 1}, 1)


def test_repeated(store, delivered) -> None:
    """Runs that refuse the same write it once, in whatever company: a run may be killed and shards be cut anew."""
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])
    quarantine.write(store, [(delivered("b"), BAD_OBJECT), (delivered("a"), BAD_RECORD)])

    assert sorted(row["object_key"] for row in rows(store)) == ["a", "b"]


def test_other_refusals(store, delivered) -> None:
    """An object that is refused for something else the second time, once it can be read, loses nothing."""
    quarantine.write(store, [(delivered("a"), Refusal("unreadable_object", "refused", None, b""))])
    quarantine.write(store, [(delivered("a"), BAD_RECORD)])

    assert quarantine.count_by_reason(store, [delivered("a")]).reasons == {"missing_field": 1, "unreadable_object": 1}


def test_refused_together(store, delivered) -> None:
    """Records that are refused together count one by one, an object counts once."""
    rest = Refusal("mostly_refused", "the 7 records from this one on", 5, b"", 7)
    quarantine.write(store, [(delivered("a"), BAD_RECORD), (delivered("a"), rest), (delivered("b"), BAD_OBJECT)])
    found = quarantine.count_by_reason(store, [delivered("a"), delivered("b")])

    assert (found.reasons, found.records) == ({"missing_field": 1, "mostly_refused": 7, "not_gzip": 1}, 8)


def test_earlier_files(store, delivered) -> None:
    """Files from before records were refused together have a row a record."""
    row = {"reason": "missing_field", "object_key": "a", "object_etag": delivered("a").etag, "record_index": 0}
    store.put("quarantine/date=2026-11-01/old.parquet", encode(pa.Table.from_pylist([row])))

    assert quarantine.count_by_reason(store, [delivered("a")]).records == 1


@pytest.fixture(params=["own files", "day's file"])
def withdrawn(request, store, delivered):
    """A lake with two records of `a` and one of `b` that were refuted, and a record and an object that were not."""
    refuted = [Refusal("refuted_object", "unlisted", index, b'{"n": %d}' % index) for index in (0, 1)]
    bad = [(delivered("a"), BAD_RECORD), (delivered("c"), BAD_OBJECT)]
    quarantine.write(store, [(delivered("a"), refuted[0]), (delivered("a"), refuted[1]), *bad])
    quarantine.write(store, [(delivered("b"), refuted[0])])
    if request.param == "day's file":
        folder = "quarantine/date=2026-11-01/"
        parts.merge(store, folder, list(store.list(folder)), quarantine.IDENTITY)
    return store


def test_held_for_one_reason(withdrawn, delivered) -> None:
    """The single records that are held for one reason are counted, and given back, by the version of their object."""
    objects = [delivered("a"), delivered("b"), delivered("c")]
    a, b = (("a", delivered("a").etag), ("b", delivered("b").etag))

    assert quarantine.records_by_version(withdrawn, objects, "refuted_object") == {a: 2, b: 1}
    assert quarantine.contents(withdrawn, objects, "refuted_object") == {
        a: {b'{"n": 0}', b'{"n": 1}'},
        b: {b'{"n": 0}'},
    }
    assert quarantine.records_by_version(withdrawn, objects, "not_gzip") == {}
    assert quarantine.contents(withdrawn, objects, "not_gzip") == {}


@pytest.mark.parametrize(
    ("taken", "left"), [(["a"], ["a missing_field", "b refuted_object"]), (["a", "b"], ["a missing_field"])]
)
def test_take_out(withdrawn, delivered, taken: list[str], left: list[str]) -> None:
    """What is taken out are the single records of those objects that are held for that reason, and nothing else."""
    quarantine.take_out(withdrawn, map(delivered, taken), "refuted_object")
    quarantine.take_out(withdrawn, [delivered("c")], "not_gzip")

    found = sorted(f"{row['object_key']} {row['reason']}" for row in rows(withdrawn))
    assert found == sorted([*left, "c not_gzip"])


def test_take_out_another_version(withdrawn, delivered) -> None:
    """Of another version of an object nothing is taken out."""
    before = rows(withdrawn)
    quarantine.take_out(withdrawn, [msgspec.structs.replace(delivered("a"), etag="other version")], "refuted_object")

    assert rows(withdrawn) == before
