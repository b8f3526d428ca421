"""Following a chain of digests, newest first: is each the one the next continues, and is there one for every hour?

A digest names only the one before it. Where several in a row are gone, the first of them is known by that name and the
others by the clock: CloudTrail writes a digest every hour, with or without log files in it. AWS's own validator goes
from the named one to the next it finds and does not notice the others.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from insights.integrity.digests import JudgedDigest
from insights.integrity.places import Place
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import DigestKey, digest_before, parse_digest_key
from insights.windows import HOUR, format_instant

FOLLOWING = timedelta(hours=2)
"""Digests that end this long after a span are looked at too: they may list its last files."""

DUE = timedelta(hours=2)
"""How long before now, or before the newest log file, digests must have come: their hour, and one to be delivered."""

_BY_CLOCK = "(an hour without a digest)"


def select(digests: Collection[tuple[DigestKey, str]], *, since: datetime, until: datetime) -> list[str]:
    """Choose, newest first, the digests of one chain that tell about a span of time; give their keys.

    These are the ones that overlap the span and the following two hours. Where none follows so soon the next one is
    taken too, and where there is none at all the last one before: they show that something is missing between.
    """
    ordered = sorted(digests, reverse=True)
    chosen = [(name, key) for name, key in ordered if since < name.ends_at <= until + FOLLOWING]
    later = [(name, key) for name, key in ordered if name.ends_at > until + FOLLOWING]
    if later and not any(name.ends_at > until for name, _ in chosen):
        chosen.insert(0, later[-1])
    return [key for _, key in chosen or ordered[:1]]


def follow(
    judged: Iterable[JudgedDigest],
    place: Place,
    listed: Collection[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[JudgedDigest | Finding]:
    """Yield the digests of one chain with what is found out about them by their neighbours, and what is missing.

    Args:
        judged: The digests, newest first; read one at a time.
        place: Where the store's keys lie in S3.
        listed: Keys of all digests of the chain that are there, looked at or not.
        since: From when on digests are expected; None expects only what the oldest one continues.
        until: Until when digests are expected; None leaves open what follows the newest one.
    """
    newer: JudgedDigest | None = None
    for each in judged:
        if newer is None:
            yield from _missing_after(each, until)
            newer = each
        else:
            yield from _between(newer, each, place, listed)
            newer = _linked(newer, each, place)
        yield newer
    if newer is not None and not _begins_by(newer, place, since):
        yield from _missing_before(newer, place, listed, since)


def _linked(newer: JudgedDigest, older: JudgedDigest, place: Place) -> JudgedDigest:
    """Give the older digest, as replaced if it is valid but not what the newer one continues."""
    if newer.digest is None or older.digest is None or _previous(newer, place) != older.key:
        return older
    if newer.digest.previous_digest_signature != older.signature:
        return older.replaced("(another signature)")
    if newer.digest.previous_digest_hash_value not in (None, older.hash):
        return older.replaced("(another hash)")
    return older


def _between(newer: JudgedDigest, older: JudgedDigest, place: Place, listed: Collection[str]) -> Iterator[Finding]:
    if newer.digest is not None and newer.digest.previous_key is None:
        yield Finding(
            "digest", newer.key, Verdict.RESTARTED, f"(the one before ended {format_instant(older.covers.end)})"
        )
        return
    yield from _missing_before(newer, place, listed, older.covers.end)


def _missing_before(
    newer: JudgedDigest, place: Place, listed: Collection[str], since: datetime | None
) -> Iterator[Finding]:
    """Tell of the digests between an instant and a digest."""
    if newer.digest is None:  # what it continues is not known
        yield from _by_clock(newer.key, newer.covers.start, since)
        return
    bucket, recorded_key = newer.digest.previous_bucket, newer.digest.previous_key
    if bucket is None or recorded_key is None:
        return
    previous = _previous(newer, place)
    if previous is None:
        yield Finding("digest", newer.key, Verdict.ELSEWHERE, f"(it continues s3://{bucket}/{recorded_key})")
        return
    if previous in listed:
        return
    yield Finding("digest", previous, Verdict.MISSING)
    name = parse_digest_key(previous)
    if name is not None:
        yield from _by_clock(previous, name.ends_at - HOUR, since)


def _begins_by(oldest: JudgedDigest, place: Place, since: datetime | None) -> bool:
    """Tell whether the digest that the oldest one continues is of a time before the span."""
    name = parse_digest_key(_previous(oldest, place) or "")
    return since is not None and name is not None and name.ends_at <= since


def _missing_after(newest: JudgedDigest, until: datetime | None) -> Iterator[Finding]:
    if until is None or newest.name.chain.is_backfill:
        return
    for number in range(math.ceil((until - newest.covers.end) / HOUR), 0, -1):
        yield Finding("digest", digest_before(newest.key, -number), Verdict.MISSING, _BY_CLOCK)


def _by_clock(newer_key: str, newer_starts_at: datetime, since: datetime | None) -> Iterator[Finding]:
    """Tell of the hours between an instant and a digest; backfilled files do not come by the hour."""
    name = parse_digest_key(newer_key)
    if since is None or name is None or name.chain.is_backfill:
        return
    # Rounded: the hours of a chain may shift by seconds.
    for number in range(1, round((newer_starts_at - since) / HOUR) + 1):
        yield Finding("digest", digest_before(newer_key, number), Verdict.MISSING, _BY_CLOCK)


def _previous(newer: JudgedDigest, place: Place) -> str | None:
    """Give the store's key of the digest that a valid one continues."""
    digest = newer.digest
    if digest is None or digest.previous_bucket is None or digest.previous_key is None:
        return None
    return place.key_of(newer.key, bucket=digest.previous_bucket, recorded_key=digest.previous_key)
