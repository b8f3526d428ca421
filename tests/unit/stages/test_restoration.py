"""Putting back what was withdrawn: vouched for after all, or gone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from insights.stages import maintain, restoration
from insights.storage import integrity, ledger
from insights.windows import Window, parse_instant
from tests.unit.stages.judged_trail import DAY, Trail


@pytest.fixture
def trail(pipeline: Any, record: Any) -> Trail:
    return Trail(pipeline, record)


def put_back(trail: Trail) -> int:
    """Put back, and see that every number adds up and that doing it again changes nothing."""
    number = restoration.run(trail.workspace, DAY)
    trail.withdraw()
    before = trail.lake()
    assert restoration.run(trail.workspace, DAY) == 0
    assert trail.lake() == before
    return number


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

    @pytest.mark.parametrize("is_compacted", [False, True], ids=["fresh", "put together"])
    def test_put_back(self, trail: Trail, late: tuple[str, str], is_compacted: bool) -> None:
        """Its records leave the quarantine and are events again, each once."""
        trail.pipeline.deliver("no record", at="20261101T1330Z", unique="D" * 16)
        trail.pipeline.ingest()
        if is_compacted:
            trail.workspace.now = lambda: parse_instant("2026-11-09")
            maintain.run(None, trail.workspace)

        assert put_back(trail) == 1
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

        assert put_back(trail) == 1
        assert trail.numbers() == [1, 2]
        assert trail.entries() == {false: (0, 0, 0, 2), late: (2, 0, 0, 0)}

    def test_gone(self, trail: Trail, late: tuple[str, str]) -> None:
        """If it is gone by now its records stay in quarantine."""
        trail.workspace.trail.delete(late[0])

        assert put_back(trail) == 0
        assert trail.numbers() == [2, 3]
        assert trail.quarantined() == 2

    def test_killed(self, trail: Trail, late: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that was killed before it noted the numbers is made up for by the next."""
        with monkeypatch.context() as patch:
            patch.setattr(integrity, "withdraw", lambda *_: pytest.fail("killed"))
            with pytest.raises(pytest.fail.Exception):
                restoration.run(trail.workspace, DAY)

        assert put_back(trail) == 1
        assert trail.entries()[late] == (1, 1, 0, 0)


