import gzip
import json

import numpy as np
import numpy.typing as npt
import pytest

from insights.records.batches import Batch
from insights.records.columns import build_rows
from insights.records.document import read_document
from insights.storage.event_keys import are_different, by_time, event_keys, event_names, grouped

UUID = "0b0a4f0e-6a55-4a57-8d0f-0d5a3c1f7e11"


class TestKeys:
    def keys(self, events_of, record, *event_ids: str | None) -> list[tuple[int, int]]:
        records = [record(1, eventID=each) for each in event_ids]
        for each in records:
            if each["eventID"] is None:
                del each["eventID"]
        high, low = event_keys(events_of(records))
        return list(zip(high.tolist(), low.tolist(), strict=True))

    def test_uuid(self, events_of, record) -> None:
        """The key of a UUID is its 128 bits, whatever the case of its letters."""
        (key, upper) = self.keys(events_of, record, UUID, UUID.upper())

        assert f"{key[0]:016x}{key[1]:016x}" == UUID.replace("-", "")
        assert upper == key

    @pytest.mark.parametrize(
        "other",
        ["", "1", UUID[:-1], UUID.replace("-", "0"), UUID[:-1] + "g", "é" * 18, UUID.replace("-", "_")],
        ids=["empty", "short", "cut", "no dashes", "no hex", "two bytes a letter", "underscores"],
    )
    def test_other_ids(self, events_of, record, other: str) -> None:
        """Ids that are no UUIDs are told apart by all of their text."""
        first, again, uuid = self.keys(events_of, record, other, other, UUID)

        assert first == again
        assert first != uuid

    def test_no_id(self, events_of, record) -> None:
        """Records without an id (version 1.0) are the same event when all of them is the same, object aside."""
        first, second = record(1), record(1, userAgent="other")
        for each in (first, second):
            del each["eventID"]
        one, two = event_keys(events_of([first, second], "a"))
        again, _ = event_keys(events_of([first], "b"))

        assert (one[0], two[0]) != (one[1], two[1])
        assert again[0] == one[0]

    def test_mixed(self, events_of, record) -> None:
        """Rows of all kinds keep their places."""
        keys = self.keys(events_of, record, UUID, None, "1", UUID)

        assert keys[0] == keys[3]
        assert len(set(keys)) == 3


def test_grouped() -> None:
    """Rows are of one event where both halves are the same; of several the one of the lowest precedence stays."""
    high = np.array([7, 5, 7, 7, 9, 5], dtype=np.uint64)
    low = np.array([1, 1, 2, 1, 1, 1], dtype=np.uint64)
    event, winners = grouped(high, low, lambda rows: np.array([3, 2, 1, 0, 9, 4])[rows])

    assert [sorted(np.flatnonzero(event == number)) for number in event[[0, 1, 2, 4]]] == [[0, 3], [1, 5], [2], [4]]
    assert winners[event].tolist() == [3, 1, 2, 3, 4, 1]


def test_only_rows_that_may_be_copies_are_ranked() -> None:
    """Nearly all rows are the only ones of their events: which object's comes first is not asked of them."""
    asked: list[int] = []

    def precedence(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        asked.extend(rows.tolist())
        return rows

    grouped(np.array([7, 5, 8, 7], dtype=np.uint64), np.array([1, 1, 1, 1], dtype=np.uint64), precedence)
    assert sorted(asked) == [0, 3]


@pytest.mark.parametrize("shared_bits", [0, 40], ids=["keys begin otherwise", "keys begin alike"])
def test_by_time(shared_bits: int) -> None:
    """Rows are ordered by time over a whole hour, those of one instant by their keys."""
    rng = np.random.default_rng(1)
    time = 1_793_538_000_000_000 + rng.choice([0, 1, 3_599_999_999, 1_800_000_000], 60)
    high, low = (rng.integers(2**64, size=60, dtype=np.uint64) >> np.uint64(shared_bits) for _ in range(2))
    high[:20] = high[0]

    expected = sorted(range(60), key=lambda row: (time[row], high[row], low[row]))
    assert by_time(time, high, low).tolist() == expected


def test_names(events_of, record) -> None:
    """Names are texts of a hundred letters at most, whatever ids a log file has."""
    records = [record(1), record(2, eventID="É" * 10**6), record(3)]
    del records[2]["eventID"]

    assert event_names(events_of(records)).to_pylist() == [record(1)["eventID"], "é" * 100, ""]


class TestDifferences:
    def is_different(self, one: str, other: str) -> bool:
        """Compare records that are written as JSON texts."""
        tables = []
        for text in (one, other):
            batch = Batch()
            batch.add(read_document("x.json.gz", gzip.compress(f'{{"Records":[{text}]}}'.encode())), 0)
            tables.append(build_rows(batch)[0].table)
        (found,) = are_different(*tables).tolist()
        return bool(found)

    def test_layout(self, record) -> None:
        """A record that a tool wrote another way, with its members in another order, is the same."""
        parameters = {"b": [1.50, {"d": "é", "c": None}], "a": 10**30}
        text = json.dumps(record(1, requestParameters=parameters))

        assert not self.is_different(text, json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ('{"a": 1}', '{"a": 2}'),
            ('{"a": 1}', '{"a": "1"}'),
            ('{"a": 1}', '{"a": true}'),
            ('{"a": 1}', '{"a": [1]}'),
            ('{"a": 1}', '{"a": 2, "a": 1}'),
            ('{"a": 9007199254740993}', '{"a": 9007199254740992}'),
            ('{"a": 0.1}', '{"a": 0.10000000000000001}'),
            ('{"a": [1, 2]}', '{"a": [2, 1]}'),
            ('{"a": null}', "{}"),
            ("{}", "null"),
        ],
    )
    def test_content(self, record, one: str, other: str) -> None:
        """What says something else is different, also in the last digit or in a member that is there twice."""
        text = json.dumps(record(1, requestParameters="HERE"))

        assert self.is_different(text.replace('"HERE"', one), text.replace('"HERE"', other))
