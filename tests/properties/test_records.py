"""record → row → record gives back the JSON object AWS wrote, however odd."""

import json
from datetime import datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from insights.records.batches import Batch
from insights.records.columns import build_rows
from insights.records.document import read_document
from insights.records.event import MEMBERS, REASONS, Kind, restore_text
from insights.storage.tables import encode, read_columns

ANY_TEXT = st.text(max_size=20)
HALF_SURROGATES = st.text(st.characters(categories=["Cs", "L"]), max_size=5)
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, ANY_TEXT, HALF_SURROGATES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ANY_TEXT, inner, max_size=3)),
    max_leaves=6,
)
SECONDS = st.datetimes(datetime(2013, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
INSTANTS = st.one_of(
    SECONDS.map(lambda at: f"{at.isoformat()}Z"),
    st.tuples(SECONDS, st.sampled_from([".123Z", "+00:00", "-05:30", "", ".5+01:00"])).map(
        lambda pair: f"{pair[0].isoformat()}{pair[1]}"
    ),
)
ORDINARY = {
    Kind.INSTANT: INSTANTS,
    Kind.TEXT: st.one_of(ANY_TEXT, HALF_SURROGATES),
    Kind.ID: st.one_of(ANY_TEXT, HALF_SURROGATES),
    Kind.FLAG: st.sampled_from([True, False, "true", "false"]),
    Kind.NESTED: JSON,
}
RECORDS = st.fixed_dictionaries(
    {member.name: ORDINARY[member.kind] for member in MEMBERS if member.is_required},
    optional={member.name: st.one_of(ORDINARY[member.kind], JSON) for member in MEMBERS if not member.is_required}
    | {"newMember": JSON, "": JSON, "event_time": JSON},
)


def there_and_back(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write records into an object, read it, build rows, write and read Parquet, and give the records back."""
    text = json.dumps({"Records": records})
    document = read_document("x.json", text.encode())
    assert document.refusals == []
    batch = Batch()
    batch.add(document, 0)
    rows, refusals = build_rows(batch)
    assert refusals == []
    return [json.loads(restore_text(row)) for row in read_columns(encode(rows.table)).to_pylist()]


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 is not true, and 1.0 is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


BARE = {"eventTime": "2026-11-01T13:05:07Z", "eventSource": "s", "eventName": "n", "awsRegion": "r"}


@given(st.lists(RECORDS, min_size=1, max_size=4))
@example([BARE])
@example([BARE | {"readOnly": None, "eventCategory": None, "managementEvent": "x", "userIdentity": None}])
@example([BARE | {"requestParameters": "null"}, BARE | {"requestParameters": None}])
@example([BARE | {"eventTime": "2026-11-01T13:05:07.999Z", "errorCode": ""}])
def test_round_trip(records: list[dict[str, Any]]) -> None:
    """Nulls, wrong types, unknown members, milliseconds and any text survive."""
    assert same(there_and_back(records), records)


@given(st.lists(st.one_of(JSON, RECORDS), max_size=4))
def test_every_entry_is_accounted_for(entries: list[Any]) -> None:
    """Whatever a Records list holds, each entry becomes a row or a refusal with a known reason, once."""
    document = read_document("x.json", json.dumps({"Records": entries}).encode())
    batch = Batch()
    batch.add(document, 0)
    rows, refusals = build_rows(batch)
    refused = [*document.refusals, *(refusal for _, refusal in refusals)]

    assert document.records_in == len(entries)
    assert sorted([*rows.positions.tolist(), *(refusal.index for refusal in refused)]) == list(range(len(entries)))
    assert {refusal.reason for refusal in refused} <= set(REASONS)


@given(st.binary(max_size=200))
@example(b"\x1f\x8b")
@example(b'{"Records":[')
@example(b'{"Records":[\xff]}')
def test_any_bytes(content: bytes) -> None:
    """Any bytes are read or refused with a known reason; none raise an exception."""
    document = read_document("x.json.gz", content)

    assert {refusal.reason for refusal in document.refusals} <= set(REASONS)
    assert document.records or document.refusals or b"Records" in content
