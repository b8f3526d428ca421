from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable

import pytest

from insights.integrity.log_files import judge_log_file, unlisted_files
from insights.integrity.verdicts import Verdict
from insights.records.digest import LoggedFile
from insights.windows import Window, parse_instant

CONTENT = b'{"Records":[]}'
LOGGED = LoggedFile("my-bucket", "x.json.gz", hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize(
    ("content", "verdict", "words"),
    [
        (gzip.compress(CONTENT), Verdict.VALID, "valid"),
        (gzip.compress(CONTENT, 1), Verdict.VALID, "valid"),
        (gzip.compress(CONTENT + b" "), Verdict.CHANGED, "hash value doesn't match"),
        (gzip.compress(CONTENT) * 2, Verdict.APPENDED, "unexpected data after end of compressed stream"),
        (CONTENT, Verdict.INVALID_FORMAT, "invalid format"),
        (None, Verdict.MISSING, "not found"),
    ],
    ids=["same", "compressed otherwise", "changed", "appended", "not compressed", "gone"],
)
def test_log_file(content: bytes | None, verdict: Verdict, words: str) -> None:
    """A log file is what its digest says, or it is told what is wrong in AWS's words."""
    finding = judge_log_file(LOGGED, "x.json.gz", content)

    assert (finding.kind, finding.key, finding.verdict, finding.sentence) == ("log file", "x.json.gz", verdict, words)


def hours(start: str, end: str) -> Window:
    return Window(parse_instant(f"2026-11-01T{start}"), parse_instant(f"2026-11-01T{end}"))


COVERED = [hours("12:00:08", "13:00:08"), hours("13:00:08", "14:00:08"), hours("17:00:08", "19:00:08")]


@pytest.mark.parametrize(
    ("time", "verdict"),
    [
        ("1201", Verdict.UNLISTED),
        ("1259", Verdict.UNLISTED),
        ("1200", Verdict.UNCOVERED),
        ("1330", Verdict.UNCOVERED),
        ("1500", Verdict.UNCOVERED),
        ("1730", Verdict.UNLISTED),
        ("2300", Verdict.UNCOVERED),
    ],
    ids=["covered", "hour's end", "minute half covered", "not settled", "gap", "after the gap", "no digest yet"],
)
def test_unlisted(key: Callable[..., str], time: str, verdict: Verdict) -> None:
    """A file in no digest is suspicious only where digests cover the whole minute in its name, and an hour more."""
    (finding,) = unlisted_files([key(f"20261101T{time}Z")], set(), COVERED)

    assert (finding.key, finding.verdict) == (key(f"20261101T{time}Z"), verdict)


def test_listed(key: Callable[..., str]) -> None:
    """Files that digests list, and objects that are no log files, are not mentioned."""
    log_file = key("20261101T1230Z")

    assert list(unlisted_files([log_file, "other/readme.txt"], {log_file}, COVERED)) == []
