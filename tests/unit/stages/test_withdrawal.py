"""Withdrawing what digests refute, where a log file was overwritten: one key, two contents, one of them vouched for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from insights.stages import count, maintain, reconcile, restoration, withdrawal
from insights.storage import integrity, ledger
from insights.windows import Window, parse_instant

PLACE = "111122223333", "us-east-1"
DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


class Trail:
    """A pipeline whose records are known by numbers, and whose digests say what a test wants."""

    def __init__(self, pipeline: Any, record: Callable[..., dict[str, Any]]) -> None:
        self.pipeline, self.workspace = pipeline, pipeline.workspace
        self._record = record
        self.workspace.now = lambda: parse_instant("2026-11-02T06:00")

    def read(
        self, *numbers: int, at: str = "20261101T1310Z", unique: str = "A" * 16, **members: Any
    ) -> tuple[str, str]:
        """Put an object in place of what was there, read it, and give its key and ETag."""
        key = self.pipeline.deliver(*(self._record(number, **members) for number in numbers), at=at, unique=unique)
        self.pipeline.ingest()
        return key, self.workspace.trail.get(key)[1]

    def say(self, verdict: str, *versions: tuple[str, str]) -> None:
        rows = [
            {
                "kind": "log file", "object_key": key, "object_etag": etag, "delivered_at": entry["delivered_at"],
                "verdict": verdict, "reason": "changed" if verdict == "refuted" else "valid",
            }
            for key, etag in versions
            for entry in self.pipeline.rows("ledger") if (entry["object_key"], entry["object_etag"]) == (key, etag)
        ]  # fmt: skip
        assert len(rows) == len(versions)
        integrity.write(self.workspace.lake, *PLACE, rows)

    def withdraw(self) -> int:
        """Withdraw, and see that every number adds up and that doing it again changes nothing."""
        withdrawn = withdrawal.run(self.workspace, DAY)
        count.run(DAY, self.workspace)
        reconcile.run(DAY, self.workspace)
        before = self.lake()
        assert withdrawal.run(self.workspace, DAY) == 0
        assert self.lake() == before
        return withdrawn

    def lake(self) -> dict[str, bytes]:
        return {info.key: self.workspace.lake.get(info.key)[0] for info in self.workspace.lake.list("")}

    def numbers(self, table: str = "events") -> list[int]:
        return sorted(int(row["event_id"][:8], 16) for row in self.pipeline.rows(table))

    def entries(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Give of each version how many of its records are kept, duplicate, out of scope and in quarantine."""
        names = ("kept", "duplicate", "out_of_scope", "quarantined")
        found = ledger.entries(self.workspace.lake, DAY)
        return {(each["object_key"], each["object_etag"]): tuple(each[name] for name in names) for each in found}

    def quarantined(self) -> int:
        return sum(row["reason"] == "refuted_object" for row in self.pipeline.rows("quarantine"))


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


class TestVouchedForAfterAll:
    """A file that digests did not list was refuted, and a later digest lists it."""

    @pytest.fixture
    def late(self, trail: Trail) -> tuple[str, str]:
        """A file with a record of its own and one that another file has, whose records were withdrawn."""
        trail.read(2, 3, unique="B" * 16)
        late = trail.read(1, 2)
        trail.say("refuted", late)
        assert trail.withdraw() == 2
        assert trail.numbers() == [2, 3]
        trail.say("verified", late)
        return late

    def put_back(self, trail: Trail) -> int:
        """Put back, and see that every number adds up and that doing it again changes nothing."""
        number = restoration.run(trail.workspace, DAY)
        trail.withdraw()
        before = trail.lake()
        assert restoration.run(trail.workspace, DAY) == 0
        assert trail.lake() == before
        return number

    @pytest.mark.parametrize("is_compacted", [False, True], ids=["fresh", "put together"])
    def test_put_back(self, trail: Trail, late: tuple[str, str], is_compacted: bool) -> None:
        """Its records leave the quarantine and are events again, each once."""
        trail.pipeline.deliver("no record", at="20261101T1330Z", unique="D" * 16)
        trail.pipeline.ingest()
        if is_compacted:
            trail.workspace.now = lambda: parse_instant("2026-11-09")
            maintain.run(None, trail.workspace)

        assert self.put_back(trail) == 1
        assert trail.numbers() == [1, 2, 3]
        assert trail.quarantined() == 0
        assert [row["reason"] for row in trail.pipeline.rows("quarantine")] == ["record_not_an_object"]
        assert trail.entries()[late] == (1, 1, 0, 0)

    def test_copies_of_what_was_refuted(self, trail: Trail) -> None:
        """A file all of whose records a refuted file had first has nothing in quarantine: it is read again all the
        same."""
        false = trail.read(1, 2, unique="A" * 16)
        late = trail.read(1, 2, unique="B" * 16)
        trail.say("refuted", false, late)
        trail.withdraw()
        assert trail.entries() == {false: (0, 0, 0, 2), late: (0, 2, 0, 0)}
        trail.say("verified", late)

        assert self.put_back(trail) == 1
        assert trail.numbers() == [1, 2]
        assert trail.entries() == {false: (0, 0, 0, 2), late: (2, 0, 0, 0)}

    def test_gone(self, trail: Trail, late: tuple[str, str]) -> None:
        """If it is gone by now its records stay in quarantine."""
        trail.workspace.trail.delete(late[0])

        assert self.put_back(trail) == 0
        assert trail.numbers() == [2, 3]
        assert trail.quarantined() == 2

    def test_killed(self, trail: Trail, late: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that was killed before it noted the numbers is made up for by the next."""
        with monkeypatch.context() as patch:
            patch.setattr(integrity, "withdraw", lambda *_: pytest.fail("killed"))
            with pytest.raises(pytest.fail.Exception):
                restoration.run(trail.workspace, DAY)

        assert self.put_back(trail) == 1
        assert trail.entries()[late] == (1, 1, 0, 0)


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
