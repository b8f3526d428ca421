"""Two log files that tell one event differently: which copy stands once digests have come, and what is named."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from insights.stages import disputed, maintain
from insights.storage import disputes
from insights.windows import parse_instant
from tests.unit.stages.judged_trail import DAY, Trail

EARLY, LATE = "A" * 16, "B" * 16
TRUE, FALSE = {"sourceIPAddress": "192.0.2.10"}, {"sourceIPAddress": "198.51.100.66"}


@pytest.fixture
def trail(pipeline: Any, record: Any) -> Trail:
    return Trail(pipeline, record)


def say_pending(trail: Trail, *versions: tuple[str, str]) -> None:
    trail.say("unverified", *versions, reason="pending")


def settle(trail: Trail) -> list[str]:
    """Settle, and see that every number adds up and that doing it again changes nothing."""
    kept = trail.entries()
    named = disputed.run(trail.workspace, DAY)
    trail.withdraw()
    before = trail.lake()
    assert disputed.run(trail.workspace, DAY) == named
    assert trail.lake() == before
    assert trail.entries() == kept
    return named


def addresses(trail: Trail) -> list[str]:
    return [row["source_ip_address"] for row in trail.pipeline.rows("events")]


@pytest.mark.parametrize("is_true_first", [True, False])
@pytest.mark.parametrize("is_compacted", [True, False])
def test_vouched_for(trail: Trail, is_true_first: bool, is_compacted: bool) -> None:
    """The copy of a verified file stands in place of an unverified one's whose name sorts first, whichever came first
    and though verification came last; the counts of neither change."""
    numbers = {LATE: (1, 2), EARLY: (1,)}
    members = {LATE: TRUE, EARLY: FALSE}
    order = (LATE, EARLY) if is_true_first else (EARLY, LATE)
    versions = {unique: trail.read(*numbers[unique], unique=unique, **members[unique]) for unique in order}
    assert FALSE["sourceIPAddress"] in addresses(trail)
    if is_compacted:
        trail.workspace.now = lambda: parse_instant("2026-11-20")
        maintain.run(None, trail.workspace)
    trail.say("verified", versions[LATE])

    assert settle(trail) == []
    assert addresses(trail) == [TRUE["sourceIPAddress"]] * 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three(trail: Trail, order: tuple[int, ...]) -> None:
    """Of three files in any order the verified one's copy stands, and what comes afterwards does not displace it."""
    members = {"A" * 16: FALSE, "B" * 16: {"sourceIPAddress": "203.0.113.5"}, "C" * 16: TRUE}
    uniques = list(members)
    versions = {uniques[i]: trail.read(1, unique=uniques[i], **members[uniques[i]]) for i in order}
    trail.say("verified", versions["C" * 16])
    settle(trail)
    trail.read(1, unique="0" * 16, **FALSE)

    assert settle(trail) == []
    assert addresses(trail) == [TRUE["sourceIPAddress"]]


def test_correction(trail: Trail, record: Any) -> None:
    """A correction that nobody vouches for does not stand in the place of a verified record."""
    true = trail.read(1, unique=EARLY, **TRUE)
    addendum = {"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"]}
    trail.read(9, unique=LATE, addendum=addendum, **FALSE)
    assert trail.numbers() == [9]
    trail.say("verified", true)

    assert settle(trail) == []
    assert trail.numbers() == [1]


def test_correction_that_is_verified_later(trail: Trail, record: Any) -> None:
    """Once both are verified the correction stands, as it does everywhere."""
    true = trail.read(1, unique=EARLY)
    addendum = {"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"]}
    correction = trail.read(9, unique=LATE, addendum=addendum)
    trail.say("verified", true)
    settle(trail)
    trail.say("verified", correction)

    assert settle(trail) == []
    assert trail.numbers() == [9]


def test_several_corrections(trail: Trail, record: Any) -> None:
    """Nor do corrections in two files, of which the one stands that was never compared with the record itself."""
    addendum = {"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"].upper()}
    true = trail.read(1, unique=EARLY, **TRUE)
    trail.read(8, unique=LATE, addendum=addendum)
    trail.read(9, unique="C" * 16, addendum=addendum)
    trail.say("verified", true)

    assert settle(trail) == []
    assert trail.numbers() == [1]


def test_digest_is_waited_for(trail: Trail) -> None:
    """While the other file's digest may still come, nothing is read again and nobody is alarmed."""
    false, true = trail.read(1, unique=EARLY, **FALSE), trail.read(1, unique=LATE, **TRUE)
    trail.say("verified", true)
    say_pending(trail, false)

    assert settle(trail) == []
    assert addresses(trail) == [FALSE["sourceIPAddress"]]


def test_nobody_vouches(trail: Trail) -> None:
    """Where no digest speaks of either, both files and the event are named."""
    first, second = trail.read(1, unique=EARLY, **FALSE), trail.read(1, unique=LATE, **TRUE)
    (named,) = settle(trail)

    assert all(repr(each) in named for each in (first[0], second[0], trail.pipeline.rows("events")[0]["event_id"]))


def test_gone(trail: Trail) -> None:
    """Where the verified file is gone it is named, for the copy that stands is not its own."""
    trail.read(1, unique=EARLY, **FALSE)
    true = trail.read(1, unique=LATE, **TRUE)
    trail.say("verified", true)
    trail.workspace.trail.delete(true[0])

    (named,) = settle(trail)
    assert repr(true[0]) in named


def test_equal_copies(trail: Trail) -> None:
    """Copies that say the same are no news, whoever vouches for them."""
    trail.read(1, 2, unique=EARLY)
    trail.say("verified", trail.read(1, 2, unique=LATE))

    assert list(disputes.read(trail.workspace.lake, DAY)) == []
    assert settle(trail) == []


def test_equal_copy_before_the_verified(trail: Trail) -> None:
    """Where a copy of another trail, equal to the verified one, stood when the false one came, the verified one is
    found nevertheless: all verified files of the hour are read again, once."""
    true = trail.read(1, unique="C" * 16, **TRUE)
    trail.read(1, unique="B" * 16, **TRUE)
    trail.read(1, unique="A" * 16, **FALSE)
    trail.say("verified", true)
    assert addresses(trail) == [FALSE["sourceIPAddress"]]

    assert settle(trail) == []
    assert addresses(trail) == [TRUE["sourceIPAddress"]]


def test_verified_files_of_the_hour_are_read_once(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verified file that does not tell the event is not read a second time to find that out."""
    trail.say("verified", trail.read(2, unique="C" * 16))
    first, second = trail.read(1, unique=EARLY, **FALSE), trail.read(1, unique=LATE, **TRUE)
    named = settle(trail)
    monkeypatch.setattr(trail.workspace.trail, "get", None)

    assert len(named) == 1
    assert repr(first[0]) in named[0]
    assert repr(second[0]) in named[0]
    assert disputed.run(trail.workspace, DAY) == named
