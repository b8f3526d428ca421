"""What can be said of a digest or a log file: a closed set of verdicts, each with a sentence for people.

Where AWS's own validator (`aws cloudtrail validate-logs`) has words for a case, ours are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Kind = Literal["digest", "log file"]


class Verdict(StrEnum):
    """What became of one object."""

    VALID = "valid"
    MISSING = "missing"
    MOVED = "moved"
    INVALID_FORMAT = "invalid_format"
    APPENDED = "appended"
    CHANGED = "changed"
    KEY_NOT_FOUND = "key_not_found"
    KEY_UNREADABLE = "key_unreadable"
    FORGED = "forged"
    REPLACED = "replaced"
    UNLISTED = "unlisted"
    RESTARTED = "restarted"
    ELSEWHERE = "elsewhere"
    UNCOVERED = "uncovered"

    @property
    def is_problem(self) -> bool:
        """Whether the trail is not as it was delivered, or cannot be shown to be."""
        return self not in _HARMLESS

    @property
    def words(self) -> str:
        """Say it in AWS's words, or in ours where AWS has none."""
        return _WORDS[self][0]

    @property
    def meaning(self) -> str:
        """Say what it means for who has to act on it."""
        return _WORDS[self][1]


_HARMLESS = frozenset({Verdict.VALID, Verdict.RESTARTED, Verdict.ELSEWHERE, Verdict.UNCOVERED})
_WORDS = {
    Verdict.VALID: ("valid", "It is as CloudTrail delivered it."),
    Verdict.MISSING: ("not found", "It was delivered, or was due, and is not there: it was deleted or moved away."),
    Verdict.MOVED: (
        "has been moved from its original location",
        "It says it was delivered to another bucket or key: it was moved or copied here.",
    ),
    Verdict.INVALID_FORMAT: ("invalid format", "It cannot be read as what it should be: it was damaged or replaced."),
    Verdict.APPENDED: (
        "unexpected data after end of compressed stream",
        "Something was appended; readers that go on after the first part take it for log records.",
    ),
    Verdict.CHANGED: ("hash value doesn't match", "Its content is not what CloudTrail delivered."),
    Verdict.KEY_NOT_FOUND: (
        "public key not found",
        "The list lacks the key it names: the list is of another Region or time, or somebody else signed it.",
    ),
    Verdict.KEY_UNREADABLE: ("Unable to load PKCS #1 key", "The key list holds something else under this fingerprint."),
    Verdict.FORGED: (
        "signature verification failed",
        "It was changed, or somebody else signed it; copies lose their signature when metadata is not copied.",
    ),
    Verdict.REPLACED: (
        "is not the digest that the next one continues",
        "The next digest vouches for another content or signature in its place.",
    ),
    Verdict.UNLISTED: (
        "in no digest",
        "Digests cover its time of delivery and do not list it: something else put it there, or a second trail that "
        "does not validate delivers to the same folder.",
    ),
    Verdict.RESTARTED: (
        "the chain begins anew",
        "Before it, logging or validation was turned off: nothing vouches for what was delivered then.",
    ),
    Verdict.ELSEWHERE: ("lies in another bucket", "The trail delivered there at that time; it is not checked here."),
    Verdict.UNCOVERED: (
        "delivered when no digest was written",
        "Nothing vouches for these log files, because of a gap in the digests or because their digest is not due yet.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out about a digest or log file; `key` is the object's key in the store.

    `detail` tells what the verdict alone does not: a fingerprint, a span of time.
    """

    kind: Kind
    key: str
    verdict: Verdict
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Say what was found."""
        return f"{self.verdict.words} {self.detail}".rstrip()
