import numpy as np
import pytest

from insights.storage.event_keys import by_time, event_keys, grouped

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
    event, winners = grouped(high, low, np.array([3, 2, 1, 0, 9, 4]))

    assert [sorted(np.flatnonzero(event == number)) for number in event[[0, 1, 2, 4]]] == [[0, 3], [1, 5], [2], [4]]
    assert winners[event].tolist() == [3, 1, 2, 3, 4, 1]


@pytest.mark.parametrize("shared_bits", [0, 40], ids=["keys begin otherwise", "keys begin alike"])
def test_by_time(shared_bits: int) -> None:
    """Rows are ordered by time over a whole hour, those of one instant by their keys."""
    rng = np.random.default_rng(1)
    time = 1_793_538_000_000_000 + rng.choice([0, 1, 3_599_999_999, 1_800_000_000], 60)
    high, low = (rng.integers(2**64, size=60, dtype=np.uint64) >> np.uint64(shared_bits) for _ in range(2))
    high[:20] = high[0]

    expected = sorted(range(60), key=lambda row: (time[row], high[row], low[row]))
    assert by_time(time, high, low).tolist() == expected
