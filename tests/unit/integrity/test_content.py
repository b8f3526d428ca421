from __future__ import annotations

import gzip
import hashlib
import os

import pytest

from insights.integrity.content import hash_or_verdict, inflated
from insights.integrity.verdicts import Verdict

MEMBER = gzip.compress(b'{"Records":[]}', mtime=0)
ILL = [
    pytest.param(MEMBER + MEMBER, Verdict.APPENDED, id="second member"),
    pytest.param(MEMBER + b"\0", Verdict.APPENDED, id="one byte more"),
    pytest.param(MEMBER[:-1], Verdict.INVALID_FORMAT, id="cut short"),
    pytest.param(MEMBER[:-8] + bytes(8), Verdict.INVALID_FORMAT, id="wrong checksum"),
    pytest.param(b"", Verdict.INVALID_FORMAT, id="empty"),
    pytest.param(b'{"Records":[]}', Verdict.INVALID_FORMAT, id="not compressed"),
]


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(3 * 2**20)], ids=["empty", "byte", "three pieces"])
def test_hash(content: bytes) -> None:
    """The hash is SHA-256 of the uncompressed content, in lower-case hex."""
    assert hash_or_verdict(gzip.compress(content)) == hashlib.sha256(content).hexdigest()
    assert inflated(gzip.compress(content)) == content


@pytest.mark.parametrize(("content", "verdict"), ILL)
def test_not_one_member(content: bytes, verdict: Verdict) -> None:
    """What is not exactly one gzip member has no hash: a reader would go on with what was appended."""
    assert hash_or_verdict(content) is verdict
    assert inflated(content) is verdict


def test_bomb() -> None:
    """A small object that unpacks to a huge one is refused before it fills the memory."""
    assert inflated(gzip.compress(bytes(5 * 2**20)), most_bytes=2**20) is Verdict.INVALID_FORMAT
