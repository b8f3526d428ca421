"""Judging log files: those a digest lists by their hash, those no digest lists by the time of their delivery."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from insights.integrity.content import hash_or_verdict
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import LoggedFile
from insights.records.object_keys import TrailKey, parse_key
from insights.windows import HOUR, MINUTE, Window, joined

_NO_HASH = frozenset(map(str, (Verdict.APPENDED, Verdict.INVALID_FORMAT)))

SETTLED = HOUR
"""A file whose name has the last minutes of an hour may be listed by the digest after it."""


def judge_log_file(logged: LoggedFile, key: str, content: bytes | None) -> Finding:
    """Compare a log file with what its digest says; `content` is None where there is no such object."""
    if content is None:
        return Finding("log file", key, Verdict.MISSING)
    return judge_fingerprint(logged, key, fingerprint(content))


def fingerprint(content: bytes) -> str:
    """Give what a log file is compared by, while its bytes are at hand: the hash of its content in hex, or the verdict
    that says why it has none."""
    return str(hash_or_verdict(content))


def judge_fingerprint(logged: LoggedFile, key: str, found: str) -> Finding:
    """Compare the fingerprint of a log file with what its digest says."""
    if found in _NO_HASH:
        return Finding("log file", key, Verdict(found))
    is_same = found == logged.hash_value.lower()
    return Finding("log file", key, Verdict.VALID if is_same else Verdict.CHANGED)


def unlisted_files(keys: Iterable[str], listed: Collection[str], covered: Iterable[Window]) -> Iterator[Finding]:
    """Tell of the log files no digest lists: `UNLISTED` where a digest should have, else `UNCOVERED`.

    Args:
        keys: The log files of one account and Region; other objects are passed over.
        listed: Keys that digests list.
        covered: The times whose deliveries valid digests list.
    """
    spans = [Window(each.start, each.end - SETTLED) for each in joined(covered) if each.end - each.start > SETTLED]
    for key in keys:
        name = parse_key(key)
        if isinstance(name, TrailKey) and key not in listed:
            # The name has the minute of delivery only: all of it must be covered.
            minute = Window(name.delivered_at, name.delivered_at + MINUTE)
            is_covered = any(span.holds(minute) for span in spans)
            yield Finding("log file", key, Verdict.UNLISTED if is_covered else Verdict.UNCOVERED)
