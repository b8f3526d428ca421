"""Withdrawing what digests refute, where a log file was overwritten: one key, two contents, one of them vouched for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from insights.stages import restoration
from tests.unit.stages.judged_trail import DAY, Trail


@pytest.fixture
def trail(pipeline: Any, record: Any) -> Trail:
    return Trail(pipeline, record)


def test_overwritten_after_it_was_read(trail: Trail) -> None:
    """Who overwrites a log file that was read takes nothing back: the true records stay, though nobody can fetch them
    again, and what was added goes."""
    true = trail.read(1, 2, 3)
    false = trail.read(2, 3, 4, 5)
    trail.say("verified", true)
    trail.say("refuted", false)

    assert trail.numbers() == [1, 2, 3, 4, 5]
    assert trail.withdraw() == trail.quarantined() == 2
    assert trail.numbers() == [1, 2, 3]
    assert trail.entries() == {true: (3, 0, 0, 0), false: (0, 2, 0, 2)}


def test_restored_after_the_false_one_was_read(trail: Trail) -> None:
    """Where the false version was read first, and the true one was put back, the true records are all there."""
    false = trail.read(2, 3, 4, 5)
    true = trail.read(1, 2, 3)
    trail.say("refuted", false)
    trail.say("verified", true)

    assert trail.withdraw() == trail.quarantined() == 4
    assert trail.numbers() == [1, 2, 3]
    assert trail.entries() == {true: (3, 0, 0, 0), false: (0, 0, 0, 4)}


def test_edited_records(trail: Trail) -> None:
    """A record that was edited under its own event id is told as it was delivered, whichever version came first."""
    false = trail.read(1, sourceIPAddress="198.51.100.66")
    true = trail.read(1, sourceIPAddress="192.0.2.10")
    trail.say("refuted", false)
    trail.say("verified", true)
    trail.withdraw()

    assert [row["source_ip_address"] for row in trail.pipeline.rows("events")] == ["192.0.2.10"]


def test_three_versions(trail: Trail) -> None:
    """Of several false versions each one's own records go, before and after the true one."""
    first = trail.read(1, 9)
    true = trail.read(1, 2)
    second = trail.read(2, 3, 8)
    trail.say("refuted", first, second)
    trail.say("verified", true)
    trail.withdraw()

    # The copy of record 1 that the table held was the first one's, and the true file is gone.
    assert trail.numbers() == [2]
    assert trail.quarantined() == 4


def test_kept_for_the_refuted_file(trail: Trail) -> None:
    """A record that a refuted file told first counts as kept for the file whose copy stays, though that one is gone."""
    false = trail.read(1, unique="B" * 16)
    true = trail.read(1, unique="A" * 16)
    trail.workspace.trail.delete(true[0])
    trail.say("refuted", false)
    trail.say("verified", true)

    assert trail.entries() == {true: (0, 1, 0, 0), false: (1, 0, 0, 0)}
    assert trail.withdraw() == 0
    assert trail.entries() == {true: (1, 0, 0, 0), false: (0, 1, 0, 0)}


def test_same_content_again(trail: Trail) -> None:
    """A file that was copied over itself has another ETag and the same records: all of them are duplicates."""
    first = trail.read(1, 2)
    content = trail.workspace.trail.get(first[0])[0]
    trail.workspace.trail.put(first[0], content)
    trail.pipeline.ingest()
    second = first[0], trail.workspace.trail.get(first[0])[1]
    trail.say("verified", first, second)

    assert first != second
    assert trail.withdraw() == 0
    assert trail.entries() == {first: (2, 0, 0, 0), second: (0, 2, 0, 0)}


def test_rows_name_their_version(trail: Trail) -> None:
    """The rows of the first version that was read have its key, those of another its key and ETag."""
    key, _ = trail.read(1)
    _, etag = trail.read(1, 2)

    assert [row["object_key"] for row in trail.pipeline.rows("events")] == [key, f"{key}?etag={etag.strip(chr(34))}"]


def test_refuted_after_it_was_read_again(trail: Trail) -> None:
    """A file that was read again, since another was refuted, is withdrawn like any other, though by then its records'
    rows are another's; vouched for after all, it is put back."""
    first = trail.read(1, unique="A" * 16)
    second = trail.read(1, 2, unique="B" * 16)
    trail.say("refuted", first)
    trail.withdraw()
    assert trail.entries()[second] == (2, 0, 0, 0)
    third = trail.read(1, 2, unique="0" * 16)
    trail.say("refuted", second, third)
    trail.withdraw()

    assert trail.numbers() == []
    assert trail.entries() == {first: (0, 0, 0, 1), second: (0, 2, 0, 0), third: (0, 0, 0, 2)}
    trail.say("verified", second)
    assert restoration.run(trail.workspace, DAY) == 1
    assert trail.numbers() == [1, 2]


class TestRetention:
    """A day is about to be deleted: hours before `kept_since` are not touched any more."""

    @pytest.fixture
    def old(self, open_pipeline: Any, record: Any) -> Trail:
        """A trail of the day after the border, of which two files hold calls from before it."""
        made = Trail(open_pipeline(retention={"events_days": 40}), record)
        made.before, made.after = {"eventTime": "2026-10-31T23:50:00Z"}, {"eventTime": "2026-11-01T00:10:00Z"}  # type: ignore[attr-defined]
        return made

    def read(self, old: Trail, before: int, after: int, unique: str) -> tuple[str, str]:
        members = (old.before, old.after)  # type: ignore[attr-defined]
        records = [old._record(number, **each) for number, each in zip((before, after), members, strict=True)]
        key = old.pipeline.deliver(*records, at="20261101T0015Z", unique=unique)
        old.pipeline.ingest()
        return key, old.workspace.trail.get(key)[1]

    @pytest.mark.parametrize("is_gone", [False, True], ids=["still there", "deleted"])
    def test_border(self, old: Trail, is_gone: bool) -> None:
        """Calls from before the border stay as they are, or deleted; those after it are withdrawn and put back, and the
        numbers add up."""
        false = self.read(old, 1, 2, "A" * 16)
        true = self.read(old, 1, 2, "B" * 16)
        old.say("refuted", false)
        old.workspace.now = lambda: DAY.start + timedelta(days=39, hours=1)
        assert old.workspace.kept_since() == DAY.start
        if is_gone:
            for info in list(old.workspace.lake.list("events/")):
                if "2026-10-31" in info.key:
                    old.workspace.lake.delete(info.key)

        assert old.withdraw() == old.quarantined() == 1
        assert old.numbers() == ([2] if is_gone else [1, 2])
        assert [row["object_key"] for row in old.pipeline.rows("events")][-1] == true[0]
        assert old.entries() == {false: (1, 0, 0, 1), true: (1, 0, 1, 0)}

    def test_gone(self, old: Trail) -> None:
        """A file that is gone, and of which calls from before the border may be gone too, stays counted as it was."""
        true = self.read(old, 1, 2, "B" * 16)
        false = self.read(old, 1, 2, "A" * 16)
        old.say("refuted", false)
        old.workspace.now = lambda: DAY.start + timedelta(days=39, hours=1)
        old.workspace.trail.delete(true[0])

        assert old.withdraw() == 1
        assert old.entries()[true] == (2, 0, 0, 0)
        assert restoration.owed(old.workspace.lake, DAY) == []