class TestGone:
    """A forged file held a true one's records under a name that sorts first, and the true one is gone by the time
    the forged one is withdrawn."""

    TRUE, FORGED, OTHER = "B" * 16, "A" * 16, "C" * 16
    CALL, FALSE_CALL = {"sourceIPAddress": "192.0.2.10"}, {"sourceIPAddress": "198.51.100.66"}

    @pytest.fixture(params=[True, False], ids=["true one first", "forged one first"])
    def true(self, trail: Trail, request: pytest.FixtureRequest) -> tuple[str, str]:
        """The true file, of three records of which the forged one changed two and invented a fourth."""
        if request.param:
            true = trail.read(1, 2, 3, unique=self.TRUE, **self.CALL)
        forged = trail.read(1, 2, 9, unique=self.FORGED, **self.FALSE_CALL)
        if not request.param:
            true = trail.read(1, 2, 3, unique=self.TRUE, **self.CALL)
        trail.read(7, unique=self.OTHER)
        trail.say("refuted", forged)
        trail.say("verified", true)
        return true

    @contextmanager
    def gone(self, trail: Trail, version: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Hide an object, as a delete marker does in a bucket with versions."""
        store = trail.workspace.trail
        listing = store.list
        with monkeypatch.context() as patch:
            patch.setattr(store, "list", lambda prefix: (i for i in listing(prefix) if i.key != version[0]))
            yield

    def addresses(self, trail: Trail) -> set[str]:
        return {row["source_ip_address"] for row in trail.pipeline.rows("events") if row["event_id"][7] in "123"}

    def test_restored(self, trail: Trail, true: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """While it is gone its records are out of the events, for what the quarantine holds of them is not what was
        delivered, and it is named; restored, it is read again."""
        with self.gone(trail, true, monkeypatch):
            assert trail.withdraw() == 3
            assert put_back(trail) == 0
        assert trail.numbers() == [3, 7]
        assert restoration.owed(trail.workspace.lake, DAY) == [true[0]]
        assert trail.entries()[true] == (1, 2, 0, 0)

        assert put_back(trail) == 1
        assert (trail.numbers(), self.addresses(trail)) == ([1, 2, 3, 7], {"192.0.2.10"})
        assert restoration.owed(trail.workspace.lake, DAY) == []
        assert trail.entries()[true] == (3, 0, 0, 0)

    def test_put_again(self, trail: Trail, true: tuple[str, str]) -> None:
        """Put back as another version it is read like any new file, and nothing more is owed."""
        content = trail.workspace.trail.get(true[0])[0]
        trail.workspace.trail.delete(true[0])
        trail.withdraw()
        trail.workspace.trail.put(true[0], content)
        trail.pipeline.ingest()
        again = true[0], trail.workspace.trail.get(true[0])[1]
        trail.say("verified", again)

        assert again != true
        assert put_back(trail) == 0
        assert (trail.numbers(), self.addresses(trail)) == ([1, 2, 3, 7], {"192.0.2.10"})
        assert restoration.owed(trail.workspace.lake, DAY) == []

    def test_put_again_before_another_was_withdrawn(self, trail: Trail, true: tuple[str, str]) -> None:
        """The version that was put back is as good when it was read once more, since a second forged file went."""
        content = trail.workspace.trail.get(true[0])[0]
        trail.workspace.trail.delete(true[0])
        trail.withdraw()
        second = trail.read(1, 2, unique="0" * 16, **self.FALSE_CALL)
        trail.workspace.trail.put(true[0], content)
        trail.pipeline.ingest()
        trail.say("refuted", second)
        trail.withdraw()
        trail.say("verified", (true[0], trail.workspace.trail.get(true[0])[1]))

        assert put_back(trail) == 0
        assert (trail.numbers(), self.addresses(trail)) == ([1, 2, 3, 7], {"192.0.2.10"})
        assert restoration.owed(trail.workspace.lake, DAY) == []

    def test_refuted_itself(self, trail: Trail, true: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that is refuted by the time it is there again is owed nothing."""
        lake = trail.workspace.lake
        for info in list(lake.list("integrity/")):
            lake.delete(info.key)
        trail.say("refuted", next(each for each in trail.entries() if self.FORGED in each[0]))
        with self.gone(trail, true, monkeypatch):
            trail.withdraw()
        trail.say("refuted", true)

        assert put_back(trail) == 0
        assert trail.numbers() == [7]
        assert restoration.owed(lake, DAY) == []

    def test_its_own_copies(self, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that is gone and lost nothing is owed nothing: all its rows are there."""
        true = trail.read(1, 2, unique=self.FORGED)
        forged = trail.read(1, 2, 9, unique=self.TRUE)
        trail.say("refuted", forged)
        with self.gone(trail, true, monkeypatch):
            trail.withdraw()

        assert trail.numbers() == [1, 2]
        assert restoration.owed(trail.workspace.lake, DAY) == []


class TestLooseFileThatIsGone:
    """No digest ever vouches for it, and a note on it belongs to no day."""

    FILE = "exports/calls.json.gz"

    @pytest.fixture
    def content(self, trail: Trail, record: Any, body: Any) -> bytes:
        """A loose file's content; it was read, and a forged file that is refuted held its records under a name that
        sorts first."""
        content: bytes = body(record(1), record(2))
        trail.pipeline.put(self.FILE, content)
        trail.pipeline.ingest()
        trail.say("refuted", trail.read(1, 2, 9))
        return content

    def test_named_where_it_matters(self, trail: Trail, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is named to who looks at the day of its calls, and not in every run for ever."""
        trail.workspace.trail.delete(self.FILE)
        trail.withdraw()
        assert restoration.owed(trail.workspace.lake, DAY) == [self.FILE]
        monkeypatch.setattr(ledger, "FRESH", timedelta(seconds=-1))

        assert restoration.owed(trail.workspace.lake, DAY) == [self.FILE]
        later = Window(DAY.start + timedelta(days=400), DAY.end + timedelta(days=400))
        assert restoration.owed(trail.workspace.lake, later) == []

    def test_put_again(self, trail: Trail, content: bytes) -> None:
        """Put back it is read like any new file, and nothing more is owed."""
        trail.workspace.trail.delete(self.FILE)
        trail.withdraw()
        trail.pipeline.put(self.FILE, content)
        trail.pipeline.ingest()

        assert put_back(trail) == 0
        assert trail.numbers() == [1, 2]
        assert restoration.owed(trail.workspace.lake, DAY) == []

    def test_grown(self, trail: Trail, content: bytes, record: Any, body: Any) -> None:
        """A file that is written anew as it grows is not gone."""
        trail.pipeline.put(self.FILE, body(record(1), record(2), record(3)))
        trail.pipeline.ingest()
        trail.withdraw()

        assert trail.numbers() == [1, 2, 3]
        assert restoration.owed(trail.workspace.lake, DAY) == []
