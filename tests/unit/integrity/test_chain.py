from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from insights.integrity.chain import follow, select
from insights.integrity.digests import FoundDigest, judge_digest
from insights.integrity.places import Place
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import DigestKey
from insights.windows import parse_instant

PLACE = Place("my-bucket")
Told = list[tuple[str, Verdict]]


def at(time: str) -> datetime:
    return parse_instant(f"2026-11-01T{time}")


@pytest.fixture(scope="module")
def chain(author: Any) -> list[FoundDigest]:
    """Six digests from 10:00 to 16:00, each shifted by some seconds as CloudTrail's are, oldest first."""
    digests: list[FoundDigest] = []
    for hour in range(10, 16):
        times = f"{hour}:05:0{hour % 3}", f"{hour + 1}:05:0{(hour + 1) % 3}"
        digests.append(author.digest(*times, after=digests[-1] if digests else None))
    return digests


def told(author: Any, found: Sequence[FoundDigest], **ends: Any) -> Told:
    """Follow digests, given oldest first, and tell of each finding the hour in its key and its verdict."""
    judged = (judge_digest(each, PLACE, author.keys) for each in reversed(found))
    followed = follow(judged, PLACE, {each.key for each in found}, **ends)
    findings = [each if isinstance(each, Finding) else each.finding for each in followed]
    return [(each.key[-16:-8][1:3], each.verdict) for each in findings]


def valid(*hours: int) -> Told:
    return [(str(hour), Verdict.VALID) for hour in hours]


def missing(*hours: int) -> Told:
    return [(str(hour), Verdict.MISSING) for hour in hours]


def test_whole(author: Any, chain: list[FoundDigest]) -> None:
    """A whole chain is valid to its beginning, and nothing is missing."""
    assert told(author, chain) == valid(16, 15, 14, 13, 12, 11)


@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["one", "two", "three", "four"])
def test_missing_in_a_row(author: Any, chain: list[FoundDigest], number: int) -> None:
    """However many digests in a row are gone, each is told: the first by its name, the others by the clock."""
    left = [chain[0], *chain[1 + number :]]
    gone = range(11 + number, 11, -1)

    expected = sorted(valid(16, 15, 14, 13, 12, 11)[: 5 - number] + missing(*gone) + valid(11), reverse=True)
    assert told(author, left) == expected


def test_missing_behind_an_invalid_one(author: Any, chain: list[FoundDigest]) -> None:
    """What an invalid digest continues is not known, but an hour without a digest still is."""
    left = [chain[0], chain[1], replace(chain[4], metadata={}), chain[5]]

    assert told(author, left) == [*valid(16), ("15", Verdict.FORGED), *missing(14, 13), *valid(12, 11)]


def test_cut(author: Any, chain: list[FoundDigest]) -> None:
    """A chain whose beginning was cut off misses the digest its oldest one continues, and what is due before."""
    assert told(author, chain[3:]) == [*valid(16, 15, 14), *missing(13)]
    assert told(author, chain[3:], since=at("10:30")) == [*valid(16, 15, 14), *missing(13, 12, 11)]


def test_looked_at_in_part(author: Any, chain: list[FoundDigest]) -> None:
    """What lies before the span that is looked at is not missing."""
    assert told(author, chain[3:], since=at("13:30")) == valid(16, 15, 14)


def test_beginning(author: Any, chain: list[FoundDigest]) -> None:
    """Before the first digest of a chain there was none to miss, whatever the span."""
    assert told(author, chain, since=at("00:00")) == valid(16, 15, 14, 13, 12, 11)


@pytest.mark.parametrize(
    ("until", "gone"), [("16:05:01", []), ("16:06", [17]), ("18:30", [19, 18, 17])], ids=["none", "one", "three"]
)
def test_missing_at_the_end(author: Any, chain: list[FoundDigest], until: str, gone: list[int]) -> None:
    """Hours after the newest digest that should have one are missing."""
    assert told(author, chain, until=at(until)) == [*missing(*gone), *valid(16, 15, 14, 13, 12, 11)]


def test_restarted(author: Any, chain: list[FoundDigest]) -> None:
    """A digest that continues none begins the chain anew: a gap that CloudTrail vouches for, no digest is missing."""
    anew = author.digest("20:00:00", "21:00:00")

    assert told(author, [*chain[:2], anew]) == [*valid(21), ("21", Verdict.RESTARTED), *valid(12, 11)]


@pytest.mark.parametrize(
    "member", [{"previousDigestSignature": "5f"}, {"previousDigestHashValue": "5f"}], ids=["signature", "hash"]
)
def test_replaced(author: Any, chain: list[FoundDigest], member: dict[str, str]) -> None:
    """A valid digest that is not the one the next continues was put in its place."""
    newer = author.digest("12:05:00", "13:05:01", after=chain[1], **member)

    assert told(author, [chain[0], chain[1], newer]) == [*valid(13), ("12", Verdict.REPLACED), *valid(11)]


def test_other_bucket(author: Any, chain: list[FoundDigest]) -> None:
    """Where the trail delivered to another bucket before, the chain goes on there, and that is no problem."""
    newer = author.digest("12:05:00", "13:05:01", after=chain[1], previousDigestS3Bucket="older-bucket")

    assert told(author, [newer], since=at("00:00")) == [*valid(13), ("13", Verdict.ELSEWHERE)]


def test_backfill(author: Any) -> None:
    """The digests of backfilled files do not come by the hour: only what one of them names can be missing."""
    made = {"backfill-generation-timestamp": "2026-11-01T00:00:00.000Z"}

    def signed(*times: str, after: FoundDigest | None = None) -> FoundDigest:
        found = author.digest(*times, kind="_backfill", after=after)
        return replace(found, metadata={**found.metadata, **made})

    first = signed("01:00:00", "02:00:00")
    second = signed("04:00:00", "05:00:00", after=first)
    third = signed("08:00:00", "09:00:00", after=second)
    judged = [judge_digest(each, PLACE, author.keys) for each in (third, first)]
    found = list(follow(judged, PLACE, {third.key, first.key}, since=at("00:00"), until=at("20:00")))

    assert found == [judged[0], Finding("digest", second.key, Verdict.MISSING), judged[1]]


class TestSelect:
    def hours(self, author: Any, *ends: int, since: int, until: int) -> list[int]:
        names = [author.digest(f"{end - 1:02}:00:00", f"{end:02}:00:00").name for end in ends]
        keys = select(
            [(name, str(name.ends_at.hour)) for name in names], since=at(f"{since:02}:30"), until=at(f"{until:02}:30")
        )
        return [int(key) for key in keys]

    @pytest.mark.parametrize(
        ("ends", "chosen"),
        [
            (range(5, 20), [15, 14, 13, 12, 11]),
            ((5, 6, 18, 19), [18]),
            ((11, 12, 18, 19), [18, 12, 11]),
            ((5, 6), [6]),
            ((), []),
        ],
        ids=["overlap and two hours", "only later", "overlap and later", "only earlier", "none"],
    )
    def test_chosen(self, author: Any, ends: Sequence[int], chosen: list[int]) -> None:
        """Newest first: what overlaps 10:30–13:30 and what follows; else a neighbour that shows what is missing."""
        assert self.hours(author, *ends, since=10, until=13) == chosen


def test_order_of_keys(author: Any) -> None:
    """Digests are ordered by their time whatever their order in a listing."""
    names: list[DigestKey] = [author.digest("01:00:00", f"{end}:00:00").name for end in ("13", "11", "12")]

    assert [name.ends_at.hour for name in sorted(names)] == [11, 12, 13]
